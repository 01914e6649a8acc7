# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Who must have signed, and that they did: a given key, or the certificate the evidence brings.

Whether that certificate is worth anything is `certificate`'s question. The hash is what the trust
says, else SHA-256 (cosign's, with every kind of key) or the key's natural one; ``keyid`` and a
bundle's key hint choose nothing.
"""

from __future__ import annotations

from ..certificates import Certificate
from ..crypto import PublicKey
from ..digest import Digest
from ..errors import VerificationFailed
from ..trust.keys import default_hashes
from ..trust.material import KeyTrust, SigningTrust
from .parts import Form, SignedParts


def choose_signer(
    parts: SignedParts, trust: SigningTrust, given: Certificate | None
) -> Certificate | PublicKey:
    """Return the key or certificate that must have signed.

    *given* replaces the certificate of legacy evidence. Raises `VerificationFailed` ``signer.*``.
    """
    if isinstance(trust, KeyTrust):
        if parts.certificate is None:
            return trust.key.key
        if parts.form is Form.BUNDLE:
            raise VerificationFailed(
                "signer.not-a-key",
                f"expected a signature by key {trust.key.name}, got one by a certificate",
            )
        if parts.certificate.public_key != trust.key.key:
            raise VerificationFailed(
                "signer.key-mismatch",
                f"the layer's certificate is for another key than {trust.key.name}",
            )
        return trust.key.key
    if given is not None and parts.form is Form.BUNDLE:
        raise VerificationFailed(
            "signer.given-certificate",
            "a bundle has its own certificate; a given one is used with the legacy format only",
        )
    certificate = given or parts.certificate
    if certificate is None:
        raise VerificationFailed(
            "signer.no-certificate",
            "expected a signature by a certificate, got one by a key",
            hint="if you know the signer's public key, give it",
        )
    return certificate


def verify_signature(
    signatures: tuple[bytes, ...],
    data: bytes | Digest,
    signer: Certificate | PublicKey,
    trust: SigningTrust,
) -> bytes:
    """Return the first of *signatures* that verifies.

    Raises `VerificationFailed` ``signature.invalid``, ``signature.needs-content`` or
    ``signature.missing``.
    """
    key = signer.public_key if isinstance(signer, Certificate) else signer
    hashes = trust.key.accepted_hashes if isinstance(trust, KeyTrust) else default_hashes(key)
    failure: VerificationFailed | None = None
    for signature in signatures:
        for algorithm in hashes:
            try:
                _verify_one(key, signature, data, algorithm)
            except VerificationFailed as error:
                failure = failure or error
            else:
                return signature
    raise failure or VerificationFailed("signature.missing", "there is no signature")


def _verify_one(key: PublicKey, signature: bytes, data: bytes | Digest, algorithm: str) -> None:
    if isinstance(data, bytes):
        key.verify(signature, data, hash_algorithm=algorithm)
    elif data.algorithm == algorithm:
        key.verify_digest(signature, data)
    else:
        raise VerificationFailed(
            "signature.needs-content",
            f"the signature is over a {algorithm} digest, but only {data} was given",
            hint="give the content instead of its digest",
        )
