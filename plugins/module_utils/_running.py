# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a host runs, by digest, as its container engines tell it.

Each engine is asked through its own program (podman, docker, crictl, ctr); the digests are those
the engine recorded when it pulled, not ones computed from a running container. Standard library
only, readable for Python 3.8: listing must work on hosts on which nothing is installed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Run = Callable[[list[str]], tuple[int, str, str]]
    """Runs an argument list; returns exit code, standard output and standard error."""

NO_DIGEST = {
    "outcome": "denied",
    "code": "image.no-digest",
    "message": "the image has no digest: it was built or loaded on the host",
    "hint": "push it to a registry, sign it there, and run it by its digest",
    "unsigned": False,
    "statements": [],
}
"""The verdict on an image that no registry knows."""

PROGRAMS = {"podman": "podman", "docker": "docker", "cri": "crictl", "containerd": "ctr"}
"""Engine to the program that speaks to it."""
_GONE = re.compile(r"no such (container|object|image)|not found", re.IGNORECASE)
_DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_RUNNING = "running"
_NAMESPACES = {"docker": "moby", "cri": "k8s.io"}
"""Engine to the containerd namespace it keeps its containers in."""
_DOCKER_HUB_PREFIXES = (
    "docker.io/library/",
    "docker.io/",
    "index.docker.io/library/",
    "index.docker.io/",
)


class EngineError(Exception):
    """An engine that is installed did not answer."""


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

    @property
    def reference(self) -> str:
        """``name@digest`` of the image, or its identifier here when it never had a digest."""
        return self.repo_digests[0] if self.repo_digests else self.image_id


def list_engine(
    engine: str, run: Run, *, everything: bool, answered: Sequence[str] = ()
) -> list[Container]:
    """List one engine's containers; those that an engine in *answered* told of are not told again.

    Docker and a Kubernetes runtime usually stand on containerd, each in a namespace of its own.
    """
    if engine == "podman":
        return list_podman(run, everything=everything)
    if engine == "docker":
        return list_docker(run, everything=everything)
    if engine == "cri":
        return list_cri(run, everything=everything)
    if engine == "containerd":
        skip = [name for other, name in _NAMESPACES.items() if other in answered]
        return list_containerd(run, everything=everything, skip=skip)
    raise EngineError(f"there is no engine {engine}")


def list_podman(run: Run, *, everything: bool) -> list[Container]:
    """List podman's containers of the user who asks."""
    containers = _inspect_all(run, "podman", everything=everything)
    images = _inspect(run, ["podman", "image", "inspect"], sorted({c["Image"] for c in containers}))
    recorded = {image["Id"]: image.get("RepoDigests") or [] for image in images}
    return [
        Container(
            engine="podman",
            container_id=c["Id"],
            name=c.get("Name", ""),
            namespace="",
            state=_state(c),
            image=c.get("ImageName", ""),
            image_id=c["Image"],
            repo_digests=choose_digests(c.get("ImageName", ""), recorded.get(c["Image"], [])),
        )
        for c in containers
    ]


def list_docker(run: Run, *, everything: bool) -> list[Container]:
    """List the Docker daemon's containers."""
    containers = _inspect_all(run, "docker", everything=everything)
    images = _inspect(run, ["docker", "image", "inspect"], sorted({c["Image"] for c in containers}))
    recorded = {image["Id"]: image.get("RepoDigests") or [] for image in images}
    return [
        Container(
            engine="docker",
            container_id=c["Id"],
            name=c.get("Name", "").lstrip("/"),
            namespace="",
            state=_state(c),
            image=c["Config"]["Image"],
            image_id=c["Image"],
            repo_digests=choose_digests(c["Config"]["Image"], recorded.get(c["Image"], [])),
        )
        for c in containers
    ]


def list_cri(run: Run, *, everything: bool) -> list[Container]:
    """List the containers of the node's Kubernetes runtime."""
    listing = _json(run, ["crictl", "ps", "--output", "json", *(["--all"] if everything else [])])
    images = (_json(run, ["crictl", "images", "--output", "json"]) or {}).get("images") or []
    found = []
    for c in (listing or {}).get("containers") or []:
        image = _cri_image(c, images)
        labels = c.get("labels") or {}
        pod = "/".join(
            labels[key]
            for key in ("io.kubernetes.pod.namespace", "io.kubernetes.pod.name")
            if labels.get(key)
        )
        spec = c.get("image") or {}
        name = spec.get("userSpecifiedImage") or _cri_name(spec.get("image", ""), image)
        found.append(
            Container(
                engine="cri",
                container_id=c["id"],
                name=(c.get("metadata") or {}).get("name", ""),
                namespace=pod,
                state=c.get("state", "").replace("CONTAINER_", "").lower(),
                image=name,
                image_id=image.get("id", "") or c.get("imageRef", ""),
                repo_digests=choose_digests(name, image.get("repoDigests") or []),
            )
        )
    return found


