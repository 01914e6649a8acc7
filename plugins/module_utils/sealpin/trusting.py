# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which root and which key a run trusts: those that are named, else the public-good instance's.

Without ``--trusted-root`` the root is the newest that is here, refreshed by TUF when it is older
than ``trust.refresh_after`` (a day) and the run is not offline (`trust.current`). A refresh that
fails is a notice, never a weaker check.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InvalidInput, Unavailable, quote
from .inputs import read_file
from .policy.sources import TufRoot
from .reaching import fetch_url
from .records import dataclass, field
from .run_options import Machine, RunOptions
from .trust.current import EMBEDDED_UTC, CurrentRoot, current_root
from .trust.embedded import embedded_root
from .trust.key_sources import load_key_reference
from .trust.keys import NamedKey
from .trust.material import TLOG_WEAKENINGS, KeylessTrust, KeyTrust
from .trust.root import TrustedRoot
from .trust.root_json import parse_trusted_root
from .trust.tuf_cache import (
    DEFAULT_TTL,
    PUBLIC_GOOD,
    TufRepository,
    default_cache_folder,
    read_cached,
)
from .trust_files import TrustFiles

if TYPE_CHECKING:
    from .policy.sealpin_document import Settings


@dataclass(slots=True)
class RootChoice:
    """The root of a run, looked for once and only if something needs it."""

    options: RunOptions
    machine: Machine
    _ttl: timedelta = field(default=DEFAULT_TTL, init=False)
    _root: TrustedRoot | None = field(default=None, init=False)
    _current: CurrentRoot | None = field(default=None, init=False)

    def settle(self, settings: Settings) -> None:
        """Take what a configuration file says of the root, before it is looked for."""
        self._ttl = settings.root_ttl

    def root(self) -> TrustedRoot:
        """Return the root.

        Raises `InvalidInput` ``file.*``, ``tuf.no-root`` and as `parse_trusted_root`;
        `Unavailable` as `trust.current.current_root`.
        """
        if self._root is None:
            self._root = self._choose()
        return self._root

    def check_age(self, max_age: timedelta | None) -> None:
        """Raise `Unavailable` ``trust.too-old`` if the root in use is older than *max_age*."""
        if max_age is not None and self._current is not None:
            self._current.check_age(max_age, now_utc=self.machine.clock.now_utc())

    def _choose(self) -> TrustedRoot:
        path = self.options.trusted_root
        if path:
            data = read_file(self.machine.base / path, what="the trusted root")
            return parse_trusted_root(data, what=path)
        folder = self._cache_folder()
        repository = tuf_repository(self.options, self.machine)
        if folder is None:
            root = embedded_root()
            self._current = CurrentRoot(root=root, origin="embedded", dated_utc=EMBEDDED_UTC)
            return root
        self._current = current_root(
            cache_folder=folder,
            now_utc=self.machine.clock.now_utc(),
            is_offline=self.options.offline,
            ttl=self._ttl,
            repository=repository,
        )
        if self._current.warning is not None:
            self.machine.notify(
                f"the trusted root was not refreshed ({self._current.warning}); continuing with the"
                f" {self._current.origin} one of {self._current.dated_utc:%Y-%m-%d}"
            )
        return self._current.root

    def _cache_folder(self) -> Path | None:
        """Return where roots are kept; None where there is no place for them."""
        if self.options.tuf_cache:
            return self.machine.base / self.options.tuf_cache
        home = self.machine.home
        return None if home is None else default_cache_folder(self.machine.environment, home)


def tuf_repository(options: RunOptions, machine: Machine) -> TufRepository:
    """Return where the root is published: the public-good instance's, or a named mirror.

    A mirror is believed through its own first root, which a person must give: one that came from
    the mirror would vouch for itself. Raises `InvalidInput` ``tuf.no-root``, ``file.*``.
    """
    if not options.tuf_mirror and not options.tuf_root_json:
        return PUBLIC_GOOD
    if not options.tuf_root_json:
        raise InvalidInput(
            "tuf.no-root",
            f"a TUF mirror is named ({quote(options.tuf_mirror)}), and no first root for it",
            hint="name the file of its root.json too (TUF_ROOT_JSON)",
        )
    first = read_file(machine.base / options.tuf_root_json, what="the TUF repository's first root")
    url = options.tuf_mirror or PUBLIC_GOOD.url
    return TufRepository(name=url, url=url, bootstrap_root=first)


def signing_trust(options: RunOptions, machine: Machine) -> KeylessTrust | KeyTrust:
    """Return what the identity options trust: a key, or the root's certificates.

    Raises as `trust.key_sources.load_key_reference` and `RootChoice.root`.
    """
    files = TrustFiles(options=options, machine=machine, default=RootChoice(options, machine).root)
    if not options.key:
        return KeylessTrust(
            root=files.keyless_root(),
            weakenings=options.weakenings,
            require_timestamp=options.require_timestamp,
            given_certificate=files.certificate(),
            given_sct=files.sct(),
        )
    key = read_key(options, machine, options.key, options.signature_digest_algorithm)
    needs_root = options.require_timestamp or not options.weakenings & TLOG_WEAKENINGS
    return KeyTrust(
        key=key,
        root=files.key_root() if needs_root else None,
        weakenings=options.weakenings,
        require_timestamp=options.require_timestamp,
    )


def read_key(
    options: RunOptions, machine: Machine, reference: str, hash_algorithm: str
) -> NamedKey:
    """Load the key *reference* names. Raises as `trust.key_sources.load_key_reference`."""
    return load_key_reference(
        reference,
        fetch_url=None if options.offline else partial(fetch_url, options, machine),
        environment=machine.environment,
        allow_environment=machine.allow_environment_keys,
        hash_algorithm=hash_algorithm,
    )


def read_tuf_root(options: RunOptions, machine: Machine, wanted: TufRoot) -> TrustedRoot:
    """Return the root that a TUF repository named by a policy publishes.

    A repository given whole is read as it is. Raises as `trust.tuf_client.refresh`,
    `trust.tuf_client.read_archive` and `parse_trusted_root`, and `Unavailable`
    ``trust.none-here`` where nothing may be fetched and nothing was, ``trust.no-cache`` without a
    home folder.
    """
    from .trust.tuf_client import ARCHIVE_URL, read_archive, refresh

    repository = TufRepository(
        name=wanted.name,
        url=wanted.mirror or ARCHIVE_URL,
        bootstrap_root=wanted.root_json,
        target=wanted.target,
        targets_folder=wanted.targets,
    )
    what = f"the trusted root of {quote(wanted.name)}"
    if wanted.archive:
        return parse_trusted_root(read_archive(repository, wanted.archive), what=what)
    if machine.home is None:
        raise Unavailable("trust.no-cache", f"{what} needs a home folder to be cached in")
    cache_folder = default_cache_folder(machine.environment, machine.home)
    now_utc = machine.clock.now_utc()
    if options.offline:
        cached = read_cached(repository, cache_folder)
        if cached is None:
            raise Unavailable(
                "trust.none-here",
                f"{what} is not here, and nothing may be fetched",
                hint="run once without --offline",
            )
    else:
        cached = refresh(repository, cache_folder=cache_folder, now_utc=now_utc, ttl=DEFAULT_TTL)
    return parse_trusted_root(cached.document, what=what)
