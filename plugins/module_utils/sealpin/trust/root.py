# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""TrustedRoot: which authorities are believed, for what, and from when until when.

Every key and certificate carries a window, closed at both ends, and nothing an authority made
outside of it counts. A root comes from a Sigstore ``trusted_root.json`` (protobuf-specs,
sigstore_trustroot.proto, version 0.1) or from PEM files; `document` writes any root in the first
form, canonically, which is what its digest is over.
"""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from .. import jsonbytes
from ..chain import ChainProfile
from ..crypto import Certificate, KeyAlgorithm, PublicKey
from ..digest import Digest
from ..errors import InvalidInput, quote
from ..jsonfields import (
    Fields,
    read_object,
    read_objects,
    read_optional_object,
    read_optional_text,
)
from ..limits import MAX_CHAIN_CERTIFICATES, MAX_CONFIG_BYTES
from ..records import dataclass, replace
from .window import ALWAYS, Window, format_time, parse_time

MAX_AUTHORITIES = 100
"""Of one kind in one document."""

MAX_PEM_CERTIFICATES = 100
"""In one PEM file of roots or intermediates."""

MEDIA_TYPES = (
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """One issuer of signing certificates."""

    name: str
    """Its URI, or the file it was read from."""
    root: Certificate
    intermediates: tuple[Certificate, ...] = ()
    window: Window = ALWAYS
    profile: ChainProfile = ChainProfile.SIGSTORE


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyLog:
    """A signature log (Rekor) or a certificate log (RFC 6962)."""

    name: str
    """Its base URL, or the file its key was read from."""
    log_id: bytes
    """Rekor v1 and RFC 6962: SHA-256 of the key. Rekor v2: the checkpoint key's full identifier."""
    key: PublicKey
    window: Window = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """One issuer of RFC 3161 tokens."""

    name: str
    leaf: Certificate
    """The certificate that signs tokens."""
    intermediates: tuple[Certificate, ...]
    root: Certificate
    window: Window = ALWAYS
    profile: ChainProfile = ChainProfile.SIGSTORE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoot:
    """Everything believed. Immutable: shared between threads, cached by its bytes."""

    certificate_authorities: tuple[CertificateAuthority, ...] = ()
    transparency_logs: tuple[TransparencyLog, ...] = ()
    ct_logs: tuple[TransparencyLog, ...] = ()
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    unsupported: tuple[str, ...] = ()
    """Logs left out because this version cannot verify with their kind of key; to be shown, never
    believed.
    """

    @classmethod
    def from_pems(
        cls,
        *,
        ca_roots: bytes = b"",
        ca_intermediates: bytes = b"",
        certificate_chain: bytes = b"",
        rekor_keys: tuple[bytes, ...] = (),
        ct_keys: tuple[bytes, ...] = (),
        timestamp_chain: bytes = b"",
        name: str = "given PEM",
    ) -> TrustedRoot:
        """Make a root from PEM files, all without windows other than the certificates' own.

        *ca_roots* is one or more roots, each usable with every certificate of *ca_intermediates*.
        *certificate_chain* is one authority, intermediates first and root last. *timestamp_chain*
        is one timestamp authority, its signing certificate first and its root last. *rekor_keys*
        and *ct_keys* are one public key each.

        Raises `InvalidInput` ``certificate.malformed``, ``key.*`` or ``trust.incomplete``.
        """
        authorities: tuple[CertificateAuthority, ...] = ()
        if certificate_chain:
            chain = _chain(certificate_chain, name)
            authorities += (_private_authority(name, chain[-1], chain[:-1]),)
        if ca_intermediates and not ca_roots:
            raise InvalidInput(
                "trust.incomplete",
                f"intermediate certificates without a root trust nothing ({name})",
                hint="give the roots too",
            )
        if ca_roots:
            between = _chain(ca_intermediates, name) if ca_intermediates else ()
            authorities += tuple(
                _private_authority(name, root, between) for root in _chain(ca_roots, name)
            )
        return cls(
            certificate_authorities=authorities,
            transparency_logs=tuple(_log_from_pem(pem, name) for pem in rekor_keys),
            ct_logs=tuple(_log_from_pem(pem, name) for pem in ct_keys),
            timestamp_authorities=(
                (
                    _timestamp_authority(
                        _chain(timestamp_chain, name), name, ALWAYS, ChainProfile.PRIVATE
                    ),
                )
                if timestamp_chain
                else ()
            ),
        )

    def joined(self, other: TrustedRoot) -> TrustedRoot:
        """Believe everything this root and *other* believe."""
        return replace(
            self,
            certificate_authorities=self.certificate_authorities + other.certificate_authorities,
            transparency_logs=self.transparency_logs + other.transparency_logs,
            ct_logs=self.ct_logs + other.ct_logs,
            timestamp_authorities=self.timestamp_authorities + other.timestamp_authorities,
            unsupported=self.unsupported + other.unsupported,
        )

    def document(self) -> bytes:
        """Write the root as a ``trusted_root.json``, in RFC 8785 form.

        Round trip: ``parse_trusted_root(root.document())`` believes the same, except that the
        profile of a private authority and the names of unsupported logs are not part of that
        format.
        """
        return jsonbytes.canonical(
            {
                "mediaType": MEDIA_TYPES[0],
                "certificateAuthorities": [
                    _authority_document(a.name, (*a.intermediates, a.root), a.window)
                    for a in self.certificate_authorities
                ],
                "tlogs": [_log_document(log) for log in self.transparency_logs],
                "ctlogs": [_log_document(log) for log in self.ct_logs],
                "timestampAuthorities": [
                    _authority_document(a.name, (a.leaf, *a.intermediates, a.root), a.window)
                    for a in self.timestamp_authorities
                ],
            }
        )

    @property
    def digest(self) -> Digest:
        """Of `document`: the same for the same trust, however it was spelled."""
        return Digest.of(self.document())


