# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The root a run begins with: fresh if it can be, otherwise the newest that is here.

Order of preference: a cached root within its time to live; one refreshed now; the newer of the
cached and the embedded one, with the reason as a warning. The embedded root stands in for the
repository of the public-good instance and for no other, so that a private mirror that fails never
widens what is trusted. A failed refresh refuses nothing by itself; `CurrentRoot.check_age` refuses
an old root.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from pathlib import Path

from ..errors import InvalidInput, MissingDependency, SealpinError, Unavailable
from ..records import dataclass
from .embedded import PUBLIC_GOOD_DATE, embedded_root
from .root import TrustedRoot
from .root_json import parse_trusted_root
from .tuf_cache import DEFAULT_TTL, PUBLIC_GOOD, CachedRoot, TufRepository, read_cached

EMBEDDED_UTC = datetime.combine(PUBLIC_GOOD_DATE, time(), timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRoot:
    """A root, where it came from, and when it was last known to be current."""

    root: TrustedRoot
    origin: str
    """``embedded``, or the TUF repository's name."""
    dated_utc: datetime
    warning: SealpinError | None = None
    """Why it is not a fresh one; to be shown."""

    def check_age(self, max_age: timedelta, *, now_utc: datetime) -> None:
        """Raise `Unavailable` ``trust.too-old`` if the root is older than *max_age*."""
        age = now_utc - self.dated_utc
        if age > max_age:
            raise Unavailable(
                "trust.too-old",
                f"the trusted root ({self.origin}) is {age.days} days old: expected at most"
                f" {max_age}",
                hint="refresh it: sealpin trust update",
            ) from self.warning


def current_root(
    *,
    cache_folder: Path,
    now_utc: datetime,
    is_offline: bool,
    ttl: timedelta = DEFAULT_TTL,
    repository: TufRepository = PUBLIC_GOOD,
) -> CurrentRoot:
    """Return the root to verify with. *is_offline* opens no socket and writes nothing.

    Where no root stands in, raises what the refresh or the cache raised, or `Unavailable`
    ``trust.none-here``.
    """
    try:
        cached = read_cached(repository, cache_folder)
    except (InvalidInput, Unavailable) as error:  # a cache that cannot be trusted or read
        return _newest(None, repository, error)
    if is_offline or (cached is not None and cached.is_fresh(now_utc, ttl)):
        return _newest(cached, repository, None)
    try:
        fresh = _refresh(repository, cache_folder, now_utc, ttl)
    except (InvalidInput, Unavailable, MissingDependency) as error:
        return _newest(cached, repository, error)
    return _newest(fresh, repository, None)


def _refresh(
    repository: TufRepository, cache_folder: Path, now_utc: datetime, ttl: timedelta
) -> CachedRoot:
    # Imported only when used: the library takes longer to load than an image to verify.
    from .tuf_client import refresh

    return refresh(repository, cache_folder=cache_folder, now_utc=now_utc, ttl=ttl)


def _newest(
    cached: CachedRoot | None, repository: TufRepository, warning: SealpinError | None
) -> CurrentRoot:
    """The cached root, unless the embedded one of a newer release is the later of the two."""
    has_embedded = repository.bootstrap_root == PUBLIC_GOOD.bootstrap_root
    if cached is not None and not (has_embedded and cached.confirmed_utc < EMBEDDED_UTC):
        try:
            root = parse_trusted_root(cached.document, what=f"the cached root of {repository.name}")
        except InvalidInput as error:  # written by another version, or damaged
            warning = error
        else:
            dated_utc = cached.confirmed_utc
            return CurrentRoot(
                root=root, origin=repository.name, dated_utc=dated_utc, warning=warning
            )
    if has_embedded:
        return CurrentRoot(
            root=embedded_root(), origin="embedded", dated_utc=EMBEDDED_UTC, warning=warning
        )
    raise warning or Unavailable(
        "trust.none-here",
        f"no trusted root of {repository.name} is here, and nothing may be fetched",
        hint="refresh it while there is a network: sealpin trust update",
    )
