# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Refresh a trusted root by The Update Framework: the only file that imports ``tuf``.

https://theupdateframework.github.io/specification/latest/, section 5 ("detailed client workflow"),
is ``tuf.ngclient``'s; what it leaves to its user is here: one writer at a time, a document that is
looked at before it replaces the last one, deadlines, and errors that say what happened. A failed
refresh never takes away what is trusted already: its caller goes on with `tuf_cache.read_cached` or
the embedded root, and says so.

Procedure of `refresh`:

1. hold the repository's folder; if another process refreshed it meanwhile, that is the answer
2. resolve the host within two seconds
3. walk root, timestamp, snapshot and targets metadata
4. find the target by its fixed name, download it unless the verified copy is there
5. read it as a trusted root
6. replace the cached document
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import InvalidInput, Unavailable, missing_library, quote
from ..limits import MAX_CONFIG_BYTES
from .root_json import parse_trusted_root
from .tuf_archive import read_archive_files
from .tuf_cache import (
    CachedRoot,
    TufRepository,
    cache_failure,
    locked_folder,
    read_cached,
    write_cached,
)

try:
    from tuf.api.exceptions import (
        BadVersionNumberError,
        DownloadError,
        DownloadHTTPError,
        ExpiredMetadataError,
        LengthOrHashMismatchError,
        RepositoryError,
        UnsignedMetadataError,
    )
    from tuf.ngclient.config import UpdaterConfig
    from tuf.ngclient.fetcher import FetcherInterface
    from tuf.ngclient.updater import Updater
    from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher
except ImportError:
    IS_AVAILABLE = False
    FetcherInterface = object  # type: ignore[assignment,misc]  # a base class must exist
else:
    IS_AVAILABLE = True

ARCHIVE_URL = "https://archive.invalid"
"""The URL of a repository that has none; the name never resolves (RFC 6761, section 6.4)."""
RESOLVE_TIMEOUT_S = 2.0
REFRESH_TIMEOUT_S = 30.0
_SOCKET_TIMEOUT_S = 5
_USER_AGENT = "sealpin"
_NO_TIME = timedelta(0)


def refresh(
    repository: TufRepository,
    *,
    cache_folder: Path,
    now_utc: datetime,
    ttl: timedelta = _NO_TIME,
    timeout_s: float = REFRESH_TIMEOUT_S,
) -> CachedRoot:
    """Return the repository's present trusted root, and keep it in *cache_folder*.

    A document confirmed less than *ttl* ago is returned as it is; the default always asks.
    *timeout_s* is when no further request is made.

    Raises `Unavailable` with code ``tuf.unreachable``, ``tuf.expired``, ``tuf.rollback``,
    ``tuf.signature``, ``tuf.mismatch``, ``tuf.malformed``, ``tuf.no-target``,
    ``tuf.unusable-target``, ``tuf.locked`` or ``tuf.cache``; `InvalidInput` ``tuf.bootstrap``
    or ``tuf.unsafe-cache``; `MissingDependency` without the library.
    """
    if not IS_AVAILABLE:
        raise missing_library("tuf", purpose="refreshing the trusted root")
    with locked_folder(repository, cache_folder) as folder:
        # 1.
        cached = read_cached(repository, cache_folder)
        if cached is not None and cached.is_fresh(now_utc, ttl):
            return cached
        # 2.
        deadline_s = time.monotonic() + timeout_s
        resolve_in_time(repository.url)
        # 3., 4., 5.
        document = _download(repository, folder, _BoundedFetcher(deadline_s))
        # 6.
        write_cached(folder, document, now_utc)
        return CachedRoot(document=document, confirmed_utc=now_utc)


def read_archive(repository: TufRepository, archive: bytes) -> bytes:
    """Return the trusted root's document out of a repository that is given whole.

    *archive* is a gzipped tar file; *repository* says whose signatures count, its URL is not used
    (see `ARCHIVE_URL`). Opens no socket and keeps nothing. Raises as `refresh`, and `InvalidInput`
    ``tuf.archive``.
    """
    if not IS_AVAILABLE:
        raise missing_library("tuf", purpose="reading a TUF repository")
    files = read_archive_files(archive, what=f"the repository of {repository.name}")
    with TemporaryDirectory(prefix="sealpin-tuf-") as folder:
        return _download(repository, Path(folder), _ArchiveFetcher(repository.url, files))


