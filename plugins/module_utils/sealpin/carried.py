# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which digests the files of a project still carry: a look at their bytes, not a search for images.

A run over some files moves their pins; whether others carry the digests that it moved from decides
if the lock keeps what proved them.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from .digest import Digest
from .errors import InvalidInput
from .regular_files import read_file
from .tree import walk


def carried_digests(root: Path, digests: Collection[Digest]) -> frozenset[Digest]:
    """Return those of *digests* that stand in a file below *root*.

    All of them if a file cannot be read or is larger than a manifest may be: it may carry any.
    """
    missing = {digest: str(digest).encode() for digest in digests}
    for path in walk([root]) if missing else ():
        data = _read(path)
        if data is None:
            return frozenset(digests)
        for digest in [each for each, text in missing.items() if text in data]:
            del missing[digest]
    return frozenset(digests) - missing.keys()


def _read(path: Path) -> bytes | None:
    """Return what a file holds, nothing for a link; None if that cannot be told."""
    try:
        return read_file(path).data
    except InvalidInput as error:
        # What a link leads to is read under its own name, or is not of the project.
        return b"" if error.code == "file.symlink" else None
