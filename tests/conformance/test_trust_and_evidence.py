# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``trust`` and ``evidence`` through the command, and policies that name TUF repositories."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sealpin.slsa.vsa import ExpectedSummary, check_vsa
from sealpin.trust.embedded import PUBLIC_GOOD_JSON, embedded_root
from support.command import sealpin
from support.project import (
    FREE,
    GITHUB,
    GO,
    HOST,
    KEYED,
    KUBE_PROXY,
    LAB,
    Project,
    make_project,
    pod,
)
from support.tuf_repository import TufRepository, tar_gz

ROOT_JSON = (LAB / "trusted_root.json").read_bytes()


# trust.


def test_show_tells_what_is_built_in_and_opens_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket", None)
    ran = sealpin("trust", "show", env={"HOME": str(tmp_path)})
    assert ran.code == 0, ran.err
    assert str(embedded_root().digest) in ran.out
    assert "https://fulcio.sigstore.dev" in ran.out
    assert "ended" not in ran.out
    assert "ended" in sealpin("trust", "show", "--all", env={"HOME": str(tmp_path)}).out
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def test_a_list_that_does_not_read_is_told_before_any_root_is_refreshed(tmp_path: Path) -> None:
    nowhere = {"HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"}
    words = ("verify", "--publisher", "kubernetes")
    for wrong in (("--images-from", tmp_path / "none.spdx"), ("No Reference",)):
        ran = sealpin(*words, *wrong, env=nowhere)
        assert ran.code == 3
        assert "not refreshed" not in ran.err
        assert not list(tmp_path.iterdir())


def test_show_reads_a_file(tmp_path: Path) -> None:
    ran = sealpin("trust", "show", "--trusted-root", LAB / "trusted_root.json", "--format", "json")
    document = json.loads(ran.out)
    assert {key["role"] for key in document["keys"]} >= {"transparency-log", "ct-log"}
    (tmp_path / "bad.json").write_text("{}")
    assert sealpin("trust", "show", "--trusted-root", tmp_path / "bad.json").code == 3
    assert sealpin("trust", "show", "--trusted-root", tmp_path / "none.json").code == 3


def test_update_brings_the_root_of_a_repository(tmp_path: Path) -> None:
    repository, home = TufRepository(ROOT_JSON), {"HOME": str(tmp_path)}
    root, output = tmp_path / "root.json", tmp_path / "trusted_root.json"
    root.write_bytes(repository.bootstrap_root)
    words = ("trust", "update", "--root", root, "--output", output, "--format", "json")
    with repository.served():
        ran = sealpin(*words, "--mirror", repository.url, env=home)
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["origin"] == repository.url
        assert output.read_bytes() == ROOT_JSON
        repository.publish(PUBLIC_GOOD_JSON)
        sealpin(*words, "--mirror", repository.url, env=home)
        assert output.read_bytes() == PUBLIC_GOOD_JSON
    ran = sealpin(*words, "--mirror", repository.url, env=home)
    assert (ran.code, "[tuf." in ran.err) == (2, True), "unreachable is not bad input"
    assert output.read_bytes() == PUBLIC_GOOD_JSON


def test_update_wants_the_first_root_of_another_repository(tmp_path: Path) -> None:
    ran = sealpin("trust", "update", "--mirror=http://127.0.0.1:9", env={"HOME": str(tmp_path)})
    assert (ran.code, "[usage]" in ran.err) == (3, True)


CLUSTER = f"""\
apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata: {{name: lab}}
spec: {{SPEC}}
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {{name: kubernetes}}
spec:
  images: [{{glob: "{HOST}/k8s/**"}}]
  authorities:
    - keyless:
        trustRootRef: lab
        identities:
          - issuer: https://accounts.google.com
            subject: krel-trust@k8s-releng-prod.iam.gserviceaccount.com
      ctlog: {{trustRootRef: lab, url: "https://rekor.sigstore.dev"}}
"""


def decide(project: Project, spec: dict[str, str], *words: str) -> tuple[int, str]:
    project.write("policy.yaml", CLUSTER.replace("{SPEC}", json.dumps(spec)))
    ran = project.run(
        "pin", "--dry-run", "--policy", "policy.yaml", *words, ".",
        env={"HOME": str(project.folder.parent)},
    )  # fmt: skip
    return ran.code, ran.out + ran.err


def test_a_policy_reads_a_tuf_repository_by_its_mirror(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KUBE_PROXY)})
    online = Project(folder=project.folder, options=project.options[:2])
    repository = TufRepository(ROOT_JSON)
    root = base64.b64encode(repository.bootstrap_root).decode()
    with repository.served():
        spec = {"remote": {"root": root, "mirror": repository.url}}
        code, said = decide(project, spec)
        assert (code, "trust.none-here" in said) == (2, True), said
        code, said = decide(online, spec)
        assert "1 to be pinned" in said
    code, said = decide(project, spec)
    assert "1 to be pinned" in said, "offline, what was fetched before is used"


