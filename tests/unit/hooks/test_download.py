# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs that only look (``download``, ``tree``, ``triangulate``), and each of their options."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealpin import mediatypes
from support import memory_registry
from support.command import Ran
from support.memory_registry import on, status
from support.signed_site import SignedSite

SCAN, REVIEW = "https://example.test/scan/v1", "https://example.test/review/v1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


def look(site: SignedSite, *words: str, tag: str = ":1.0", **environment: str) -> Ran:
    return site.ask(*words, f"{site.name}{tag}", trusted=False, **environment)


def types(ran: Ran) -> list[str]:
    payloads = (base64.b64decode(json.loads(line)["payload"]) for line in ran.out.splitlines())
    return [json.loads(payload)["predicateType"] for payload in payloads]


def attested(site: SignedSite) -> str:
    """An image with an attestation in either format, and an image signature as a bundle."""
    digest = site.image()
    site.attach(digest, site.sigstore.attest(digest, predicate_type=SCAN), suffix="att")
    site.refer(digest, site.sigstore.bundle(digest, predicate_type=REVIEW))
    site.refer(digest, site.sigstore.bundle(digest))
    return digest


def test_download_attestation_prints_envelopes_of_both_formats(site: SignedSite) -> None:
    attested(site)
    ran = look(site, "download", "attestation")
    assert ran.code == 0, ran.err
    assert set(types(ran)) == {SCAN, REVIEW, mediatypes.COSIGN_SIGN_V1}


@pytest.mark.parametrize("wanted", [SCAN, REVIEW])
def test_predicate_type_leaves_the_others_out(site: SignedSite, wanted: str) -> None:
    attested(site)
    ran = look(site, "download", "attestation", f"--predicate-type={wanted}")
    assert types(ran) == [wanted]


def test_an_absent_predicate_type_is_a_refusal_and_nothing_at_all_is_not(site: SignedSite) -> None:
    site.image()
    assert look(site, "download", "attestation").code == 0
    refused = look(site, "download", "attestation", "--predicate-type=spdx")
    assert (refused.code, refused.out) == (1, "")
    assert "no attestations with predicate type 'https://spdx.dev/Document' found" in refused.err
    compat = look(site, "download", "attestation", "--predicate-type=spdx", "--compat=cosign")
    assert compat.err.startswith("Error: no attestations with predicate type 'https://spdx.dev/")


def test_format_bundle_prints_bundles_as_stored(site: SignedSite) -> None:
    attested(site)
    words = ("download", "attestation", f"--predicate-type={REVIEW}")
    assert "dsseEnvelope" not in look(site, *words).out
    assert "dsseEnvelope" in json.loads(look(site, *words, "--format=bundle").out)


def test_platform_is_that_of_a_child_of_the_index(site: SignedSite) -> None:
    index, platforms = site.index(["linux/amd64", "linux/arm64"])
    site.refer(index, site.sigstore.bundle(index, predicate_type=REVIEW))
    amd64 = platforms["linux/amd64"]
    site.attach(amd64, site.sigstore.attest(amd64, predicate_type=SCAN), suffix="att")
    words = ("download", "attestation")
    assert types(look(site, *words, tag=":multi")) == [REVIEW]
    assert types(look(site, *words, "--platform=linux/amd64", tag=":multi")) == [SCAN]
    assert types(look(site, *words, "--platform=linux/arm64", tag=":multi")) == []
    assert look(site, *words, "--platform=linux/s390x", tag=":multi").code == 3


def test_a_place_that_does_not_answer_is_told_of(site: SignedSite) -> None:
    attested(site)
    site.registry.faults.append(on("referrers", status(403)))
    ran = look(site, "download", "attestation")
    assert (ran.code, types(ran)) == (2, [SCAN])
    absent = look(site, "download", "attestation", f"--predicate-type={REVIEW}")
    assert (absent.code, "registry." in absent.err) == (2, True)


def test_unparsable_evidence_is_told_of_and_hides_nothing(site: SignedSite) -> None:
    digest = site.image()
    good = site.sigstore.attest(digest, predicate_type=SCAN)
    layers = [(b"{}", mediatypes.DSSE_ENVELOPE, {}), (good.content, good.media_type, {})]
    site.attach_raw(digest, layers, suffix="att")
    ran = look(site, "download", "attestation")
    assert (ran.code, types(ran)) == (0, [SCAN])
    assert "left out" in ran.err


def test_download_signature_prints_both_formats(site: SignedSite) -> None:
    digest = attested(site)
    layer = site.sigstore.sign_image(digest)
    site.attach(digest, layer)
    ran = look(site, "download", "signature")
    bundle, legacy = sorted(map(json.loads, ran.out.splitlines()), key=lambda d: "Payload" in d)
    assert "dsseEnvelope" in bundle
    assert base64.b64decode(legacy["Payload"]) == layer.content
    assert legacy["Cert"] == layer.annotations[mediatypes.ANNOTATION_CERTIFICATE]
    assert legacy["Bundle"]["Payload"]["logIndex"]


def test_an_unsigned_image_has_no_signatures(site: SignedSite) -> None:
    site.image()
    ran = look(site, "download", "signature")
    assert (ran.code, "no signatures associated" in ran.err) == (1, True)


def test_download_sbom_prints_the_bytes_and_a_warning(site: SignedSite) -> None:
    digest = site.image()
    missing = look(site, "download", "sbom")
    assert (missing.code, "no sbom attached to reference" in missing.err) == (1, True)
    site.attach_raw(digest, [(b"SPDXVersion: SPDX-2.3\n", "text/spdx", {})], suffix="sbom")
    ran = look(site, "download", "sbom")
    assert (ran.code, ran.out) == (0, "SPDXVersion: SPDX-2.3\n")
    assert "signed by nobody" in ran.err
    assert "Found SBOM of media type: text/spdx" in ran.err
    two = [(b"a", "text/spdx", {}), (b"b", "text/spdx", {})]
    site.attach_raw(digest, two, suffix="sbom")
    assert look(site, "download", "sbom").code == 3


