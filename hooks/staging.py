# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Stage new content beside a file, then put it in its place; the only writer of a project's files.

A file is replaced as a whole or not at all: the new content is staged in the same folder, flushed
to the disk and takes the old one's place in one step (rename(2)), with its mode kept. A process
killed anywhere leaves the old or the new content.

The steps are apart (`stage`, `Staged.flush`, `Staged.place`, `settle_folder`), so that who replaces
many files awaits the disk for many at once (`replacements`).
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from sealpin.errors import InvalidInput, quote
from sealpin.regular_files import ReadFile, read_file, refuse_symlink

_TEMPORARY_SUFFIX = ".sealpin-tmp"
_ABANDONED_AFTER_S = 600
_NEW_FILE_MODE = 0o644
_PRIVATE_MODE = 0o600
_OPEN_FILES = Path("/proc/self/fd")
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Staged:
    """New content for a path, in its folder and not yet in its place.

    Where the system has files without a name (O_TMPFILE, open(2)) it gets one only when it takes
    its place, so that a killed process leaves nothing behind; elsewhere the name tells whose it is.
    """

    def __init__(self, path: Path, data: bytes, *, old: ReadFile | None) -> None:
        """Write *data* beside *path*, to take the place of *old*. Raises `OSError`."""
        self.path = path
        self.old = old
        self._name = ""
        self._descriptor = self._open()
        try:
            self._write(data)
        except BaseException:
            self.discard()
            raise

    def flush(self) -> None:
        """Wait until the content is on the disk; any thread may. Raises `OSError`."""
        os.fsync(self._descriptor)

    def place(self) -> None:
        """Take the old file's place, if it is still the one that was read.

        Raises `InvalidInput` ``file.changed``, ``file.missing`` or ``file.unwritable``.
        """
        try:
            if self.old is not None:
                self.old.check_unchanged()
            with _writing(self.path):
                if not self._name:
                    self._name = self._give_name()
                os.replace(self._name, self.path)  # noqa: PTH105 - hundreds in a row
                self._name = ""
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget the content if it was not placed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._name:
            with contextlib.suppress(OSError):
                os.unlink(self._name)  # noqa: PTH108
            self._name = ""

    def _open(self) -> int:
        unnamed = getattr(os, "O_TMPFILE", 0)
        if unnamed and _OPEN_FILES.is_dir():
            with contextlib.suppress(OSError):  # a file system that has none, or what is said below
                return os.open(self.path.parent, unnamed | os.O_WRONLY, _PRIVATE_MODE)
        name = self._new_name()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(name, flags, _PRIVATE_MODE)
        self._name = name
        return descriptor

    def _give_name(self) -> str:
        name, opened = self._new_name(), _OPEN_FILES / str(self._descriptor)
        # The folder's descriptor makes Python follow the link (linkat(2)); the path is absolute.
        os.link(opened, name, src_dir_fd=self._descriptor, follow_symlinks=True)
        return name

    def _new_name(self) -> str:
        prefix = _temporary_prefix(self.path.name)
        return str(self.path.parent / f"{prefix}{os.urandom(8).hex()}{_TEMPORARY_SUFFIX}")

    def _write(self, data: bytes) -> None:
        mode = _NEW_FILE_MODE
        if self.old is not None:
            mode = self.old.mode
            _keep_owner(self._descriptor, self.old.owner)
        _set_mode(self._descriptor, self._name, mode)
        with os.fdopen(self._descriptor, "wb", closefd=False) as stream:
            stream.write(data)


def stage(old: ReadFile, data: bytes) -> Staged:
    """Prepare to replace the content of *old* by *data*.

    Raises `InvalidInput` ``file.changed``, ``file.missing``, ``file.read-only`` or
    ``file.unwritable``.
    """
    old.check_unchanged()
    if not old.mode & _WRITE_BITS or not os.access(old.path, os.W_OK):
        raise InvalidInput("file.read-only", f"the file is read-only: {quote(old.path)}")
    with _writing(old.path):
        return Staged(old.path, data, old=old)


def replace_file(old: ReadFile, data: bytes) -> None:
    """Replace the content of *old* by *data*, if it is still the file that was read.

    Raises `InvalidInput` ``file.changed``, ``file.missing``, ``file.read-only`` or
    ``file.unwritable``.
    """
    _finish(stage(old, data))


def create_file(path: Path, data: bytes) -> None:
    """Write a file of our own (a lock, a report), whether it is there or not; a link is refused.

    Raises `InvalidInput` ``file.symlink`` or ``file.unwritable``.
    """
    refuse_symlink(path)
    if path.exists():
        replace_file(read_file(path), data)
        return
    with _writing(path):
        staged = Staged(path, data, old=None)
    _finish(staged)


def _finish(staged: Staged) -> None:
    path = staged.path
    with _writing(path):
        try:
            staged.flush()
        except OSError:
            staged.discard()
            raise
        staged.place()
        settle_folder(path.parent, (path.name,))


def settle_folder(folder: Path, names: Collection[str]) -> None:
    """Put what was renamed in *folder* on the disk, where the system lets a folder be opened.

    What killed runs left for the files called *names* is removed. Raises `OSError`.
    """
    _remove_abandoned(folder, names)
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write *path* into `InvalidInput` ``file.unwritable``."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            "file.unwritable", f"cannot write the file: {error.strerror} ({quote(path)})"
        ) from error


def _set_mode(descriptor: int, name: str, mode: int) -> None:
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)
    else:
        os.chmod(name, mode)  # noqa: PTH101


def _keep_owner(descriptor: int, owner: tuple[int, int]) -> None:
    """A privileged process gives the new file to the old one's owner; nobody else can or need."""
    if hasattr(os, "fchown") and os.geteuid() == 0:
        os.fchown(descriptor, *owner)


def _temporary_prefix(name: str) -> str:
    return f".{name}."


def _remove_abandoned(folder: Path, names: Collection[str]) -> None:
    """Remove what killed runs left for these very files; a young one may be another run's."""
    oldest_allowed_s = time.time() - _ABANDONED_AFTER_S
    prefixes = tuple(map(_temporary_prefix, names))
    for entry in os.scandir(folder):
        if entry.name.endswith(_TEMPORARY_SUFFIX) and entry.name.startswith(prefixes):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < oldest_allowed_s:
                    Path(entry.path).unlink()
