# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from sealpin.attestations import predicates, summaries
from sealpin.attestations.predicates import PREDICATE_TYPES, predicate_type
from sealpin.attestations.summaries import summarise
from sealpin.mediatypes import COSIGN_SIGN_V1

EVERY_TYPE = sorted({*PREDICATE_TYPES.values(), *summaries._SUMMARIES, "https://example.com/x"})


SPDX_JSON = {
    "spdxVersion": "SPDX-2.3",
    "name": "go",
    "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: apko"]},
    "packages": [{"name": "busybox", "versionInfo": "1.36.1-r6"}],
}
SPDX_TAG_VALUE = """SPDXVersion: SPDX-2.2
DocumentName: Kubernetes Release v1.24.0
Creator: Organization: Kubernetes Release
Creator: Tool: k8s.io/release/pkg/spdx
Created: 2022-05-03T15:02:51Z
##### Package: kubernetes
PackageName: kubernetes
PackageName: kube-apiserver
"""
CYCLONEDX = {
    "specVersion": "1.5",
    "metadata": {"component": {"name": "app"}},
    "components": [{"name": f"lib{number}", "version": "1"} for number in range(7)],
}
TRIVY = {"Results": [{"Vulnerabilities": [{"Severity": "HIGH"}, {"Severity": "LOW"}]}]}
GRYPE = {"matches": [{"vulnerability": {"severity": "High"}}] * 2}
SARIF = {"runs": [{"results": [{"level": "error"}, {}]}]}
PROVENANCE_V02 = {
    "builder": {"id": "https://builder.example"},
    "buildType": "t",
    "invocation": {"configSource": {"uri": "git+https://host.example/o/r", "entryPoint": "w.yml"}},
}
PROVENANCE_V1 = {
    "buildDefinition": {
        "buildType": "t",
        "resolvedDependencies": [{"uri": "git+https://host.example/o/r@refs/heads/main"}],
    },
    "runDetails": {
        "builder": {"id": "https://builder.example"},
        "metadata": {"invocationId": "run-7"},
    },
}


@pytest.mark.parametrize(
    ("name", "predicate", "lines"),
    [
        (
            "spdxjson",
            SPDX_JSON,
            (
                "format: SPDX-2.3",
                "name: go",
                "created: 2026-01-01T00:00:00Z",
                "creators: Tool: apko",
                "packages: 1 (busybox 1.36.1-r6)",
            ),
        ),
        (
            "spdx",
            SPDX_TAG_VALUE,
            (
                "format: SPDX-2.2",
                "name: Kubernetes Release v1.24.0",
                "created: 2022-05-03T15:02:51Z",
                "creators: Organization: Kubernetes Release, Tool: k8s.io/release/pkg/spdx",
                "packages: 2 (kubernetes, kube-apiserver)",
            ),
        ),
        (
            "cyclonedx",
            CYCLONEDX,
            (
                "format: CycloneDX 1.5",
                "name: app",
                "components: 7 (lib0 1, lib1 1, lib2 1, lib3 1, lib4 1, and 2 more)",
            ),
        ),
        ("cyclonedx", {"specVersion": "1.5"}, ("format: CycloneDX 1.5", "components: none")),
        (
            "vuln",
            {"scanner": {"uri": "pkg:trivy", "version": "0.50", "result": TRIVY}},
            ("scanner: pkg:trivy", "version: 0.50", "findings: 1 high, 1 low"),
        ),
        ("vuln", {"scanner": {"result": GRYPE}}, ("findings: 2 high",)),
        ("vuln", {"scanner": {"result": SARIF}}, ("findings: 1 error, 1 warning",)),
        ("vuln", {"scanner": {"result": {"Results": []}}}, ("findings: none",)),
        ("vuln", {"scanner": {"uri": "x", "result": {"other": 1}}}, ("scanner: x",)),
        (
            "openvex",
            {
                "author": "octo",
                "timestamp": "2026-01-01T00:00:00Z",
                "statements": [{"status": "fixed"}, {"status": "fixed"}, {}],
            },
            ("author: octo", "written: 2026-01-01T00:00:00Z", "statements: 2 fixed, 1 unnamed"),
        ),
        (
            predicates.APKO,
            {
                "archs": ["amd64", "arm64"],
                "contents": {"packages": ["go-1.22"]},
                "accounts": {"run-as": "65532"},
                "entrypoint": {"command": "/usr/bin/go"},
            },
            (
                "architectures: amd64, arm64",
                "packages: 1 (go-1.22)",
                "runs as: 65532",
                "entry point: /usr/bin/go",
            ),
        ),
        (
            "slsaprovenance",
            PROVENANCE_V02,
            (
                "builder: https://builder.example",
                "build type: t",
                "source: git+https://host.example/o/r",
                "entry point: w.yml",
            ),
        ),
        (
            "slsaprovenance1",
            PROVENANCE_V1,
            (
                "builder: https://builder.example",
                "build type: t",
                "built from: git+https://host.example/o/r@refs/heads/main",
                "run: run-7",
            ),
        ),
        (
            "https://slsa.dev/verification_summary/v1",
            {"verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_3"]},
            ("result: PASSED", "levels: SLSA_BUILD_LEVEL_3"),
        ),
        ("custom", {"Data": "a\nb", "Timestamp": "t"}, ("data: a\\nb", "written: t")),
        ("link", {"name": "build"}, ("step: build",)),
        (COSIGN_SIGN_V1, {"repo": "Kong/kong-mesh"}, ("repo: Kong/kong-mesh",)),
        ("https://example.com/review/v1", {"approved": True, "reviewers": 2},
         ("fields: approved, reviewers",)),
        ("https://example.com/review/v1", "yes", ("value: yes",)),
    ],
)  # fmt: skip
def test_shows_a_predicate_in_a_few_lines(
    name: str, predicate: Any, lines: tuple[str, ...]
) -> None:
    assert summarise(predicate_type(name), predicate) == lines


@pytest.mark.parametrize(
    "predicate",
    [None, 7, [], "", "text", {}, {"packages": 7}, {"packages": [None, 7, []]},
     {"scanner": {"result": {"Results": [7], "matches": [None], "runs": "x"}}},
     {"statements": ["x"]}, {"contents": []}, {"buildDefinition": {"resolvedDependencies": {}}}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("uri", EVERY_TYPE)
def test_shows_what_it_can_of_a_predicate_of_any_shape(uri: str, predicate: Any) -> None:
    assert all(isinstance(line, str) for line in summarise(uri, predicate))


def test_makes_the_signers_text_fit_for_one_line() -> None:
    predicate = {"specVersion": "\x1b[31m1.5\nfake: line", "metadata": {"timestamp": "9" * 500}}
    lines = summarise(predicates.CYCLONEDX, predicate)
    assert any("fake: line" in line for line in lines)
    for line in lines:
        assert line.isprintable()
        assert len(line) < 250