def test_download_sbom_prefers_a_referrer(site: SignedSite) -> None:
    digest = site.image()
    site.attach_raw(digest, [(b"old", "text/spdx", {})], suffix="sbom")
    site.repository.attach(
        digest,
        b"new",
        layer_type="text/spdx",
        artifact_type="application/vnd.dev.cosign.artifact.sbom.v1+json",
    )
    assert look(site, "download", "sbom").out == "new"


def test_output_file_takes_what_is_downloaded(site: SignedSite) -> None:
    attested(site)
    ran = look(site, "download", "attestation", "--output-file", str(site.folder / "out"))
    assert (ran.code, ran.out) == (0, "")
    assert len((site.folder / "out").read_text().splitlines()) == 3


def test_predicate_type_is_for_attestations(site: SignedSite) -> None:
    assert look(site, "download", "sbom", "--predicate-type=spdx").code == 3
    assert not site.registry.log


def test_prefix_and_repository_say_where_to_look(site: SignedSite) -> None:
    digest = site.image()
    scan = site.sigstore.attest(digest, predicate_type=SCAN)
    site.attach(digest, scan, suffix="att", prefix="mine-", path="acme/elsewhere")
    elsewhere = {"COSIGN_REPOSITORY": f"{site.registry.host}/acme/elsewhere"}
    words = ("download", "attestation")
    assert types(look(site, *words, "--attachment-tag-prefix=mine-", **elsewhere)) == [SCAN]
    assert types(look(site, *words, "--attachment-tag-prefix=mine-")) == []
    assert types(look(site, *words, **elsewhere)) == []
    tree = look(site, "tree", "--attachment-tag-prefix=mine-", **elsewhere)
    assert f"acme/elsewhere:mine-{digest.replace(':', '-')}.att" in tree.out


@pytest.mark.parametrize(
    ("kind", "ending"), [("signature", ".sig"), ("attestation", ".att"), ("sbom", ".sbom")]
)
def test_triangulate_prints_the_tag(site: SignedSite, kind: str, ending: str) -> None:
    tag = site.image().replace(":", "-")
    assert look(site, "triangulate", f"--type={kind}").out == f"{site.name}:{tag}{ending}\n"
    prefixed = look(site, "triangulate", f"--type={kind}", "--attachment-tag-prefix=x-")
    assert prefixed.out == f"{site.name}:x-{tag}{ending}\n"


def test_triangulate_prints_the_digest(site: SignedSite) -> None:
    digest = site.image()
    assert look(site, "triangulate", "--type", "digest").out == f"{site.name}@{digest}\n"
    elsewhere = look(site, "triangulate", COSIGN_REPOSITORY="acme/signatures")
    assert elsewhere.out.startswith("index.docker.io/acme/signatures:sha256-")


def test_tree_draws_tags_and_referrers(site: SignedSite) -> None:
    empty = site.image("empty", tag="0.9")
    ran = look(site, "tree", tag=":0.9")
    none = f"No Supply Chain Security Related Artifacts found for image {site.name}:0.9"
    assert ran.out.splitlines()[1:] == [none]
    digest = attested(site)
    layer = site.sigstore.sign_image(digest)
    site.attach(digest, layer)
    tag = digest.replace(":", "-")
    lines = look(site, "tree", "--registry-referrers-mode=oci-1-1").out.splitlines()
    assert lines[0] == (f"📦 Supply Chain Security Related artifacts for an image: {site.name}:1.0")
    assert lines[1] == f"└── 🔐 Signatures for an image tag: {site.name}:{tag}.sig"
    assert lines[2] == f"   └── 🍒 {layer.as_evidence(digest).digest}"
    assert lines[3] == f"└── 💾 Attestations for an image tag: {site.name}:{tag}.att"
    assert sum("artifacts via OCI referrer" in line for line in lines) == 2
    document = json.loads(look(site, "tree", "--format=json").out)
    kinds = [item["kind"] for item in document["attached"]]
    assert (document["digest"], kinds) == (digest, ["signature", "attestation", *["referrer"] * 2])
    assert empty != digest


def test_tree_leaves_the_referrers_out_where_oci_1_1_is_switched_off(site: SignedSite) -> None:
    attested(site)
    tree = look(site, "tree", "--experimental-oci11=false").out
    assert "OCI referrer" not in tree
    assert "Attestations for an image tag" in tree


@pytest.mark.parametrize("verb", ["tree", "triangulate", "download attestation"])
def test_looking_verbs_have_cosigns_global_options(site: SignedSite, verb: str) -> None:
    attested(site)
    words = verb.split()
    printed = look(site, *words)
    told = look(site, *words, "--output-file", "out.txt", "-d")
    assert (told.code, told.out) == (0, "")
    assert (site.folder / "out.txt").read_text("utf-8") == printed.out
    assert "sealpin: debug: GET http" in told.err
    asked = len(site.registry.log)
    refused = look(site, *words, "--k8s-keychain")
    assert (refused.code, "[registry.keychain-unsupported]" in refused.err) == (3, True)
    assert len(site.registry.log) == asked


def test_a_tree_is_whole_or_none(site: SignedSite) -> None:
    attested(site)
    site.registry.faults.append(on("referrers", status(500)))
    ran = look(site, "tree", "--timeout=2s")
    assert (ran.code, ran.out) == (2, "")
