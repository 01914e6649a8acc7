# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Read and replace the files of a project; the only place that writes them.

A file is replaced as a whole or not at all: the new content goes to a temporary file in the same
folder, is flushed to the disk and takes the old one's place in one step (rename(2)), with its mode
kept. A process killed anywhere leaves the old or the new content. Symbolic links are refused,
since what they name may lie outside the project, and so is anything that is no regular file.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sealpin.errors import InvalidInput, quote
from sealpin.limits import MAX_MANIFEST_FILE_BYTES

_TEMPORARY_SUFFIX = ".sealpin-tmp"
_ABANDONED_AFTER_S = 600
_NEW_FILE_MODE = 0o644
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file's content and what tells that it is still the same file."""

    path: Path
    data: bytes = field(repr=False)
    mode: int
    """Permission bits."""
    identity: tuple[int, int, int, int]
    """Device, inode, size in bytes, modification time in ns."""


def read_file(path: Path, *, max_bytes: int = MAX_MANIFEST_FILE_BYTES) -> ReadFile:
    """Read a regular file of at most *max_bytes*.

    Raises `InvalidInput` ``file.missing``, ``file.unreadable``, ``file.symlink``,
    ``file.not-regular`` or ``file.too-large``.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        _refuse_symlink(path)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInput("file.not-regular", f"not a regular file: {quote(path)}")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise InvalidInput(
            "file.too-large",
            f"file is too large: expected at most {max_bytes} bytes, got {status.st_size}"
            f" ({quote(path)})",
        )
    mode = stat.S_IMODE(status.st_mode)
    return ReadFile(path=path, data=data, mode=mode, identity=_identity(status))


def replace_file(old: ReadFile, data: bytes) -> None:
    """Replace the content of *old* by *data*, if it is still the file that was read.

    Raises `InvalidInput` ``file.changed``, ``file.read-only`` or ``file.unwritable``.
    """
    try:
        status = old.path.lstat()
    except OSError as error:
        raise _unreadable(old.path, error) from error
    if _identity(status) != old.identity:
        raise InvalidInput(
            "file.changed",
            f"the file was changed by someone else meanwhile: {quote(old.path)}",
            hint="run it again",
        )
    if not old.mode & _WRITE_BITS or not os.access(old.path, os.W_OK):
        raise InvalidInput("file.read-only", f"the file is read-only: {quote(old.path)}")
    _write(old.path, data, mode=old.mode, owner=(status.st_uid, status.st_gid))


def create_file(path: Path, data: bytes) -> None:
    """Write a file of our own (a lock, a report), whether it is there or not; a link is refused.

    Raises `InvalidInput` ``file.symlink`` or ``file.unwritable``.
    """
    _refuse_symlink(path)
    if path.exists():
        replace_file(read_file(path), data)
        return
    _write(path, data, mode=_NEW_FILE_MODE, owner=None)


def _write(path: Path, data: bytes, *, mode: int, owner: tuple[int, int] | None) -> None:
    """Write beside *path* and rename; 1 temporary file, 2 content on the disk, 3 rename."""
    temporary: Path | None = None
    try:
        _remove_abandoned(path)
        descriptor, name = tempfile.mkstemp(  # 1
            dir=path.parent, prefix=f".{path.name}.", suffix=_TEMPORARY_SUFFIX
        )
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            _keep_owner(descriptor, owner)
            temporary.chmod(mode)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)  # 2
        temporary.replace(path)  # 3
        _sync_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise InvalidInput(
            "file.unwritable", f"cannot write the file: {error.strerror} ({quote(path)})"
        ) from error


def _keep_owner(descriptor: int, owner: tuple[int, int] | None) -> None:
    """A privileged process gives the new file to the old one's owner; nobody else can or need."""
    if owner is not None and hasattr(os, "fchown") and os.geteuid() == 0:
        os.fchown(descriptor, *owner)


def _sync_folder(folder: Path) -> None:
    """Put the rename on the disk too, where the system lets a folder be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(path: Path) -> None:
    """Remove what killed runs left for this very file; a young one may be another run's."""
    oldest_allowed_s = time.time() - _ABANDONED_AFTER_S
    prefix = f".{path.name}."
    for entry in os.scandir(path.parent):
        if entry.name.startswith(prefix) and entry.name.endswith(_TEMPORARY_SUFFIX):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < oldest_allowed_s:
                    Path(entry.path).unlink()


def _refuse_symlink(path: Path) -> None:
    if path.is_symlink():
        raise InvalidInput(
            "file.symlink",
            f"not following a symbolic link: {quote(path)}",
            hint="name the file it points to",
        )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> InvalidInput:
    if isinstance(error, FileNotFoundError):
        return InvalidInput("file.missing", f"no such file: {quote(path)}")
    return InvalidInput(
        "file.unreadable", f"cannot read the file: {error.strerror} ({quote(path)})"
    )
