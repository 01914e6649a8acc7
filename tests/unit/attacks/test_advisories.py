# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Published attacks that go through the command, and the page that names a test for each."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealpin import mediatypes
from sealpin.manifests.finder import find_sites
from support import memory_registry
from support.command import sealpin
from support.memory_registry import image_document
from support.signed_site import KEYLESS, SignedSite
from support.virtual_sigstore import KeyPair, Signer, VirtualSigstore, rekor_service

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "advisories.md"
NAMED = re.findall(r"`(tests/[\w/.-]+\.py)::(test_\w+)`", PAGE.read_text("utf-8"))
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "test"), NAMED, ids="::".join)
def test_each_test_that_the_page_names_is_there(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert test in {function.name for function in functions}


@pytest.mark.parametrize("form", ["layer", "bundle"])
def test_cve_2022_35929_an_attestation_of_another_type_is_none_of_the_type(
    site: SignedSite, form: str
) -> None:
    digest = site.image()
    if form == "layer":
        attested = site.sigstore.attest(digest, predicate_type=VULN, predicate={})
        site.attach(digest, attested, suffix="att")
    else:
        attested = site.sigstore.bundle(digest, predicate_type=VULN, predicate={})
        site.refer(digest, attested)
    words = (*KEYLESS, f"{site.name}:1.0")
    assert site.ask("verify-attestation", "--type", "vuln", *words).code == 0
    ran = site.ask("verify-attestation", "--type", "spdx", *words)
    assert (ran.code, ran.out) == (1, "")
    assert "[attestation.type]" in ran.err
    asked = site.ask("verify-attestation", *words)  # for "custom", as cosign's default has it
    assert "next: ask for a type that the image has an attestation of: vuln\n" in asked.err
    answered = site.ask("verify-attestation", "--compat=cosign", *words)
    assert f"matched the predicate type: custom, found: {VULN}\n" in answered.err


def test_cve_2022_36056_the_identity_counts_beside_a_valid_log_entry(site: SignedSite) -> None:
    digest = site.image()
    site.attach(digest, site.sigstore.sign_image(digest))
    issuer = KEYLESS[1]
    words = ("--certificate-identity=https://github.com/evil/app", issuer, f"{site.name}:1.0")
    ran = site.ask("verify", *words)
    assert (ran.code, "[identity.mismatch]" in ran.err) == (1, True)
    other = KEYLESS[0], "--certificate-oidc-issuer=https://evil.test"
    assert site.ask("verify", *other, f"{site.name}:1.0").code == 1


def test_ghsa_fx35_mq7g_6g98_a_legacy_log_entry_with_an_unexpected_key(site: SignedSite) -> None:
    key, other = KeyPair(), KeyPair()
    digest = site.image()
    signed = site.sigstore.sign_image(digest, signer=Signer(key=key))
    foreign = site.sigstore.sign_image(digest, signer=Signer(key=other))
    entry = foreign.annotations[mediatypes.ANNOTATION_BUNDLE]
    annotations = {**signed.annotations, mediatypes.ANNOTATION_BUNDLE: entry}
    site.attach_raw(digest, [(signed.content, signed.media_type, annotations)], suffix="sig")
    public = site.file("key.pub", key.public_pem)
    ran = site.verify("--key", public)
    assert (ran.code, "[tlog." in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("layers", "code"), [(30_000, "evidence.too-many-layers"), (100_000, "registry.too-large")]
)
def test_cve_2024_29903_a_manifest_of_very_many_layers(
    site: SignedSite, layers: int, code: str
) -> None:
    digest = site.image()
    layer = {"mediaType": "a/b", "digest": f"sha256:{'0' * 64}", "size": 1}
    tag = f"{digest.replace(':', '-')}.sig"
    site.repository.put_manifest(image_document([layer] * layers), tag=tag)
    ran = site.verify("--format", "json")
    assert (ran.code, code in ran.out) == (2, True)


def test_cve_2023_47122_a_log_does_not_say_which_key_is_its_own(site: SignedSite) -> None:
    forger = VirtualSigstore(
        certificate_authority=site.sigstore.certificate_authorities[0],
        ct_log=site.sigstore.ct_logs[0],
    )
    digest = site.image()
    layer = forger.sign_image(digest)
    annotations = dict(layer.annotations)
    entry = json.loads(annotations.pop(mediatypes.ANNOTATION_BUNDLE))
    site.attach_raw(digest, [(layer.content, layer.media_type, annotations)], suffix="sig")
    pem = forger.rekor.key.public_pem
    with rekor_service.serving(entries=[entry], public_key=pem, answers_everything=True) as log:
        ran = site.verify("--rekor-url", log.url)
    assert (ran.code, "[tlog.threshold]" in ran.err) == (1, True), ran.err
    assert set(log.paths) == {rekor_service.PATH}


def test_a_tag_that_moves_after_verification_moves_nothing_that_was_printed(
    site: SignedSite,
) -> None:
    """Crossplane verified a tag and installed the tag."""
    digest = site.image()
    site.attach(digest, site.sigstore.sign_image(digest))
    ran = site.verify("--format", "json")
    site.image("evil")
    entry = json.loads(ran.out)["images"][0]
    assert entry["digest"] == digest
    assert site.verify().code == 1


def test_an_outcome_that_a_resource_or_a_lock_brings_along_is_not_believed(
    site: SignedSite,
) -> None:
    """Kyverno trusted an annotation with the outcome of an earlier check."""
    digest = site.image()
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n"
        f'    kyverno.io/verify-images: \'{{"{site.name}:1.0@{digest}":"pass"}}\'\n'
        f"spec:\n  containers:\n  - image: {site.name}:1.0\n"
    )
    site.file("pod.yaml", pod.encode())
    key = site.file("key.pub", KeyPair().public_pem)
    believed = {"digest": digest, "policy": f"sha256:{'0' * 64}", "signer": "key"}
    lock = {"version": 1, f"{site.name}:1.0": believed}
    site.file("sealpin.lock", json.dumps(lock).encode())
    words = ("pin", "--key", key, "--trusted-root", site.root(), "pod.yaml")
    ran = sealpin(*words, cwd=site.folder, env={"HOME": str(site.folder)})
    assert ran.code == 1, ran.err
    assert (site.folder / "pod.yaml").read_text() == pod


def test_every_place_of_a_pod_that_names_an_image_is_seen() -> None:
    """Kyverno and policy-controller passed over ephemeral containers and image volumes."""
    pod = """\
apiVersion: v1
kind: Pod
spec:
  initContainers: [{image: one.test/a:1}]
  containers: [{image: two.test/a:1}]
  ephemeralContainers: [{image: three.test/a:1}]
  volumes: [{name: v, image: {reference: four.test/a:1}}]
"""
    found = find_sites("pod.yaml", pod.encode())
    hosts = [site.text.partition(".")[0] for site in found.sites]
    assert hosts == ["one", "two", "three", "four"]
