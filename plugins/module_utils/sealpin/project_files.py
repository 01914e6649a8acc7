# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where a project keeps its configuration and lock: at the git root, else in the folder of the run.

Never in a nearer folder: a pull request that adds ``apps/x/.sealpin.yaml`` must not change the
rules for ``apps/x``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .inputs import PolicyStore
    from .manifests.options import FindOptions

CONFIG_NAME = ".sealpin.yaml"
LOCK_NAME = "sealpin.lock"


def project_root(start: Path) -> Path:
    """Return the nearest folder at or above *start* with a ``.git`` entry, else *start*."""
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    return start


def read_find_options(files: Iterable[Path], store: PolicyStore) -> FindOptions | None:
    """Return what the ``files:`` section of the first of *files* that may have one says, or None.

    Raises `PolicyInvalid` for a section that does not load, `InvalidInput` ``file.*``,
    ``files.unknown-kind`` or ``custom-path.*``.
    """
    for path in files:
        data = store.read(path)
        if b"files" not in data and b"\\" not in data:
            continue  # without importing a parser
        from .manifests.options import FindOptions
        from .policy.file_settings import parse_file_settings

        return FindOptions.of(parse_file_settings(data, where=path.name))
    return None
