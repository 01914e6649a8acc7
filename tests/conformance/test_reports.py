# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run says: the JSON document against its schema, the text against golden files.

``pytest --update-golden`` writes the golden files; review them as a difference.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from support.command import Ran, sealpin
from support.project import (
    FREE,
    GO,
    HOST,
    KEYED,
    KUBE_PROXY,
    LAB,
    UNSIGNED,
    Project,
    make_project,
    pod,
)

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "reports"
SCHEMA = json.loads((ROOT / "hooks" / "schemas" / "report.schema.json").read_bytes())
MISSING = f"{HOST}/no/such:1.0"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(
        tmp_path / "project",
        {
            "apps/pod.yaml": pod(GO, KUBE_PROXY, KEYED, UNSIGNED, FREE, MISSING),
            "apps/chart.yaml": pod("${REGISTRY}/app:1.0", "registry.example/{{ name }}"),
            "apps/variable.yaml": pod('"${IMAGE}"'),
            "apps/latin1.yaml": b"image: caf\xe9\n",
            "Dockerfile": f"FROM {GO} AS build\nFROM scratch\nCOPY --from=build /a /a\n",
        },
    )


RUNS = {
    "pin": ("pin", ".", "--diff"),
    "pin-again-verbose": ("pin", ".", "--verbose"),
    "pin-strict-dry": ("pin", ".", "--strict", "--dry-run"),
    "check": ("check", "."),
    "check-verify": ("check", ".", "--verify"),
    "verify": ("verify", "--key", "keys/ecdsa.pub", "--trusted-root", "trust/lab.json", KEYED, GO),
}
"""Golden file to the words of a run; each is run in a project after `PREPARE`."""
PREPARE = {"pin-again-verbose": ("pin",), "check": ("pin",), "check-verify": ("pin",)}


def run(project: Project, name: str, form: str) -> str:
    for verb in PREPARE.get(name, ()):
        project.run(verb, ".")
    verb, *words = RUNS[name]
    ran = project.run(verb, "--format", form, *words, env={"NO_COLOR": "1"})
    assert ran.code in (0, 1), ran.err
    return ran.out


@pytest.mark.parametrize("name", RUNS)
def test_json_documents_fit_their_schema(name: str, project: Project) -> None:
    document = json.loads(run(project, name, "json"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_the_document_of_a_moved_pin_fits_the_schema(project: Project) -> None:
    old = "sha256:" + "0" * 64
    project.write("apps/pod.yaml", pod(f"{KEYED}@{old}"))
    document = project.report("update", "apps")
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["sites"][0]["move"]["was"]["digest"] == old


def test_the_schema_refuses_what_no_report_says(project: Project) -> None:
    document = json.loads(run(project, "pin", "json"))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    changes = [
        lambda d: d["images"][0].update(outcome="maybe"),
        lambda d: d["images"][0].update(digest="latest"),
        lambda d: d["sites"][0].update(surprise=1),
        lambda d: d.pop("remarks"),
        lambda d: d.update(version=2),
    ]
    for change in changes:
        changed = json.loads(json.dumps(document))
        change(changed)
        assert not validator.is_valid(changed)


@pytest.mark.parametrize("name", RUNS)
def test_text_reports_read_as_they_should(
    name: str, project: Project, request: pytest.FixtureRequest
) -> None:
    got = run(project, name, "text").replace(str(LAB), "{lab}")
    golden = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(got)
    assert got == golden.read_text()


@pytest.mark.parametrize("name", RUNS)
def test_text_keeps_to_eighty_columns_unless_a_word_is_longer(name: str) -> None:
    for line in (GOLDEN / f"{name}.txt").read_text().splitlines():
        is_diff = line[:1] in "+- @" and ("@sha256:" in line or line.startswith(("---", "+++")))
        words = sorted(map(len, line.split()), reverse=True)
        assert len(line) <= 80 or is_diff or words[0] > 40, line


def on_a_terminal(project: Project, *words: str, **env: str) -> str:
    """Run the command with a terminal for its output; what the terminal got."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sealpin_hooks.cli", *words],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=child,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", **env},
    )
    os.close(child)
    got = b""
    while True:
        try:
            block = os.read(parent, 65536)
        except OSError:  # the other end was closed
            break
        if not block:
            break
        got += block
    os.close(parent)
    process.wait()
    return got.decode()


def test_a_terminal_gets_colours_and_progress(project: Project) -> None:
    got = on_a_terminal(project, "pin", *project.options, "--dry-run", "apps")
    assert "\x1b[32m" in got
    assert re.search(r"\r\x1b\[2Kverifying images: \d+/6", got)
    assert got.rindex("\r\x1b[2K") < got.index("localhost"), "progress is wiped before the report"


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_that_wants_no_colour_gets_none(project: Project, env: dict[str, str]) -> None:
    got = on_a_terminal(project, "check", "apps", **env)
    assert "\x1b[3" not in got
    assert "unpinned" in got


def test_sarif_names_each_place_and_code(project: Project) -> None:
    ran = project.run("pin", "--format", "sarif", ".")
    (log,) = json.loads(ran.out)["runs"]
    results = {result["ruleId"]: result for result in log["results"]}
    refused = results["signature.missing"]
    place = refused["locations"][0]["physicalLocation"]
    assert refused["level"] == "error"
    assert place["artifactLocation"]["uri"] == "apps/pod.yaml"
    assert place["region"]["startLine"] == 9
    assert results["variable"]["level"] == "warning"
    assert {rule["id"] for rule in log["tool"]["driver"]["rules"]} == set(results)


def sarif_results(ran: Ran) -> list[tuple[str, str, str, int]]:
    (log,) = json.loads(ran.out)["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in log["results"]]
    return [
        (
            result["level"],
            result["ruleId"],
            place["artifactLocation"]["uri"],
            place["region"]["startLine"],
        )
        for result, place in zip(log["results"], places, strict=True)
    ]


@pytest.fixture
def pinned(tmp_path: Path) -> Project:
    project = make_project(tmp_path / "pinned", {"a.yaml": pod(GO, KEYED), "b.yaml": pod(KEYED)})
    project.run("pin", ".")
    return project


def test_sarif_has_nothing_to_say_of_what_is_as_it_should_be(pinned: Project) -> None:
    for words in (("check", "."), ("check", "--verify", "."), ("pin", ".")):
        assert sarif_results(pinned.run(*words, "--format", "sarif")) == []


def test_check_tells_where_an_image_is_that_does_not_verify(pinned: Project) -> None:
    shutil.copyfile(pinned.folder / "keys/rsa.pub", pinned.folder / "keys/ecdsa.pub")
    (pinned.folder / "sealpin.lock").unlink()
    ran = pinned.run("check", "--verify", "--format", "sarif", ".")
    refused = [entry for entry in sarif_results(ran) if entry[1] != "not-in-lock"]
    assert ran.code == 1
    assert refused == [
        ("error", "signature.invalid", "a.yaml", 7),
        ("error", "signature.invalid", "b.yaml", 6),
    ]
    text = pinned.run("check", "--verify", ".").out
    assert re.search(r"b\.yaml\n +6 +refused .*\[signature\.invalid\]", text)


def test_check_tells_where_an_image_is_that_could_not_be_asked_for(pinned: Project) -> None:
    (pinned.folder / "sealpin-evidence").mkdir()
    ran = sealpin("check", "--evidence", "--format", "sarif", ".", cwd=pinned.folder)
    assert ran.code == 2
    assert {entry[:2] for entry in sarif_results(ran)} == {("warning", "evidence.not-saved")}
    assert len(sarif_results(ran)) == 3


def test_sarif_fingerprints_survive_moved_lines(project: Project) -> None:
    def fingerprints() -> set[str]:
        log = json.loads(project.run("check", "--format", "sarif", "apps").out)["runs"][0]
        return {result["partialFingerprints"]["sealpin/v1"] for result in log["results"]}

    before = fingerprints()
    project.write("apps/pod.yaml", "\n\n" + project.read("apps/pod.yaml"))
    assert fingerprints() == before


class Tags(HTMLParser):
    """Collects the tags of a page and every reference to something outside it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "action")]


