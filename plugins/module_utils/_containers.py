# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Containers and the digests of the images they were made from, whichever engine told of them.

Standard library only, readable for Python 3.8, like all that lists: see `_running`.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_DOCKER_HUB_PREFIXES = (
    "docker.io/library/",
    "docker.io/",
    "index.docker.io/library/",
    "index.docker.io/",
)


@dataclass(frozen=True)
class Container:
    """One container and the image it was made from."""

    engine: str
    container_id: str
    name: str
    namespace: str
    """Kubernetes ``namespace/pod`` or containerd namespace; empty for podman and docker."""
    state: str
    """Lower case, as the engine says it: ``running``, ``exited``, …"""
    image: str
    """The image as the container names it."""
    image_id: str
    repo_digests: tuple[str, ...]
    """``name@digest`` as recorded at the pull; empty for an image that was built or loaded here."""

    def __post_init__(self) -> None:
        """Raise `TypeError` for what is no text: an engine may have said anything."""
        *fields, _digests = astuple(self)
        for value in fields:
            if not isinstance(value, str):
                raise TypeError(f"expected a text, got {type(value).__name__}")

    @property
    def reference(self) -> str:
        """``name@digest`` of the image, or its identifier here when it never had a digest."""
        return self.repo_digests[0] if self.repo_digests else self.image_id


def choose_digests(name: str, recorded: Iterable[str]) -> tuple[str, ...]:
    """Order what an engine recorded: the digest in *name* first, then those of its repository.

    An engine may record an index and the platform manifest it took from it; both are kept. A digest
    that is in the name alone counts for nothing: whoever imports an image into containerd may call
    it by any.
    """
    repository, digest = split_name(name)
    valid = [entry for entry in recorded if DIGEST.fullmatch(entry.rpartition("@")[2])]
    same = [entry for entry in valid if familiar(entry.rpartition("@")[0]) == familiar(repository)]
    first = [entry for entry in same if digest and entry.endswith("@" + digest)]
    return tuple(dict.fromkeys([*first, *same, *valid]))


def split_name(text: str) -> tuple[str, str]:
    """Split ``name[:tag][@digest]`` into name and digest."""
    name, _at, digest = text.partition("@")
    head, colon, tail = name.rpartition(":")
    return (head if colon and "/" not in tail else name), digest


def familiar(repository: str) -> str:
    """Return Docker Hub's repositories without the parts docker leaves out."""
    for prefix in _DOCKER_HUB_PREFIXES:
        if repository.startswith(prefix):
            return repository[len(prefix) :]
    return repository


def group_by_image(containers: Iterable[Container]) -> list[dict[str, Any]]:
    """Return one entry for each image that is in use, sorted, with the containers made from it."""
    entries: dict[str, dict[str, Any]] = {}
    for c in sorted(containers, key=lambda c: (c.reference, c.engine, c.namespace, c.name)):
        name, digest = split_name(c.reference) if c.repo_digests else ("", "")
        entry = entries.setdefault(
            c.reference,
            {
                "image": c.reference,
                "names": [],
                "digest": digest,
                "digests": [],
                "pinned": f"{name}@{digest}" if digest else "",
                "pinned_tagged": "",
                "image_id": c.image_id,
                "containers": [],
            },
        )
        if c.image not in entry["names"]:
            entry["names"].append(c.image)
        entry["digests"] += [d for d in c.repo_digests if d not in entry["digests"]]
        if digest and not entry["pinned_tagged"]:
            entry["pinned_tagged"] = f"{c.image.partition('@')[0]}@{digest}"
        entry["containers"].append(
            {
                "engine": c.engine,
                "id": c.container_id,
                "name": c.name,
                "namespace": c.namespace,
                "state": c.state,
            }
        )
    return list(entries.values())
