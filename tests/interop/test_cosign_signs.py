# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images that real cosigns sign in the test, by keys of every kind, verify here."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization

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
