# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from sealpin.attestations import sbom
from sealpin.attestations.sbom import (
    MOVED_REGISTRIES,
    ListedImage,
    check_listed_digest,
    read_release_images,
)
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, MissingDependency, VerificationFailed
from support.vectors import vectors

pytest.importorskip("spdx_tools")

DIGEST = "993f15ae14ac13d0b1950975902960cf41de79a106e49d7c154eceda0328bdf9"
OTHER = "0" * 64


def spdx_json(*packages: Mapping[str, Any]) -> bytes:
    return json.dumps(
        {
            "SPDXID": "SPDXRef-DOCUMENT",
            "spdxVersion": "SPDX-2.3",
            "name": "release",
            "dataLicense": "CC0-1.0",
            "documentNamespace": "https://sbom.example/release",
            "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: bom"]},
            "packages": [
                {"SPDXID": f"SPDXRef-{i}", "downloadLocation": "NONE", "filesAnalyzed": False}
                | dict(package)
                for i, package in enumerate(packages)
            ],
        }
    ).encode()


def image(name: str, *, checksum: str = "", locator: str = "") -> dict[str, Any]:
    package: dict[str, Any] = {"name": name}
    if checksum:
        package["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksum}]
    if locator:
        package["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": locator,
            }
        ]
    return package


def read(document: bytes) -> tuple[ListedImage, ...]:
    return read_release_images(document, moved=MOVED_REGISTRIES, where="release.spdx")


def test_lists_the_images_of_a_kubernetes_release_in_tag_value_form(
    capfd: pytest.CaptureFixture[str],
) -> None:
    images = read((vectors("lab") / "kubernetes-v1.24.0-release.spdx").read_bytes())
    assert len(images) == 12
    first = images[0]
    assert first.listed_as == "k8s.gcr.io/kube-apiserver-amd64:v1.24.0"
    assert str(first.reference) == "registry.k8s.io/kube-apiserver-amd64:v1.24.0"
    assert first.is_moved
    assert first.digest == Digest.parse(f"sha256:{DIGEST}")
    assert capfd.readouterr() == ("", "")


def test_keeps_the_listed_registry_when_nothing_is_said_to_have_moved() -> None:
    document = (vectors("lab") / "kubernetes-v1.24.0-release.spdx").read_bytes()
    images = read_release_images(document, moved={}, where="release.spdx")
    assert str(images[0].reference) == images[0].listed_as
    assert not images[0].is_moved


def test_lists_the_images_of_a_json_document_once_each_and_nothing_else() -> None:
    listed = image("registry.k8s.io/kube-proxy:v1.30.0", checksum=DIGEST)
    packages = [
        image("kubernetes"),
        listed,
        listed,
        image("sha256:" + DIGEST),
        image("github.com/spf13/cobra"),
        image("library/nginx:1.27"),
    ]
    (only,) = read(spdx_json(*packages))
    assert str(only.reference) == "registry.k8s.io/kube-proxy:v1.30.0"
    assert not only.is_moved


@pytest.mark.parametrize(
    ("repository_url", "name"),
    [
        ("registry.k8s.io", "registry.k8s.io/kube-proxy:v1.30.0"),
        ("registry.k8s.io/kube-proxy", "registry.k8s.io/kube-proxy:v1.30.0"),
        ("registry.k8s.io%2Fkube-proxy", "registry.k8s.io/kube-proxy:v1.30.0"),
    ],
)
def test_reads_an_image_from_its_locator(repository_url: str, name: str) -> None:
    locator = f"pkg:oci/kube-proxy@sha256%3A{DIGEST}?repository_url={repository_url}&tag=v1.30.0"
    (only,) = read(spdx_json(image("kube-proxy", locator=locator)))
    assert str(only.reference) == name
    assert only.digest == Digest.parse(f"sha256:{DIGEST}")


@pytest.mark.parametrize(
    "locator",
    ["pkg:oci/kube-proxy@sha256%3A" + DIGEST, "pkg:oci/kube-proxy?repository_url=registry.k8s.io",
     "pkg:golang/kube-proxy?repository_url=registry.k8s.io&tag=v1"],
)  # fmt: skip
def test_leaves_out_what_is_not_said_to_be_a_tagged_image(locator: str) -> None:
    listed = image("registry.k8s.io/pause:3.9")
    assert len(read(spdx_json(listed, image("kube-proxy", locator=locator)))) == 1


def test_prefers_the_manifests_digest_in_the_locator_to_a_checksum() -> None:
    name = "registry.k8s.io/kube-proxy:v1.30.0"
    locator = f"pkg:oci/kube-proxy@sha256%3A{DIGEST}?repository_url=registry.k8s.io&tag=v1.30.0"
    (only,) = read(spdx_json(image(name, checksum=OTHER, locator=locator)))
    assert only.digest == Digest.parse(f"sha256:{DIGEST}")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "sbom.malformed"),
        (b"hello", "sbom.malformed"),
        (b"\xff", "sbom.malformed"),
        (b"{}", "sbom.malformed"),
        (spdx_json({"name": "a", "checksums": ["a text"]}), "sbom.malformed"),
        (spdx_json({"name": "a", "externalRefs": [7]}), "sbom.malformed"),
        (b"{", "json.malformed"),
        (b'{"name": 1, "name": 2}', "json.duplicate-key"),
        (spdx_json(), "sbom.no-images"),
        (
            spdx_json(
                image("registry.k8s.io/pause:3.9", checksum=DIGEST),
                image("registry.k8s.io/pause:3.9", checksum=OTHER),
            ),
            "sbom.contradiction",
        ),
        (
            spdx_json(image("x", locator="pkg:oci/x@sha256%3A7?repository_url=h.io&tag=v1")),
            "sbom.image",
        ),
        (
            spdx_json(image("x", locator="pkg:oci/X?repository_url=h.io&tag=v1")),
            "sbom.image",
        ),
    ],
)  # fmt: skip
def test_refuses_a_document_it_cannot_read_whole(document: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(document)
    assert caught.value.code == code


def test_refuses_a_document_beyond_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    document = spdx_json(image("registry.k8s.io/pause:3.9"))
    monkeypatch.setattr(sbom, "MAX_PREDICATE_BYTES", len(document))
    assert len(read(document)) == 1
    monkeypatch.setattr(sbom, "MAX_PREDICATE_BYTES", len(document) - 1)
    with pytest.raises(InvalidInput) as caught:
        read(document)
    assert caught.value.code == "sbom.too-large"


def test_names_the_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spdx_tools.spdx.parser.error", None)
    with pytest.raises(MissingDependency) as caught:
        read(spdx_json())
    assert caught.value.code == "dependency.missing-library"


def listed(digest: str) -> ListedImage:
    (only,) = read(spdx_json(image("registry.k8s.io/pause:3.9", checksum=digest)))
    return only


def test_refuses_another_digest_than_the_listed_one() -> None:
    with pytest.raises(VerificationFailed) as caught:
        check_listed_digest(listed(OTHER), Digest.parse(f"sha256:{DIGEST}"))
    assert caught.value.code == "sbom.digest-mismatch"


@pytest.mark.parametrize("digest", [DIGEST, ""])
def test_takes_the_listed_digest_and_any_where_none_is_listed(digest: str) -> None:
    check_listed_digest(listed(digest), Digest.parse(f"sha256:{DIGEST}"))
