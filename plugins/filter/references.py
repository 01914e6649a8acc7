# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that take image references apart and put digests in; each is documented in its own file beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.digest import Digest
from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.errors import SealpinError
from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.reference import (
    ImageReference,
    Repository,
    Tag,
)

PARTS = frozenset({"registry", "repository", "tag", "digest"})


def image_ref(value: str | Mapping[str, Any]) -> dict[str, str] | str:
    """Split a reference into its parts, or join parts to a reference."""
    try:
        if isinstance(value, str):
            return _split(ImageReference.parse(value))
        if isinstance(value, Mapping):
            return _join(value)
    except SealpinError as error:
        raise AnsibleFilterError(f"image_ref: {error}") from error
    raise AnsibleFilterError(
        f"image_ref: expected a string or a dictionary, got {type(value).__name__}"
    )


def pinned(value: str, digest: str, *, tag: bool = False) -> str:
    """Write a digest into a reference, as ``name@digest`` or with its tag kept."""
    if not all(isinstance(text, str) for text in (value, digest)):
        raise AnsibleFilterError("pinned: expected a reference and a digest, both strings")
    try:
        reference, parsed = ImageReference.parse(value), Digest.parse(digest)
    except SealpinError as error:
        raise AnsibleFilterError(f"pinned: {error}") from error
    return reference.pinned_tagged(parsed) if tag else reference.pinned(parsed)


def _split(reference: ImageReference) -> dict[str, str]:
    return {
        "registry": reference.repository.registry,
        "repository": reference.repository.path,
        "tag": str(reference.tag or ""),
        "digest": str(reference.digest or ""),
        "name": str(reference.repository),
        "normalised": reference.normalised,
    }


def _join(parts: Mapping[str, Any]) -> str:
    """Write the parts as one reference; what `_split` adds to the four parts is ignored, so that the two are inverse."""
    unknown = sorted(set(parts) - PARTS - {"name", "normalised"})
    if unknown or not parts.get("repository"):
        problem = f"unknown {', '.join(map(str, unknown))}" if unknown else "repository is missing"
        raise AnsibleFilterError(
            f"image_ref: {problem}; a reference is made of {', '.join(sorted(PARTS))}"
        )
    registry = f"{parts['registry']}/" if parts.get("registry") else ""
    repository = Repository.parse(f"{registry}{parts['repository']}")
    if registry and repository.path.removeprefix("library/") != str(
        parts["repository"]
    ).removeprefix("library/"):
        # A registry of one word would be read as a namespace of Docker Hub, which anybody may own.
        raise AnsibleFilterError(
            f"image_ref: {parts['registry']} is no registry in a reference: a registry has a dot or"
            " a port, or is localhost"
        )
    text = str(repository)
    if parts.get("tag"):
        text += f":{Tag.parse(str(parts['tag']))}"
    if parts.get("digest"):
        text += f"@{Digest.parse(str(parts['digest']))}"
    return text


class FilterModule:
    """Registers the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"image_ref": image_ref, "pinned": pinned}
