# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A TUF repository that is given whole, as a gzipped tar file inside a TrustRoot document.

policy-controller's ``mirrorFS``: the repository's files, at the top or under ``repository/``. The
archive is read in memory and never unpacked; what its names say matters to nobody but the TUF
client, which asks for names of its own making.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping

from ..errors import InvalidInput, quote

MAX_ARCHIVE_BYTES = 32 * 1024 * 1024
"""Unpacked."""
MAX_ARCHIVE_FILES = 1000
_GZIP = 16 + zlib.MAX_WBITS
_PREFIXES = ("./", "repository/")


def read_archive_files(archive: bytes, *, what: str) -> Mapping[str, bytes]:
    """Return the regular files of a gzipped tar by their paths in the repository.

    Raises `InvalidInput` ``tuf.archive``.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpack(archive, what)), mode="r:") as tar:
            return dict(_files(tar, what))
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise _refusal(what, quote(error)) from error


def _unpack(archive: bytes, what: str) -> bytes:
    decompressor = zlib.decompressobj(_GZIP)
    content = decompressor.decompress(archive, MAX_ARCHIVE_BYTES + 1)
    if len(content) > MAX_ARCHIVE_BYTES:
        raise _refusal(what, f"it is larger than {MAX_ARCHIVE_BYTES} bytes")
    if not decompressor.eof:
        raise _refusal(what, "it ends early")
    return content


def _files(tar: tarfile.TarFile, what: str) -> Iterator[tuple[str, bytes]]:
    for number, member in enumerate(tar):
        if number >= MAX_ARCHIVE_FILES:
            raise _refusal(what, f"it has more than {MAX_ARCHIVE_FILES} files")
        content = tar.extractfile(member) if member.isreg() else None
        if content is not None:
            yield _path(member.name), content.read()


def _path(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _refusal(what: str, why: str) -> InvalidInput:
    return InvalidInput("tuf.archive", f"{what} is not a gzipped tar file of a repository: {why}")
