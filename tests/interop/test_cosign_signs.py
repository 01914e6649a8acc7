# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images that real cosigns sign in the test, by keys of every kind, verify here."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives import serialization

from sealpin.crypto import PublicKey
from sealpin.digest import Digest
from sealpin.policy.decision import AuthorityResult
from sealpin.reference import ImageReference
from sealpin.report.vsa import resource_uri, verification_summary
from sealpin.slsa.vsa import ExpectedSummary, verify_vsa
from support.builders import decision, statement
from support.command import sealpin
from support.virtual_sigstore import KeyPair

KEYS = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096", "ed25519"]
FORMS = ["legacy", "bundle"]


@pytest.fixture(scope="module", params=KEYS)
def key(request: pytest.FixtureRequest) -> KeyPair:
    return KeyPair(request.param)


@pytest.mark.parametrize("form", FORMS)
def test_verifies_what_cosign_signed_with_a_key(cosign, repository, tmp_path, key, form):
    digest = repository.image(f"{key.algorithm} {form}")
    image = f"{repository.name}@{digest}"
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    imported = cosign(
        "import-key-pair", "--key", tmp_path / "key.pem", "--output-key-prefix", tmp_path / "k",
        COSIGN_PASSWORD="",
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    signed = cosign(
        "sign", "--yes", "--key", tmp_path / "k.key", *form_flags(cosign.version, form), image,
        COSIGN_PASSWORD="",
    )  # fmt: skip
    assert signed.returncode == 0, signed.stderr

    public = tmp_path / "k.pub"
    verify = ("verify", "--insecure-ignore-tlog", "--format", "json")
    ran = sealpin(*verify, "--key", public, image)
    assert ran.code == 0, ran.out
    other = tmp_path / "other.pub"
    other.write_bytes(KeyPair(key.algorithm).public_pem)
    assert sealpin(*verify, "--key", other, image).code == 1
    assert sealpin("verify", "--offline", "--key", public, image).code == 1


def private_pem(key: KeyPair) -> bytes:
    return key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def form_flags(version: str, form: str) -> tuple[str, ...]:
    """Say how a signature without a log entry is asked for, which each cosign spells otherwise."""
    is_bundle = "true" if form == "bundle" else "false"
    flags = ("--tlog-upload=false", f"--new-bundle-format={is_bundle}")
    return flags if version == "cosign2" else ("--use-signing-config=false", *flags)


def test_a_summary_of_ours_that_cosign_signs_is_read_back(cosign, tmp_path):
    image = ImageReference.parse("registry.example/app:1.0")
    subject = Digest.of(b"an image")
    proof = statement(subject, at_utc=datetime(2026, 1, 1, tzinfo=timezone.utc))
    proven = AuthorityResult(policy="app", authority="key", statements=(proof,))
    made = replace(decision(image, digest=subject), satisfied=(proven,))
    verifier = "https://ci.example/verifier"
    summary = verification_summary(
        made, verifier=verifier, policy=subject, now_utc=datetime.now(timezone.utc)
    )
    key = KeyPair("ecdsa-p256")
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    (tmp_path / "statement.json").write_text(json.dumps(summary))
    cosign(
        "import-key-pair", "--key", tmp_path / "key.pem", "--output-key-prefix", tmp_path / "k",
        COSIGN_PASSWORD="",
    )  # fmt: skip
    signed = cosign(
        "attest-blob", "--yes", "--key", tmp_path / "k.key",
        "--statement", tmp_path / "statement.json", *form_flags(cosign.version, "legacy"),
        "--output-signature", tmp_path / "envelope.json", COSIGN_PASSWORD="",
    )  # fmt: skip
    assert signed.returncode == 0, signed.stderr
    public = PublicKey.from_pem(key.public_pem, what="key")
    expected = ExpectedSummary(
        subjects=((subject.algorithm, subject.hex),),
        verifier=verifier,
        resource=resource_uri(image.repository),
    )
    envelope = (tmp_path / "envelope.json").read_bytes()
    read = verify_vsa(envelope, key=public, key_id=None, expected=expected)
    assert read.levels == ("SLSA_BUILD_LEVEL_UNEVALUATED",)
