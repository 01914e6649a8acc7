# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The policy verbs over the shared vectors, and what each answers for good, bad and unknown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest

from support.command import Ran, sealpin
from support.project import HOST, KEYED, LAB, POLICY, UNSIGNED, Project, make_project
from support.vectors import vectors

FOLDER = vectors("policy")
DOCUMENTS = json.loads((FOLDER / "cases.json").read_text())["cases"]
GLOBS = json.loads((FOLDER / "glob_cases.json").read_text())
PROGRAMS = json.loads((FOLDER / "eval_cases.json").read_text())["cases"]
KEYLESS = Path(__file__).parents[1] / "policies" / "lab" / "keyless.yaml"
TEMPLATES = ("TUF_MIRROR", "ROOT_JSON", "REPOSITORY", "FULCIO_CERT_CHAIN", "TSA_CERT_CHAIN")
"""Words that the peer's own scripts replace before they apply a document."""


def is_template(case: dict) -> bool:
    return any(word in (FOLDER / case["path"]).read_text() for word in TEMPLATES)


@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize(
    "case", [c for c in DOCUMENTS if not is_template(c)], ids=lambda case: case["path"]
)
def test_validate_answers_as_the_peer_does(case: dict) -> None:
    ran = sealpin("policy", "validate", "--format", "json", FOLDER / case["path"])
    document = json.loads(ran.out)
    assert document["valid"] == (case["expected"] == "valid"), ran.out
    assert ran.code == (0 if document["valid"] else 3)
    for wanted in case.get("expectedErrorSubstrings", ()):
        assert any(wanted in problem["message"] for problem in document["problems"])
    assert all(problem["line"] for problem in document["problems"])


CLUSTER_POLICY = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {{name: p}}
spec:
  images: [{{glob: {glob}}}]
  authorities: [{{static: {{action: {action}}}}}]
