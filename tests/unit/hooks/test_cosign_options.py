# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every option of cosign's verifying verbs, each with the outcome it changes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import sealpin_hooks
from cryptography import x509

from sealpin import mediatypes
from support import memory_registry
from support.command import sealpin
from support.memory_registry import on, status
from support.signed_site import KEYLESS, SignedSite
from support.virtual_sigstore import SIGNING_TIME, KeyPair, SignedBundle, Signer, VirtualSigstore
from support.virtual_sigstore.certificate_authority import GITHUB_ISSUER, der_of, pem

SCHEMA = json.loads(
    (Path(sealpin_hooks.__path__[0]) / "schemas" / "report.schema.json").read_bytes()
)
PREDICATE = "https://example.test/scan/v1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


@pytest.fixture
def key() -> KeyPair:
    return KeyPair()


def signed_by_key(site: SignedSite, key: KeyPair, **recipe: object) -> str:
    """An image with a legacy signature by *key*; returns its digest."""
    digest = site.image()
    site.attach(digest, site.sigstore.sign_image(digest, signer=Signer(key=key), **recipe))
    return digest


def signed_keyless(site: SignedSite, **recipe: object) -> str:
    digest = site.image()
    site.attach(digest, site.sigstore.sign_image(digest, **recipe))
    return digest


# Trust from files.


def test_ca_roots_and_intermediates_take_the_place_of_the_roots_own(site: SignedSite) -> None:
    signed_keyless(site)
    authority = site.sigstore.certificate_authorities[0]
    site.sigstore.certificate_authorities[0] = VirtualSigstore().certificate_authorities[0]
    assert site.verify().code == 1
    roots = site.file("roots.pem", authority.root_pem)
    between = site.file("between.pem", authority.intermediates_pem)
    ran = site.verify("--ca-roots", roots, "--ca-intermediates", between)
    assert ran.code == 0, ran.err
    other = site.file("other.pem", VirtualSigstore().certificate_authorities[0].root_pem)
    assert site.verify("--ca-roots", other, "--ca-intermediates", between).code == 1


def test_certificate_chain_is_one_authority(site: SignedSite) -> None:
    signed_keyless(site)
    authority = site.sigstore.certificate_authorities[0]
    chain = site.file("chain.pem", pem(authority.chain))
    site.sigstore.certificate_authorities[0] = VirtualSigstore().certificate_authorities[0]
    assert site.verify("--certificate-chain", chain).code == 0
    assert site.verify("--certificate-chain", site.file("root.pem", b"no certificate")).code == 3


def test_allow_certificate_chain_takes_a_chain_in_a_0_3_bundle(site: SignedSite) -> None:
    digest = site.image()
    authority = site.sigstore.certificate_authorities[0]
    document = site.sigstore.bundle(digest).document
    material = document["verificationMaterial"]
    certificates = [material.pop("certificate"), *map(raw_bytes, authority.chain[:-1])]
    material["x509CertificateChain"] = {"certificates": certificates}
    site.refer(digest, SignedBundle(content=json.dumps(document).encode()))
    words = ("--ca-roots", site.file("root.pem", authority.root_pem))
    refused = site.verify(*words)
    assert (refused.code, "[bundle.chain]" in refused.err) == (1, True)
    ran = site.verify(*words, "--allow-certificate-chain", "--second-opinion=require")
    assert ran.code == 0, ran.err
    assert "WARNING: weakened: insecure.certificate-chain" in ran.err


def raw_bytes(certificate: x509.Certificate) -> dict[str, str]:
    return {"rawBytes": base64.b64encode(der_of(certificate)).decode()}


