# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which files a run looks at: those that are named, and those below a folder that is named.

Below a folder only files whose name or ending can hold images are read; folders that hold other
projects' files (``node_modules``, virtual environments, submodules and other git repositories,
which have a lock of their own) are passed over, and links are not followed. What is named itself is
read whatever it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import InvalidInput, quote

EVIDENCE_FOLDER = "sealpin-evidence"
"""Where a project keeps evidence beside its lock; it names images and is no manifest."""
_GIT = ".git"
"""A folder in a repository, a file in a submodule or a linked work tree."""
_SKIPPED_FOLDERS = frozenset(
    {_GIT, ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox"}
    | {EVIDENCE_FOLDER}
)
_ENDINGS = (
    ".yaml", ".yml", ".json", ".artifact", ".build", ".container", ".image", ".pod", ".volume",
    ".kube",
    ".tf", ".hcl", ".nomad", ".dockerfile", ".containerfile", ".conf",
)  # fmt: skip
_NAME_PARTS = ("dockerfile", "containerfile", "kustomization", "makefile")


def walk(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield each file once: named ones in their order, those of a folder sorted.

    Raises `InvalidInput` ``file.missing`` for a path that is not there.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise InvalidInput("file.missing", f"no such file or folder: {quote(path)}")
        for file in _below(path) if path.is_dir() else (path,):
            if file not in seen:
                seen.add(file)
                yield file


def _below(folder: Path) -> Iterator[Path]:
    unlisted: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=unlisted.append):
        yield from _paths_of(unlisted)
        if _GIT in (*folders, *names) and Path(parent) != folder:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            if _may_hold_images(name):
                yield Path(parent, name)
    yield from _paths_of(unlisted)


def _paths_of(unlisted: list[OSError]) -> Iterator[Path]:
    """Yield the folders that could not be listed, so that whoever reads them says why."""
    yield from (Path(error.filename) for error in unlisted)
    unlisted.clear()


def _may_hold_images(name: str) -> bool:
    lower = name.lower()
    return lower.endswith(_ENDINGS) or any(part in lower for part in _NAME_PARTS)
