# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The trusted roots that TUF brought, kept on disk; reading them needs neither TUF nor a network.

One folder for each repository holds the client's metadata and, beside it, the document it vouched
for last. Many processes share it: a writer holds the folder's lock and replaces the document whole,
a reader needs no lock and sees the old document or the new one. The document's modification time is
the moment it was confirmed last.

The cache is as trustworthy as the account it belongs to, so a folder that somebody else could write
to is refused rather than read.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..errors import InvalidInput, Unavailable, quote
from ..limits import MAX_CONFIG_BYTES
from ..records import dataclass, field
from .tuf_roots import PUBLIC_GOOD_ROOT_JSON

DEFAULT_TTL = timedelta(hours=24)
DOCUMENT = "trusted_root.json"
LOCK_TIMEOUT_S = 30.0
_LOCK_POLL_S = 0.05
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TufRepository:
    """Where a trusted root is published, and whose signatures are believed about it."""

    name: str
    """For messages and reports."""
    url: str
    """Of the metadata."""
    bootstrap_root: bytes = field(repr=False)
    """Root metadata (JSON) from a source that is trusted already."""
    target: str = DOCUMENT
    """One path component: the target that is the trusted root."""
    targets_folder: str = "targets"
    """One path component below the URL: where targets are."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise InvalidInput(
                "tuf.url", f"a TUF repository needs an http(s) URL, got {quote(self.url)}"
            )
        for name in (self.target, self.targets_folder):
            if not _NAME.fullmatch(name):
                raise InvalidInput(
                    "tuf.target", f"a TUF target must be one plain name, got {quote(name)}"
                )

    @property
    def folder_name(self) -> str:
        """Differs for each URL, first root and target, so that no two repositories mix."""
        parts = (self.url.rstrip("/"), self.targets_folder, self.target)
        digests = [hashlib.sha256(part.encode()).digest() for part in parts]
        digests.append(hashlib.sha256(self.bootstrap_root).digest())
        return hashlib.sha256(b"".join(digests)).hexdigest()


PUBLIC_GOOD = TufRepository(
    name="public-good",
    url="https://tuf-repo-cdn.sigstore.dev",
    bootstrap_root=PUBLIC_GOOD_ROOT_JSON,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedRoot:
    """A trusted root's document and when its repository confirmed it last."""

    document: bytes = field(repr=False)
    """``trusted_root.json``, not parsed."""
    confirmed_utc: datetime

    def is_fresh(self, now_utc: datetime, ttl: timedelta = DEFAULT_TTL) -> bool:
        """Whether no refresh is due; a confirmation from the future is none."""
        return timedelta(0) <= now_utc - self.confirmed_utc < ttl


def default_cache_folder(environment: Mapping[str, str], home: Path) -> Path:
    """``$XDG_CACHE_HOME/sealpin/tuf``, else ``~/.cache/sealpin/tuf``."""
    base = environment.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else home / ".cache"
    return root / "sealpin" / "tuf"


def read_cached(repository: TufRepository, cache_folder: Path) -> CachedRoot | None:
    """Return what an earlier refresh left, however old, or None. Opens no socket, writes nothing.

    Raises `InvalidInput` ``tuf.unsafe-cache`` when somebody else could have written it,
    `Unavailable` ``tuf.cache`` when it cannot be read.
    """
    folder = cache_folder / repository.folder_name
    if not os.path.lexists(folder):
        return None
    for private in (cache_folder, folder):
        _check_private(private)
    return _read(folder / DOCUMENT)


@contextmanager
def locked_folder(
    repository: TufRepository, cache_folder: Path, *, timeout_s: float = LOCK_TIMEOUT_S
) -> Iterator[Path]:
    """Hold the repository's folder, made with mode 0700 if need be, against other writers.

    Raises `InvalidInput` ``tuf.unsafe-cache``, `Unavailable` ``tuf.cache`` or ``tuf.locked``.
    """
    folder = cache_folder / repository.folder_name
    try:
        cache_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        for private in (cache_folder, folder):
            _check_private(private)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise cache_failure(folder, error) from error
    try:
        _lock(descriptor, folder, timeout_s)
        yield folder
    finally:
        os.close(descriptor)  # releases the lock


def write_cached(folder: Path, document: bytes, confirmed_utc: datetime) -> None:
    """Replace the document in a folder that is held. Raises `Unavailable` ``tuf.cache``."""
    try:
        import tempfile

        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".document-")
        try:
            with os.fdopen(descriptor, "wb") as output:
                output.write(document)
                output.flush()
                os.fsync(output.fileno())
            os.utime(temporary, (confirmed_utc.timestamp(), confirmed_utc.timestamp()))
            Path(temporary).replace(folder / DOCUMENT)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise cache_failure(folder, error) from error


def _read(path: Path) -> CachedRoot | None:
    try:
        with path.open("rb") as source:
            document = source.read(MAX_CONFIG_BYTES + 1)
            confirmed_s = os.fstat(source.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cache_failure(path, error) from error
    if len(document) > MAX_CONFIG_BYTES:
        raise Unavailable("tuf.cache", f"{path} is too large: at most {MAX_CONFIG_BYTES} bytes")
    confirmed_utc = datetime.fromtimestamp(confirmed_s, tz=timezone.utc)
    return CachedRoot(document=document, confirmed_utc=confirmed_utc)


def _check_private(folder: Path) -> None:
    """Refuse a folder through which another account could choose what is trusted."""
    try:
        status = os.lstat(folder)
    except OSError as error:
        raise cache_failure(folder, error) from error
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    if not is_own or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise InvalidInput(
            "tuf.unsafe-cache",
            f"the trust cache {folder} must be a folder of this user that nobody else can write to",
            hint=f"remove it, or: chown $(id -u) {folder} && chmod 700 {folder}",
        )


def _lock(descriptor: int, folder: Path, timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline_s:
                raise Unavailable(
                    "tuf.locked",
                    f"another process has held the trust cache for {timeout_s:g} s ({folder})",
                ) from error
            time.sleep(_LOCK_POLL_S)
        else:
            return


def cache_failure(path: Path, error: OSError) -> Unavailable:
    """The error for a cache that the system does not let us use."""
    return Unavailable("tuf.cache", f"the trust cache cannot be used: {error.strerror} ({path})")
