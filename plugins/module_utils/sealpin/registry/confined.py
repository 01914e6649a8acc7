# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Confined reads: files below a root, reached without following any link.

Each component is opened relative to the one before it with ``O_NOFOLLOW``, so a link put there
between a check and a read leads nowhere. The root itself is what a person named and may be anything
they like.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from ..errors import InvalidInput, Unavailable, quote

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe put in a file's place must not make the reader wait.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_beneath(root: Path, parts: Sequence[str], *, max_bytes: int) -> bytes | None:
    """Return the content of the regular file *parts* below *root*, or None if it is not there.

    Raises `InvalidInput` ``path.escapes`` for a link, a ``..`` or anything but a regular file,
    ``path.unreadable`` for what the system refuses, `Unavailable` ``path.too-large`` for more than
    *max_bytes*.
    """
    shown = quote(root.joinpath(*parts))
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\0" in part:
            raise InvalidInput("path.escapes", f"not a path below its root: {shown}")
    try:
        descriptor = _open_beneath(root, parts)
    except (FileNotFoundError, NotADirectoryError):
        _refuse_link(root, parts, shown)
        return None
    except OSError as error:
        _refuse_link(root, parts, shown)
        raise InvalidInput("path.unreadable", f"cannot read {shown}: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidInput("path.escapes", f"not a regular file: {shown}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise Unavailable("path.too-large", f"file larger than {max_bytes} bytes: {shown}")
    return content


def _open_beneath(root: Path, parts: Sequence[str]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE, dir_fd=folder)
    finally:
        os.close(folder)


def _refuse_link(root: Path, parts: Sequence[str], shown: str) -> None:
    """Say that a link was met; the kernel already refused it, this only names the reason."""
    for count in range(1, len(parts) + 1):
        if root.joinpath(*parts[:count]).is_symlink():
            raise InvalidInput("path.escapes", f"symbolic link on the way to {shown}")
