# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What containerd runs outside Docker and Kubernetes, as `ctr` tells it.

containerd records no digest with a container: only the image's name, whose digest is another one
after the next pull of its tag. What a container does record is the file system it began with, by
its chain ID (OCI image specification, config.md, "Layer ChainID"). A digest counts as the
container's only if that image has that chain ID; else the container has none.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ._containers import Container, choose_digests, split_name
from ._engines import Gone, ask, ask_json, ask_lines, ask_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._engines import Run

_RUNNING = "running"


def list_containerd(run: Run, *, everything: bool, skip: Iterable[str] = ()) -> list[Container]:
    """List containerd's containers, but not those in the namespaces to *skip*."""
    namespaces = ask_lines(run, ["ctr", "namespaces", "list", "--quiet"])
    return [
        container
        for name in namespaces
        if name not in skip
        for container in _Namespace(run, name).containers(everything=everything)
    ]


class _Namespace:
    """One of containerd's namespaces, each of which has containers and images of its own."""

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._name = name
        self._ctr = ["ctr", "--namespace", name]
        self._images: dict[str, str] = {}
        self._manifests_by_chain: dict[str, dict[str, str]] = {}

    def containers(self, *, everything: bool) -> list[Container]:
        """Return the containers that run, or all; those without an image are none of ours."""
        states = {row[0]: row[2].lower() for row in self._table("tasks", "list")}
        self._images = {row[0]: row[2] for row in self._table("images", "list")}
        found = []
        for container_id in ask_lines(self._run, [*self._ctr, "containers", "list", "--quiet"]):
            state = states.get(container_id, "created")
            if not everything and state != _RUNNING:
                continue
            container = self._container(container_id, state)
            if container:
                found.append(container)
        return found

    def _container(self, container_id: str, state: str) -> Container | None:
        try:
            info = ask_json(self._run, [*self._ctr, "containers", "info", container_id]) or {}
        except Gone:
            return None
        image = info.get("Image", "")
        if not image:
            return None
        chain_id = self._chain_id(info)
        digests = self._digests(image, chain_id)
        return Container(
            engine="containerd",
            container_id=container_id,
            name=container_id,
            namespace=self._name,
            state=state,
            image=image,
            image_id=digests[0] if digests else chain_id or image,
            repo_digests=self._named(image, digests),
        )

    def _named(self, image: str, digests: list[str]) -> tuple[str, ...]:
        if not digests:
            return ()
        repository, _digest = split_name(image)
        return choose_digests(image, [f"{repository}@{digest}" for digest in digests])

    def _chain_id(self, info: dict[str, Any]) -> str:
        """Return what the container's file system began with; empty where that is not recorded."""
        key, snapshotter = info.get("SnapshotKey", ""), info.get("Snapshotter", "")
        if not key or not snapshotter:
            return ""
        command = [*self._ctr, "snapshots", "--snapshotter", snapshotter, "info", key]
        try:
            parent = str((ask_json(self._run, command) or {}).get("Parent", ""))
        except Gone:
            return ""
        # For a container in a user namespace a copy is made, called CHAIN-UID-GID.
        return parent.partition("-")[0]

    def _digests(self, image: str, chain_id: str) -> list[str]:
        """Return the digests of the image by that name, or by one of its repository, that fit."""
        repository, _digest = split_name(image)
        names = [image, *(name for name in self._images if split_name(name)[0] == repository)]
        for name in names:
            digest = self._images.get(name, "")
            manifest = self._manifests(digest).get(chain_id) if digest and chain_id else None
            if manifest:
                return list(dict.fromkeys([digest, manifest]))
        return []

    def _manifests(self, digest: str) -> dict[str, str]:
        """Return the platform manifests of an image that are here, by chain ID."""
        if digest not in self._manifests_by_chain:
            document = self._content(digest)
            children = [child.get("digest", "") for child in document.get("manifests") or []]
            found = {}
            for manifest in children or [digest]:
                parsed = self._content(manifest) if children else document
                config = self._content((parsed.get("config") or {}).get("digest", ""))
                layers = (config.get("rootfs") or {}).get("diff_ids") or []
                if layers:
                    found[chain_id_of(layers)] = manifest
            self._manifests_by_chain[digest] = found
        return self._manifests_by_chain[digest]

    def _content(self, digest: str) -> dict[str, Any]:
        """Return a document from containerd's store; nothing if it is not there, or is none."""
        if not digest:
            return {}
        try:
            document = json.loads(ask(self._run, [*self._ctr, "content", "get", digest]))
        except (Gone, RecursionError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _table(self, *arguments: str) -> list[list[str]]:
        return ask_table(self._run, [*self._ctr, *arguments])


def chain_id_of(diff_ids: Iterable[str]) -> str:
    """Return the chain ID of layers, given by the digests of their uncompressed content."""
    chain_id = ""
    for diff_id in diff_ids:
        both = f"{chain_id} {diff_id}".encode()
        chain_id = f"sha256:{hashlib.sha256(both).hexdigest()}" if chain_id else diff_id
    return chain_id
