# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Read small files that a person or a policy named; their errors say which and why."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from .errors import InvalidInput, quote
from .limits import MAX_POLICY_BYTES


def read_file(path: Path, *, what: str) -> bytes:
    """Read a small file somebody named. Raises `InvalidInput` ``file.*``."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            "file.unreadable", f"cannot read {what}: {quote(path)}: {error.strerror}"
        ) from error
    if len(content) > MAX_POLICY_BYTES:
        raise InvalidInput(
            "file.too-large", f"{what} is larger than {MAX_POLICY_BYTES} bytes: {quote(path)}"
        )
    return content


def path_below(folder: Path, path: str) -> Path:
    """Return the file at *path*, which must lie below *folder*, links followed.

    Raises `InvalidInput` ``policy.path``.
    """
    root = folder.resolve()
    target = (root / path).resolve()
    if root not in target.parents:
        raise InvalidInput("policy.path", f"the path leaves the policy's folder: {quote(path)}")
    return target


class PolicyStore(Protocol):
    """Where policy files are read from: the disk, or a revision of the project."""

    def read(self, path: Path) -> bytes:
        """Return the policy file at *path*, absolute. Raises `InvalidInput` ``file.*``."""

    def read_below(self, folder: Path, path: str) -> bytes:
        """Return a file a policy in *folder* names; it must lie below that folder."""


class PoliciesOnDisk:
    """Policy files as they lie there now."""

    def read(self, path: Path) -> bytes:
        """See `PolicyStore.read`."""
        return read_file(path, what="the policy")

    def read_below(self, folder: Path, path: str) -> bytes:
        """See `PolicyStore.read_below`; links are followed, and must stay below *folder* too."""
        return read_file(path_below(folder, path), what="a file the policy names")


def read_artifact(path: Path) -> bytes:
    """Read the artifact a bundle is about, of any size. Raises `InvalidInput` ``file.*``."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            "file.unreadable", f"cannot read the artifact: {quote(path)}: {error.strerror}"
        ) from error
