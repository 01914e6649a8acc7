# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from sealpin.errors import VerificationFailed
from sealpin.mediatypes import SLSA_PROVENANCE_V1
from sealpin.signatures.verified import NameKind, SubjectName
from sealpin.slsa.claims import Provenance
from sealpin.slsa.github import adopt_run, check_agreement, read_workflow_run
from sealpin.slsa.provenance import read_provenance
from sealpin.slsa.source import SourceUri
from support.slsa_builds import (
    COMMIT,
    KEY,
    OWN_WORKFLOW,
    REPOSITORY,
    RUN,
    TAG_REF,
    github_attestation,
    workflow_certificate,
)

OLD_FORM_ONLY = dict.fromkeys((8, 11, 12, 13, 14, 18, 19, 20, 21), None)
NEW_FORM_ONLY = dict.fromkeys((1, 2, 3, 4, 5, 6), None)


@pytest.mark.parametrize("changed", [{}, OLD_FORM_ONLY, NEW_FORM_ONLY], ids=["both", "old", "new"])
def test_reads_a_workflow_from_either_form_of_the_extensions(
    changed: dict[int, str | None],
) -> None:
    run = read_workflow_run(workflow_certificate(changed=changed))
    assert str(run.builder) == f"{OWN_WORKFLOW}@{TAG_REF}"
    assert (run.repository, run.commit, run.ref) == (REPOSITORY, COMMIT, TAG_REF)
    assert run.trigger == "push"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({1: "https://gitlab.com", 8: "https://gitlab.com"}, "slsa.issuer"),
        ({1: "https://gitlab.com"}, "slsa.certificate"),
        ({8: "https://gitlab.com"}, "slsa.certificate"),
        ({1: None, 8: None}, "slsa.certificate"),
        ({2: "workflow_dispatch"}, "slsa.certificate"),
        ({2: None, 20: None}, "slsa.certificate"),
        ({3: "0" * 40}, "slsa.certificate"),
        ({3: None, 13: None}, "slsa.certificate"),
        ({5: "octo-org/other"}, "slsa.certificate"),
        ({12: "https://github.com/octo-org/other"}, "slsa.certificate"),
        ({5: None, 12: None}, "slsa.certificate"),
        ({6: "refs/heads/main"}, "slsa.certificate"),
        ({18: "https://github.com/octo-org/other/.github/w.yml@refs/heads/x"}, "slsa.certificate"),
        ({18: f"{REPOSITORY}-evil/.github/workflows/w.yml@{TAG_REF}"}, "slsa.certificate"),
        ({18: f"{OWN_WORKFLOW}@a@b"}, "slsa.certificate"),
        ({18: OWN_WORKFLOW}, "slsa.certificate"),
        ({19: "0" * 40}, "slsa.certificate"),
    ],
)
def test_refuses_a_certificate_that_contradicts_itself(
    changed: dict[int, str | None], code: str
) -> None:
    with pytest.raises(VerificationFailed) as caught:
        read_workflow_run(workflow_certificate(changed=changed))
    assert caught.value.code == code


def test_reads_no_workflow_from_a_key() -> None:
    with pytest.raises(VerificationFailed) as caught:
        read_workflow_run(KEY)
    assert caught.value.code == "slsa.issuer"


@pytest.mark.parametrize("name", ["", OWN_WORKFLOW, f"{OWN_WORKFLOW}@", f"@{TAG_REF}"])
def test_refuses_a_certificate_that_names_no_workflow(name: str) -> None:
    subjects = (SubjectName(kind=NameKind.URI, value=name),)
    with pytest.raises(VerificationFailed) as caught:
        read_workflow_run(workflow_certificate(subjects=subjects))
    assert caught.value.code == "slsa.certificate"


def test_refuses_a_workflow_name_that_is_no_uri() -> None:
    subjects = (SubjectName(kind=NameKind.EMAIL, value=f"{OWN_WORKFLOW}@{TAG_REF}"),)
    with pytest.raises(VerificationFailed) as caught:
        read_workflow_run(workflow_certificate(subjects=subjects))
    assert caught.value.code == "slsa.certificate"


def own_provenance() -> Provenance:
    return read_provenance(SLSA_PROVENANCE_V1, github_attestation())


def test_accepts_provenance_that_tells_the_certificates_story() -> None:
    check_agreement(read_workflow_run(workflow_certificate()), own_provenance())


@pytest.mark.parametrize(
    "changes",
    [
        {"builder_id": f"{OWN_WORKFLOW}@refs/heads/main"},
        {"builder_id": OWN_WORKFLOW},
        {"source": SourceUri(repository=f"{REPOSITORY}-evil", ref=TAG_REF)},
        {"source": SourceUri(repository=REPOSITORY, ref="refs/heads/main")},
        {"source": None},
        {"commit": "0" * 40},
        {"commit": ""},
        {"trigger": "pull_request"},
        {"invocation": f"{RUN}0"},
    ],
    ids=str,
)
def test_refuses_provenance_that_contradicts_its_certificate(changes: dict[str, object]) -> None:
    run = read_workflow_run(workflow_certificate())
    with pytest.raises(VerificationFailed) as caught:
        check_agreement(run, replace(own_provenance(), **changes))
    assert caught.value.code == "slsa.certificate-disagrees"


def tool_provenance(source: SourceUri | None, commit: str = "") -> Provenance:
    return Provenance(
        predicate_type=SLSA_PROVENANCE_V1,
        builder_id="",
        build_type="https://tool.example/build",
        source=source,
        commit=commit,
    )


@pytest.mark.parametrize(
    "source",
    [
        None,
        SourceUri(repository=REPOSITORY),
        SourceUri(repository=REPOSITORY, ref=TAG_REF),
        SourceUri(repository=REPOSITORY, ref=COMMIT),
    ],
    ids=str,
)
def test_completes_a_tools_provenance_from_the_certificate(source: SourceUri | None) -> None:
    run = read_workflow_run(workflow_certificate())
    adopted = adopt_run(run, tool_provenance(source))
    assert adopted.source == SourceUri(repository=REPOSITORY, ref=TAG_REF)
    assert (adopted.tag, adopted.branch) == ("v1.2.3", None)
    assert (adopted.commit, adopted.trigger) == (COMMIT, "push")


@pytest.mark.parametrize(
    ("ref", "commit"), [("refs/heads/evil", ""), ("", "0" * 40)], ids=["ref", "commit"]
)
def test_refuses_a_tools_provenance_of_another_revision(ref: str, commit: str) -> None:
    run = read_workflow_run(workflow_certificate())
    with pytest.raises(VerificationFailed) as caught:
        adopt_run(run, tool_provenance(SourceUri(repository=REPOSITORY, ref=ref), commit))
    assert caught.value.code == "slsa.certificate-disagrees"


def test_leaves_a_tools_foreign_source_as_it_is() -> None:
    run = read_workflow_run(workflow_certificate())
    foreign = tool_provenance(SourceUri(repository="https://github.com/other/lib", ref="v9"))
    assert adopt_run(run, foreign) == foreign