def list_containerd(run: Run, *, everything: bool, skip: Iterable[str] = ()) -> list[Container]:
    """List containerd's containers, but not those in the namespaces to *skip*."""
    found = []
    for namespace in _lines(run, ["ctr", "namespaces", "list", "--quiet"]):
        if namespace in skip:
            continue
        ctr = ["ctr", "--namespace", namespace]
        states = {row[0]: row[2].lower() for row in _table(run, [*ctr, "tasks", "list"])}
        digests = {row[0]: row[2] for row in _table(run, [*ctr, "images", "list"])}
        for container_id in _lines(run, [*ctr, "containers", "list", "--quiet"]):
            state = states.get(container_id, "created")
            if not everything and state != _RUNNING:
                continue
            image = (_json(run, [*ctr, "containers", "info", container_id]) or {}).get("Image", "")
            if not image:
                continue
            digest = digests.get(image, "")
            recorded = [f"{split_name(image)[0]}@{digest}"] if digest else []
            found.append(
                Container(
                    engine="containerd",
                    container_id=container_id,
                    name=container_id,
                    namespace=namespace,
                    state=state,
                    image=image,
                    image_id=digest,
                    repo_digests=choose_digests(image, recorded),
                )
            )
    return found


def choose_digests(name: str, recorded: Iterable[str]) -> tuple[str, ...]:
    """Order what an engine recorded: the digest in *name* first, then those of its repository.

    An engine may record an index and the platform manifest it took from it; both are kept.
    """
    repository, digest = split_name(name)
    valid = [entry for entry in recorded if _DIGEST.fullmatch(entry.rpartition("@")[2])]
    same = [entry for entry in valid if familiar(entry.rpartition("@")[0]) == familiar(repository)]
    first = [entry for entry in same if digest and entry.endswith("@" + digest)]
    if digest and not first and _DIGEST.fullmatch(digest):
        first = [f"{repository}@{digest}"]
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


def verdict_on(
    entry: Mapping[str, Any], decided: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return what was decided about a running image; *decided* has results by ``name@digest``.

    An engine may have recorded several digests of one content, and a proof about any of them is a
    proof. An image that never had a digest cannot have one.
    """
    answers = [decided[name] for name in entry["digests"] if name in decided]
    for answer in answers:
        if answer["outcome"] == "allowed":
            return answer
    return answers[0] if answers else NO_DIGEST


def _inspect_all(run: Run, program: str, *, everything: bool) -> list[dict[str, Any]]:
    listing = [program, "ps", "--quiet", "--no-trunc", *(["--all"] if everything else [])]
    return _inspect(run, [program, "container", "inspect"], _lines(run, listing))


def _inspect(run: Run, command: list[str], names: list[str]) -> list[dict[str, Any]]:
    """Inspect *names*, without those that vanished; any other complaint is an error."""
    if not names:
        return []
    code, out, err = run([*command, *names])
    complaints = [line for line in err.splitlines() if line.strip()]
    if code != 0 and not (complaints and all(_GONE.search(line) for line in complaints)):
        raise EngineError(_complaint(command, code, err))
    found = _parse(command, out)
    return found if isinstance(found, list) else []


def _cri_image(container: dict[str, Any], images: list[dict[str, Any]]) -> dict[str, Any]:
    """Find a container's image: by identifier, else by a name or digest it was recorded under."""
    wanted = {
        container.get("imageRef"),
        container.get("imageId"),
        (container.get("image") or {}).get("image"),
    }
    for image in images:
        names = {image.get("id"), *(image.get("repoDigests") or []), *(image.get("repoTags") or [])}
        if wanted & (names - {None}):
            return image
    return {}


def _cri_name(name: str, image: dict[str, Any]) -> str:
    """Return the image's first tag where the runtime gives its identifier for a name."""
    tags = image.get("repoTags") or []
    return tags[0] if tags and (not name or _DIGEST.fullmatch(name)) else name


def _state(container: dict[str, Any]) -> str:
    return ((container.get("State") or {}).get("Status") or "").lower()


def _lines(run: Run, command: list[str]) -> list[str]:
    return [line.strip() for line in _output(run, command).splitlines() if line.strip()]


def _table(run: Run, command: list[str]) -> list[list[str]]:
    """Return the rows of one of ctr's tables, without its heading, that have three columns."""
    rows = [line.split() for line in _lines(run, command)[1:]]
    return [row for row in rows if len(row) > 2]


def _json(run: Run, command: list[str]) -> Any:
    return _parse(command, _output(run, command))


def _parse(command: list[str], text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise EngineError(f"{' '.join(command)}: the answer is not JSON: {error}") from error


def _output(run: Run, command: list[str]) -> str:
    code, out, err = run(command)
    if code != 0:
        raise EngineError(_complaint(command, code, err))
    return out


def _complaint(command: list[str], code: int, err: str) -> str:
    lines = err.strip().splitlines()
    return f"{' '.join(command[:3])}: exit code {code}: {lines[-1] if lines else 'no message'}"
