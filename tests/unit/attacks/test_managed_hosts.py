# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Attacks by a managed host, and by whoever chooses what it runs."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible.errors import AnsibleFilterError
from module_utils._running import list_engine
from module_utils._running_proof import prove
from module_utils._tasks import attempt, verify_images
from module_utils.sealpin.errors import InvalidInput
from module_utils.sealpin.regular_files import read_file

from support.collection import import_plugin
from support.memory_registry import Behaviour, MemoryRegistry
from support.processor_time import at_most

audit = import_plugin("plugin_utils.audit")
references = import_plugin("filter.references")

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
OPTIONS: dict[str, Any] = {
    "key": "",
    "certificate_identity_regexp": ".*",
    "certificate_oidc_issuer_regexp": ".*",
    "offline": True,
    "second_opinion": "auto",
    "timeout": 5,
    "max_workers": 4,
    "registry_username": "me",
    "registry_password": "secret",
}


@pytest.mark.parametrize("registry_host", ["", "registry.example"])
def test_no_image_that_a_host_runs_gets_the_password_sent_to_its_registry(
    registry_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))  # not this machine's, nor its helpers
    behaviour = Behaviour(authentication="basic", users={"me": "secret"})
    with MemoryRegistry(behaviour=behaviour) as foreign:
        image = f"{foreign.host}/app@{DIGEST}"
        params = {**OPTIONS, "registry_host": registry_host}
        on_host = prove(params, [{"image": image, "digests": [image]}])
        on_controller = attempt(verify_images, {**params, "images": [image]})
        assert on_host["failed"]
        assert on_controller["failed"]
        assert on_host["code"] == on_controller["code"]
        assert on_host["code"] == (
            "registry.unauthorized" if registry_host else "credentials.for-whom"
        )
        assert not any("authorization" in asked.headers for asked in foreign.asked())


def running(*digests: str, image: str = "", **more: Any) -> dict[str, Any]:
    """Return what a host says it runs: one image with these digests."""
    entry = {
        "image": image or digests[0],
        "names": ["a.example/app:1"],
        "digest": digests[0].partition("@")[2] if digests else "",
        "digests": list(digests),
        "containers": [
            {"engine": "podman", "id": "c", "name": "web", "namespace": "", "state": "running"}
        ],
        **more,
    }
    return {"images": [entry], "unavailable": []}


def verified(**outcomes: str) -> dict[str, Any]:
    """Return what the controller found out about ``a.example/<name>`` for each name."""
    told = {"code": "c", "message": "m", "hint": "", "unsigned": False, "statements": []}
    return {"by_image": {name_of(n): {**told, "outcome": o} for n, o in outcomes.items()}}


def name_of(name: str) -> str:
    return f"a.example/{name}@{DIGEST}"


def test_no_host_speaks_for_what_another_one_runs() -> None:
    decided = verified(good="allowed", bad="denied")
    lies = [
        running(name_of("bad"), name_of("good")),
        running(name_of("good"), image=name_of("bad")),
        running(name_of("good"), image=name_of("bad"), digest=DIGEST),
    ]
    for lie in lies:
        report = audit.audit_report({"a": lie, "b": running(name_of("bad"))}, decided)
        (row,) = (row for row in report["images"] if "b" in row["hosts"])
        assert (row["image"], row["outcome"]) == (name_of("bad"), "denied")
        assert report["summary"]["denied"] + report["summary"]["unanswered"] > 0


def test_policy_of_another_repository_proves_nothing_of_a_running_image() -> None:
    """Whoever can have the content pulled from a place with a lax policy would pass elsewhere."""
    decided = verified(app="denied", sandbox="allowed")
    report = audit.audit_report({"a": running(name_of("app"), name_of("sandbox"))}, decided)
    assert [row["outcome"] for row in report["images"]] == ["denied"]


def test_name_that_an_import_gave_an_image_is_no_digest_of_it() -> None:
    """An OCI archive names its images by annotations, and ctr takes ``name@digest`` as it comes."""
    name = name_of("good")
    (container,) = list_engine("containerd", ctr_that_imported(name), everything=True)
    assert container.image == name
    assert container.repo_digests == (f"a.example/good@{OTHER}",)


def ctr_that_imported(name: str) -> Callable[[list[str]], tuple[int, str, str]]:
    """Return containerd with one container of the image *name*, whose real digest is `OTHER`."""
    documents = {
        OTHER: {"config": {"digest": "sha256:c"}},
        "sha256:c": {"rootfs": {"diff_ids": ["sha256:layer"]}},
    }
    answers = {
        "namespaces list --quiet": "default\n",
        "tasks list": "TASK PID STATUS\n",
        "images list": f"REF TYPE DIGEST\n{name} manifest {OTHER}\n",
        "containers list --quiet": "c1\n",
        "containers info c1": json.dumps(
            {"Image": name, "Snapshotter": "overlayfs", "SnapshotKey": "c1"}
        ),
        "snapshots --snapshotter overlayfs info c1": json.dumps({"Parent": "sha256:layer"}),
        **{f"content get {digest}": json.dumps(text) for digest, text in documents.items()},
    }

    def run(command: list[str]) -> tuple[int, str, str]:
        return 0, answers[" ".join(command[1:]).removeprefix("--namespace default ")], ""

    return run