def resolve_in_time(
    url: str,
    *,
    timeout_s: float = RESOLVE_TIMEOUT_S,
    lookup: Callable[[str, int | None], object] = socket.getaddrinfo,
) -> None:
    """Raise `Unavailable` ``tuf.unreachable`` unless *url*'s host has an address, in *timeout_s*.

    The system's resolver can take half a minute over a name that does not exist and cannot be
    interrupted, so it is asked on a thread that is left behind. Behind a proxy it is the proxy's
    name that is looked up, as the client itself would.
    """
    target = urlsplit(_proxy_for(url) or url)
    host = target.hostname or ""
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(lookup(host, target.port))
        except OSError:
            return

    thread = threading.Thread(target=ask, name="sealpin-resolve", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not answers:
        raise Unavailable(
            "tuf.unreachable",
            f"the TUF repository cannot be reached: {quote(host)} does not resolve",
            hint="check the network, or verify with what is trusted already: --offline",
        )


def _proxy_for(url: str) -> str:
    """The proxy's URL, or empty; by the same environment variables as the client."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


class _BoundedFetcher(FetcherInterface):
    """The library's fetcher, as long as there is time.

    A body is read whole, so that whatever goes wrong under way becomes the library's own
    `DownloadError`; each kind of metadata has its tighter bound in the library. It is read on a
    thread that is left behind when time is up: a server that sends one byte before each timeout of
    the socket would hold the run, and the cache's lock, for days.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._fetcher = Urllib3Fetcher(socket_timeout=_SOCKET_TIMEOUT_S, app_user_agent=_USER_AGENT)

    def _fetch(self, url: str) -> Iterator[bytes]:
        remaining_s = self._deadline_s - time.monotonic()
        if remaining_s <= 0:
            raise DownloadError("out of time")
        answer: Future[bytes] = Future()

        def read() -> None:
            try:
                answer.set_result(self._body(url))
            except BaseException as error:  # noqa: BLE001 - handed over to who waits for an answer
                answer.set_exception(error)

        threading.Thread(target=read, name="sealpin-tuf", daemon=True).start()
        try:
            return iter((answer.result(remaining_s),))
        except FutureTimeout:
            raise DownloadError("out of time") from None

    def _body(self, url: str) -> bytes:
        body = bytearray()
        for chunk in self._fetcher.fetch(url):
            body += chunk
            if len(body) > MAX_CONFIG_BYTES:
                raise DownloadError(f"more than {MAX_CONFIG_BYTES} bytes from {url}")
        return bytes(body)


class _ArchiveFetcher(FetcherInterface):
    """Files instead of a server."""

    def __init__(self, url: str, files: Mapping[str, bytes]) -> None:
        self._prefix = url.rstrip("/") + "/"
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        content = self._files.get(url.removeprefix(self._prefix))
        if content is None:
            raise DownloadHTTPError(f"not in the archive: {url}", HTTPStatus.NOT_FOUND)
        return iter((content,))


def _download(repository: TufRepository, folder: Path, fetcher: FetcherInterface) -> bytes:
    """Walk the metadata and return the target's bytes. Nobody else uses *folder* now."""
    try:
        # 3.
        updater = _updater(repository, folder, fetcher)
        updater.refresh()
        # 4. The place is ours, whatever the repository calls its target.
        found = updater.get_targetinfo(repository.target)
        if found is None:
            raise _failure(repository, "no-target", f"it has no target {repository.target}")
        place = folder / "target"
        if updater.find_cached_target(found, str(place)) is None:
            updater.download_target(found, str(place))
        document = place.read_bytes()
    except (RepositoryError, DownloadError) as error:
        raise _failure(repository, _code_of(error), _why(error)) from error
    except OSError as error:
        raise cache_failure(folder, error) from error
    # 5.
    try:
        parse_trusted_root(document, what=f"the trusted root of {repository.name}")
    except InvalidInput as error:
        raise _failure(repository, "unusable-target", error.message) from error
    return document


def _updater(repository: TufRepository, folder: Path, fetcher: FetcherInterface) -> Updater:
    metadata = folder / "metadata"
    metadata.mkdir(mode=0o700, exist_ok=True)
    try:
        return Updater(
            metadata_dir=str(metadata),
            metadata_base_url=repository.url,
            target_base_url=f"{repository.url.rstrip('/')}/{repository.targets_folder}/",
            fetcher=fetcher,
            config=UpdaterConfig(app_user_agent=_USER_AGENT),
            bootstrap=repository.bootstrap_root,
        )
    except RepositoryError as error:
        raise InvalidInput(
            "tuf.bootstrap",
            f"the first root of {repository.name} is not valid TUF root metadata: {quote(error)}",
            hint="give the root.json that the repository's owner published",
        ) from error


def _code_of(error: Exception) -> str:
    """The specification's own cases (section 5) each have a code; the rest is malformed."""
    codes: tuple[tuple[type[Exception], str], ...] = (
        (DownloadError, "unreachable"),
        (ExpiredMetadataError, "expired"),
        (BadVersionNumberError, "rollback"),
        (UnsignedMetadataError, "signature"),
        (LengthOrHashMismatchError, "mismatch"),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), "malformed")


def _why(error: Exception) -> str:
    """The library's message, with its cause where that says what happened."""
    cause = f": {error.__cause__}" if error.__cause__ is not None else ""
    return quote(f"{error}{cause}")


def _failure(repository: TufRepository, code: str, why: str) -> Unavailable:
    place = "" if repository.url == ARCHIVE_URL else f" ({repository.url})"
    return Unavailable(
        f"tuf.{code}",
        f"the trusted root could not be fetched from {repository.name}{place}: {why}",
        hint="what is trusted already stays in use; try again with: sealpin trust update",
    )