"""


def cluster_policy(folder: Path, glob: str, action: str = "pass") -> Path:
    path = folder / "policy.yaml"
    path.write_text(CLUSTER_POLICY.format(glob=json.dumps(glob), action=action))
    return path


@pytest.mark.parametrize(
    "case",
    [case for case in GLOBS if case["layer"].startswith("policy")],
    ids=lambda case: f"{case['pattern']}|{case['image']}",
)
def test_match_answers_as_the_peer_does(case: dict, tmp_path: Path) -> None:
    policy = cluster_policy(tmp_path, case["pattern"])
    ran = sealpin("policy", "match", policy, case["image"])
    assert ran.code == (3 if case["error"] else 0 if case["match"] else 1), ran.out + ran.err


def evaluate(case: dict, folder: Path, *words: str) -> Ran:
    program, data = folder / f"program.{case['policyType']}", folder / "input.json"
    program.write_text(case["policy"])
    data.write_text(case["inputText"])
    return sealpin("policy", "eval", "--type", case["policyType"], *words, program, data)


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: f"{case['policyType']}-{case['name']}")
def test_eval_never_passes_what_the_peer_fails(case: dict, tmp_path: Path) -> None:
    """Each deviation by name is in the tests of the engines; here is what the exit code says."""
    ran = evaluate(case, tmp_path, "--cue-semantics=cosign", "--format=json")
    if ran.code != 3:
        document = json.loads(ran.out)
        assert ran.code == {"allowed": 0, "denied": 1, "inconclusive": 2}[document["outcome"]]
        assert document["code"]
    assert ran.code != 0 or case["pass"]


def test_eval_tells_strict_from_the_peers_semantics(tmp_path: Path) -> None:
    case = {"policyType": "cue", "policy": 'predicateType: "x"\n', "inputText": "{}"}
    assert evaluate(case, tmp_path).code == 1
    assert evaluate(case, tmp_path, "--cue-semantics=cosign").code == 0


def test_eval_says_what_to_install_and_which_language_it_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "regopy", None)  # as if it were not installed
    for name in ("p.rego", "p.txt"):
        (tmp_path / name).write_text("package signature\n")
    (tmp_path / "in.json").write_text("{}")
    words = ("policy", "eval")
    ran = sealpin(*words, tmp_path / "p.rego", tmp_path / "in.json", env={"PATH": str(tmp_path)})
    assert (ran.code, "next: install opa" in ran.out) == (2, True), ran.out
    ran = sealpin(*words, tmp_path / "p.txt", tmp_path / "in.json")
    assert (ran.code, f'got "{tmp_path}/p.txt"' in ran.err) == (3, True)
    assert "--type cue" in ran.err


@pytest.mark.parametrize(
    ("language", "text"),
    [("cue", "}{ nonsense (\n"), ("rego", "package sigstore\nisCompliant {\n")],
)
def test_eval_says_whose_fault_a_program_is(language: str, text: str, tmp_path: Path) -> None:
    case = {"policyType": language, "policy": text, "inputText": "{}"}
    ran = evaluate(case, tmp_path)
    assert (ran.code, f"{language}.malformed" in ran.err) == (3, True), ran.out + ran.err


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def test_validate_names_the_place_and_what_to_do(project: Project) -> None:
    project.write(".sealpin.yaml", POLICY + "polices: []\n")
    ran = sealpin("policy", "validate", cwd=project.folder)
    line = len(POLICY.splitlines()) + 1
    assert ran.code == 3
    assert f".sealpin.yaml:{line}:" in ran.err
    assert "polices [policy.invalid]\n  next: did you mean policies?" in ran.err


def test_validate_gives_a_file_that_is_not_yaml_its_code(project: Project) -> None:
    project.write(".sealpin.yaml", "policies: [\n")
    ran = sealpin("policy", "validate", cwd=project.folder)
    assert (ran.code, ran.err.endswith("[policy.invalid]\n")) == (3, True)


def test_validate_and_match_open_no_socket(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket", None)
    assert sealpin("policy", "validate", cwd=project.folder).out == "valid: 4 policies\n"
    assert sealpin("policy", "match", ".sealpin.yaml", KEYED, cwd=project.folder).code == 0
    ran = sealpin("policy", "match", ".sealpin.yaml", "nginx", cwd=project.folder)
    assert (ran.code, "no policy covers this image" in ran.out) == (1, True)


def test_lint_points_at_what_is_not_meant(project: Project) -> None:
    assert "insecure.unsigned-allowed" in sealpin("policy", "lint", cwd=project.folder).out
    loose = "  - images: ['ghcr.io/a']\n    keyless: {issuer: a, identity_regexp: github.com/a}\n"
    project.write("loose.yaml", "version: 1\npolicies:\n" + loose)
    ran = sealpin("policy", "lint", "loose.yaml", cwd=project.folder)
    assert (ran.code, "[lint.pattern]" in ran.out) == (1, True)
    project.write("tight.yaml", "version: 1\npolicies:\n" + loose.replace("_regexp", ""))
    assert sealpin("policy", "lint", "tight.yaml", cwd=project.folder).code == 0


@pytest.mark.parametrize(
    ("image", "code", "said"),
    [(KEYED, 0, "allowed"), (UNSIGNED, 1, "signature.missing"), (f"{HOST}/x:1", 1, "no-match")],
    ids=["allowed", "denied", "no policy"],
)
def test_explain_tells_globs_and_authorities(
    image: str, code: int, said: str, project: Project
) -> None:
    ran = sealpin("policy", "explain", *project.options, image, cwd=project.folder)
    assert ran.code == code
    assert said in ran.out
    assert "no glob covers" in ran.out


@pytest.mark.parametrize(
    ("image", "reason", "answers"),
    [
        (f"{HOST}/plain/fork:1.0", "subject mismatch:", 3),
        (UNSIGNED, "no signature found for", 2),
        (f"{HOST}/none/x:1", "no policy covers", 0),
    ],
    ids=["another signer", "unsigned", "no policy"],
)
def test_explain_gives_a_reason_once(
    image: str, reason: str, answers: int, project: Project
) -> None:
    """The policy, its authority and the piece of evidence have one reason, the image's."""
    words = ("--policy", KEYLESS, "--trusted-root", LAB / "trusted_root.json")
    ran = sealpin("policy", "explain", *project.options, *words, image)
    assert " ".join(ran.out.split()).count(reason) == 1, ran.out
    assert ran.out.count("    - denied: ") == answers


def test_convert_names_the_root_in_the_cluster(project: Project) -> None:
    words = ("policy", "convert", "--to=cluster", "short.yaml")
    project.write("short.yaml", POLICY[: POLICY.index("  - images", POLICY.index("k8s/**"))])
    ran = sealpin(*words, "--root=trust/lab.json=lab", cwd=project.folder)
    assert (ran.code, ran.out.count("trustRootRef: lab")) == (0, 4), ran.err
    assert sealpin(*words, cwd=project.folder).code == 1, "a root without a name is left out"


def test_convert_there_and_back_gives_the_same_policy(project: Project) -> None:
    short = (
        "version: 1\npolicies:\n  - {name: one, images: ['ghcr.io/a/**'],"
        " keyless: {issuer: 'https://i.example', identity_regexp: '^x$'}}\n"
    )
    project.write("a.yaml", short)
    cluster = sealpin("policy", "convert", "--to=cluster", "a.yaml", cwd=project.folder)
    project.write("b.yaml", cluster.out)
    back = sealpin("policy", "convert", "--to=sealpin", "b.yaml", cwd=project.folder)
    project.write("c.yaml", back.out)
    again = sealpin("policy", "convert", "--to=cluster", "c.yaml", cwd=project.folder)
    assert (cluster.code, back.code, again.code) == (0, 0, 0), back.err
    assert again.out == cluster.out
    assert "identity_regexp: ^x$" in back.out.replace('"', "")