def parse_trusted_root(data: bytes, *, what: str = "the trusted root") -> TrustedRoot:
    """Read a ``trusted_root.json``. *what* names it in errors.

    Raises `InvalidInput`: ``trust.malformed``, ``json.*``, ``base64.malformed``, ``key.*``,
    ``certificate.malformed``.
    """
    return _parse(data, what)


@lru_cache(maxsize=16)
def _parse(data: bytes, what: str) -> TrustedRoot:
    """A pure function of its arguments, remembered: one run names the same root many times."""
    document = jsonbytes.parse_object(data, what=what, max_bytes=MAX_CONFIG_BYTES)
    media_type = document.get("mediaType")
    if media_type not in MEDIA_TYPES:
        raise _malformed(what, f"expected media type {MEDIA_TYPES[0]}, got {quote(media_type)}")
    unsupported: list[str] = []
    return TrustedRoot(
        certificate_authorities=tuple(
            _read_authority(item, what)
            for item in _entries(document, "certificateAuthorities", what)
        ),
        transparency_logs=_read_logs(document, "tlogs", what, unsupported),
        ct_logs=_read_logs(document, "ctlogs", what, unsupported),
        timestamp_authorities=tuple(
            _read_timestamp_authority(item, what)
            for item in _entries(document, "timestampAuthorities", what)
        ),
        unsupported=tuple(unsupported),
    )


def _entries(document: Fields, key: str, what: str) -> tuple[Fields, ...]:
    return read_objects(document, key, what=what, at_most=MAX_AUTHORITIES)


def _read_authority(item: Fields, what: str) -> CertificateAuthority:
    chain = _read_chain(item, what)
    return CertificateAuthority(
        name=read_optional_text(item, "uri", what=what),
        root=chain[-1],
        intermediates=chain[:-1],
        window=_read_window(item, what),
    )


def _read_timestamp_authority(item: Fields, what: str) -> TimestampAuthority:
    chain = _read_chain(item, what)
    window = _read_window(item, what)
    return _timestamp_authority(
        chain, read_optional_text(item, "uri", what=what), window, ChainProfile.SIGSTORE
    )


def _read_logs(
    document: Fields, key: str, what: str, unsupported: list[str]
) -> tuple[TransparencyLog, ...]:
    logs = []
    for item in _entries(document, key, what):
        try:
            logs.append(_read_log(item, what))
        except InvalidInput as error:
            # A log with a kind of key from the future must not take the others down with it.
            if error.code != "key.unsupported":
                raise
            unsupported.append(read_optional_text(item, "baseUrl", what=what))
    return tuple(logs)


def _read_log(item: Fields, what: str) -> TransparencyLog:
    name = read_optional_text(item, "baseUrl", what=what)
    public_key = read_object(item, "publicKey", what=what)
    window = _read_window(public_key, what)
    if window.start_utc is None:
        raise _malformed(what, f"log {quote(name)} has no start of validity")
    raw = jsonbytes.decode_base64(public_key.get("rawBytes"), what=f"the key of log {quote(name)}")
    log_id = read_object(item, "logId", what=what).get("keyId")
    return TransparencyLog(
        name=name,
        log_id=jsonbytes.decode_base64(log_id, what=f"the identifier of log {quote(name)}"),
        key=PublicKey.from_der(raw, what=f"the key of log {quote(name)}"),
        window=window,
    )


