# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Signing certificates: to whom, by a trusted authority, and valid when the signature was made.

The chain is checked at *every* proven moment, for the leaf and each issuer, since one moment inside
and one outside of a certificate's life means that somebody is wrong (CVE-2026-24122 was an expired
intermediate). Identity follows Fulcio's oid-info.md: raw text in extensions 1 to 6, DER UTF8String
from 8 on.
"""

from __future__ import annotations

from datetime import datetime

from .. import der, jsonbytes
from ..certificates import Certificate
from ..chain import ChainPurpose, verify_chain
from ..errors import InvalidInput, VerificationFailed, quote
from ..mediatypes import FULCIO_OID_PREFIX
from ..trust.root import CertificateAuthority
from .verified import CertificateIdentity, NameKind, SubjectName

_ISSUER_V1 = f"{FULCIO_OID_PREFIX}.1"
_ISSUER_V2 = f"{FULCIO_OID_PREFIX}.8"
_LAST_RAW = 6
_FIRST_DER = 8
_LAST_KNOWN = 24


def verify_signing_certificate(
    leaf: Certificate,
    *,
    chain: tuple[Certificate, ...],
    authorities: tuple[CertificateAuthority, ...],
    moments: tuple[datetime, ...],
) -> tuple[Certificate, ...]:
    """Check that one authority vouches for *leaf* at all *moments*; return the path, leaf first.

    *chain* is what came with the signature: it may fill a gap below an authority's root, and is not
    trusted. Raises `VerificationFailed` ``chain.*``.
    """
    refusals: list[VerificationFailed] = []
    for authority in authorities:
        try:
            return _verify_by(authority, leaf, chain, moments)
        except VerificationFailed as refusal:
            refusals.append(refusal)
    # What an authority that did issue the certificate says is worth more than "unknown".
    refusals.sort(key=lambda refusal: refusal.code == "chain.unknown-authority")
    if refusals:
        raise refusals[0]
    raise VerificationFailed(
        "chain.unknown-authority", "the trusted root has no certificate authority"
    )


def _verify_by(
    authority: CertificateAuthority,
    leaf: Certificate,
    chain: tuple[Certificate, ...],
    moments: tuple[datetime, ...],
) -> tuple[Certificate, ...]:
    path: tuple[Certificate, ...] = ()
    for moment in moments:
        path = verify_chain(
            leaf,
            intermediates=authority.intermediates + chain,
            roots=(authority.root,),
            at_utc=moment,
            purpose=ChainPurpose.CODE_SIGNING,
            profile=authority.profile,
        )
        if not authority.window.contains(moment):
            raise VerificationFailed(
                "chain.authority-window",
                f"authority {authority.name} is trusted from {authority.window},"
                f" and the signature was made at {moment:%Y-%m-%dT%H:%M:%SZ}",
            )
    return path


def read_identity(certificate: Certificate) -> CertificateIdentity:
    """Read who a certificate says signed; that it is true is `verify_signing_certificate`'s part.

    Raises `InvalidInput` ``der.malformed`` or ``certificate.extension``, and `VerificationFailed`
    ``certificate.issuer-conflict`` when the two issuer extensions disagree.
    """
    extensions = _read_extensions(certificate)
    newer, older = extensions.get(_ISSUER_V2), extensions.get(_ISSUER_V1)
    if newer is not None and older is not None and newer != older:
        raise VerificationFailed(
            "certificate.issuer-conflict",
            f"the certificate names two issuers: {quote(newer)} in {_ISSUER_V2},"
            f" {quote(older)} in {_ISSUER_V1}",
        )
    return CertificateIdentity(
        subjects=tuple(
            SubjectName(kind=NameKind(kind), value=value)
            for kind, value in certificate.subject_names()
        ),
        issuer=newer if newer is not None else older or "",
        extensions=extensions,
        certificate_der=certificate.der,
    )


def _read_extensions(certificate: Certificate) -> dict[str, str]:
    extensions = {}
    for oid in certificate.extension_oids():
        prefix, _separator, number = oid.rpartition(".")
        if prefix != FULCIO_OID_PREFIX:
            continue
        text = _read_extension(certificate.extension(oid) or b"", oid, int(number))
        if text is not None:
            extensions[oid] = text
    return extensions


def _read_extension(value: bytes, oid: str, number: int) -> str | None:
    what = f"certificate extension {oid}"
    if number <= _LAST_RAW:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput("certificate.extension", f"{what} is not UTF-8") from error
    if _FIRST_DER <= number <= _LAST_KNOWN:
        return der.read_utf8_string(value, what=what)
    return None  # of a kind this version does not know; no policy can ask for it


def parse_given_certificate(data: bytes) -> Certificate:
    """Read a certificate given by the user: PEM, or base64 of PEM.

    Raises `InvalidInput` ``certificate.malformed`` or ``base64.malformed``.
    """
    what = "the given certificate"
    if b"-----BEGIN" in data:
        return Certificate.from_pem(data, what=what)
    text = data.decode("ascii", errors="replace").strip()
    return Certificate.from_pem(jsonbytes.decode_base64(text, what=what), what=what)
