# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Signed certificate timestamps: a certificate log promises to publish the signing certificate.

Format and signature: RFC 6962 sections 3.2 and 3.3, and what RFC 8422 calls an Ed25519 signature,
since trusted roots have logs with such keys. Timestamps are embedded in the certificate, and
are then over its body without them and its issuer's key; or detached, and are then over the whole
certificate.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

from .. import jsonbytes
from ..certificates import Certificate
from ..crypto import KeyAlgorithm
from ..der import read_octet_string
from ..errors import InvalidInput, VerificationFailed
from ..jsonfields import read_bytes, read_integer, read_optional_integer, read_optional_text
from ..limits import MAX_CONFIG_BYTES, MAX_SCTS
from ..mediatypes import SCT_LIST_OID
from ..records import dataclass
from ..trust.root import TransparencyLog

_V1 = 0
_CERTIFICATE_TIMESTAMP = 0
_X509_ENTRY, _PRECERT_ENTRY = 0, 1
_SCHEMES = {
    (4, 1): frozenset({KeyAlgorithm.RSA}),
    (4, 3): frozenset({KeyAlgorithm.ECDSA_P256, KeyAlgorithm.ECDSA_P384, KeyAlgorithm.ECDSA_P521}),
    (8, 7): frozenset({KeyAlgorithm.ED25519}),
}
"""Hash and signature algorithm, and whose signatures they name. RFC 6962 section 2.1.4 has SHA-256
with RSA or ECDSA, RFC 8422 section 5.1.3 Ed25519, whose hash is its own."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCertificateTimestamp:
    """One timestamp, unverified."""

    log_id: bytes
    timestamp_ms: int
    extensions: bytes
    signers: frozenset[KeyAlgorithm]
    """The kinds of key whose signature it says it is."""
    signature: bytes
    """ASN.1 ECDSA or PKCS #1 v1.5 over SHA-256, or Ed25519."""

    @property
    def at_utc(self) -> datetime:
        """The moment the log claims. Raises `InvalidInput` ``sct.malformed`` beyond all dates."""
        try:
            return _EPOCH + timedelta(milliseconds=self.timestamp_ms)
        except OverflowError as error:
            raise _malformed(f"not a time: {self.timestamp_ms} ms") from error


def verify_scts(
    path: tuple[Certificate, ...],
    *,
    logs: tuple[TransparencyLog, ...],
    detached: SignedCertificateTimestamp | None,
    minimum: int,
) -> None:
    """Check that at least *minimum* distinct logs promised to publish the certificate.

    *path* is the verified chain, leaf first. Raises `VerificationFailed` ``sct.missing`` when there
    is no timestamp at all, else ``sct.threshold`` with the reasons why some do not count;
    `InvalidInput` ``sct.malformed``.
    """
    scts = read_embedded(path[0]) if detached is None else (detached,)
    if not scts:
        raise VerificationFailed(
            "sct.missing", "the signing certificate has no signed certificate timestamp"
        )
    signed = _precert_entry(path) if detached is None else _x509_entry(path[0])
    keys = set()
    refusals = []
    for sct in scts:
        try:
            keys.add(_verify(sct, signed, logs).key.spki_der)
        except VerificationFailed as refusal:
            refusals.append(refusal.message)
    if len(keys) < minimum:
        raise VerificationFailed(
            "sct.threshold",
            f"too few certificate logs: expected {minimum}, got {len(keys)}"
            + "".join(f"; {reason}" for reason in dict.fromkeys(refusals)),
        )


def _verify(
    sct: SignedCertificateTimestamp, signed: bytes, logs: tuple[TransparencyLog, ...]
) -> TransparencyLog:
    """Return the log that made *sct*, within the log's window."""
    log = next((log for log in logs if log.log_id == sct.log_id), None)
    if log is None:
        raise VerificationFailed(
            "sct.unknown-log", f"certificate log {sct.log_id.hex()} is not in the trusted root"
        )
    if not log.window.contains(sct.at_utc):
        raise VerificationFailed(
            "sct.log-window",
            f"certificate log {log.name} is trusted from {log.window}, got a timestamp of"
            f" {sct.at_utc:%Y-%m-%dT%H:%M:%SZ}",
        )
    if log.key.algorithm not in sct.signers:
        raise VerificationFailed(
            "sct.signature",
            f"a certificate timestamp of log {log.name} is signed as by another kind of key:"
            f" expected {log.key.algorithm.value}, got"
            f" {' or '.join(sorted(kind.value for kind in sct.signers))}",
        )
    message = (
        bytes((_V1, _CERTIFICATE_TIMESTAMP))
        + sct.timestamp_ms.to_bytes(8, "big")
        + signed
        + len(sct.extensions).to_bytes(2, "big")
        + sct.extensions
    )
    try:
        log.key.verify(sct.signature, message, hash_algorithm="sha256")
    except VerificationFailed as error:
        raise VerificationFailed(
            "sct.signature", f"a certificate timestamp was not signed by log {log.name}"
        ) from error
    return log


