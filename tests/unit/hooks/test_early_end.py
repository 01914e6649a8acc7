# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A run that ends before it has a report still prints a document in the format asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from sealpin_hooks.commands import check
from sealpin_hooks.early_end import asked_format

from sealpin.version import __version__
from support.command import sealpin

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "hooks" / "schemas" / "report.schema.json").read_bytes())
COMPOSE = "services: {a: {image: 'nginx:1.27'}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return tmp_path


EARLY = {
    "no rules": (("pin", "."), "policy.none"),
    "no key": (("update", "--key", "nope.pub", "."), "key.unreadable"),
    "no policy": (("check", "--policy", "nope", "."), "file.unreadable"),
    "unknown option": (("check", "--bogus"), "usage"),
    "two ways to verify": (("check", "--verify", "--evidence"), "usage"),
    "standard input and a file": (("check", "-", "a.yaml"), "usage"),
    "no such revision": (("check", "--changed-since", "nope"), "git.unknown-revision"),
    "no such verb": (("chek",), "usage"),
}
"""Words of a run that ends before it looks at a file, and the code it ends with."""
OTHER_VERBS = {
    "nobody trusted": (("verify", "nginx:1"), "identity.missing"),
    "no source": (("verify-image", "nginx:1"), "usage"),
    "no type": (("verify-attestation", "--type", "nope:x", "--key", "k", "a:1"), "key.unreadable"),
    "no image name": (("digest", "A B"), "reference.repository"),
    "no image": (("tree",), "usage"),
    "no SBOM": (("release-images", "nope"), "file.missing"),
    "no root": (("trust", "show", "--trusted-root", "nope"), "file.missing"),
    "no document": (("policy", "validate", "nope"), "file.unreadable"),
    "no linted document": (("policy", "lint", "nope"), "file.unreadable"),
    "no matched document": (("policy", "match", "nope", "a:1"), "file.unreadable"),
    "no program": (("policy", "eval", "nope.cue", "nope.json"), "file.missing"),
    "no policy for evidence": (("evidence", "verify", "--policy", "nope"), "file.unreadable"),
}


@pytest.mark.parametrize("name", [*EARLY, *OTHER_VERBS])
def test_json_is_a_report_of_what_ended_the_run(name: str, folder: Path) -> None:
    words, code = {**EARLY, **OTHER_VERBS}[name]
    plain = sealpin(*words, cwd=folder)
    ran = sealpin(*words, "--format", "json", cwd=folder)
    document = json.loads(ran.out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    (error,) = document["errors"]
    assert error["code"] == code
    assert error["message"]
    assert (ran.code, ran.err, plain.out) == (plain.code, plain.err, "")
    assert ran.code == 3
    assert "sites" not in document, "none found is not the same as not looked"


@pytest.mark.parametrize("name", EARLY)
def test_sarif_says_that_the_run_did_not_succeed_and_why(name: str, folder: Path) -> None:
    words, code = EARLY[name]
    ran = sealpin(*words, "--format=sarif", cwd=folder)
    log = json.loads(ran.out)
    (run,) = log["runs"]
    (invocation,) = run["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert (ran.code, log["version"], invocation["executionSuccessful"]) == (3, "2.1.0", False)
    assert (notification["level"], notification["descriptor"]) == ("error", {"id": code})
    _what, _next, hint = ran.err.partition("sealpin: next: ")
    assert notification["message"]["text"].endswith(hint.rstrip("\n"))
    assert "results" not in run, "an empty list closes what earlier runs have open"


def test_html_says_it_too(folder: Path) -> None:
    ran = sealpin("pin", "--format", "html", ".", cwd=folder)
    assert (ran.code, "policy.none" in ran.out, "sealpin init" in ran.out) == (3, True, True)


def test_a_text_that_is_filtered_leaves_standard_output_to_the_text(folder: Path) -> None:
    ran = sealpin("pin", "-", "--format", "json", cwd=folder, stdin=COMPOSE.encode())
    assert (ran.code, ran.out, '"policy.none"' in ran.err) == (3, "", True)


def test_a_defect_is_told_to_programs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_argv: object) -> int:
        raise RuntimeError("oops")

    monkeypatch.setattr(check, "run", run)
    ran = sealpin("check", "--format", "json")
    (error,) = json.loads(ran.out)["errors"]
    assert (ran.code, error["code"], __version__ in error["message"]) == (4, "defect", True)
    assert "Traceback" in ran.err


FULL = Path("/dev/full")
DEFECT = (
    "from sealpin_hooks import cli; from sealpin_hooks.commands import check;"
    " check.run = None; cli.run_process()"
)


@pytest.mark.parametrize(
    ("start", "code"), [(("-m", "sealpin_hooks.cli"), 141), (("-c", DEFECT), 4)], ids=str
)
def test_a_document_that_cannot_be_written_is_no_refusal(start: tuple[str, str], code: int) -> None:
    with FULL.open("wb") as full:
        ran = subprocess.run(
            [sys.executable, *start, "check", "--bogus", "--format", "json"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ran.returncode == code
    assert ran.stderr.count("Traceback") == (code == 4), ran.stderr


@pytest.mark.parametrize("form", ["text", "cosign", "yaml", ""])
def test_other_formats_have_no_document(form: str, folder: Path) -> None:
    assert sealpin("verify", "nginx:1", f"--format={form}", cwd=folder).out == ""


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("pin --format json", "json"),
        ("pin --format=sarif .", "sarif"),
        ("pin --format json --format=html", "html"),
        ("pin --format", ""),
        ("pin -- --format json", ""),
        ("pin --formatted json", ""),
        ("pin .", ""),
    ],
)
def test_the_format_is_found_in_any_command_line(line: str, form: str) -> None:
    assert asked_format(line.split()) == form