def test_convert_names_what_the_other_spelling_cannot_say(project: Project) -> None:
    ran = sealpin("policy", "convert", "--to=kyverno", cwd=project.folder)
    assert ran.code == 1
    assert "left out" in ran.err


def try_policy(folder: Path, policy: Path, *words: str) -> Ran:
    mirror = f"{HOST}=dir:{LAB / 'repositories'}"
    return sealpin(
        "policy", "test", "--policy", policy, "--image", KEYED, "--mirror", mirror, "--offline",
        *words, cwd=folder,
    )  # fmt: skip


def test_tester_prints_the_decision_and_its_exit_code(tmp_path: Path) -> None:
    good = try_policy(tmp_path, cluster_policy(tmp_path, f"{HOST}/**"))
    assert (good.code, json.loads(good.out)["images"][0]["outcome"]) == (0, "allowed")
    bad = try_policy(tmp_path, cluster_policy(tmp_path, f"{HOST}/**", "fail"))
    assert (bad.code, json.loads(bad.out)["images"][0]["outcome"]) == (1, "denied")
    gone = cluster_policy(tmp_path, f"{HOST}/**").read_text()
    key = "{key: {kms: 'awskms:///arn:aws:kms:us-east-2:111122223333:alias/x'}}"
    (tmp_path / "policy.yaml").write_text(gone.replace("{static: {action: pass}}", key))
    unsure = try_policy(tmp_path, tmp_path / "policy.yaml")
    assert (unsure.code, json.loads(unsure.out)["summary"]["inconclusive"]) == (2, 1)


def test_tester_answers_as_policy_tester_when_told_to(tmp_path: Path) -> None:
    compat = "--compat=policy-tester"
    good = try_policy(tmp_path, cluster_policy(tmp_path, f"{HOST}/**"), compat)
    assert (good.code, good.out, good.err) == (0, "", "")
    bad = try_policy(tmp_path, cluster_policy(tmp_path, f"{HOST}/**", "fail"), compat)
    assert bad.code == 1
    assert list(json.loads(bad.out)) == ["errors"]
    assert bad.out.count("\n") == 1
    (tmp_path / "policy.yaml").write_text("kind: [\n")
    broken = try_policy(tmp_path, tmp_path / "policy.yaml", compat)
    assert (broken.code, broken.out) == (1, "")
    assert broken.err


def test_tester_takes_the_object_that_uses_the_image(tmp_path: Path) -> None:
    policy = cluster_policy(tmp_path, f"{HOST}/**")
    only_jobs = "  match: [{group: batch, version: v1, resource: jobs}]\n"
    policy.write_text(policy.read_text() + only_jobs)
    resource = tmp_path / "object.yaml"
    resource.write_text("apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {}\n")
    assert try_policy(tmp_path, policy, "--resource", "object.yaml").code == 0
    resource.write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {}\n")
    assert try_policy(tmp_path, policy, "--resource", "object.yaml").code == 1
    resource.write_text("kind: Deployment\n")
    assert try_policy(tmp_path, policy, "--resource", "object.yaml").code == 3


def test_a_verb_of_policy_that_is_none_lists_them(tmp_path: Path) -> None:
    ran = sealpin("policy", "prove", cwd=tmp_path)
    assert (ran.code, "validate, lint, convert" in ran.err) == (3, True)
    assert sealpin("policy", cwd=tmp_path).code == 3
    assert "explain" in sealpin("policy", "--help", cwd=tmp_path).out


ANSWERS = json.loads(
    (Path(__file__).parents[2] / "hooks" / "schemas" / "answers.schema.json").read_bytes()
)
ASKED = {
    "validate": ("policy", "validate"),
    "validate a broken file": ("policy", "validate", "broken.yaml"),
    "lint": ("policy", "lint"),
    "match": ("policy", "match", ".sealpin.yaml", KEYED),
    "no match": ("policy", "match", ".sealpin.yaml", "nginx"),
    "eval": ("policy", "eval", "program.cue", "input.json"),
    "trust show": ("trust", "show"),
    "trust show of a file": ("trust", "show", "--trusted-root=trust/lab.json"),
}


@pytest.mark.parametrize("name", ASKED)
def test_json_answers_fit_their_schema(name: str, project: Project) -> None:
    project.write("broken.yaml", POLICY + "surprise: 1\n")
    project.write("program.cue", 'a: "b"\n')
    project.write("input.json", '{"a": "c"}')
    env = {"HOME": str(project.folder)}
    ran = sealpin(*ASKED[name], "--format=json", cwd=project.folder, env=env)
    validator = jsonschema.Draft202012Validator(ANSWERS)
    document = json.loads(ran.out)
    validator.validate(document)
    assert not validator.is_valid({**document, "surprise": 1})
    assert not validator.is_valid({**document, "report": "another"})
