# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hold the virtual Sigstore to another reading of the formats, the ``sigstore`` package's."""

from __future__ import annotations

import base64
import json
import struct
from datetime import timedelta, timezone
from ipaddress import IPv6Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore.errors import VerificationError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity as ExpectedIdentity

from sealpin.evidence import EvidenceKind
from support.virtual_sigstore import (
    SIGNING_TIME,
    CertificateAuthority,
    CertificateTransparencyLog,
    Edits,
    Identity,
    KeyPair,
    RekorV1,
    SignedBundle,
    Stamp,
    TimestampAuthority,
    VirtualSigstore,
    der_of,
)

FULCIO_USERNAME = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
DIGEST = "sha256:" + "5a" * 32
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3"
ISSUER = "https://token.actions.githubusercontent.com"
ANYTIME = Stamp(at_utc=SIGNING_TIME + timedelta(minutes=1))


@pytest.fixture(scope="module")
def sigstore() -> VirtualSigstore:
    return VirtualSigstore()


@pytest.fixture
def read(tmp_path):
    """Verify a bundle by the package; returns the payload of a DSSE envelope."""

    def read(sigstore: VirtualSigstore, bundle: SignedBundle, blob: bytes = b"", identity=WORKFLOW):
        path = tmp_path / "trusted_root.json"
        path.write_bytes(sigstore.trusted_root_json())
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(path)))
        expected = ExpectedIdentity(identity=identity, issuer=ISSUER)
        parsed = Bundle.from_json(bundle.content)
        if blob:
            verifier.verify_artifact(blob, parsed, expected)
            return blob
        return verifier.verify_dsse(parsed, expected)[1]

    return read


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param({}, id="v0.3-rekor-v1"),
        pytest.param({"version": "0.1"}, id="v0.1"),
        pytest.param({"version": "0.2"}, id="v0.2"),
        pytest.param({"promise": False, "stamps": [ANYTIME]}, id="timestamp-in-place-of-promise"),
        pytest.param({"stamps": [ANYTIME]}, id="promise-and-timestamp"),
        pytest.param({"log": "v2"}, id="rekor-v2-hashedrekord"),
    ],
)
def test_sigstore_verifies_envelope_bundle(sigstore, read, recipe):
    payload = read(
        sigstore, sigstore.bundle(DIGEST, predicate_type="https://acme.test/p", **recipe)
    )

    statement = json.loads(payload)
    assert statement["subject"] == [{"digest": {"sha256": "5a" * 32}}]
    assert statement["predicateType"] == "https://acme.test/p"


@pytest.mark.parametrize("log", ["v1", "v2"])
def test_sigstore_verifies_blob_bundle(sigstore, read, log):
    assert read(sigstore, sigstore.blob_bundle(b"hello", log=log), b"hello")


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        pytest.param(Identity.email("dev@acme.test"), "dev@acme.test", id="email"),
        pytest.param(Identity.uri("spiffe://acme.test/ci"), "spiffe://acme.test/ci", id="uri"),
    ],
)
def test_sigstore_reads_the_certified_name(sigstore, read, identity, expected):
    assert read(sigstore, sigstore.bundle(DIGEST, identity=identity), identity=expected)


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048"])
def test_sigstore_verifies_timestamps_of_every_authority_key(read, algorithm):
    sigstore = VirtualSigstore(timestamp_authority=TimestampAuthority(algorithm=algorithm))

    assert read(sigstore, sigstore.bundle(DIGEST, log="v2"))


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-2048", "ed25519"])
def test_sigstore_verifies_logs_of_every_key(read, algorithm):
    sigstore = VirtualSigstore(rekor=RekorV1(key=KeyPair(algorithm)))

    assert read(sigstore, sigstore.bundle(DIGEST))


def _replace(field: str, value: object):
    return lambda document: {**document, field: value}


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("edits", "log"),
    [
        pytest.param(Edits(signature=_flip), "v1", id="signature"),
        pytest.param(Edits(log_body=_replace("kind", "other")), "v1", id="log-body"),
        pytest.param(Edits(promise=_replace("logIndex", 7)), "v1", id="promise"),
        pytest.param(
            Edits(checkpoint=lambda t: t[:-5] + "AAA=\n"), "v1", id="checkpoint-of-another-root"
        ),
        pytest.param(Edits(entry=_replace("integratedTime", "1700000000")), "v1", id="time"),
        pytest.param(Edits(envelope=_replace("payload", "e30=")), "v1", id="payload"),
        pytest.param(Edits(stamped=_flip), "v2", id="timestamp-of-other-bytes"),
        pytest.param(Edits(timestamp=_flip), "v2", id="timestamp-signature"),
    ],
)
def test_one_edit_is_one_defect(read, edits, log):
    sigstore = VirtualSigstore()
    bundle = sigstore.bundle(DIGEST, log=log, edits=edits)

    with pytest.raises((VerificationError, ValueError)):
        read(sigstore, bundle)