def test_certificate_is_used_where_the_layer_has_none(site: SignedSite) -> None:
    signer = site.sigstore.keyless()
    digest = site.image()
    layer = site.sigstore.sign_image(digest, signer=signer)
    bare = {
        name: text
        for name, text in layer.annotations.items()
        if name not in (mediatypes.ANNOTATION_CERTIFICATE, mediatypes.ANNOTATION_CHAIN)
    }
    site.attach_raw(digest, [(layer.content, layer.media_type, bare)], suffix="sig")
    chain = site.file("chain.pem", pem(site.sigstore.certificate_authorities[0].chain))
    given = site.file("signer.pem", signer.verifier_pem)
    assert site.verify("--certificate-chain", chain).code == 1
    ran = site.verify("--certificate", given, "--certificate-chain", chain)
    assert ran.code == 0, ran.err
    other = site.file("other.pem", site.sigstore.keyless().verifier_pem)
    assert site.verify("--certificate", other, "--certificate-chain", chain).code == 1


def test_sct_is_that_of_the_given_certificate(site: SignedSite) -> None:
    signer = site.sigstore.keyless(scts=False)
    digest = site.image()
    site.attach(digest, site.sigstore.sign_image(digest, signer=signer))
    given = site.file("signer.pem", signer.verifier_pem)
    log = site.sigstore.ct_logs[0]
    sct = site.file("sct.json", log.add_chain_response(signer.certificate, at_utc=SIGNING_TIME))
    refused = site.verify("--certificate", given)
    assert (refused.code, "sct." in refused.err) == (1, True)
    ran = site.verify("--certificate", given, "--sct", sct)
    assert ran.code == 0, ran.err
    weak = site.verify("--insecure-ignore-sct")
    assert weak.code == 0
    assert "WARNING: weakened: insecure.ignore-sct" in weak.err


def test_timestamp_certificate_chain_demands_its_timestamps(site: SignedSite, key: KeyPair) -> None:
    public = site.file("key.pub", key.public_pem)
    signed_by_key(site, key, log="")
    authority = site.sigstore.timestamp_authorities[0]
    chain = site.file("tsa.pem", authority.chain_pem)
    words = ("--key", public, "--insecure-ignore-tlog")
    assert site.verify(*words, "--timestamp-certificate-chain", chain).code == 0
    other = site.file("other.pem", VirtualSigstore().timestamp_authorities[0].chain_pem)
    refused = site.verify(*words, "--timestamp-certificate-chain", other)
    assert (refused.code, "timestamp." in refused.err) == (1, True)


def test_use_signed_timestamps_demands_one(site: SignedSite, key: KeyPair) -> None:
    signed_by_key(site, key, stamps=())
    public = site.file("key.pub", key.public_pem)
    assert site.verify("--key", public).code == 0
    refused = site.verify("--key", public, "--use-signed-timestamps")
    assert (refused.code, "timestamp." in refused.err) == (1, True)


@pytest.mark.parametrize("flag", ["--insecure-ignore-tlog", "--private-infrastructure"])
def test_a_signature_without_log_entry_needs_the_flag_and_the_report_names_it(
    site: SignedSite, key: KeyPair, flag: str
) -> None:
    signed_by_key(site, key, log="", stamps=())
    public = site.file("key.pub", key.public_pem)
    refused = site.verify("--key", public)
    assert (refused.code, "[tlog.missing]" in refused.err) == (1, True)
    ran = site.verify("--key", public, flag, trusted=False)
    assert ran.code == 0, ran.err
    assert "WARNING: weakened: insecure." in ran.err
    assert "transparency log" not in ran.err


def test_signature_digest_algorithm_is_that_of_the_key(site: SignedSite, key: KeyPair) -> None:
    signed_by_key(site, key, hash_algorithm="sha512")
    public = site.file("key.pub", key.public_pem)
    assert site.verify("--key", public).code == 1
    assert site.verify("--key", public, "--signature-digest-algorithm", "sha512").code == 0
    assert site.verify("--key", public, "--signature-digest-algorithm", "md5").code == 3


# Evidence from elsewhere.


