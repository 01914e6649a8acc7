# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates: what one says, and whether another's key signed it.

Besides `crypto` the only file that imports ``cryptography``. It reads, and trusts nothing: which
path of certificates counts, and when, is decided in `chain`. Without the library this file still
imports; reading a certificate then raises `MissingDependency`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TypeVar

from .crypto import PublicKey, malformed_key, require_library
from .der import find_extension, read_utf8_string, wrap_sequence
from .errors import InvalidInput, VerificationFailed, quote
from .limits import MAX_CERTIFICATE_BYTES
from .mediatypes import SCT_LIST_OID
from .records import dataclass, field

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError:
    pass  # `crypto.require_library` says so

# RFC 5758 section 3.2, RFC 8017 appendix A.2.4, RFC 8410 section 3: SHA-256 and longer, PKCS #1
# v1.5.
_CERTIFICATE_SIGNATURES = frozenset(
    {
        "1.2.840.10045.4.3.2",  # ecdsa-with-SHA256
        "1.2.840.10045.4.3.3",  # ecdsa-with-SHA384
        "1.2.840.10045.4.3.4",  # ecdsa-with-SHA512
        "1.2.840.113549.1.1.11",  # sha256WithRSAEncryption
        "1.2.840.113549.1.1.12",  # sha384WithRSAEncryption
        "1.2.840.113549.1.1.13",  # sha512WithRSAEncryption
        "1.3.101.112",  # Ed25519
    }
)