def test_a_policy_reads_a_tuf_repository_that_comes_whole(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KUBE_PROXY)})
    repository = TufRepository(ROOT_JSON)
    spec = {
        "root": base64.b64encode(repository.bootstrap_root).decode(),
        "mirrorFS": base64.b64encode(tar_gz(repository.files)).decode(),
    }
    assert "1 to be pinned" in decide(project, {"repository": spec})[1]
    other = TufRepository(ROOT_JSON)
    spec["mirrorFS"] = base64.b64encode(tar_gz(other.files)).decode()
    code, said = decide(project, {"repository": spec})
    assert (code, "to be pinned" in said) == (2, False), said


# evidence.


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(GO, KUBE_PROXY, KEYED, FREE)})
    project.run("pin", ".")
    return project


def saved(project: Project) -> list[Path]:
    return sorted((project.folder / "sealpin-evidence").rglob("*"))


def test_saved_evidence_verifies_without_a_network(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = save(project)
    assert ran.code == 0, ran.err
    monkeypatch.setattr("socket.socket", None)
    verified = sealpin("evidence", "verify", ".", cwd=project.folder)
    assert verified.code == 0, verified.out + verified.err
    assert "3 verified, 1 allowed without proof" in verified.out
    checked = sealpin("check", "--evidence", ".", cwd=project.folder)
    assert (checked.code, checked.out) == (0, "4 image references: allowed, 1 without proof\n")


def save(project: Project, *words: str):
    return sealpin("evidence", "save", *project.options, *(words or (".",)), cwd=project.folder)


def test_saving_twice_changes_nothing(project: Project) -> None:
    save(project)
    before = {path: path.read_bytes() for path in saved(project) if path.is_file()}
    save(project)
    assert {path: path.read_bytes() for path in saved(project) if path.is_file()} == before
    assert before


def test_saved_evidence_is_no_manifest(project: Project) -> None:
    before = project.report("check", ".")
    save(project)
    assert saved(project)
    assert project.report("check", ".") == before


def test_evidence_that_was_altered_proves_nothing(project: Project) -> None:
    save(project)
    for path in (project.folder / "sealpin-evidence" / "content").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-2] + b"xx")
    ran = sealpin("evidence", "verify", ".", cwd=project.folder)
    assert ran.code in (1, 2)
    assert "0 verified" in ran.out or "1 verified" in ran.out


def test_evidence_is_judged_by_the_policy_of_the_day(project: Project) -> None:
    save(project)
    shutil.copyfile(project.folder / "keys/rsa.pub", project.folder / "keys/ecdsa.pub")
    ran = sealpin("evidence", "verify", "--format", "json", ".", cwd=project.folder)
    outcomes = {i["name"].partition("@")[0]: i["outcome"] for i in json.loads(ran.out)["images"]}
    assert ran.code == 1
    assert sorted(outcomes.values()) == ["allowed", "allowed", "allowed", "denied"]
    assert sealpin("check", "--evidence", ".", cwd=project.folder).code == 1


def test_evidence_that_is_not_there_is_inconclusive(project: Project) -> None:
    assert sealpin("evidence", "verify", ".", cwd=project.folder).code == 3
    save(project, "--image", KEYED)
    ran = sealpin("evidence", "verify", ".", cwd=project.folder)
    assert (ran.code, "evidence.not-saved" in ran.out) == (2, True)


def test_an_image_that_cannot_be_asked_for_is_told_and_others_are_saved(project: Project) -> None:
    ran = save(project, "--image", f"{HOST}/no/such:1", "--image", KEYED)
    assert ran.code in (2, 3)
    assert "1 saved" in ran.out
    assert ran.err.startswith(f"sealpin: nothing saved for {HOST}/no/such:1: ")


def test_images_without_a_digest_are_never_passed_over_in_silence(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KEYED)})
    project.run("pin", ".")
    project.write("new.yaml", pod(KEYED, "nginx:1.27"))
    ran = save(project)
    assert (ran.code, "references without a digest, left out: 2" in ran.err) == (1, True)
    ran = sealpin("evidence", "verify", ".", cwd=project.folder)
    assert "1 verified" in ran.out
    assert (ran.code, "references without a digest, left out: 2" in ran.err) == (1, True)
    ran = sealpin("evidence", "verify", "--format=json", "new.yaml", cwd=project.folder)
    assert (ran.code, json.loads(ran.out)["images"]) == (1, [])


def test_a_run_without_images_says_so(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"a.yaml": "a: 1\n"})
    ran = save(project)
    assert (ran.code, ran.err) == (0, "sealpin: no image found\n")
    ran = sealpin("evidence", "verify", ".", cwd=project.folder)
    assert (ran.code, ran.err) == (0, "sealpin: no image found\n")


