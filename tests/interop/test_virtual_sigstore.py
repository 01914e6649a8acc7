# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Real cosigns accept what the virtual Sigstore signs, and refuse it with one defect."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.oci_upload import Layer
from support.virtual_sigstore import (
    SIGNING_TIME,
    CertificateAuthority,
    Edits,
    Identity,
    KeyPair,
    SignedLayer,
    Signer,
    Stamp,
    VirtualSigstore,
)

WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3"
ISSUER = "https://token.actions.githubusercontent.com"
KEYLESS = ("--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER)
PREDICATE_TYPE = "https://slsa.dev/provenance/v0.2"


@pytest.fixture(scope="module")
def sigstore() -> VirtualSigstore:
    return VirtualSigstore()


def _upload(layer: SignedLayer) -> Layer:
    return Layer(content=layer.content, media_type=layer.media_type, annotations=layer.annotations)


def _trust(sigstore: VirtualSigstore, folder: Path) -> tuple[str, str]:
    path = folder / "trusted_root.json"
    path.write_bytes(sigstore.trusted_root_json())
    return ("--trusted-root", str(path))


def _trust_by_environment(sigstore: VirtualSigstore, folder: Path) -> dict[str, str]:
    """The same trust, piece by piece: cosign v2 reads no trusted root for attestation layers."""
    pieces = {
        "SIGSTORE_ROOT_FILE": sigstore.certificate_authorities[0].chain_pem,
        "SIGSTORE_REKOR_PUBLIC_KEY": sigstore.rekor.key.public_pem,
        "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": sigstore.ct_logs[0].key.public_pem,
    }
    for name, content in pieces.items():
        (folder / name).write_bytes(content)
    return {name: str(folder / name) for name in pieces}


def _key(signer: Signer, folder: Path) -> tuple[str, str]:
    path = folder / "cosign.pub"
    path.write_bytes(signer.key.public_pem)
    return ("--key", str(path))


def _accepts(process: subprocess.CompletedProcess[str]) -> None:
    assert process.returncode == 0, process.stderr


def test_accepts_keyless_signature_layer(cosign, sigstore, repository, tmp_path):
    digest = repository.image("keyless")
    layer = sigstore.sign_image(digest, annotations={"env": "prod"})
    repository.signatures(digest, [_upload(layer)])
    arguments = ("verify", *KEYLESS, *_trust(sigstore, tmp_path))

    _accepts(cosign(*arguments, "-a", "env=prod", f"{repository.name}@{digest}"))
    assert cosign(*arguments, "-a", "env=dev", f"{repository.name}@{digest}").returncode != 0


@pytest.mark.parametrize("kind", ["dsse", "intoto-0.0.1"])
def test_accepts_keyless_attestation_layer(cosign, sigstore, repository, tmp_path, kind):
    digest = repository.image("attested")
    layer = sigstore.attest(digest, predicate_type=PREDICATE_TYPE, kind=kind)
    repository.signatures(digest, [_upload(layer)], suffix="att")
    arguments = ("verify-attestation", "--type", "slsaprovenance", *KEYLESS)
    trust = _trust_by_environment(sigstore, tmp_path)

    _accepts(cosign(*arguments, f"{repository.name}@{digest}", **trust))


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-2048", "rsa-4096"])
def test_accepts_signature_layer_of_a_key(cosign, sigstore, repository, tmp_path, algorithm):
    digest = repository.image("keyed")
    signer = Signer(key=KeyPair(algorithm))
    repository.signatures(digest, [_upload(sigstore.sign_image(digest, signer=signer))])
    arguments = ("verify", *_key(signer, tmp_path), *_trust(sigstore, tmp_path))

    _accepts(cosign(*arguments, f"{repository.name}@{digest}"))


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param({}, id="rekor-v1"),
        pytest.param({"kind": "intoto-0.0.2"}, id="rekor-v1-intoto"),
        pytest.param({"promise": False, "stamps": [Stamp()]}, id="proof-and-timestamp"),
        pytest.param({"log": "v2"}, id="rekor-v2"),
    ],
)
def test_accepts_keyless_bundle(cosign, sigstore, repository, tmp_path, recipe):
    digest = repository.image("bundled")
    repository.bundle(digest, sigstore.bundle(digest, **recipe).content)
    arguments = ["verify", *KEYLESS, *_trust(sigstore, tmp_path)]
    if cosign.version == "cosign2":
        arguments += ["--new-bundle-format"]
        if recipe.get("log") == "v2":
            arguments += ["--use-signed-timestamps"]
    if "stamps" in recipe:
        arguments += ["--use-signed-timestamps"]

    _accepts(cosign(*arguments, f"{repository.name}@{digest}"))