def test_signature_and_payload_take_the_place_of_the_registrys(
    site: SignedSite, key: KeyPair
) -> None:
    digest = site.image()
    layer = site.sigstore.sign_image(digest, signer=Signer(key=key), log="", stamps=())
    signature = layer.annotations[mediatypes.ANNOTATION_SIGNATURE]
    words = ("--key", site.file("key.pub", key.public_pem), "--insecure-ignore-tlog")
    payload = site.file("payload.json", layer.content)
    assert site.verify(*words).code == 1
    for given in (
        signature,
        site.file("signature.b64", signature.encode()),
        site.file("signature.raw", base64.b64decode(signature)),
    ):
        ran = site.verify(*words, "--signature", given, "--payload", payload)
        assert ran.code == 0, ran.err
    site.registry.forget()
    assert site.verify(*words, "--signature", signature, "--payload", payload).code == 0
    assert [asked.kind for asked in site.registry.asked()] == ["manifests"]
    other = site.file("other.json", layer.content.replace(b"cosign", b"cosine"))
    assert site.verify(*words, "--signature", signature, "--payload", other).code == 1


def test_a_signature_without_payload_is_over_the_one_cosign_makes(
    site: SignedSite, key: KeyPair
) -> None:
    digest = site.image()
    layer = site.sigstore.sign_image(
        digest, signer=Signer(key=key), log="", stamps=(), reference=site.name
    )
    signature = layer.annotations[mediatypes.ANNOTATION_SIGNATURE]
    words = ("--key", site.file("key.pub", key.public_pem), "--insecure-ignore-tlog")
    assert site.verify(*words, "--signature", signature).code == 0
    site.image("another", tag="2.0")
    assert site.verify(*words, "--signature", signature, tag=":2.0").code == 1


def test_attachment_sbom_is_about_the_signature_of_the_sbom(site: SignedSite, key: KeyPair) -> None:
    digest = signed_by_key(site, key)
    public = site.file("key.pub", key.public_pem)
    sbom = site.attach_raw(digest, [(b"SPDXVersion: SPDX-2.3\n", "text/spdx", {})], suffix="sbom")
    assert site.verify("--key", public).code == 0
    assert site.verify("--key", public, "--attachment", "sbom").code == 1
    site.attach(sbom, site.sigstore.sign_image(sbom, signer=Signer(key=key)))
    ran = site.verify("--key", public, "--attachment", "sbom")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)[0]["critical"]["image"]["docker-manifest-digest"] == sbom


def test_attachment_tag_prefix_says_where_signatures_are(site: SignedSite, key: KeyPair) -> None:
    digest = site.image()
    layer = site.sigstore.sign_image(digest, signer=Signer(key=key))
    site.attach(digest, layer, prefix="mine-")
    public = site.file("key.pub", key.public_pem)
    assert site.verify("--key", public).code == 1
    assert site.verify("--key", public, "--attachment-tag-prefix", "mine-").code == 0
    site.attach(digest, layer)
    assert site.verify("--key", public, "--attachment-tag-prefix", "other-").code == 1


def test_new_bundle_format_false_looks_at_the_legacy_format_alone(site: SignedSite) -> None:
    digest = site.image()
    site.refer(digest, site.sigstore.bundle(digest))
    assert site.verify().code == 0
    assert site.verify("--new-bundle-format").code == 0
    assert site.verify("--new-bundle-format=false").code == 1


def test_check_claims_false_does_not_compare_the_digest(site: SignedSite, key: KeyPair) -> None:
    digest = site.image()
    stranger = "sha256:" + "00" * 32
    site.attach(digest, site.sigstore.sign_image(stranger, signer=Signer(key=key)))
    public = site.file("key.pub", key.public_pem)
    refused = site.verify("--key", public)
    assert (refused.code, "[subject.mismatch]" in refused.err) == (1, True)
    ran = site.verify("--key", public, "--check-claims=false")
    assert ran.code == 0
    assert "cosign claims were validated" not in ran.err
    assert "WARNING: weakened: insecure.ignore-claims" in ran.err


def test_local_image_is_a_folder_that_cosign_saved(site: SignedSite, key: KeyPair) -> None:
    digest = signed_by_key(site, key)
    public = site.file("key.pub", key.public_pem)
    saved = save(site, digest)
    words = ("verify", "--key", public, "--trusted-root", site.root(), "--local-image")
    ran = sealpin(*words, str(saved), cwd=site.folder)
    assert ran.code == 0, ran.err
    assert f"Verification for {saved} --" in ran.err
    other = site.file("other.pub", KeyPair().public_pem)
    assert sealpin(*words[:2], other, *words[3:], str(saved), cwd=site.folder).code == 1
    assert sealpin(*words, str(site.folder / "none"), cwd=site.folder).code == 3


