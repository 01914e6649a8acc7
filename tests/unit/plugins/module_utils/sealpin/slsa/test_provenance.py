# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sealpin.errors import VerificationFailed
from sealpin.mediatypes import SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1
from sealpin.slsa import builders
from sealpin.slsa.provenance import read_provenance
from sealpin.slsa.source import SourceUri
from support.slsa_builds import (
    COMMIT,
    REPOSITORY,
    TAG_REF,
    buildkit_provenance,
    generator_provenance,
    github_attestation,
)

SOURCE = SourceUri(repository=REPOSITORY, ref=TAG_REF)
Change = Callable[[dict[str, Any]], object]


def v1(build_type: str, **definition: Any) -> dict[str, Any]:
    return {
        "buildDefinition": {"buildType": build_type, **definition},
        "runDetails": {"builder": {"id": "https://builder.example"}},
    }


def container_based() -> dict[str, Any]:
    source = {"uri": f"git+{REPOSITORY}@{TAG_REF}", "digest": {"sha1": COMMIT}}
    return v1(
        builders.CONTAINER_BASED_BUILD,
        externalParameters={"source": source, "configPath": "build.toml"},
        internalParameters={
            "GITHUB_REF": TAG_REF,
            "GITHUB_REF_TYPE": "tag",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PAYLOAD": {"base_ref": "refs/heads/main"},
        },
        resolvedDependencies=[source],
    )


def cloud_build() -> dict[str, Any]:
    return v1(
        builders.GCB_BUILD,
        externalParameters={
            "buildConfigSource": {"repository": f"git+{REPOSITORY}", "ref": TAG_REF}
        },
        internalParameters={"systemSubstitutions": {"TAG_NAME": "v1.2.3", "COMMIT_SHA": COMMIT}},
    )


def buildkit_v1() -> dict[str, Any]:
    predicate = v1(builders.BUILDKIT_V1_BUILD, externalParameters={"configSource": {}})
    vcs = {"source": "git@github.com:octo-org/service.git", "revision": COMMIT}
    predicate["runDetails"]["metadata"] = {"buildkit_metadata": {"vcs": vcs}}
    return predicate


@pytest.mark.parametrize(
    ("predicate_type", "predicate", "source", "tag"),
    [
        (SLSA_PROVENANCE_V02, generator_provenance(), SOURCE, "v1.2.3"),
        (SLSA_PROVENANCE_V02, buildkit_provenance(), SOURCE, "v1.2.3"),
        (SLSA_PROVENANCE_V1, github_attestation(), SOURCE, "v1.2.3"),
        (SLSA_PROVENANCE_V1, container_based(), SOURCE, "v1.2.3"),
        (SLSA_PROVENANCE_V1, cloud_build(), SOURCE, "v1.2.3"),
        (SLSA_PROVENANCE_V1, buildkit_v1(), SourceUri(repository=REPOSITORY), None),
    ],
    ids=["generator", "buildkit-v02", "github", "container-based", "cloud-build", "buildkit-v1"],
)
def test_reads_source_commit_and_tag_of_every_known_build_type(
    predicate_type: str, predicate: dict[str, Any], source: SourceUri, tag: str | None
) -> None:
    provenance = read_provenance(predicate_type, predicate)
    assert (provenance.source, provenance.commit, provenance.tag) == (source, COMMIT, tag)


def test_reads_a_local_checkout_that_buildkit_was_told_of() -> None:
    predicate = buildkit_provenance(source="")
    predicate["metadata"] = {
        "https://mobyproject.org/buildkit@v1#metadata": {
            "vcs": {"source": f"{REPOSITORY}.git", "revision": COMMIT}
        }
    }
    provenance = read_provenance(SLSA_PROVENANCE_V02, predicate)
    assert provenance.source == SourceUri(repository=REPOSITORY)
    assert provenance.commit == COMMIT


@pytest.mark.parametrize(
    ("made", "branch"),
    [
        ({"ref": "refs/heads/main", "ref_type": "branch"}, "main"),
        ({"event": {"base_ref": "refs/heads/main"}}, "main"),
        ({"event": {"base_ref": None}}, None),
        ({"base_ref": "main"}, "main"),
        ({"trigger": "release", "event": {"release": {"target_commitish": "main"}}}, "main"),
        ({"trigger": "workflow_dispatch", "event": {"base_ref": "refs/heads/main"}}, None),
    ],
    ids=str,
)
def test_reads_the_branch_of_a_build_from_its_event(
    made: dict[str, Any], branch: str | None
) -> None:
    provenance = read_provenance(SLSA_PROVENANCE_V02, generator_provenance(**made))
    assert provenance.branch == branch


def test_reads_the_source_of_an_unknown_build_type_from_the_usual_places() -> None:
    uri = f"git+{REPOSITORY}@{TAG_REF}"
    old = {"buildType": "x", "invocation": {"configSource": {"uri": uri}}}
    new = v1("x", resolvedDependencies=[{"uri": uri}, {"uri": "pkg:oci/bash"}])
    assert read_provenance(SLSA_PROVENANCE_V02, old).source == SOURCE
    assert read_provenance(SLSA_PROVENANCE_V1, new).source == SOURCE


