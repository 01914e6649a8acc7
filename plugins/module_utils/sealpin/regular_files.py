# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Read the files of a project: regular ones, of a bounded size, that no link leads to.

Symbolic links are refused, since what they name may lie outside the project. Whoever the files
belong to may swap them while they are read, by a run that is often root's: what was opened counts,
not what lay there before. Small files that a person named are read by `inputs`, through links.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import InvalidInput, quote
from .limits import MAX_MANIFEST_FILE_BYTES
from .records import dataclass, field

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file's content and what tells that it is still the same file."""

    path: Path
    data: bytes = field(repr=False)
    mode: int
    """Permission bits."""
    owner: tuple[int, int]
    """User and group."""
    identity: tuple[int, int, int, int]
    """Device, inode, size in bytes, modification time in ns."""

    def check_unchanged(self) -> None:
        """Raise `InvalidInput` ``file.changed`` or ``file.missing`` unless it is still there."""
        try:
            status = self.path.lstat()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if _identity(status) != self.identity:
            raise changed_meanwhile(self.path)


def read_file(path: Path, *, max_bytes: int = MAX_MANIFEST_FILE_BYTES) -> ReadFile:
    """Read a regular file of at most *max_bytes*.

    Raises `InvalidInput` ``file.missing``, ``file.unreadable``, ``file.symlink``,
    ``file.not-regular`` or ``file.too-large``.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        refuse_symlink(path)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInput("file.not-regular", f"not a regular file: {quote(path)}")
        data = _read_all(descriptor, status.st_size, max_bytes)
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise InvalidInput(
            "file.too-large",
            f"file is too large: expected at most {max_bytes} bytes, got {status.st_size}"
            f" ({quote(path)})",
        )
    return ReadFile(
        path=path,
        data=data,
        mode=stat.S_IMODE(status.st_mode),
        owner=(status.st_uid, status.st_gid),
        identity=_identity(status),
    )


def _read_all(descriptor: int, size: int, max_bytes: int) -> bytes:
    """Read to the end, or one byte more than *max_bytes*; *size* is what to expect.

    A buffer for all that may come would take longer than a small file.
    """
    data = os.read(descriptor, min(size, max_bytes) + 1)
    while len(data) <= max_bytes and (more := os.read(descriptor, _PIECE_BYTES)):
        data += more
    return data


def refuse_symlink(path: Path) -> None:
    """Raise `InvalidInput` ``file.symlink`` if *path* is one: it may lead out of the project."""
    if path.is_symlink():
        raise InvalidInput(
            "file.symlink",
            f"not following a symbolic link: {quote(path)}",
            hint="name the file it points to",
        )


def changed_meanwhile(path: Path) -> InvalidInput:
    """Return the refusal to write *path* over what another program wrote since it was read."""
    return InvalidInput(
        "file.changed",
        f"the file was changed by someone else meanwhile: {quote(path)}",
        hint="run it again",
    )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> InvalidInput:
    if isinstance(error, FileNotFoundError):
        return InvalidInput("file.missing", f"no such file: {quote(path)}")
    return InvalidInput(
        "file.unreadable", f"cannot read the file: {error.strerror} ({quote(path)})"
    )