def test_sct_of_an_unknown_log_is_refused(read):
    sigstore = VirtualSigstore()
    bundle = sigstore.bundle(DIGEST)
    sigstore.ct_logs = [CertificateTransparencyLog()]

    with pytest.raises(VerificationError, match="SCT"):
        read(sigstore, bundle)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        pytest.param(Identity(), [x509.UniformResourceIdentifier(WORKFLOW)], id="uri"),
        pytest.param(Identity.email("a@b.test"), [x509.RFC822Name("a@b.test")], id="email"),
        pytest.param(Identity.dns("b.test"), [x509.DNSName("b.test")], id="dns"),
        pytest.param(Identity.ip("::1"), [x509.IPAddress(IPv6Address("::1"))], id="ip"),
        pytest.param(
            Identity.username("dev!acme.test"),
            [x509.OtherName(FULCIO_USERNAME, b"\x0c\x0ddev!acme.test")],
            id="username",
        ),
    ],
)
def test_certificates_name_every_kind_of_signer(sigstore, identity, expected):
    certificate = sigstore.keyless(identity).certificate

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert list(names.value) == expected


def test_certificates_carry_fulcios_extensions_in_both_encodings(sigstore):
    identity = Identity(issuer="https://issuer.test", claims={5: "acme/app", 12: "https://r.test"})
    certificate = sigstore.keyless(identity).certificate

    values = {
        extension.oid.dotted_string.removeprefix("1.3.6.1.4.1.57264.1."): extension.value.value
        for extension in certificate.extensions
        if extension.oid.dotted_string.startswith("1.3.6.1.4.1.57264.1.")
    }
    assert values == {
        "1": b"https://issuer.test",
        "5": b"acme/app",
        "8": b"\x0c\x13https://issuer.test",
        "12": b"\x0c\x0ehttps://r.test",
    }


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"])
def test_authorities_of_every_key_issue_chains_that_hold(algorithm):
    authority = CertificateAuthority(algorithm=algorithm, intermediates=2)
    leaf = authority.issue(KeyPair())

    chain = (leaf, *authority.chain)
    assert len(chain) == 4
    for certificate, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
        certificate.verify_directly_issued_by(issuer)


def test_an_embedded_timestamp_is_one_that_cryptography_reads(sigstore):
    certificate = sigstore.keyless().certificate

    (sct,) = certificate.extensions.get_extension_for_class(
        x509.PrecertificateSignedCertificateTimestamps
    ).value
    assert sct.log_id == sigstore.ct_logs[0].key.key_id
    assert sct.timestamp.replace(tzinfo=timezone.utc) == SIGNING_TIME


def test_a_detached_timestamp_covers_the_whole_certificate(sigstore):
    """RFC 6962 section 3.2, put together once more by hand."""
    log, certificate = sigstore.ct_logs[0], sigstore.keyless(scts=False).certificate
    answer = json.loads(log.add_chain_response(certificate, at_utc=SIGNING_TIME))
    der = der_of(certificate)
    signed = struct.pack(">BBQH", 0, 0, answer["timestamp"], 0)
    signed += len(der).to_bytes(3, "big") + der + b"\0\0"

    hash_id, signature_id, size = struct.unpack(">BBH", base64.b64decode(answer["signature"])[:4])
    signature = base64.b64decode(answer["signature"])[4:]
    assert (hash_id, signature_id, size) == (4, 3, len(signature))
    log.key.private.public_key().verify(signature, signed, ec.ECDSA(hashes.SHA256()))


def test_layers_and_bundles_are_evidence_about_their_subject(sigstore):
    found = [
        sigstore.sign_image(DIGEST).as_evidence(DIGEST),
        sigstore.attest(DIGEST).as_evidence(DIGEST),
        sigstore.bundle(DIGEST).as_evidence(DIGEST),
    ]

    assert [evidence.kind for evidence in found] == [
        EvidenceKind.SIGNATURE_LAYER,
        EvidenceKind.ATTESTATION_LAYER,
        EvidenceKind.BUNDLE,
    ]
    assert {str(evidence.subject) for evidence in found} == {DIGEST}
