# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is read from the answers of podman, docker, crictl and ctr.

The answers of podman 4.3.1 and ctr 1.6.20 are shortened recordings; those of docker 28.2 come from
its client on podman's compatible socket; those of crictl follow CRI v1 (k8s.io/cri-api,
``ListContainersResponse``, ``ListImagesResponse``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from module_utils._containerd import chain_id_of
from module_utils._containers import Container, choose_digests, group_by_image
from module_utils._engines import EngineError
from module_utils._running import list_engine

INDEX = f"sha256:{'a' * 64}"
CHILD = f"sha256:{'b' * 64}"
ELSEWHERE = f"sha256:{'d' * 64}"
ID = "c" * 64
LAYERS = [f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"]
CHAIN = "sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5"
SNAPSHOT = {"Snapshotter": "native", "SnapshotKey": "c"}
NOT_THERE = (1, "", "ctr: content sha256:d: not found\n")

Answers = Mapping[str, tuple[int, str, str]]


def engine(answers: Answers):
    """Return a runner that gives the answers by command line; there are no others."""

    def run(command: list[str]) -> tuple[int, str, str]:
        return answers[" ".join(command)]

    return run


def ok(answer: object) -> tuple[int, str, str]:
    return 0, answer if isinstance(answer, str) else json.dumps(answer), ""


PODMAN = {
    "podman ps --quiet --no-trunc": ok("one\n"),
    "podman container inspect one": ok(
        [
            {
                "Id": "one",
                "Name": "web",
                "State": {"Status": "running"},
                "ImageName": "registry.example/app:1",
                "Image": ID,
            }
        ]
    ),
    f"podman image inspect {ID}": ok(
        [
            {
                "Id": ID,
                "RepoDigests": [f"registry.example/app@{INDEX}", f"registry.example/app@{CHILD}"],
            }
        ]
    ),
}
DOCKER = {
    "docker ps --quiet --no-trunc": ok("one\n"),
    "docker container inspect one": ok(
        [
            {
                "Id": "one",
                "Name": "/web",
                "State": {"Status": "running"},
                "Config": {"Image": "nginx:1.27"},
                "Image": f"sha256:{ID}",
            }
        ]
    ),
    f"docker image inspect sha256:{ID}": ok(
        [{"Id": f"sha256:{ID}", "RepoDigests": [f"nginx@{INDEX}"]}]
    ),
}
CRI = {
    "crictl ps --output json": ok(
        {
            "containers": [
                {
                    "id": "one",
                    "metadata": {"name": "web"},
                    "image": {"image": f"sha256:{ID}"},
                    "imageRef": f"sha256:{ID}",
                    "state": "CONTAINER_RUNNING",
                    "labels": {
                        "io.kubernetes.pod.namespace": "shop",
                        "io.kubernetes.pod.name": "web-0",
                    },
                }
            ]
        }
    ),
    "crictl images --output json": ok(
        {
            "images": [
                {
                    "id": f"sha256:{ID}",
                    "repoTags": ["registry.k8s.io/pause:3.10"],
                    "repoDigests": [f"registry.k8s.io/pause@{INDEX}"],
                }
            ]
        }
    ),
}
CONTAINERD = {
    "ctr namespaces list --quiet": ok("demo\nmoby\n"),
    "ctr --namespace demo tasks list": ok(
        "TASK    PID     STATUS    \nc1      9291    RUNNING\nc2      9292    STOPPED\n"
    ),
    "ctr --namespace demo images list": ok(
        "REF                    TYPE                 DIGEST SIZE    PLATFORMS   LABELS \n"
        f"registry.example/app:1 application/vnd.oci {INDEX} 1.0 MiB linux/amd64 -\n"
    ),
    "ctr --namespace demo containers list --quiet": ok("c1\nc2\n"),
    "ctr --namespace demo containers info c1": ok({"Image": "registry.example/app:1", **SNAPSHOT}),
    "ctr --namespace demo containers info c2": ok({"Image": "registry.example/app:1", **SNAPSHOT}),
    "ctr --namespace demo snapshots --snapshotter native info c": ok({"Parent": CHAIN}),
    f"ctr --namespace demo content get {INDEX}": ok(
        {"manifests": [{"digest": CHILD}, {"digest": ELSEWHERE}]}
    ),
    f"ctr --namespace demo content get {CHILD}": ok({"config": {"digest": f"sha256:{ID}"}}),
    f"ctr --namespace demo content get {ELSEWHERE}": NOT_THERE,
    f"ctr --namespace demo content get sha256:{ID}": ok({"rootfs": {"diff_ids": LAYERS}}),
}
EXPECTED = {
    "podman": (PODMAN, "registry.example/app:1", f"registry.example/app@{INDEX}", "web", ""),
    "docker": (DOCKER, "nginx:1.27", f"nginx@{INDEX}", "web", ""),
    "cri": (
        CRI,
        "registry.k8s.io/pause:3.10",
        f"registry.k8s.io/pause@{INDEX}",
        "web",
        "shop/web-0",
    ),
    "containerd": (
        CONTAINERD,
        "registry.example/app:1",
        f"registry.example/app@{INDEX}",
        "c1",
        "demo",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_lists_what_an_engine_runs_with_the_digest_it_recorded(name: str) -> None:
    answers, image, reference, container, namespace = EXPECTED[name]
    (found,) = list_engine(name, engine(answers), everything=False, answered=("docker",))
    assert (found.image, found.reference, found.name, found.namespace, found.state) == (
        image,
        reference,
        container,
        namespace,
        "running",
    )


def test_lists_stopped_containers_only_when_asked() -> None:
    found = list_engine("containerd", engine(CONTAINERD), everything=True, answered=("docker",))
    assert [(c.name, c.state) for c in found] == [("c1", "running"), ("c2", "stopped")]


def test_containerd_tells_the_platform_manifest_beside_the_index() -> None:
    (found,) = list_engine("containerd", engine(CONTAINERD), everything=False, answered=("docker",))
    assert found.repo_digests == (
        f"registry.example/app@{INDEX}",
        f"registry.example/app@{CHILD}",
    )


@pytest.mark.parametrize(
    "answer",
    [ok({"Parent": ELSEWHERE}), ok({"Kind": "Active"}), (1, "", "ctr: snapshot c does not exist")],
    ids=["other content", "no parent", "no snapshot"],
)
def test_a_containerd_container_has_no_digest_when_its_tag_means_other_content_by_now(
    answer: tuple[int, str, str],
) -> None:
    snapshot = {"ctr --namespace demo snapshots --snapshotter native info c": answer}
    (found,) = list_engine(
        "containerd", engine({**CONTAINERD, **snapshot}), everything=False, answered=("docker",)
    )
    assert found.repo_digests == ()
    assert found.image == "registry.example/app:1"


def test_a_containerd_container_keeps_the_digest_its_image_still_has_by_digest() -> None:
    """The tag was moved by a pull, but the old image is still there under ``name@digest``."""
    answers = {
        **CONTAINERD,
        "ctr --namespace demo images list": ok(
            "REF TYPE DIGEST\n"
            f"registry.example/app:1 index {ELSEWHERE}\n"
            f"registry.example/app@{INDEX} index {INDEX}\n"
        ),
    }
    (found,) = list_engine("containerd", engine(answers), everything=False, answered=("docker",))
    assert found.reference == f"registry.example/app@{INDEX}"


def test_a_containerd_container_that_ends_while_it_is_listed_is_left_out() -> None:
    gone = (1, "", 'ctr: container "c1" in namespace "demo": not found\n')
    answers = {**CONTAINERD, "ctr --namespace demo containers info c1": gone}
    assert list_engine("containerd", engine(answers), everything=False, answered=("docker",)) == []


def test_chains_layers_as_the_image_specification_does() -> None:
    assert chain_id_of(LAYERS[:1]) == LAYERS[0]
    assert chain_id_of(LAYERS) == CHAIN


@pytest.mark.parametrize("identifier", ["imageRef", "imageId"])
def test_a_kubernetes_container_keeps_its_image_when_its_tag_moved(identifier: str) -> None:
    listed = {
        "id": "one",
        "image": {"image": "a.example/x:1"},
        identifier: f"sha256:{ID}",
        "state": "CONTAINER_RUNNING",
    }
    moved = {
        "id": CHILD,
        "repoTags": ["a.example/x:1"],
        "repoDigests": [f"a.example/x@{INDEX}"],
    }
    old = {"id": f"sha256:{ID}", "repoTags": [], "repoDigests": [f"a.example/x@{ELSEWHERE}"]}
    for images, expected in (([moved, old], f"a.example/x@{ELSEWHERE}"), ([moved], f"sha256:{ID}")):
        answers = {
            "crictl ps --output json": ok({"containers": [listed]}),
            "crictl images --output json": ok({"images": images}),
        }
        (found,) = list_engine("cri", engine(answers), everything=False)
        assert found.reference == expected


def test_leaves_out_what_vanished_while_it_was_listed() -> None:
    answers = {
        **PODMAN,
        "podman ps --quiet --no-trunc": ok("one\ntwo\n"),
        "podman container inspect one two": (
            125,
            PODMAN["podman container inspect one"][1],
            'Error: inspecting object: no such container "two"\n',
        ),
    }
    assert len(list_engine("podman", engine(answers), everything=False)) == 1


@pytest.mark.parametrize(
    "answer",
    [(1, "", "Cannot connect to the Docker daemon"), (0, "not json", ""), (2, "[]", "")],
    ids=["refused", "garbage", "silent"],
)
def test_an_engine_that_does_not_answer_is_an_error_not_an_empty_list(
    answer: tuple[int, str, str],
) -> None:
    answers = {**DOCKER, "docker container inspect one": answer}
    with pytest.raises(EngineError, match="docker container inspect"):
        list_engine("docker", engine(answers), everything=False)


NO_TEXTS = [None, True, 7, "", "x", [], {}, [[]], [{}], {"a": 1}, "[" * 100_000]


def spoilt(value: Any) -> Iterator[Any]:
    """Everything that *value* can be with one thing in it of another kind, or without it."""
    yield from NO_TEXTS
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, (dict, list)) else ():
        for other in spoilt(inner):
            copy = value.copy()
            copy[key] = other
            yield copy
        copy = value.copy()
        del copy[key]
        yield copy


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_of_any_shape_is_listed_or_told_and_ends_nothing_else(name: str) -> None:
    answers = EXPECTED[name][0]
    told = set()
    for command, (_code, out, _err) in answers.items():
        for other in spoilt(json.loads(out)) if out.startswith(("{", "[")) else NO_TEXTS:
            changed = {**answers, command: ok(other)}
            # What an answer leads to beyond the others is not there.
            asked = defaultdict(lambda: NOT_THERE, changed)
            try:
                listed = group_by_image(list_engine(name, engine(asked), everything=False))
            except EngineError as error:
                told.add(error.code)
            else:
                assert json.dumps(listed)
    assert told <= {"engine.unreachable", "engine.malformed-answer"}
    assert "engine.malformed-answer" in told


@pytest.mark.parametrize(
    ("name", "recorded", "expected"),
    [
        ("a.example/x:1", [], ()),
        ("nginx", [f"docker.io/library/nginx@{INDEX}"], (f"docker.io/library/nginx@{INDEX}",)),
        (
            f"a.example/x@{CHILD}",
            [f"a.example/x@{INDEX}", f"a.example/x@{CHILD}"],
            (f"a.example/x@{CHILD}", f"a.example/x@{INDEX}"),
        ),
        (f"a.example/x@{CHILD}", [], ()),
        (f"a.example/x@{CHILD}", [f"a.example/x@{INDEX}"], (f"a.example/x@{INDEX}",)),
        (
            "a.example/x:1",
            [f"b.example/y@{INDEX}", f"a.example/x@{CHILD}"],
            (f"a.example/x@{CHILD}", f"b.example/y@{INDEX}"),
        ),
        ("a.example/x:1", ["a.example/x@sha256:short", "<none>@<none>"], ()),
    ],
    ids=[
        "built here",
        "hub",
        "digest in the name",
        "only in the name",
        "another in the name",
        "own first",
        "malformed",
    ],
)
def test_orders_recorded_digests(name: str, recorded: list[str], expected: tuple[str, ...]) -> None:
    assert choose_digests(name, recorded) == expected


def container(name: str, image: str, digests: tuple[str, ...] = ()) -> Container:
    return Container(
        engine="podman",
        container_id=name,
        name=name,
        namespace="",
        state="running",
        image=image,
        image_id=ID,
        repo_digests=digests,
    )


def test_groups_containers_by_digest_not_by_tag() -> None:
    one, two = (f"a.example/x@{digest}" for digest in (INDEX, CHILD))
    entries = group_by_image(
        [
            container("old", "a.example/x:1", (one,)),
            container("new", "a.example/x:1", (two,)),
            container("other", "a.example/x:latest", (two,)),
        ]
    )
    assert [(e["image"], e["names"], len(e["containers"])) for e in entries] == [
        (one, ["a.example/x:1"], 1),
        (two, ["a.example/x:1", "a.example/x:latest"], 2),
    ]
    assert entries[0]["pinned_tagged"] == f"a.example/x:1@{INDEX}"


def test_an_image_without_a_digest_is_known_by_its_identifier() -> None:
    (entry,) = group_by_image([container("web", "localhost/built:1")])
    assert (entry["image"], entry["digest"], entry["pinned"]) == (ID, "", "")