def test_html_is_one_page_that_loads_nothing(project: Project) -> None:
    project.write("apps/a&b<i>.yaml", pod(UNSIGNED))
    page = project.run("pin", "--format", "html", ".").out
    parser = Tags()
    parser.feed(page)
    assert parser.references == []
    assert not parser.tags & {"script", "img", "link", "iframe", "i"}
    assert "a&amp;b&lt;i&gt;.yaml" in page
    assert "signature.missing" in page
    assert "default-src 'none'" in page


def test_verify_has_an_html_report_too(project: Project) -> None:
    ran = sealpin(
        "verify", *project.options, "--key", "keys/ecdsa.pub", "--trusted-root", "trust/lab.json",
        "--format", "html", KEYED, cwd=project.folder,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "keys/ecdsa.pub" in ran.out


LAB_ROOT = ("--trusted-root", "trust/lab.json")
ANYBODY = ("--certificate-identity-regexp=.", "--certificate-oidc-issuer-regexp=.")
EXPECTED = {
    "identity.mismatch": (
        (*LAB_ROOT, "--certificate-identity=a@b", "--certificate-oidc-issuer=https://c"),
        "the signer that the publisher documents",
    ),
    "annotation.mismatch": (
        (*LAB_ROOT, *ANYBODY, "-a=a=b"),
        "the annotations that the publisher documents",
    ),
    "signer.key-mismatch": ((*LAB_ROOT, "--key", "keys/ecdsa.pub"), "with another key now"),
    "tlog.threshold": (("--publisher", "kubernetes"), "name its trusted root: --trusted-root"),
}  # fmt: skip
"""Code to the words that are refused with it, and what the next step says."""


@pytest.mark.parametrize("code", EXPECTED)
def test_a_refusal_of_genuine_evidence_says_what_to_do_next(code: str, project: Project) -> None:
    words, next_step = EXPECTED[code]
    image = KUBE_PROXY
    if "--publisher" in words:
        image = "registry.k8s.io/kube-proxy:v1.24.0"
        words = (*words, "--mirror", f"registry.k8s.io=dir:{LAB / 'repositories/k8s'}")
    (told,) = project.report("verify", *words, image)["images"]
    assert (told["outcome"], told["code"]) == ("denied", code)
    assert next_step in told["hint"]


def test_what_many_refused_images_need_next_is_said_once(project: Project) -> None:
    ran = project.run("verify", *LAB_ROOT, "--key", "keys/ecdsa.pub", GO, KUBE_PROXY, KEYED)
    assert (ran.code, ran.err.count("  refused"), ran.err.count("next: ")) == (1, 2, 1)


def test_a_line_that_names_nobody_is_completed_with_the_projects_policy(project: Project) -> None:
    ran = project.run("verify", KUBE_PROXY)
    line = " ".join(["sealpin verify --policy .sealpin.yaml", *project.options, KUBE_PROXY])
    assert (ran.code, ran.err.splitlines()[-1].endswith(f"policy: {line}")) == (3, True), ran.err
    assert sealpin(*line.split()[1:], cwd=project.folder).code == 0