def test_local_image_without_a_signer_says_that_the_signer_is_missing(tmp_path: Path) -> None:
    ran = sealpin("verify", "--local-image", str(tmp_path), cwd=tmp_path)
    assert ran.code == 3
    assert ran.err.splitlines() == [
        (
            "sealpin: nothing says who must have signed: a signature by anybody proves nothing;"
            " expected --certificate-identity with --certificate-oidc-issuer, --key, --publisher or"
            " --policy [identity.missing]"
        ),
        (
            "sealpin: next: say who must have signed, or name a publisher (--publisher),"
            " a key (--key) or a policy"
        ),
    ]


def save(site: SignedSite, digest: str) -> Path:
    """Write the image and its signatures as ``cosign save`` does."""
    folder = site.folder / "saved"
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    signatures = site.repository.tags[f"{digest.replace(':', '-')}.sig"][0]
    entries = []
    for kind, name in (("image", digest), ("sigs", signatures)):
        media_type, content = site.repository.manifests[name]
        entries.append(
            {
                "mediaType": media_type,
                "digest": name,
                "size": len(content),
                "annotations": {"kind": f"dev.cosignproject.cosign/{kind}"},
            }
        )
        (blobs / name.partition(":")[2]).write_bytes(content)
    for name, content in site.repository.blobs.items():
        (blobs / name.partition(":")[2]).write_bytes(content)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return folder


def test_experimental_oci11_is_always_on(site: SignedSite) -> None:
    digest = site.image()
    signed = site.sigstore.sign_image(digest)
    layer = {
        "mediaType": signed.media_type,
        "digest": site.repository.put_blob(signed.content),
        "size": len(signed.content),
        "annotations": dict(signed.annotations),
    }
    subject = {"mediaType": memory_registry.MANIFEST, "digest": digest, "size": 2}
    site.repository.put_manifest(memory_registry.image_document([layer], subject=subject))
    assert site.verify().code == 0
    assert site.verify("--experimental-oci11").code == 0
    asked = len(site.registry.log)
    refused = site.verify("--experimental-oci11=false")
    assert (refused.code, "--experimental-oci11=false" in refused.err) == (3, True)
    assert len(site.registry.log) == asked


@pytest.mark.parametrize("word", ["-d", "--verbose"])
def test_verbose_tells_of_each_request_and_of_no_secret(site: SignedSite, word: str) -> None:
    digest = signed_keyless(site)
    ran = site.verify(word, "--registry-token", "s3cret")
    assert ran.code == 0
    url = f"http://{site.registry.host}/v2/acme/app/manifests/1.0"
    assert f"sealpin: debug: GET {url}: 200" in ran.err
    assert f"{digest.replace(':', '-')}.sig: 200" in ran.err
    assert "s3cret" not in ran.err
    assert "sealpin: debug" not in site.verify().err


# Platforms.


def test_recursive_wants_the_index_and_every_platform_signed(site: SignedSite) -> None:
    index, platforms = site.index(["linux/amd64", "linux/arm64"])
    site.attach(index, site.sigstore.sign_image(index))
    amd64, arm64 = platforms.values()
    site.attach(amd64, site.sigstore.sign_image(amd64))
    assert site.verify(tag=":multi").code == 0
    refused = site.verify("--recursive", tag=":multi")
    assert refused.code == 1
    assert f"Verification for {site.name}@{amd64} (linux/amd64) --" in refused.err
    assert "platform linux/arm64:\n" in refused.err
    site.attach(arm64, site.sigstore.sign_image(arm64))
    ran = site.verify("--recursive", tag=":multi")
    assert ran.code == 0, ran.err
    document = json.loads(site.verify("--recursive", "--format=json", tag=":multi").out)
    jsonschema.validate(document, SCHEMA)
    got = [(entry.get("platform", ""), entry["digest"]) for entry in document["images"]]
    assert got == [("", index), ("linux/amd64", amd64), ("linux/arm64", arm64)]
    text = site.verify("--recursive", "--format=text", tag=":multi").out
    assert "    platform linux/arm64\n" in text


