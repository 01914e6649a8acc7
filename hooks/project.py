# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The error of a project that trusts nobody."""

from __future__ import annotations

from sealpin.errors import InvalidInput
from sealpin.project_files import CONFIG_NAME


def require_policy() -> InvalidInput:
    """Make the error of a run that has neither a configuration nor identity flags."""
    return InvalidInput(
        "policy.none",
        f"nothing says whom to trust: no {CONFIG_NAME} at the project's root, no --policy,"
        " no identity option",
        hint=f"sealpin init writes a commented {CONFIG_NAME} to start from",
    )