def test_accepts_keyless_bundle_of_a_p384_key(cosign, sigstore, repository, tmp_path):
    digest = repository.image("stronger")
    bundle = sigstore.bundle(digest, signer=sigstore.keyless(algorithm="ecdsa-p384"))
    repository.bundle(digest, bundle.content)
    arguments = ("verify", "--new-bundle-format", *KEYLESS, *_trust(sigstore, tmp_path))

    _accepts(cosign(*arguments, f"{repository.name}@{digest}"))


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"])
def test_accepts_bundle_of_a_key(cosign, sigstore, repository, tmp_path, algorithm):
    digest = repository.image("keyed bundle")
    signer = Signer(key=KeyPair(algorithm))
    # With --key, cosign hashes by SHA-256 whatever the key.
    bundle = sigstore.bundle(
        digest, signer=signer, hash_algorithm="" if algorithm == "ed25519" else "sha256"
    )
    repository.bundle(digest, bundle.content)
    arguments = ("verify", "--new-bundle-format", *_key(signer, tmp_path))

    _accepts(cosign(*arguments, *_trust(sigstore, tmp_path), f"{repository.name}@{digest}"))


def test_accepts_own_pki_with_timestamp_and_no_log(cosign, repository, tmp_path):
    sigstore = VirtualSigstore(certificate_authority=CertificateAuthority(intermediates=2))
    digest = repository.image("own pki")
    signer = sigstore.keyless(Identity.email("dev@acme.test"), scts=False)
    stamp = Stamp(at_utc=SIGNING_TIME)
    layer = sigstore.sign_image(digest, signer=signer, log="", stamps=[stamp])
    repository.signatures(digest, [_upload(layer)])
    chain, tsa = tmp_path / "chain.pem", tmp_path / "tsa.pem"
    chain.write_bytes(sigstore.certificate_authorities[0].chain_pem)
    tsa.write_bytes(sigstore.timestamp_authorities[0].chain_pem)

    process = cosign(
        *("verify", "--certificate-identity", "dev@acme.test"),
        *("--certificate-oidc-issuer", ISSUER, "--certificate-chain", chain),
        *("--timestamp-certificate-chain", tsa, "--insecure-ignore-tlog", "--insecure-ignore-sct"),
        f"{repository.name}@{digest}",
    )

    _accepts(process)


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        pytest.param(
            Edits(promise=lambda p: {**p, "logIndex": 7}), "unable to verify SET", id="promise"
        ),
        pytest.param(
            Edits(signature=lambda s: s[:-1] + bytes([s[-1] ^ 1])), "signature", id="signature"
        ),
    ],
)
def test_refuses_signature_layer_with_one_defect(cosign, repository, tmp_path, edits, complaint):
    sigstore = VirtualSigstore()
    digest = repository.image("defect")
    repository.signatures(digest, [_upload(sigstore.sign_image(digest, edits=edits))])
    arguments = ("verify", *KEYLESS, *_trust(sigstore, tmp_path))

    process = cosign(*arguments, f"{repository.name}@{digest}")

    assert process.returncode != 0
    assert complaint in process.stderr