def test_recursive_finds_attestations_on_the_platforms_of_an_index(site: SignedSite) -> None:
    _index, platforms = site.index(["linux/amd64", "linux/arm64"])
    words = (*KEYLESS, "--type", PREDICATE, f"{site.name}:multi")
    for digest in platforms.values():
        attestation = site.sigstore.attest(digest, predicate_type=PREDICATE, predicate={})
        assert site.ask("verify-attestation", "--recursive", *words).code == 1
        site.attach(digest, attestation, suffix="att")
    assert site.ask("verify-attestation", *words).code == 1
    ran = site.ask("verify-attestation", "--recursive", *words)
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 2
    assert "(linux/amd64) --" in ran.err
    assert "(linux/arm64) --" in ran.err


# Policies of verify-attestation.


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "p.yaml",
            "conditions: [{path: /level, at_most: 3}]",
            "conditions: [{path: /x, equals: 1}]",
        ),
        ("p.json", '{"schema": {"required": ["level"]}}', '{"schema": {"required": ["x"]}}'),
        ("p.cue", "predicate: level: 1", "predicate: level: 2"),
    ],
)
def test_policy_files_say_what_an_attestation_must_say(
    site: SignedSite, name: str, good: str, bad: str
) -> None:
    digest = site.image()
    attestation = site.sigstore.attest(digest, predicate_type=PREDICATE, predicate={"level": 1})
    site.attach(digest, attestation, suffix="att")
    words = (*KEYLESS, "--type", PREDICATE, f"{site.name}:1.0", "--policy")
    ran = site.ask("verify-attestation", *words, site.file(name, good.encode()))
    assert ran.code == 0, ran.err
    refused = site.ask("verify-attestation", *words, site.file(name, bad.encode()))
    assert (refused.code, refused.out) == (1, "")
    assert site.ask("verify-attestation", *words, site.file("p.txt", b"")).code == 3


def test_the_text_report_shows_what_an_attestation_says(site: SignedSite) -> None:
    digest = site.image()
    attestation = site.sigstore.attest(digest, predicate_type=PREDICATE, predicate={"level": 1})
    site.attach(digest, attestation, suffix="att")
    words = (*KEYLESS, "--type", PREDICATE, "--format=text", f"{site.name}:1.0")
    assert "    fields: level" in site.ask("verify-attestation", *words).out


# Who signed.


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((f"--certificate-oidc-issuer-regexp={GITHUB_ISSUER}",), 0),
        (("--certificate-oidc-issuer-regexp=^https://token[.]",), 0),
        (("--certificate-oidc-issuer-regexp=gitlab",), 1),
        (("--certificate-oidc-issuer-regexp=(?!x)",), 3),
        ((f"--certificate-oidc-issuer={GITHUB_ISSUER}",), 0),
        ((f"--certificate-oidc-issuer={GITHUB_ISSUER}/",), 1),
    ],
    ids=str,
)
def test_the_issuer_is_exact_or_an_unanchored_expression(
    site: SignedSite, words: tuple[str, ...], code: int
) -> None:
    signed_keyless(site)
    ran = site.ask("verify", KEYLESS[0], *words, f"{site.name}:1.0")
    assert ran.code == code, ran.err


# Where output goes.


def test_output_file_takes_standard_output(site: SignedSite) -> None:
    signed_keyless(site)
    path = site.folder / "out.json"
    ran = site.verify("--output-file", str(path))
    assert (ran.code, ran.out) == (0, "")
    assert json.loads(path.read_text())[0]["critical"]
    assert site.verify("--output-file", str(site.folder / "none" / "x")).code == 3


