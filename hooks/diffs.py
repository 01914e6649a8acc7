# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A unified diff of a file, for people."""

from __future__ import annotations

import difflib


def unified_diff(path: str, before: bytes, after: bytes) -> str:
    """Return the diff as ``git diff`` would show it, two lines of context, no final line end."""
    lines = difflib.unified_diff(
        before.decode("utf-8", "replace").splitlines(),
        after.decode("utf-8", "replace").splitlines(),
        fromfile=f"a/{path}",
        tofile=f"b/{path}",
        lineterm="",
        n=2,
    )
    return "\n".join(lines)
