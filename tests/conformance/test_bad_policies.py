# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be wrong with a policy, through the command.

Each is a named error at a place, with exit code 3 where the policy is at fault and 2 where
something could not be checked; never 0, and never "unsigned".
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.command import Ran, sealpin
from support.engines import needs_regopy
from support.https_answers import Answer, serve
from support.project import HOST, KEYED, LAB

KEY = (LAB / "keys" / "ecdsa.pub").read_text()
CLUSTER = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: p
spec:
  images:
    - glob: "localhost:1338/**"
"""
SHORT = 'version: 1\npolicies:\n  - images: ["ghcr.io/acme/**"]\n'
GOOD = "    keyless: {issuer: a, identity: b}\n"
AUTHORITY = "  authorities:\n    - "

AT_FAULT = {
    "unknown field": (SHORT + GOOD + "    imagse: []\n", 5, "imagse"),
    "unknown field of a cluster policy": (
        CLUSTER + "  imagse: []\n" + AUTHORITY + "static: {action: pass}\n", 8, "imagse",
    ),
    "unknown field deep inside": (
        CLUSTER + AUTHORITY + "keyless:\n        identity: {}\n", 10, "identity",
    ),
    "text for a list": (SHORT.replace('["ghcr.io/acme/**"]', "ghcr.io/acme") + GOOD, 3, "images"),
    "list for a text": (SHORT + "    key: [a]\n", 4, "key"),
    "text for a number": (SHORT + GOOD + "    threshold: two\n", 5, "threshold"),
    "text for a mapping": (CLUSTER + AUTHORITY + "keyless: yes please\n", 9, "keyless"),
    "two signers": (SHORT + GOOD + "    key: a.pub\n", 4, "exactly one"),
    "two signers of a cluster policy": (
        CLUSTER + AUTHORITY + "static: {action: pass}\n      key: {kms: 'awskms:///x'}\n",
        10, "exactly one",
    ),
    "two of an identity": (SHORT + "    keyless: {issuer: a, issuer_regexp: b, identity: c}\n",
                           4, "exactly one"),
    "no signer": (SHORT, 3, "exactly one"),
    "bad PEM": (SHORT + "    key: {data: nonsense}\n", 4, "PEM"),
    "bad PEM of a cluster policy": (CLUSTER + AUTHORITY + "key: {data: nonsense}\n", 9, "PEM"),
    "bad glob": (SHORT.replace("acme/**", "ac me") + GOOD, 3, "glob"),
    "bad glob of a cluster policy": (
        CLUSTER.replace("1338/**", "1338/{a,b}") + AUTHORITY + "static: {action: pass}\n",
        7, "glob",
    ),
    "bad regular expression": (
        SHORT + '    keyless: {issuer: a, identity_regexp: "("}\n', 4, "identity_regexp",
    ),
    "look-ahead": (SHORT + '    keyless: {issuer: a, identity_regexp: "(?=a)"}\n', 4, "regexp"),
    "checksum that is none": (
        CLUSTER + AUTHORITY + "static: {action: pass}\n  policy:\n    type: cue\n"
        "    remote: {url: 'https://a.example', sha256sum: zz}\n", 12, "sha256sum",
    ),
    "no YAML": ("version: 1\npolicies: [\n", 3, "not YAML"),
    "the same key twice": (SHORT + GOOD + "    keyless: {issuer: a, identity: b}\n", 5, "twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_FAULT)
def test_the_policys_fault_has_a_place_and_exit_code_3(name: str, tmp_path: Path) -> None:
    text, line, said = AT_FAULT[name]
    (tmp_path / "policy.yaml").write_text(text)
    ran = sealpin("policy", "validate", "policy.yaml", cwd=tmp_path)
    assert ran.code == 3
    place = re.search(r"policy\.yaml:(\d+):(\d+)\b", ran.err)
    assert place, ran.err
    assert int(place[1]) == line, ran.err
    assert said in ran.err


@pytest.mark.parametrize("name", AT_FAULT)
def test_no_image_is_decided_on_by_such_a_policy(name: str, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(AT_FAULT[name][0])
    assert try_image(tmp_path).code == 3


def try_image(folder: Path, *words: str) -> Ran:
    mirror = f"{HOST}=dir:{LAB / 'repositories'}"
    return sealpin(
        "policy", "test", "--policy=policy.yaml", f"--image={KEYED}", f"--mirror={mirror}",
        f"--trusted-root={LAB / 'trusted_root.json'}", *words, cwd=folder,
    )  # fmt: skip


def code_of(ran: Ran) -> str:
    return json.loads(ran.out)["images"][0]["code"]


# What a policy refers to.

UNRESOLVED = {
    "secret": ("key: {secretRef: {name: gone}}\n", "policy.secret-missing"),
    "trust root": (
        "keyless:\n        trustRootRef: gone\n        identities: [{issuer: a, subject: b}]\n",
        "policy.trust-root-missing",
    ),
}


@pytest.mark.parametrize("name", UNRESOLVED)
def test_what_is_in_no_file_could_not_be_checked(name: str, tmp_path: Path) -> None:
    authority, code = UNRESOLVED[name]
    (tmp_path / "policy.yaml").write_text(CLUSTER + AUTHORITY + authority)
    assert sealpin("policy", "validate", "policy.yaml", cwd=tmp_path).code == 0
    ran = try_image(tmp_path)
    assert (ran.code, code_of(ran)) == (2, code)


@pytest.mark.parametrize(
    ("text", "answer", "code", "said"),
    [
        (b'authorityMatches: a: "x"', 200, 3, "sha256sum"),
        (b"", 404, 2, "download.status"),
        (b"a" * (10 * 1024 * 1024 + 1), 200, 2, "registry.too-large"),
    ],
    ids=["another text than the one that was meant", "gone", "larger than any policy"],
)
def test_a_remote_text_counts_only_as_it_was_meant(
    text: bytes, answer: int, code: int, said: str, tmp_path: Path
) -> None:
    with serve(lambda _request: Answer(status=answer, body=text), tmp_path) as service:
        remote = f"{{url: 'https://{service.host}/x', sha256sum: '{'0' * 64}'}}"
        (tmp_path / "policy.yaml").write_text(
            f"{CLUSTER}{AUTHORITY}static: {{action: pass}}\n"
            f"  policy:\n    type: cue\n    remote: {remote}\n"
        )
        ran = try_image(tmp_path, "--registry-cacert=ca.pem")
    assert (ran.code, said in ran.out + ran.err) == (code, True), ran.out + ran.err


# Size and time.


def test_a_policy_file_of_10_mib_is_read_and_a_larger_one_refused(tmp_path: Path) -> None:
    limit = 10 * 1024 * 1024
    policy = tmp_path / "policy.yaml"
    filler = "# " + "x" * 97 + "\n"
    text = SHORT + GOOD + filler * ((limit - 200) // len(filler))
    policy.write_text(text + "#" * (limit - len(text)))
    assert policy.stat().st_size == limit
    assert sealpin("policy", "validate", "policy.yaml", cwd=tmp_path).code == 0
    policy.write_text(text + "#" * (limit - len(text) + 1))
    ran = sealpin("policy", "validate", "policy.yaml", cwd=tmp_path)
    assert (ran.code, "[file.too-large]" in ran.err) == (3, True), ran.err


def evaluate(folder: Path, language: str, text: str) -> Ran:
    (folder / "program").write_text(text)
    if not (folder / "input.json").exists():
        (folder / "input.json").write_text("{}")
    return sealpin("policy", "eval", f"--type={language}", "program", "input.json", cwd=folder)


@pytest.mark.parametrize("language", ["cue", "rego"])
def test_a_program_larger_than_any_policy_is_refused(language: str, tmp_path: Path) -> None:
    ran = evaluate(tmp_path, language, "#" * (10 * 1024 * 1024 + 1))
    assert (ran.code, "too-large]" in ran.err) == (3, True), ran.err


def test_a_predicate_of_more_than_100_mib_is_not_looked_at(tmp_path: Path) -> None:
    with (tmp_path / "input.json").open("wb") as file:
        file.truncate(100 * 1024 * 1024 + 1)
    ran = evaluate(tmp_path, "cue", 'a: "b"\n')
    assert (ran.code, "too-large]" in ran.err) == (3, True), ran.err


def test_an_engine_that_does_not_end_could_not_check(tmp_path: Path) -> None:
    needs_regopy()
    (tmp_path / "input.json").write_text(json.dumps({"a": list(range(1, 3000))}))
    endless = (
        "package sigstore\n"
        "isCompliant { count([1 | x := input.a[_]; y := input.a[_]; z := input.a[_];"
        " x + y + z == 0]) == 0 }\n"
    )
    ran = evaluate(tmp_path, "rego", endless)
    assert ran.code == 2
    assert re.search(r"engine\.(time-out|memory|failed)\b", ran.out + ran.err)
