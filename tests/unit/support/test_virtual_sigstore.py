# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hold the virtual Sigstore to another reading of the formats, the ``sigstore`` package's."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sigstore.errors import VerificationError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity as ExpectedIdentity

from support.virtual_sigstore import (
    SIGNING_TIME,
    CertificateTransparencyLog,
    Edits,
    Identity,
    KeyPair,
    RekorV1,
    SignedBundle,
    Stamp,
    TimestampAuthority,
    VirtualSigstore,
)

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