_Extension = TypeVar("_Extension", bound="x509.ExtensionType")


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """An X.509 certificate whose extensions parse; two are equal when their DER is.

    Not slotted, so that what is read of an authority's certificate is read once.
    """

    der: bytes = field(repr=False)
    _certificate: x509.Certificate = field(compare=False, repr=False)
    _extensions: Mapping[str, x509.Extension[x509.ExtensionType]] = field(compare=False, repr=False)

    @classmethod
    def from_der(cls, data: bytes, *, what: str) -> Certificate:
        """Read one certificate. Raises `InvalidInput` ``certificate.malformed``."""
        require_library()
        try:
            return cls._of(x509.load_der_x509_certificate(data))
        except _certificate_errors() as error:
            raise _malformed_certificate(what, error) from error

    @classmethod
    def from_pem(cls, data: bytes, *, what: str) -> Certificate:
        """Read the first certificate of *data*. Raises `InvalidInput` ``certificate.malformed``."""
        return cls.chain_from_pem(data, what=what)[0]

    @classmethod
    def chain_from_pem(cls, data: bytes, *, what: str) -> tuple[Certificate, ...]:
        """Read one or more, in their order. Raises `InvalidInput` ``certificate.malformed``."""
        require_library()
        try:
            return _chain_from_pem(data)
        except _certificate_errors() as error:
            raise _malformed_certificate(what, error) from error

    @classmethod
    def _of(cls, certificate: x509.Certificate) -> Certificate:
        der = certificate.public_bytes(serialization.Encoding.DER)
        if len(der) > MAX_CERTIFICATE_BYTES:
            raise ValueError(f"expected at most {MAX_CERTIFICATE_BYTES} bytes, got {len(der)}")
        # The library parses names late; here is where a malformed one must surface.
        _checked = certificate.subject, certificate.issuer
        return cls(
            der=der,
            _certificate=certificate,
            _extensions={item.oid.dotted_string: item for item in _extensions_of(certificate)},
        )

    def __hash__(self) -> int:
        return hash(self.der)

    @property
    def library_object(self) -> x509.Certificate:
        """The ``cryptography`` certificate, for libraries that take one."""
        return self._certificate

    @property
    def pem(self) -> bytes:
        """The certificate in PEM, as Rekor stores it."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @cached_property
    def public_key(self) -> PublicKey:
        """Raises `InvalidInput` ``key.unsupported`` or ``key.malformed``."""
        what = "the key of a certificate"
        try:
            return PublicKey.of_library(self._certificate.public_key(), what)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise malformed_key(what, error) from error

    @property
    def subject(self) -> str:
        """The distinguished name, RFC 4514; often empty in signing certificates."""
        return self._certificate.subject.rfc4514_string()

    @property
    def label(self) -> str:
        """How messages call it: subject, else first alternative name, else serial number."""
        names = [value for _key, value in self.subject_names()[:1]]
        return quote(
            self.subject or "".join(names) or f"serial {self._certificate.serial_number:x}"
        )

    @property
    def issuer(self) -> str:
        """The issuer's distinguished name, RFC 4514."""
        return self._certificate.issuer.rfc4514_string()

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name, as in a root."""
        return self._certificate.subject == self._certificate.issuer

    @property
    def not_before_utc(self) -> datetime:
        return self._certificate.not_valid_before_utc

    @property
    def not_after_utc(self) -> datetime:
        return self._certificate.not_valid_after_utc

    @property
    def precertificate_tbs(self) -> bytes:
        """The to-be-signed bytes without the SCT list, RFC 6962 section 3.2."""
        try:
            return self._certificate.tbs_precertificate_bytes
        except ValueError as error:
            raise _malformed_certificate("the signing certificate", error) from error

    def subject_names(self) -> tuple[tuple[str, str], ...]:
        """Subject alternative names as (kind, text), in the certificate's order.

        Kinds are ``dns``, ``email``, ``ip``, ``uri``, and ``other`` for an OtherName of type
        1.3.6.1.4.1.57264.1.7 (a UTF8String, Fulcio oid-info.md); other forms are left out, since
        nothing compares them.
        """
        names = self._value(x509.SubjectAlternativeName) or ()
        return tuple(pair for name in names if (pair := _subject_name(name)) is not None)

    def extension(self, oid: str) -> bytes | None:
        """The raw value of the extension *oid* (dotted), or None."""
        item = self._extensions.get(oid)
        return None if item is None else bytes(item.value.public_bytes())

    def extension_oids(self) -> tuple[str, ...]:
        """Dotted identifiers of every extension, in order."""
        return tuple(self._extensions)

    def critical_oids(self) -> tuple[str, ...]:
        """Dotted identifiers of the extensions that must be understood, in order."""
        return tuple(oid for oid, item in self._extensions.items() if item.critical)

    @cached_property
    def is_authority(self) -> bool:
        """Whether basic constraints make it an authority (RFC 5280, 4.2.1.9)."""
        constraints = self._value(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @cached_property
    def path_length(self) -> int | None:
        """How many authorities may stand below this one; None means any number."""
        constraints = self._value(x509.BasicConstraints)
        return None if constraints is None else constraints.path_length

    @cached_property
    def may_sign_content(self) -> bool | None:
        """The key usage's digital signature bit; None without key usage (RFC 5280, 4.2.1.3)."""
        usage = self._value(x509.KeyUsage)
        return None if usage is None else usage.digital_signature

    @cached_property
    def may_sign_certificates(self) -> bool | None:
        """The key usage's certificate signing bit; None without key usage."""
        usage = self._value(x509.KeyUsage)
        return None if usage is None else usage.key_cert_sign

    @cached_property
    def extended_key_usages(self) -> tuple[str, ...] | None:
        """Dotted identifiers (RFC 5280, 4.2.1.12); None without the extension."""
        usage = self._value(x509.ExtendedKeyUsage)
        return None if usage is None else tuple(oid.dotted_string for oid in usage)

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Whether *issuer*'s name and key made this certificate's signature, whenever that was."""
        if self._certificate.issuer != issuer._certificate.subject:
            return False
        if self._certificate.signature_algorithm_oid.dotted_string not in _CERTIFICATE_SIGNATURES:
            return False
        try:
            # Reading it refuses the kinds and sizes of key that are not supported.
            _checked = issuer.public_key
            self._certificate.verify_directly_issued_by(issuer._certificate)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, InvalidInput):
            return False
        return True

    def _value(self, kind: type[_Extension]) -> _Extension | None:
        item = self._extensions.get(kind.oid.dotted_string)
        return item.value if item is not None and isinstance(item.value, kind) else None

    def check_valid_at(self, at_utc: datetime) -> None:
        """Raise ``chain.expired`` or ``chain.not-yet-valid``; both ends are inclusive."""
        if at_utc > self.not_after_utc:
            raise VerificationFailed(
                "chain.expired",
                f"certificate {self.label} had expired: valid until"
                f" {self.not_after_utc:%Y-%m-%dT%H:%M:%SZ}, used at {at_utc:%Y-%m-%dT%H:%M:%SZ}",
            )
        if at_utc < self.not_before_utc:
            raise VerificationFailed(
                "chain.not-yet-valid",
                f"certificate {self.label} was not valid yet: valid from"
                f" {self.not_before_utc:%Y-%m-%dT%H:%M:%SZ}, used at {at_utc:%Y-%m-%dT%H:%M:%SZ}",
            )


@lru_cache(maxsize=32)
def _chain_from_pem(data: bytes) -> tuple[Certificate, ...]:
    """Read a chain; the images of one publisher bring the same authorities, byte for byte."""
    return tuple(Certificate._of(item) for item in x509.load_pem_x509_certificates(data))


def _extensions_of(certificate: x509.Certificate) -> Iterable[x509.Extension[x509.ExtensionType]]:
    """Every extension, the list of certificate timestamps last where the library refuses it.

    The library knows only the logs' keys of RFC 6962, and refuses all extensions beside a list with
    others. Those are then read from the certificate without it, and the list is left as its bytes:
    `signatures.sct` reads and judges it.
    """
    try:
        return certificate.extensions
    except ValueError:
        # A ValueError as well where there is no such list, and something else is malformed.
        without_list = certificate.tbs_precertificate_bytes
    tbs = certificate.tbs_certificate_bytes
    der = certificate.public_bytes(serialization.Encoding.DER)
    signature = der[der.index(tbs) + len(tbs) :]
    others = x509.load_der_x509_certificate(wrap_sequence(without_list + signature)).extensions
    critical, value = find_extension(tbs, _SCT_LIST, what="the certificate")
    oid = x509.ObjectIdentifier(SCT_LIST_OID)
    return (*others, x509.Extension(oid, critical, x509.UnrecognizedExtension(oid, value)))


_SCT_LIST = bytes.fromhex("2b06010401d679020402")
"""The content of `SCT_LIST_OID` in DER."""


def _subject_name(name: x509.GeneralName) -> tuple[str, str] | None:
    if isinstance(name, x509.DNSName):
        return "dns", name.value
    if isinstance(name, x509.RFC822Name):
        return "email", name.value
    if isinstance(name, x509.UniformResourceIdentifier):
        return "uri", name.value
    if isinstance(name, x509.IPAddress):
        return "ip", str(name.value)
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _FULCIO_USERNAME:
        return "other", read_utf8_string(name.value, what="the certificate's OtherName")
    return None


_FULCIO_USERNAME = "1.3.6.1.4.1.57264.1.7"


def _certificate_errors() -> tuple[type[Exception], ...]:
    return (
        ValueError,
        TypeError,  # a name's part that is a BIT STRING
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    )


def _malformed_certificate(what: str, error: Exception) -> InvalidInput:
    return InvalidInput("certificate.malformed", f"{what} is not a certificate: {quote(error)}")
