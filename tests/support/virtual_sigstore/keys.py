# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Key pairs of every kind that occurs in Sigstore, with the names its formats give them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}

_GENERATORS: dict[str, Callable[[], PrivateKey]] = {
    "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ecdsa-p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa-3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa-4096": lambda: rsa.generate_private_key(65537, 4096),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
_NATURAL_HASH = {"ecdsa-p384": "sha384", "ecdsa-p521": "sha512", "ed25519": ""}
_DETAILS = {
    "ecdsa-p256": "PKIX_ECDSA_P256_SHA_256",
    "ecdsa-p384": "PKIX_ECDSA_P384_SHA_384",
    "ecdsa-p521": "PKIX_ECDSA_P521_SHA_512",
    "rsa-2048": "PKIX_RSA_PKCS1V15_2048_SHA256",
    "rsa-3072": "PKIX_RSA_PKCS1V15_3072_SHA256",
    "rsa-4096": "PKIX_RSA_PKCS1V15_4096_SHA256",
    "ed25519": "PKIX_ED25519",
}
ALGORITHMS = tuple(_GENERATORS)


class KeyPair:
    """A private key and what the formats say of its public half."""

    def __init__(self, algorithm: str = "ecdsa-p256", *, private: PrivateKey | None = None) -> None:
        self.algorithm = algorithm
        self.private = private or _GENERATORS[algorithm]()

    def sign(self, message: bytes, *, hash_algorithm: str = "") -> bytes:
        """Sign as Sigstore does: ECDSA in ASN.1, RSA by PKCS #1 v1.5, Ed25519 pure."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        algorithm = HASHES[hash_algorithm or self.natural_hash]
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, padding.PKCS1v15(), algorithm)
        return self.private.sign(message, ec.ECDSA(algorithm))

    @property
    def natural_hash(self) -> str:
        """The hash that goes with the key's strength; empty for Ed25519."""
        return _NATURAL_HASH.get(self.algorithm, "sha256")

    @property
    def certificate_hash(self) -> hashes.HashAlgorithm | None:
        """The same, as the certificate builder wants it."""
        return HASHES[self.natural_hash] if self.natural_hash else None

    @property
    def details(self) -> str:
        """The name in `PublicKeyDetails` of the Sigstore protobuf specifications."""
        return _DETAILS[self.algorithm]

    @property
    def spki_der(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def key_id(self) -> bytes:
        """SHA-256 of the SubjectPublicKeyInfo, as logs are named by."""
        return hashlib.sha256(self.spki_der).digest()