def test_evidence_can_be_kept_elsewhere(project: Project, tmp_path: Path) -> None:
    away = tmp_path / "away"
    assert save(project, ".", "--evidence-dir", str(away)).code == 0
    words = ("--evidence-dir", str(away))
    assert sealpin("evidence", "verify", ".", *words, cwd=project.folder).code == 0
    assert sealpin("check", "--evidence", ".", *words, cwd=project.folder).code == 0


# Verification summaries.

VERIFIER = "https://ci.example/verifier"


def summaries(project: Project) -> dict[str, dict[str, Any]]:
    folder = project.folder / "sealpin-evidence" / "vsa"
    return {
        str(path.relative_to(folder).parent): json.loads(path.read_text())
        for path in folder.rglob("*.unsigned.json")
    }


def test_saving_writes_an_unsigned_summary_of_each_verified_image(project: Project) -> None:
    ran = save(project, ".", "--unsigned-vsa", VERIFIER)
    assert ran.code == 0, ran.err
    found = summaries(project)
    images = ("chainguard/go", "k8s/kube-proxy", "keyed/ecdsa-legacy")
    assert sorted(found) == [f"localhost_1338/{image}" for image in images]
    assert ran.out.count("unsigned summary: ") == 3
    assert "vsa.unproven" in ran.out, "the image allowed without proof is told"
    lock = json.loads(project.read("sealpin.lock"))
    for made in found.values():
        (subject,) = made["subject"]
        predicate = made["predicate"]
        (entry,) = (lock[name] for name in lock if name.startswith(f"{subject['name']}:"))
        assert entry["digest"] == f"sha256:{subject['digest']['sha256']}"
        assert entry["policy"] == f"sha256:{predicate['policy']['digest']['sha256']}"
        given = [item["digest"]["sha256"] for item in predicate["inputAttestations"]]
        content = project.folder / "sealpin-evidence" / "content" / "sha256"
        assert given
        assert all((content / name).is_file() for name in given), "the inputs lie beside it"


def test_summaries_are_written_offline_and_read_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(project)
    monkeypatch.setattr("socket.socket", None)
    ran = sealpin("evidence", "verify", "--unsigned-vsa", VERIFIER, ".", cwd=project.folder)
    assert ran.code == 0, ran.err
    assert ran.out.count("unsigned summary: ") == 3
    for made in summaries(project).values():
        (subject,) = made["subject"]
        expected = ExpectedSummary(
            subjects=tuple(subject["digest"].items()),
            verifier=VERIFIER,
            resource=f"oci://{subject['name']}",
        )
        summary = check_vsa(json.dumps(made).encode(), expected)
        assert summary.levels == ("SLSA_BUILD_LEVEL_UNEVALUATED",)


def test_an_image_that_is_refused_loses_its_summary(project: Project) -> None:
    save(project, ".", "--unsigned-vsa", VERIFIER)
    shutil.copyfile(project.folder / "keys/rsa.pub", project.folder / "keys/ecdsa.pub")
    for verb in ("verify", "save"):
        words = project.options if verb == "save" else ()
        ran = sealpin("evidence", verb, *words, "--unsigned-vsa", VERIFIER, ".", cwd=project.folder)
        assert ran.code == 1
        assert "is not verified" in ran.out
        assert len(summaries(project)) == 2


def test_a_report_for_programs_stays_one_document(project: Project) -> None:
    save(project)
    words = ("evidence", "verify", "--format", "json", "--unsigned-vsa", VERIFIER, ".")
    ran = sealpin(*words, cwd=project.folder)
    assert json.loads(ran.out)["summary"]["allowed"] == 4
    assert len(summaries(project)) == 3


def test_a_summary_names_its_verifier_by_a_uri(project: Project) -> None:
    ran = save(project, ".", "--unsigned-vsa", "our ci")
    assert (ran.code, "vsa.verifier" in ran.err) == (3, True)
    assert not saved(project)


BUILT = f"{HOST}/octo/service:v1.2.3"
BUILT_POLICY = f"""\
version: 1
policies:
  - images: ["{HOST}/octo/**"]
    keyless:
      issuer: "{GITHUB}"
      identity: "https://github.com/octo-org/service/.github/workflows/release.yml@refs/tags/v1.2.3"
      trusted_root: trust/lab.json
    signature: replaced
    attestations: [{{type: slsaprovenance1}}]
"""


def test_a_summary_has_the_level_that_provenance_by_a_workflow_proves(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(BUILT)}, policy=BUILT_POLICY)
    project.run("pin", ".")
    assert save(project, ".", "--unsigned-vsa", VERIFIER).code == 0
    (made,) = summaries(project).values()
    assert made["predicate"]["verifiedLevels"] == ["SLSA_BUILD_LEVEL_2"]


def test_summaries_are_not_taken_for_manifests(project: Project) -> None:
    before = project.report("check", ".")
    save(project, ".", "--unsigned-vsa", VERIFIER)
    assert project.report("check", ".") == before