def _read_chain(item: Fields, what: str) -> tuple[Certificate, ...]:
    certificates = tuple(
        Certificate.from_der(
            jsonbytes.decode_base64(entry.get("rawBytes"), what=f"a certificate of {what}"),
            what=f"a certificate of {what}",
        )
        for entry in read_objects(
            read_object(item, "certChain", what=what),
            "certificates",
            what=what,
            at_most=MAX_CHAIN_CERTIFICATES,
        )
    )
    if not certificates:
        raise _malformed(what, "expected a certificate chain, got an empty one")
    return certificates


def _read_window(item: Fields, what: str) -> Window:
    bounds = read_optional_object(item, "validFor", what=what)
    if bounds is None:
        return ALWAYS
    start, end = bounds.get("start"), bounds.get("end")
    return Window(
        start_utc=None if start is None else parse_time(start, what=what),
        end_utc=None if end is None else parse_time(end, what=what),
    )


def _private_authority(
    name: str, root: Certificate, intermediates: tuple[Certificate, ...]
) -> CertificateAuthority:
    return CertificateAuthority(
        name=name, root=root, intermediates=intermediates, profile=ChainProfile.PRIVATE
    )


def _timestamp_authority(
    chain: tuple[Certificate, ...], name: str, window: Window, profile: ChainProfile
) -> TimestampAuthority:
    """*chain* is the signing certificate, then its issuers up to the root."""
    if len(chain) < 2 or chain[0].is_authority:
        raise InvalidInput(
            "trust.incomplete",
            f"timestamp authority {quote(name)}: expected a signing certificate, then its issuers"
            f" up to the root, got {len(chain)} certificates",
        )
    return TimestampAuthority(
        name=name,
        leaf=chain[0],
        intermediates=chain[1:-1],
        root=chain[-1],
        window=window,
        profile=profile,
    )


def _log_from_pem(pem: bytes, name: str) -> TransparencyLog:
    key = PublicKey.from_pem(pem, what=f"the log key in {name}")
    return TransparencyLog(name=name, log_id=bytes.fromhex(key.key_id), key=key)


def _chain(pem: bytes, name: str) -> tuple[Certificate, ...]:
    certificates = Certificate.chain_from_pem(pem, what=f"the certificates in {name}")
    if len(certificates) > MAX_PEM_CERTIFICATES:
        raise InvalidInput(
            "trust.too-many-certificates",
            f"too many certificates: at most {MAX_PEM_CERTIFICATES}, got {len(certificates)}"
            f" ({name})",
        )
    return certificates


# KeyDetails of sigstore_common.proto, which that format demands beside each key.
_KEY_DETAILS = {
    KeyAlgorithm.ECDSA_P256: "PKIX_ECDSA_P256_SHA_256",
    KeyAlgorithm.ECDSA_P384: "PKIX_ECDSA_P384_SHA_384",
    KeyAlgorithm.ECDSA_P521: "PKIX_ECDSA_P521_SHA_512",
    KeyAlgorithm.ED25519: "PKIX_ED25519",
    KeyAlgorithm.RSA: "PKIX_RSA_PKCS1V15_2048_SHA256",
}


def _log_document(log: TransparencyLog) -> dict[str, Any]:
    return {
        "baseUrl": log.name,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _base64(log.key.spki_der),
            "keyDetails": _KEY_DETAILS[log.key.algorithm],
            "validFor": _window_document(log.window),
        },
        "logId": {"keyId": _base64(log.log_id)},
    }


def _authority_document(
    name: str, chain: tuple[Certificate, ...], window: Window
) -> dict[str, Any]:
    return {
        "uri": name,
        "subject": {"organization": "", "commonName": chain[-1].subject},
        "certChain": {"certificates": [{"rawBytes": _base64(item.der)} for item in chain]},
        "validFor": _window_document(window),
    }


def _window_document(window: Window) -> dict[str, str]:
    # The format demands a start; the epoch stands for "always".
    document = {"start": format_time(window.start_utc or _EPOCH)}
    if window.end_utc is not None:
        document["end"] = format_time(window.end_utc)
    return document


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _malformed(what: str, why: str) -> InvalidInput:
    return InvalidInput("trust.malformed", f"{what} is malformed: {why}")
