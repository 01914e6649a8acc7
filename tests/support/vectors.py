# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The one way to the vectors: other people's bytes, read where they lie."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def vectors(name: str) -> Path:
    """Return the folder of the vectors called *name*, such as ``lab``."""
    folder = _FOLDER / name
    if not (folder / "README.md").is_file():
        known = sorted(entry.parent.name for entry in _FOLDER.glob("*/README.md"))
        raise LookupError(f"no vectors called {name!r}; there are {', '.join(known)}")
    return folder
