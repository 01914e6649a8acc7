# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A timestamp authority: RFC 3161 responses, built so that any field of them can be wrong."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import der
from .certificate_authority import CertificateAuthority, EditExtensions, Extension, der_of, pem
from .keys import KeyPair
from .windows import FAR_AHEAD, LONG_AGO, SIGNING_TIME, Validity

_HASH_OIDS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_SIGNATURE_OIDS = {
    ("ecdsa", "sha256"): "1.2.840.10045.4.3.2",
    ("ecdsa", "sha384"): "1.2.840.10045.4.3.3",
    ("ecdsa", "sha512"): "1.2.840.10045.4.3.4",
    ("rsa", "sha256"): "1.2.840.113549.1.1.11",
}
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_POLICY = "1.3.6.1.4.1.57264.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What one response says and how it is signed; the defaults are right."""

    at_utc: datetime = SIGNING_TIME
    status: int = 0
    """PKIStatus: 0 granted, 2 rejection."""
    imprint_hash: str = "sha256"
    imprint: bytes | None = None
    """In place of the hash of the message."""
    nonce: int | None = None
    embed: Sequence[x509.Certificate] | None = None
    """Certificates inside the token; None for the signer's own."""
    signer: KeyPair | None = None
    """A key other than the authority's."""


class TimestampAuthority:
    """Says when bytes existed."""

    def __init__(
        self,
        *,
        algorithm: str = "ecdsa-p256",
        intermediates: int = 1,
        name: str = "tsa.sigstore.test",
        uri: str = "https://tsa.sigstore.test/api/v1/timestamp",
        validity: Validity | None = None,
        certificate_window: tuple[datetime, datetime] = (LONG_AGO, FAR_AHEAD - timedelta(days=1)),
        edit_extensions: EditExtensions = list,
    ) -> None:
        self.uri = uri
        self.name = name
        self.validity = validity or Validity()
        self.authority = CertificateAuthority(
            algorithm=algorithm,
            intermediates=intermediates,
            name=name,
            extended_key_usage=ExtendedKeyUsageOID.TIME_STAMPING,
        )
        self.key = KeyPair(algorithm)
        start, end = certificate_window
        self.certificate = self.authority.issue(
            self.key,
            subject=_subject(name),
            at_utc=start,
            lifetime=end - start,
            edit_extensions=lambda extensions: edit_extensions(_for_timestamping(extensions)),
        )

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Signing certificate first, root last."""
        return (self.certificate, *self.authority.chain)

    @property
    def chain_pem(self) -> bytes:
        """What ``--timestamp-certificate-chain`` wants."""
        return pem(self.chain)

    def timestamp(self, message: bytes, stamp: Stamp | None = None) -> bytes:
        """A TimeStampResp (RFC 3161 section 2.4.2) over *message*, DER."""
        stamp = stamp or Stamp()
        status = der.sequence(der.integer(stamp.status))
        if stamp.status > 1:
            return der.sequence(status)
        return der.sequence(status, self._token(self._tst_info(message, stamp), stamp))

    def to_json(self) -> dict[str, object]:
        """This authority's row in a trusted root."""
        certificates = [{"rawBytes": base64.b64encode(der_of(c)).decode()} for c in self.chain]
        return {
            "subject": {"organization": self.name, "commonName": "timestamping"},
            "uri": self.uri,
            "certChain": {"certificates": certificates},
            "validFor": self.validity.to_json(),
        }

    def _tst_info(self, message: bytes, stamp: Stamp) -> bytes:
        imprint = stamp.imprint or hashlib.new(stamp.imprint_hash, message).digest()
        return der.sequence(
            der.integer(1),
            der.oid(_POLICY),
            der.sequence(_algorithm(_HASH_OIDS[stamp.imprint_hash]), der.octets(imprint)),
            der.integer(x509.random_serial_number()),
            der.generalized_time(stamp.at_utc),
            *([] if stamp.nonce is None else [der.integer(stamp.nonce)]),
        )

    def _token(self, tst_info: bytes, stamp: Stamp) -> bytes:
        """A CMS SignedData (RFC 5652 section 5) around the TSTInfo."""
        hash_name = self.key.natural_hash
        embedded = [self.certificate] if stamp.embed is None else list(stamp.embed)
        signed_data = der.sequence(
            der.integer(3),
            der.set_of(_algorithm(_HASH_OIDS[hash_name])),
            der.sequence(der.oid(_TST_INFO), der.tagged(0xA0, der.octets(tst_info))),
            *([der.tagged(0xA0, *map(der_of, embedded))] if embedded else []),
            der.set_of(self._signer_info(tst_info, stamp, hash_name)),
        )
        return der.sequence(der.oid(_SIGNED_DATA), der.tagged(0xA0, signed_data))

    def _signer_info(self, tst_info: bytes, stamp: Stamp, hash_name: str) -> bytes:
        certificate_hash = hashlib.sha256(der_of(self.certificate)).digest()
        attributes = der.set_of(
            _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
            _attribute(_SIGNING_TIME, der.utc_time(stamp.at_utc)),
            _attribute(_MESSAGE_DIGEST, der.octets(hashlib.new(hash_name, tst_info).digest())),
            _attribute(
                _SIGNING_CERTIFICATE_V2,
                der.sequence(der.sequence(der.sequence(der.octets(certificate_hash)))),
            ),
        )
        signer = stamp.signer or self.key
        family = signer.algorithm.partition("-")[0]
        return der.sequence(
            der.integer(1),
            der.sequence(
                self.certificate.issuer.public_bytes(), der.integer(self.certificate.serial_number)
            ),
            _algorithm(_HASH_OIDS[hash_name]),
            b"\xa0" + attributes[1:],  # the same set under an implicit tag; signed as a SET
            _algorithm(_SIGNATURE_OIDS[family, hash_name]),
            der.octets(signer.sign(attributes, hash_algorithm=hash_name)),
        )


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, "timestamping"),
        ]
    )


def _for_timestamping(extensions: list[Extension]) -> list[Extension]:
    """Keep key identifiers and usages; RFC 3161 section 2.3 wants the extended one critical."""
    wanted = (
        x509.SubjectKeyIdentifier,
        x509.AuthorityKeyIdentifier,
        x509.KeyUsage,
        x509.ExtendedKeyUsage,
    )
    return [
        (extension, critical or isinstance(extension, x509.ExtendedKeyUsage))
        for extension, critical in extensions
        if isinstance(extension, wanted)
    ]


def _algorithm(dotted: str) -> bytes:
    return der.sequence(der.oid(dotted))


def _attribute(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of(value))