def test_output_text_prints_payloads_and_who_signed(site: SignedSite) -> None:
    signed_keyless(site)
    ran = site.verify("--output", "text")
    assert json.loads(ran.out)["critical"]
    assert "\nCertificate subject: " in ran.err


# The environment.


def test_variables_of_cosign_name_the_pieces_of_a_root(site: SignedSite) -> None:
    signed_keyless(site)
    sigstore = site.sigstore
    pieces = {
        "SIGSTORE_ROOT_FILE": sigstore.certificate_authorities[0].root_pem,
        "SIGSTORE_REKOR_PUBLIC_KEY": sigstore.rekor.key.public_pem,
        "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": sigstore.ct_logs[0].key.public_pem,
    }
    environment = {name: site.file(f"{name}.pem", data) for name, data in pieces.items()}
    ran = site.verify("--offline", trusted=False, **environment)
    assert ran.code == 0, ran.err
    for name, path in environment.items():
        assert f"sealpin: note: {name}={path} is used\n" in ran.err
        without = {other: value for other, value in environment.items() if other != name}
        assert site.verify("--offline", trusted=False, **without).code == 1
    trusted = site.verify(**environment)
    assert (trusted.code, "note:" in trusted.err) == (0, False)


def test_the_variable_of_a_timestamp_authority_demands_nothing(
    site: SignedSite, key: KeyPair
) -> None:
    signed_by_key(site, key, log="")
    other = VirtualSigstore().timestamp_authorities[0].chain_pem
    own = site.sigstore.timestamp_authorities[0].chain_pem
    public = site.file("key.pub", key.public_pem)
    for chain, code in ((own, 0), (other, 1)):
        path = site.file("tsa.pem", chain)
        words = ("--key", public, "--insecure-ignore-tlog")
        environment = {"SIGSTORE_TSA_CERTIFICATE_FILE": path}
        assert site.verify(*words, trusted=False, **environment).code == 0
        stamped = site.verify(*words, "--use-signed-timestamps", trusted=False, **environment)
        assert stamped.code == code, stamped.err


def test_nothing_that_weakens_a_check_is_read_from_the_environment(
    site: SignedSite, key: KeyPair
) -> None:
    signed_by_key(site, key, log="", stamps=())
    public = site.file("key.pub", key.public_pem)
    names = ("INSECURE_IGNORE_TLOG", "PRIVATE_INFRASTRUCTURE", "INSECURE_IGNORE_SCT")
    environment = {f"COSIGN_{name}": "true" for name in (*names, "EXPERIMENTAL")}
    assert site.verify("--key", public, **environment).code == 1
    assert site.verify(COSIGN_KEY=public).code == 1


def test_verbs_of_our_own_read_none_of_it(site: SignedSite, key: KeyPair) -> None:
    digest = site.image()
    layer = site.sigstore.sign_image(digest, signer=Signer(key=key))
    site.attach(digest, layer, path="acme/signatures")
    public = site.file("key.pub", key.public_pem)
    elsewhere = {"COSIGN_REPOSITORY": f"{site.registry.host}/acme/signatures"}
    assert site.verify("--key", public, **elsewhere).code == 0
    site.file("pod.yaml", f"image: {site.name}:1.0\n".encode())
    ran = site.ask("pin", "--key", public, "pod.yaml", **elsewhere)
    assert "COSIGN_REPOSITORY" not in ran.err
    assert digest not in (site.folder / "pod.yaml").read_text()


def test_a_repository_that_is_none_is_refused(site: SignedSite) -> None:
    signed_keyless(site)
    ran = site.verify(COSIGN_REPOSITORY="Not A Repository")
    assert (ran.code, "[reference.repository]" in ran.err) == (3, True)


def test_a_tuf_mirror_needs_the_first_root_from_somebody_else(site: SignedSite) -> None:
    signed_keyless(site)
    ran = site.verify("--offline", trusted=False, TUF_MIRROR="https://tuf.example.test")
    assert (ran.code, "[tuf.no-root]" in ran.err) == (3, True)
    first = site.file("root.json", b"{}")
    private = {"TUF_MIRROR": "https://tuf.example.test", "TUF_ROOT_JSON": first}
    ran = site.verify("--offline", trusted=False, TUF_ROOT=str(site.folder / "tuf"), **private)
    assert (ran.code, "[trust.none-here]" in ran.err) == (2, True)
    assert "sealpin: note: TUF_ROOT=" in ran.err