def test_reads_no_source_where_several_repositories_could_be_it() -> None:
    dependency = {"uri": f"git+{REPOSITORY}@{TAG_REF}"}
    predicate = v1("x", resolvedDependencies=[dependency, dependency])
    assert read_provenance(SLSA_PROVENANCE_V1, predicate).source is None


def test_reads_a_github_attestation_whose_workflow_leaves_out_its_repository() -> None:
    predicate = github_attestation()
    del predicate["buildDefinition"]["externalParameters"]["workflow"]["repository"]
    assert read_provenance(SLSA_PROVENANCE_V1, predicate).source == SOURCE


def change_material(predicate: dict[str, Any]) -> None:
    predicate["materials"][0] = {"uri": "git+https://github.com/octo-org/other@refs/heads/main"}


def change_variable(predicate: dict[str, Any]) -> None:
    predicate["invocation"]["environment"]["github_ref"] = "refs/heads/main"


@pytest.mark.parametrize("change", [change_material, change_variable])
def test_refuses_generator_provenance_that_names_two_sources(change: Change) -> None:
    predicate = generator_provenance()
    change(predicate)
    with pytest.raises(VerificationFailed) as caught:
        read_provenance(SLSA_PROVENANCE_V02, predicate)
    assert caught.value.code == "slsa.source-inconsistent"


def change_dependency(predicate: dict[str, Any]) -> None:
    predicate["buildDefinition"]["resolvedDependencies"][0]["uri"] += "x"


def drop_repository_and_change_ref(predicate: dict[str, Any]) -> None:
    workflow = predicate["buildDefinition"]["externalParameters"]["workflow"]
    del workflow["repository"]
    workflow["ref"] = "refs/heads/main"


@pytest.mark.parametrize("change", [change_dependency, drop_repository_and_change_ref])
def test_refuses_a_github_attestation_that_names_two_sources(change: Change) -> None:
    predicate = github_attestation()
    change(predicate)
    with pytest.raises(VerificationFailed) as caught:
        read_provenance(SLSA_PROVENANCE_V1, predicate)
    assert caught.value.code == "slsa.source-inconsistent"


def test_refuses_a_cloud_build_tag_that_is_not_its_ref() -> None:
    predicate = cloud_build()
    config = predicate["buildDefinition"]["externalParameters"]["buildConfigSource"]
    config["ref"] = "refs/heads/main"
    with pytest.raises(VerificationFailed) as caught:
        read_provenance(SLSA_PROVENANCE_V1, predicate)
    assert caught.value.code == "slsa.source-inconsistent"


def without_source(predicate: dict[str, Any]) -> None:
    del predicate["invocation"]["configSource"]["uri"]


def without_ref(predicate: dict[str, Any]) -> None:
    predicate["invocation"]["configSource"]["uri"] = f"git+{REPOSITORY}"
    predicate["materials"][0]["uri"] = f"git+{REPOSITORY}"


def with_an_empty_ref(predicate: dict[str, Any]) -> None:
    predicate["invocation"]["configSource"]["uri"] = f"git+{REPOSITORY}@"
    predicate["materials"][0]["uri"] = f"git+{REPOSITORY}@"


def with_unknown_ref_type(predicate: dict[str, Any]) -> None:
    predicate["invocation"]["environment"]["github_ref_type"] = "commit"


def with_builder_that_is_a_list(predicate: dict[str, Any]) -> None:
    predicate["builder"] = []


def with_materials_that_are_an_object(predicate: dict[str, Any]) -> None:
    predicate["materials"] = {"0": {}}


def with_materials_that_are_a_number(predicate: dict[str, Any]) -> None:
    predicate["materials"] = 7


def with_builder_id_that_is_a_number(predicate: dict[str, Any]) -> None:
    predicate["builder"]["id"] = 7


@pytest.mark.parametrize(
    "change",
    [
        without_source,
        without_ref,
        with_an_empty_ref,
        with_unknown_ref_type,
        with_builder_that_is_a_list,
        with_materials_that_are_an_object,
        with_materials_that_are_a_number,
        with_builder_id_that_is_a_number,
    ],
)
def test_refuses_malformed_provenance(change: Change) -> None:
    predicate = generator_provenance()
    change(predicate)
    with pytest.raises(VerificationFailed) as caught:
        read_provenance(SLSA_PROVENANCE_V02, predicate)
    assert caught.value.code == "slsa.provenance-malformed"


@pytest.mark.parametrize("predicate", [None, [], "text", 7])
@pytest.mark.parametrize("predicate_type", [SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1])
def test_refuses_a_predicate_that_is_no_object(predicate_type: str, predicate: Any) -> None:
    with pytest.raises(VerificationFailed) as caught:
        read_provenance(predicate_type, predicate)
    assert caught.value.code == "slsa.provenance-malformed"


@pytest.mark.parametrize("predicate_type", ["", "https://slsa.dev/provenance/v0.1", "custom"])
def test_refuses_other_predicate_types(predicate_type: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        read_provenance(predicate_type, {})
    assert caught.value.code == "slsa.predicate-type"
