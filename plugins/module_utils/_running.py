# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a host runs, by digest, as its container engines tell it.

Each engine is asked through its own program (podman, docker, crictl, ctr); the digests are those
the engine recorded when it pulled the image this container was made from, whatever its name means
by now. Nothing is computed from a running container's files. Standard library only, readable for
Python 3.8: listing must work on hosts on which nothing is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._containerd import list_containerd
from ._containers import DIGEST, Container, choose_digests, familiar, split_name
from ._engines import PROGRAMS, EngineError, MalformedAnswer, ask_json, ask_lines, inspect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ._engines import Run

NO_DIGEST = {
    "outcome": "denied",
    "code": "image.no-digest",
    "message": "the image has no digest: it was built or loaded on the host, or its name means"
    " another image by now",
    "hint": "push it to a registry, sign it there, and run it by its digest",
    "unsigned": False,
    "statements": [],
}
"""The verdict on an image of which no digest is known."""

_NAMESPACES = {"docker": "moby", "cri": "k8s.io"}
"""Engine to the containerd namespace it keeps its containers in."""


def list_engine(
    engine: str, run: Run, *, everything: bool, answered: Sequence[str] = ()
) -> list[Container]:
    """List one engine's containers; those that an engine in *answered* told of are not told again.

    Docker and a Kubernetes runtime usually stand on containerd, each in a namespace of its own.
    Raises `EngineError`, also where an answer has another shape than it should.
    """
    try:
        return _list(engine, run, everything=everything, answered=answered)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedAnswer(
            f"an answer has another shape than {PROGRAMS[engine]} gives it:"
            f" {type(error).__name__}: {error}"
        ) from error


def _list(engine: str, run: Run, *, everything: bool, answered: Sequence[str]) -> list[Container]:
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
    images = inspect(run, ["podman", "image", "inspect"], sorted({c["Image"] for c in containers}))
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
    images = inspect(run, ["docker", "image", "inspect"], sorted({c["Image"] for c in containers}))
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
    listing = ask_json(
        run, ["crictl", "ps", "--output", "json", *(["--all"] if everything else [])]
    )
    images = (ask_json(run, ["crictl", "images", "--output", "json"]) or {}).get("images") or []
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
                image_id=image.get("id") or c.get("imageId") or c.get("imageRef", ""),
                repo_digests=choose_digests(name, image.get("repoDigests") or []),
            )
        )
    return found


def verdict_on(
    entry: Mapping[str, Any], decided: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return what was decided about a running image; *decided* has results by ``name@digest``.

    An engine may have recorded several digests of one content, and a proof about any of them is a
    proof, under the policy of the repository that the container names: another one's may be laxer.
    An image that never had a digest cannot have one.
    """
    own = familiar(split_name(entry["image"])[0])
    digests = [name for name in entry["digests"] if familiar(split_name(name)[0]) == own]
    answers = [decided[name] for name in digests if name in decided]
    for answer in answers:
        if answer["outcome"] == "allowed":
            return answer
    return answers[0] if answers else NO_DIGEST


def _inspect_all(run: Run, program: str, *, everything: bool) -> list[dict[str, Any]]:
    listing = [program, "ps", "--quiet", "--no-trunc", *(["--all"] if everything else [])]
    return inspect(run, [program, "container", "inspect"], ask_lines(run, listing))


def _cri_image(container: dict[str, Any], images: list[dict[str, Any]]) -> dict[str, Any]:
    """Find the image a container was made from.

    The runtime's own identifier decides; the name in the container's specification may be a tag,
    which means another image after the next pull.
    """
    identifiers = {container.get("imageRef"), container.get("imageId")} - {None, ""}
    wanted = identifiers or {(container.get("image") or {}).get("image")} - {None, ""}
    for image in images:
        names = {image.get("id"), *(image.get("repoDigests") or []), *(image.get("repoTags") or [])}
        if wanted & names:
            return image
    return {}


def _cri_name(name: str, image: dict[str, Any]) -> str:
    """Return the image's first tag where the runtime gives its identifier for a name."""
    tags = image.get("repoTags") or []
    return tags[0] if tags and (not name or DIGEST.fullmatch(name)) else name


def _state(container: dict[str, Any]) -> str:
    return ((container.get("State") or {}).get("Status") or "").lower()
