# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where a project keeps its configuration and lock: at the git root, else in the working directory.

Never in a nearer folder: a pull request that adds ``apps/x/.sealpin.yaml`` must not change the
rules for ``apps/x``.
"""

from __future__ import annotations

from pathlib import Path

from sealpin.errors import InvalidInput

CONFIG_NAME = ".sealpin.yaml"
LOCK_NAME = "sealpin.lock"


def project_root(start: Path) -> Path:
    """Return the nearest folder at or above *start* with a ``.git`` entry, else *start*."""
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    return start


def require_policy() -> InvalidInput:
    """Make the error of a run that has neither a configuration nor identity flags."""
    return InvalidInput(
        "policy.none",
        f"nothing says whom to trust: no {CONFIG_NAME} at the project's root, no --policy,"
        " no identity option",
        hint=f"sealpin init writes a commented {CONFIG_NAME} to start from",
    )