def _x509_entry(leaf: Certificate) -> bytes:
    return _X509_ENTRY.to_bytes(2, "big") + len(leaf.der).to_bytes(3, "big") + leaf.der


def _precert_entry(path: tuple[Certificate, ...]) -> bytes:
    """RFC 6962 section 3.2: the issuer's key hash, then the body without the list of timestamps."""
    leaf, issuer = path[0], path[1]
    body = leaf.precertificate_tbs
    issuer_key_hash = hashlib.sha256(issuer.public_key.spki_der).digest()
    return _PRECERT_ENTRY.to_bytes(2, "big") + issuer_key_hash + len(body).to_bytes(3, "big") + body


def read_embedded(leaf: Certificate) -> tuple[SignedCertificateTimestamp, ...]:
    """Read the timestamps in *leaf*, possibly none. Raises as `parse_list`."""
    extension = leaf.extension(SCT_LIST_OID)
    if extension is None:
        return ()
    return parse_list(read_octet_string(extension, what="the list of certificate timestamps"))


def parse_list(data: bytes) -> tuple[SignedCertificateTimestamp, ...]:
    """Read a SignedCertificateTimestampList. Raises `InvalidInput` ``sct.malformed``."""
    reader = _Reader(data)
    items = _Reader(reader.take_vector())
    reader.end()
    scts: list[SignedCertificateTimestamp] = []
    while items.left:
        if len(scts) == MAX_SCTS:
            raise _malformed(f"more than {MAX_SCTS} timestamps")
        scts.append(_read_sct(items.take_vector()))
    return tuple(scts)


def _read_sct(data: bytes) -> SignedCertificateTimestamp:
    reader = _Reader(data)
    version = reader.take_integer(1)
    if version != _V1:
        raise _malformed(f"expected version {_V1}, got {version}")
    log_id = reader.take(32)
    timestamp_ms = reader.take_integer(8)
    extensions = reader.take_vector()
    signers, signature = _read_signature(reader)
    return SignedCertificateTimestamp(
        log_id=log_id,
        timestamp_ms=timestamp_ms,
        extensions=extensions,
        signers=signers,
        signature=signature,
    )


def _read_signature(reader: _Reader) -> tuple[frozenset[KeyAlgorithm], bytes]:
    """RFC 5246 section 4.7, "digitally-signed": whose it says it is, and the signature."""
    scheme = reader.take_integer(1), reader.take_integer(1)
    signers = _SCHEMES.get(scheme)
    if signers is None:
        raise _malformed(
            f"expected algorithms {', '.join(map(str, _SCHEMES))}, got {scheme} (hash, signature)"
        )
    signature = reader.take_vector()
    reader.end()
    return signers, signature


def parse_detached(data: bytes) -> SignedCertificateTimestamp:
    """Read the JSON of RFC 6962 section 4.1 (a log's answer to ``add-chain``).

    Raises `InvalidInput` ``json.*``, ``base64.malformed`` or ``sct.malformed``.
    """
    what = "the given certificate timestamp"
    fields = jsonbytes.parse_object(data, what=what, max_bytes=MAX_CONFIG_BYTES)
    version = read_optional_integer(fields, "sct_version", what=what)
    if version != _V1:
        raise _malformed(f"expected version {_V1}, got {version}")
    extensions = read_optional_text(fields, "extensions", what=what)
    signers, signature = _read_signature(_Reader(read_bytes(fields, "signature", what=what)))
    return SignedCertificateTimestamp(
        log_id=read_bytes(fields, "id", what=what),
        timestamp_ms=read_integer(fields, "timestamp", what=what),
        extensions=jsonbytes.decode_base64(extensions, what=what),
        signers=signers,
        signature=signature,
    )


class _Reader:
    """Takes TLS presentation-language values (RFC 5246 section 4) off a byte string."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._position

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _malformed(f"expected {count} more bytes, got {self.left}")
        start = self._position
        self._position += count
        return self._data[start : self._position]

    def take_integer(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def take_vector(self) -> bytes:
        return self.take(self.take_integer(2))

    def end(self) -> None:
        if self.left:
            raise _malformed(f"{self.left} bytes too many")


def _malformed(why: str) -> InvalidInput:
    return InvalidInput("sct.malformed", f"a certificate timestamp is malformed: {why}")
