# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests about references and results; each is documented in its own file beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.errors import SealpinError
from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.reference import ImageReference


def is_pinned(value: str) -> bool:
    """Whether a reference names a digest."""
    if not isinstance(value, str):
        raise AnsibleFilterError(f"pinned: expected a string, got {type(value).__name__}")
    try:
        return ImageReference.parse(value).digest is not None
    except SealpinError as error:
        raise AnsibleFilterError(f"pinned: {error}") from error


def is_verified(value: Mapping[str, Any]) -> bool:
    """Whether a result, or every image in it, was allowed on proof."""
    if not isinstance(value, Mapping):
        raise AnsibleFilterError(
            f"verified: expected a result of this collection, got {type(value).__name__}"
        )
    if "images" in value:
        images = value["images"]
        return bool(images) and all(is_verified(image) for image in images)
    if "outcome" not in value:
        raise AnsibleFilterError("verified: the value has neither images nor an outcome")
    return value["outcome"] == "allowed" and value.get("unsigned") is False


class TestModule:
    """Registers the tests."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Name to function."""
        return {"pinned": is_pinned, "verified": is_verified}
