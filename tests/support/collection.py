# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins of the collection, imported by the name that ansible-core gives them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
_NAME = "ansible_collections.sealpin.oci"


def import_plugin(name: str) -> ModuleType:
    """Import ``plugins/<name>``, dots for slashes; outside a collections path by a link to it."""
    if not _is_found():
        folder = Path(tempfile.mkdtemp(prefix="sealpin-collections-"))
        (folder / "ansible_collections" / "sealpin").mkdir(parents=True)
        (folder / "ansible_collections" / "sealpin" / "oci").symlink_to(ROOT)
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    return importlib.import_module(f"{_NAME}.plugins.{name}")


def _is_found() -> bool:
    try:
        return importlib.util.find_spec(_NAME) is not None
    except ModuleNotFoundError:
        return False