# What is refused before any request.


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (("--certificate-identity-regexp", "x"), ("--certificate-identity-regexp", "got both")),
        (("--certificate-chain", "a", "--ca-roots", "b"), ("--certificate-chain", "--ca-roots")),
        (("--ca-intermediates", "a"), ("--ca-intermediates", "--ca-roots")),
        (("--sct", "a"), ("--sct", "--certificate")),
        (("--sct", "a", "--certificate", "b", "--insecure-ignore-sct"), ("--sct", "--insecure-ig")),
        (("--payload", "a"), ("--payload", "--signature")),
        (("--rekor-url", "https://a", "--offline"), ("--rekor-url", "--offline")),
        (("--rekor-url", "https://a", "--insecure-ignore-tlog"), ("--rekor-url", "ignore-tlog")),
        (("--local-image", "--recursive"), ("--local-image", "--recursive")),
        (("--signature", "a", "--recursive"), ("--signature", "--recursive")),
        (("-a", "x=1", "--check-claims=false"), ("--annotations", "--check-claims=false")),
        (("--signature-digest-algorithm", "sha512"), ("--signature-digest-algorithm", "--key")),
        (("--compat", "cosign", "--format", "json"), ()),
        (("--images-from", "x"), ("--images-from",)),
        (("--moved-registry", "a=b"), ("--moved-registry", "--images-from")),
        (("--signature", "a", "second:1.0"), ("--signature", "2 images")),
        (("--sk",), ("[key.sk-unsupported]", "cosign public-key --sk")),
        (("--slot", "9c"), ("[key.sk-unsupported]",)),
        (("--k8s-keychain",), ("[registry.keychain-unsupported]", "--k8s-keychain")),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_refuses_what_contradicts_itself_and_names_both(
    site: SignedSite, words: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    ran = site.verify(*words)
    assert ran.code == (1 if "--compat" in words else 3)
    assert all(text in ran.err for text in texts), ran.err
    assert not site.registry.log


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (("--key", "a.pub", "--certificate", "b"), ("--key", "--certificate")),
        (("--key", "a.pub", "--ca-roots", "b"), ("--key", "--ca-roots")),
        (("--key", "a.pub", "--certificate-identity", "b"), ("[identity.with-key]",)),
        (("--key", "a.pub", "--publisher", "kubernetes"), ("[identity.with-key]",)),
        (("--key", "pkcs11:token=x"), ("[key.pkcs11-unsupported]",)),
        (("--key", "gitlab://acme/app"), ("[key.gitlab-unsupported]",)),
        (("--policy", "p.yaml", "--insecure-ignore-tlog"), ("--policy", "--insecure-ignore-tlog")),
        (("--policy", "p.yaml", "--check-claims=false"), ("--policy", "--check-claims=false")),
        (("--policy", "p.yaml", "--ca-roots", "b"), ("--policy", "--ca-roots")),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_refuses_what_says_twice_who_is_trusted(
    site: SignedSite, words: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    site.file("a.pub", KeyPair().public_pem)
    ran = site.ask("verify", *words, f"{site.name}:1.0")
    assert ran.code == 3
    assert all(text in ran.err for text in texts), ran.err
    assert not site.registry.log


@pytest.mark.parametrize("verb", ["verify", "verify-attestation"])
@pytest.mark.parametrize("code", [0, 401, 403, 404])
def test_what_was_asked_ahead_is_not_asked_again(site: SignedSite, verb: str, code: int) -> None:
    site.image()
    if code:
        site.registry.faults.append(on(r"\.sig|\.att|referrers", status(code)))
    assert site.ask(verb, *KEYLESS, f"{site.name}:1.0").code == (2 if code in (401, 403) else 1)
    paths = [asked.path for asked in site.registry.asked()]
    assert len(paths) == len(set(paths))
