# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Public keys and the signatures they verify, over ``cryptography``; `certificates` has X.509.

No other file imports that library. Everything here is arithmetic over bytes that were given; what
is trusted, for what and when, is decided by callers (`trust`). Without the library this file still
imports; reading a key then raises `MissingDependency`.
"""

from __future__ import annotations

import hashlib
from enum import Enum

from . import ed25519ph
from .digest import HASH_ALGORITHMS, Digest
from .errors import InvalidInput, VerificationFailed, missing_library, quote
from .records import dataclass, field

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
except ImportError:
    IS_AVAILABLE = False
else:
    IS_AVAILABLE = True

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 4096


class KeyAlgorithm(Enum):
    """Kinds of key this project verifies with."""

    ECDSA_P256 = "ecdsa-p256"
    ECDSA_P384 = "ecdsa-p384"
    ECDSA_P521 = "ecdsa-p521"
    RSA = "rsa-pkcs1v15"
    ED25519 = "ed25519"


_NATURAL_HASH = {
    KeyAlgorithm.ECDSA_P256: "sha256",
    KeyAlgorithm.ECDSA_P384: "sha384",
    KeyAlgorithm.ECDSA_P521: "sha512",
    KeyAlgorithm.RSA: "sha256",
    KeyAlgorithm.ED25519: "",
}
_CURVES = {
    "secp256r1": KeyAlgorithm.ECDSA_P256,
    "secp384r1": KeyAlgorithm.ECDSA_P384,
    "secp521r1": KeyAlgorithm.ECDSA_P521,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key that verifies; two are equal when their SubjectPublicKeyInfo is."""

    spki_der: bytes
    """SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7."""
    algorithm: KeyAlgorithm
    _key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey = field(
        compare=False, repr=False
    )

    @classmethod
    def from_pem(cls, data: bytes, *, what: str) -> PublicKey:
        """Read ``PUBLIC KEY`` (PKIX) or ``RSA PUBLIC KEY`` (PKCS #1); *what* names it in errors.

        Raises `InvalidInput` ``key.malformed`` or ``key.unsupported``, `MissingDependency` without
        the library.
        """
        require_library()
        try:
            return cls.of_library(serialization.load_pem_public_key(data), what)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise malformed_key(what, error) from error

    @classmethod
    def from_der(cls, data: bytes, *, what: str) -> PublicKey:
        """Read a SubjectPublicKeyInfo. Raises as `from_pem`."""
        require_library()
        try:
            return cls.of_library(serialization.load_der_public_key(data), what)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise malformed_key(what, error) from error

    @classmethod
    def of_library(cls, key: object, what: str) -> PublicKey:
        """Take a key of the library's. Raises `InvalidInput` ``key.unsupported``."""
        if isinstance(key, ec.EllipticCurvePublicKey):
            if key.curve.name not in _CURVES:
                raise _unsupported_key(what, f"ECDSA with {key.curve.name}")
            algorithm = _CURVES[key.curve.name]
        elif isinstance(key, rsa.RSAPublicKey):
            if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
                raise _unsupported_key(what, f"RSA with {key.key_size} bits")
            algorithm = KeyAlgorithm.RSA
        elif isinstance(key, ed25519.Ed25519PublicKey):
            algorithm = KeyAlgorithm.ED25519
        else:
            raise _unsupported_key(what, type(key).__name__)
        spki = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(spki_der=spki, algorithm=algorithm, _key=key)

    @property
    def key_id(self) -> str:
        """Lower-case hexadecimal SHA-256 of `spki_der`: a log's name in Rekor v1, RFC 6962."""
        return Digest.of(self.spki_der).hex

    @property
    def pem(self) -> bytes:
        """``PUBLIC KEY`` (PKIX) in lines of 64 characters, as Go writes it too."""
        return self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def natural_hash(self) -> str:
        """The hash this kind of key signs over when nothing else is said; empty for Ed25519."""
        return _NATURAL_HASH[self.algorithm]

    def verify(self, signature: bytes, message: bytes, *, hash_algorithm: str = "") -> None:
        """Check *signature* over *message*: ECDSA in ASN.1, RSA as PKCS #1 v1.5, Ed25519.

        *hash_algorithm* is one of `HASH_ALGORITHMS`; empty means the natural one. Ed25519 has none:
        pure signatures are accepted, and the prehashed ones (Ed25519ph) that cosign makes.
        Raises `VerificationFailed` ``signature.invalid``, `InvalidInput` ``hash.unsupported``.
        """
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._verify_ed25519(self._key, signature, message)
                return
            self._verify(signature, message, _hash(hash_algorithm or self.natural_hash))
        except InvalidSignature as error:
            raise _invalid_signature(self) from error

    def verify_digest(self, signature: bytes, digest: Digest) -> None:
        """Check *signature* over content of which only the digest is known.

        Raises `VerificationFailed` ``signature.invalid``, or ``signature.needs-content`` for
        Ed25519, which signs the content itself (RFC 8032 section 5.1); `InvalidInput`
        ``hash.unsupported``.
        """
        if isinstance(self._key, ed25519.Ed25519PublicKey):
            raise VerificationFailed(
                "signature.needs-content",
                "an Ed25519 signature can only be checked with its content, got only a digest",
                hint="give the file instead of its digest",
            )
        try:
            self._verify(signature, digest.raw, Prehashed(_hash(digest.algorithm)))
        except InvalidSignature as error:
            raise _invalid_signature(self) from error

    def _verify_ed25519(
        self, key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes
    ) -> None:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            prehashed = hashlib.sha512(message).digest()
            if not ed25519ph.is_valid(
                public_key=key.public_bytes_raw(), signature=signature, message_sha512=prehashed
            ):
                raise

    def _verify(
        self, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | Prehashed
    ) -> None:
        if isinstance(self._key, ec.EllipticCurvePublicKey):
            self._key.verify(signature, data, ec.ECDSA(algorithm))
        elif isinstance(self._key, rsa.RSAPublicKey):
            self._key.verify(signature, data, padding.PKCS1v15(), algorithm)


def _hash(name: str) -> hashes.HashAlgorithm:
    algorithms: dict[str, type[hashes.HashAlgorithm]] = {
        "sha224": hashes.SHA224,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    if name not in algorithms:
        raise InvalidInput(
            "hash.unsupported",
            f"unsupported hash algorithm: expected {', '.join(HASH_ALGORITHMS)}, got {quote(name)}",
        )
    return algorithms[name]()


def require_library() -> None:
    """Raise `MissingDependency` where ``cryptography`` is absent."""
    if not IS_AVAILABLE:
        raise missing_library("cryptography", purpose="verifying signatures")


def _invalid_signature(key: PublicKey) -> VerificationFailed:
    return VerificationFailed(
        "signature.invalid",
        "the signature was not made by this key over this content"
        f" ({key.algorithm.value} key {key.key_id})",
    )


def malformed_key(what: str, error: Exception) -> InvalidInput:
    """Make the error of what is no key; *what* names it."""
    return InvalidInput(
        "key.malformed",
        f"{what} is not a public key: {quote(error)}",
        hint="give a file that begins with -----BEGIN PUBLIC KEY-----, such as cosign.pub",
    )


def _unsupported_key(what: str, got: str) -> InvalidInput:
    return InvalidInput(
        "key.unsupported",
        f"{what} is of an unsupported kind: expected ECDSA P-256/P-384/P-521, RSA {MIN_RSA_BITS} to"
        f" {MAX_RSA_BITS} bits or Ed25519, got {got}",
    )
