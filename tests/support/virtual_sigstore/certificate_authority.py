# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A certificate authority like Fulcio: short-lived certificates that name a workload or a person.

Extensions: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md (``.1.1`` to ``.1.6`` are
raw text, the later ones DER UTF8String).
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import der
from .ct_log import CertificateTransparencyLog, sct_list
from .keys import KeyPair
from .windows import FAR_AHEAD, LONG_AGO, SIGNING_TIME, Validity

FULCIO = "1.3.6.1.4.1.57264.1"
USERNAME_OID = x509.ObjectIdentifier(f"{FULCIO}.7")
SCT_LIST_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3"
CERTIFICATE_LIFETIME = timedelta(minutes=10)

Extension = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""
EditExtensions = Callable[[list[Extension]], list[Extension]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a certificate names."""

    names: tuple[x509.GeneralName, ...] = (x509.UniformResourceIdentifier(WORKFLOW),)
    issuer: str = GITHUB_ISSUER
    """Written to ``.1.1`` and ``.1.8``; empty for neither."""
    claims: Mapping[int, str] = field(default_factory=dict)
    """More extensions: last arc to text, ``{5: "acme/app"}``; an empty text removes one."""

    @classmethod
    def uri(cls, value: str, **fields: object) -> Identity:
        return cls(names=(x509.UniformResourceIdentifier(value),), **fields)

    @classmethod
    def email(cls, value: str, **fields: object) -> Identity:
        return cls(names=(x509.RFC822Name(value),), **fields)

    @classmethod
    def dns(cls, value: str, **fields: object) -> Identity:
        return cls(names=(x509.DNSName(value),), **fields)

    @classmethod
    def ip(cls, value: str, **fields: object) -> Identity:
        return cls(names=(x509.IPAddress(ipaddress.ip_address(value)),), **fields)

    @classmethod
    def username(cls, value: str, **fields: object) -> Identity:
        """An OtherName, as Fulcio writes for issuers of user names."""
        return cls(names=(x509.OtherName(USERNAME_OID, der.utf8(value)),), **fields)

    def extensions(self) -> list[Extension]:
        """Fulcio's own extensions, in the order of their numbers."""
        texts = {1: self.issuer, 8: self.issuer, **self.claims}
        return [(_claim(number, text), False) for number, text in sorted(texts.items()) if text]


class CertificateAuthority:
    """A root, intermediates below it, and the certificates they issue."""

    def __init__(
        self,
        *,
        algorithm: str = "ecdsa-p384",
        intermediates: int = 1,
        name: str = "sigstore.test",
        uri: str = "https://fulcio.sigstore.test",
        validity: Validity | None = None,
        not_before_utc: datetime = LONG_AGO,
        not_after_utc: datetime = FAR_AHEAD,
        edit_authority_extensions: EditExtensions = list,
        extended_key_usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CODE_SIGNING,
    ) -> None:
        self.name = name
        self.uri = uri
        self.validity = validity or Validity()
        self.extended_key_usage = extended_key_usage
        self._keys: list[KeyPair] = []
        self._issued: list[x509.Certificate] = []
        for depth in range(intermediates + 1):
            key = KeyPair(algorithm)
            issuer_key = self._keys[-1] if self._keys else key
            extensions = [
                *_key_identifiers(key, issuer_key),
                (x509.BasicConstraints(ca=True, path_length=intermediates - depth), True),
                (_key_usage(sign=False), True),
                *([(x509.ExtendedKeyUsage([extended_key_usage]), False)] if depth else []),
            ]
            certificate = _build(
                public_key=key.private.public_key(),
                subject=_name(name, "root" if not depth else f"intermediate {depth}"),
                issuer=self._issued[-1] if self._issued else None,
                issuer_key=issuer_key,
                window=(not_before_utc, not_after_utc),
                extensions=edit_authority_extensions(extensions),
            )
            self._keys.append(key)
            self._issued.append(certificate)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuing certificate first, root last."""
        return tuple(reversed(self._issued))

    @property
    def root_pem(self) -> bytes:
        return pem(self._issued[:1])

    @property
    def intermediates_pem(self) -> bytes:
        return pem(self.chain[:-1])

    @property
    def chain_pem(self) -> bytes:
        """What ``--certificate-chain`` wants: issuing certificate first, root last."""
        return pem(self.chain)

    @property
    def issuer_key(self) -> KeyPair:
        return self._keys[-1]

    def issue(
        self,
        key: KeyPair,
        identity: Identity | None = None,
        *,
        subject: x509.Name | None = None,
        at_utc: datetime = SIGNING_TIME,
        lifetime: timedelta = CERTIFICATE_LIFETIME,
        ct_logs: Sequence[CertificateTransparencyLog] = (),
        sct_extensions: bytes = b"",
        sct_at_utc: datetime | None = None,
        edit_extensions: EditExtensions = list,
    ) -> x509.Certificate:
        """Certify *key* for *identity*, with one embedded SCT of each of *ct_logs*."""
        identity = identity or Identity()
        extensions = edit_extensions(
            [
                *_key_identifiers(key, self.issuer_key),
                (_key_usage(sign=True), True),
                (x509.ExtendedKeyUsage([self.extended_key_usage]), False),
                (x509.SubjectAlternativeName(identity.names), True),
                *identity.extensions(),
            ]
        )
        fields = {
            "public_key": key.private.public_key(),
            "subject": subject or x509.Name([]),
            "issuer": self.chain[0],
            "issuer_key": self.issuer_key,
            "window": (at_utc, at_utc + lifetime),
            "serial": x509.random_serial_number(),
        }
        precertificate = _build(extensions=extensions, **fields)
        if not ct_logs:
            return precertificate
        scts = [
            log.sign_precertificate(
                precertificate.tbs_certificate_bytes,
                issuer_key_hash=hashlib.sha256(self.issuer_key.spki_der).digest(),
                at_utc=sct_at_utc or at_utc,
                extensions=sct_extensions,
            )
            for log in ct_logs
        ]
        embedded = x509.UnrecognizedExtension(SCT_LIST_OID, der.octets(sct_list(scts)))
        return _build(extensions=[*extensions, (embedded, False)], **fields)

    def to_json(self) -> dict[str, object]:
        """This authority's row in a trusted root."""
        certificates = [{"rawBytes": base64.b64encode(der_of(c)).decode()} for c in self.chain]
        return {
            "subject": {"organization": self.name, "commonName": "root"},
            "uri": self.uri,
            "certChain": {"certificates": certificates},
            "validFor": self.validity.to_json(),
        }


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def _claim(number: int, text: str) -> x509.UnrecognizedExtension:
    value = text.encode() if number <= 6 else der.utf8(text)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.{number}"), value)


def _name(organization: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, sign: bool) -> x509.KeyUsage:
    """For a leaf: digital signatures; for an authority: certificates and revocation lists."""
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not sign,
        crl_sign=not sign,
        encipher_only=False,
        decipher_only=False,
    )


def _build(
    *,
    public_key: object,
    subject: x509.Name,
    issuer: x509.Certificate | None,
    issuer_key: KeyPair,
    window: tuple[datetime, datetime],
    extensions: list[Extension],
    serial: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(window[0])
        .not_valid_after(window[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key.private, issuer_key.certificate_hash)


def _key_identifiers(key: KeyPair, issuer_key: KeyPair) -> list[Extension]:
    issuer = issuer_key.private.public_key()
    return [
        (x509.SubjectKeyIdentifier.from_public_key(key.private.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False),
    ]