@pytest.mark.parametrize(
    "answer",
    [
        {"failed": True, "msg": "podman: broken"},
        {"images": None, "unavailable": []},
        {"images": [None], "unavailable": []},
        {"images": [], "unavailable": [{"host": "other", "engine": {}}]},
        running(digests=[{"not": "a text"}], image="x"),
        running(digests=7, image="x"),
        running(containers={"name": "x"}, image="x"),
        running(names=[["x"]], image="x"),
    ],
    ids=str,
)
def test_malformed_answer_of_one_host_loses_nothing_of_the_others(answer: Any) -> None:
    hosts = {"bad": answer, "good": running(name_of("app"))}
    assert audit.digests_of(hosts) == [name_of("app")]
    report = audit.audit_report(hosts, verified(app="allowed"))
    assert [row["image"] for row in report["images"]] == [name_of("app")]
    assert [row["host"] for row in report["unanswered"]] == ["bad"]
    assert report["summary"]["unanswered"] == 1


CONTAINER = running("x")["images"][0]["containers"][0]
TOO_MUCH = {
    "digests": running(*(name_of(f"x{n}") for n in range(4_097))),
    "names": running(name_of("app"), names=[str(n) for n in range(70_000)]),
    "containers": running(name_of("app"), containers=[CONTAINER] * 70_000),
    "images": {"images": running(name_of("app"))["images"] * 40_000, "unavailable": []},
    "engines": {"images": [], "unavailable": [{"engine": "x", "message": "y"}] * 70_000},
}


@pytest.mark.parametrize("answer", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_host_that_lists_more_than_any_has_costs_the_fleet_nothing(answer: Any) -> None:
    hosts = {"bad": answer, "good": running(name_of("app"))}
    with at_most(5):
        assert audit.digests_of(hosts) == [name_of("app")]
        report = audit.audit_report(hosts, verified(app="allowed"))
    assert [list(row["hosts"]) for row in report["images"]] == [["good"]]
    (told,) = report["unanswered"]
    assert told["host"] == "bad"
    assert told["message"].endswith(" [listing.too-large]")


def test_very_many_names_of_one_image_take_no_time_that_grows_with_their_square() -> None:
    entry = running(name_of("app"))["images"][0]
    listed = [{**entry, "names": [f"a.example/app:{n}"]} for n in range(40_000)]
    hosts = {f"h{n}": {"images": listed[n::16], "unavailable": []} for n in range(16)}
    with at_most(5):
        report = audit.audit_report(hosts, verified(app="allowed"))
    assert len(report["images"][0]["names"]) == 40_000


def test_no_host_blames_another_one_for_an_engine() -> None:
    told = {"images": [], "unavailable": [{"host": "b", "engine": "podman", "message": "no"}]}
    report = audit.audit_report({"a": told}, {})
    assert [row["host"] for row in report["unanswered"]] == ["a"]


@pytest.mark.parametrize("ending", ["md", "html", "json"])
def test_what_a_host_says_stays_text_in_the_report(ending: str) -> None:
    evil = "\x1b]0;x\x07[click](https://evil.example)![](https://evil.example/p)<b>|`**x**\n\u202e"
    told = running(image=evil, names=[evil], digests=[], digest="")
    told["images"][0]["containers"][0]["name"] = evil
    told["unavailable"] = [{"engine": evil, "message": evil}]
    report = audit.audit_report({"a": told}, {}, ["b"])
    text = json.dumps(report) if ending == "json" else render(f"audit.{ending}.j2", report)
    assert "evil.example" in text
    assert text.replace("\n", "").isprintable()
    if ending == "html":
        assert "<b>" not in text
    if ending == "md":
        outside_code = re.sub("`[^`]*`", "", text)
        assert MARKED_UP.search(outside_code) is None


MARKED_UP = re.compile(r"(?<!\\)\]\(|<b")


def render(name: str, report: dict[str, Any]) -> str:
    """Render a template of the role as Ansible does."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)
    environment.filters["regex_replace"] = lambda text, old, new: re.sub(old, new, text)
    folder = Path(__file__).parents[3] / "roles" / "audit" / "templates"
    return environment.from_string((folder / name).read_text()).render(sealpin_audit__report=report)


def test_link_that_takes_the_place_of_a_file_while_it_is_read_is_not_followed(
    tmp_path: Path,
) -> None:
    secret, path, spare = tmp_path / "secret", tmp_path / "pod.yaml", tmp_path / "spare"
    secret.write_text("secret")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            spare.write_text("own")
            spare.rename(path)
            spare.symlink_to(secret)
            spare.rename(path)

    path.write_text("own")
    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = set()
    try:
        for _turn in range(3000):
            with suppress(InvalidInput):
                seen.add(read_file(path).data)
    finally:
        stop.set()
        swapping.join()
    assert seen == {b"own"}


def test_pipe_in_the_place_of_a_file_stops_no_task(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pod.yaml")
    with pytest.raises(InvalidInput, match="not a regular file"):
        read_file(tmp_path / "pod.yaml")


@pytest.mark.parametrize("registry", ["registry", "harbor", "docker"])
def test_registry_of_one_word_becomes_no_namespace_of_docker_hub(registry: str) -> None:
    with pytest.raises(AnsibleFilterError, match="no registry in a reference"):
        references.image_ref({"registry": registry, "repository": "team/app"})


@pytest.mark.parametrize("text", ["nginx:1", "a.example/library/x", "localhost/a", "a:5000/b/c"])
def test_parts_of_a_reference_join_to_what_they_were_split_from(text: str) -> None:
    parts = references.image_ref(text)
    assert references.image_ref(references.image_ref(parts)) == parts
    assert references.image_ref({"repository": parts["name"]}) == parts["name"]
