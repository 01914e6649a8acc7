# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A trusted root as a Sigstore ``trusted_root.json``.

The format is that of protobuf-specs, sigstore_trustroot.proto, version 0.1.
"""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import jsonbytes
from ..chain import ChainProfile
from ..errors import InvalidInput, quote
from ..jsonfields import (
    Fields,
    read_object,
    read_objects,
    read_optional_object,
    read_optional_text,
)
from ..limits import MAX_CHAIN_CERTIFICATES, MAX_CONFIG_BYTES
from .root import CertificateAuthority, TimestampAuthority, TransparencyLog, TrustedRoot
from .window import ALWAYS, Window, format_time, parse_time

if TYPE_CHECKING:  # as in `root`
    from ..certificates import Certificate

MAX_AUTHORITIES = 100
"""Of one kind in one document."""

MEDIA_TYPES = (
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
)


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
    return TimestampAuthority.of_chain(
        chain,
        name=read_optional_text(item, "uri", what=what),
        window=window,
        profile=ChainProfile.SIGSTORE,
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
    from ..crypto import PublicKey

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
    from ..certificates import Certificate

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


def document_of(root: TrustedRoot) -> bytes:
    """Write *root* in RFC 8785 form; see `TrustedRoot.document`."""
    return jsonbytes.canonical(
        {
            "mediaType": MEDIA_TYPES[0],
            "certificateAuthorities": [
                _authority_document(a.name, (*a.intermediates, a.root), a.window)
                for a in root.certificate_authorities
            ],
            "tlogs": [_log_document(log) for log in root.transparency_logs],
            "ctlogs": [_log_document(log) for log in root.ct_logs],
            "timestampAuthorities": [
                _authority_document(a.name, (a.leaf, *a.intermediates, a.root), a.window)
                for a in root.timestamp_authorities
            ],
        }
    )


# KeyDetails of sigstore_common.proto, which that format demands beside each key; by the value of
# `crypto.KeyAlgorithm`.
_KEY_DETAILS = {
    "ecdsa-p256": "PKIX_ECDSA_P256_SHA_256",
    "ecdsa-p384": "PKIX_ECDSA_P384_SHA_384",
    "ecdsa-p521": "PKIX_ECDSA_P521_SHA_512",
    "ed25519": "PKIX_ED25519",
    "rsa-pkcs1v15": "PKIX_RSA_PKCS1V15_2048_SHA256",
}


def _log_document(log: TransparencyLog) -> dict[str, Any]:
    return {
        "baseUrl": log.name,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _base64(log.key.spki_der),
            "keyDetails": _KEY_DETAILS[log.key.algorithm.value],
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
