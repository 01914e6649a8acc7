# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Sigstore bundles, versions 0.1 to 0.3: JSON bytes to parts, no trust.

Format: sigstore/protobuf-specs, sigstore_bundle.proto. What a version demands of its own shape is
checked here (0.1: a promise for each entry; 0.2 and later: an inclusion proof with a checkpoint;
0.3: one certificate, no chain); whether any of it is true is checked by `verify`.
"""

from __future__ import annotations

import re

from .. import jsonbytes
from ..certificates import Certificate
from ..digest import Digest
from ..errors import InvalidInput, quote
from ..jsonfields import (
    Fields,
    read_bytes,
    read_integer,
    read_list,
    read_object,
    read_objects,
    read_optional_integer,
    read_optional_object,
    read_text,
)
from ..limits import (
    MAX_CHAIN_CERTIFICATES,
    MAX_EVIDENCE_BYTES,
    MAX_LOG_ENTRIES,
    MAX_PROOF_HASHES,
    MAX_SIGNATURE_VALUES,
    MAX_TIMESTAMPS,
)
from .dsse import Envelope, read_envelope
from .parts import Form, InclusionProof, LogEntry, MessageSignature, SignedParts

_WHAT = "the bundle"
_MEDIA_TYPE = re.compile(
    r"application/vnd\.dev\.sigstore\.bundle"
    r"(?:\+json;version=0\.([123])|\.v0\.(3)(?:\.[0-9]{1,3})?\+json)",
    re.ASCII,
)
_SIGNERS = ("certificate", "publicKey", "x509CertificateChain")
_HASHES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


def read_bundle(data: bytes, *, unsafe_allow_chain: bool = False) -> SignedParts:
    """Take a bundle apart. Raises `InvalidInput` ``json.*``, ``base64.malformed``, ``bundle.*``.

    With *unsafe_allow_chain* a 0.3 bundle may hold a chain in place of its one certificate.
    """
    fields = jsonbytes.parse_object(
        data, what=_WHAT, max_bytes=MAX_EVIDENCE_BYTES, max_values=MAX_SIGNATURE_VALUES
    )
    version = _read_version(fields)
    material = read_object(fields, "verificationMaterial", what=_WHAT)
    certificate, chain = _read_signer(material, takes_chain=version < 3 or unsafe_allow_chain)
    content, signature = _read_content(fields)
    return SignedParts(
        form=Form.BUNDLE,
        content=content,
        signatures=(signature,),
        certificate=certificate,
        chain=chain,
        entries=tuple(
            _read_entry(item, version)
            for item in read_objects(material, "tlogEntries", what=_WHAT, at_most=MAX_LOG_ENTRIES)
        ),
        timestamps=_read_timestamps(material),
    )


def _read_version(fields: Fields) -> int:
    media_type = read_text(fields, "mediaType", what=_WHAT)
    match = _MEDIA_TYPE.fullmatch(media_type)
    if match is None:
        raise InvalidInput(
            "bundle.version",
            f"unsupported bundle version: expected 0.1, 0.2 or 0.3, got {quote(media_type)}",
        )
    return int(match[1] or match[2])


def _read_signer(
    material: Fields, *, takes_chain: bool
) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    named = [key for key in _SIGNERS if material.get(key) is not None]
    if len(named) != 1:
        raise InvalidInput(
            "bundle.signer",
            f"{_WHAT} must have exactly one of {', '.join(_SIGNERS)}, got {named or 'none'}",
        )
    if named == ["publicKey"]:
        return None, ()
    if named == ["certificate"]:
        return _read_certificate(read_object(material, "certificate", what=_WHAT)), ()
    if not takes_chain:
        raise InvalidInput(
            "bundle.chain",
            "a 0.3 bundle must have one certificate, got a chain",
            hint="--allow-certificate-chain takes a chain along",
        )
    return _read_chain(read_object(material, "x509CertificateChain", what=_WHAT))


def _read_chain(fields: Fields) -> tuple[Certificate, tuple[Certificate, ...]]:
    chain = tuple(
        _read_certificate(item)
        for item in read_objects(fields, "certificates", what=_WHAT, at_most=MAX_CHAIN_CERTIFICATES)
    )
    if not chain:
        raise InvalidInput("bundle.chain", f"{_WHAT} has an empty certificate chain")
    if any(item.is_self_issued for item in chain):
        # sigstore_bundle.proto: "The chain ... MUST NOT include the root"; roots come from trust.
        raise InvalidInput("bundle.chain", f"{_WHAT} brings a root certificate along")
    return chain[0], chain[1:]


def _read_certificate(fields: Fields) -> Certificate:
    der = read_bytes(fields, "rawBytes", what="the bundle's certificate")
    return Certificate.from_der(der, what="the bundle's certificate")


def _read_content(fields: Fields) -> tuple[Envelope | MessageSignature, bytes]:
    envelope_fields = read_optional_object(fields, "dsseEnvelope", what=_WHAT)
    message = read_optional_object(fields, "messageSignature", what=_WHAT)
    if (envelope_fields is None) == (message is None):
        raise InvalidInput(
            "bundle.content", f"{_WHAT} must have either dsseEnvelope or messageSignature"
        )
    if envelope_fields is not None:
        envelope = read_envelope(envelope_fields, what="the bundle's envelope")
        if len(envelope.signatures) != 1:
            raise InvalidInput(
                "bundle.content",
                f"a bundle's envelope must have 1 signature, got {len(envelope.signatures)}",
            )
        return envelope, envelope.signatures[0].signature
    signature = read_bytes(message or {}, "signature", what=_WHAT)
    return MessageSignature(claimed_digest=_read_digest(message or {})), signature


def _read_digest(message: Fields) -> Digest | None:
    fields = read_optional_object(message, "messageDigest", what=_WHAT)
    if fields is None:
        return None
    algorithm = read_text(fields, "algorithm", what=_WHAT)
    if algorithm not in _HASHES:
        raise InvalidInput(
            "bundle.hash",
            f"unsupported message digest: expected one of {', '.join(_HASHES)},"
            f" got {quote(algorithm)}",
        )
    return Digest(_HASHES[algorithm], read_bytes(fields, "digest", what=_WHAT).hex())


def _read_entry(fields: Fields, version: int) -> LogEntry:
    what = "the bundle's log entry"
    kind = read_object(fields, "kindVersion", what=what)
    promise = read_optional_object(fields, "inclusionPromise", what=what)
    proof = _read_proof(fields, version)
    if version == 1 and promise is None:
        raise InvalidInput("bundle.no-promise", "a 0.1 bundle's log entry must have a promise")
    if version > 1 and proof is None:
        raise InvalidInput("bundle.no-proof", f"{what} must have an inclusion proof")
    return LogEntry(
        claimed_kind=(read_text(kind, "kind", what=what), read_text(kind, "version", what=what)),
        body=read_bytes(fields, "canonicalizedBody", what=what),
        log_id=read_bytes(read_object(fields, "logId", what=what), "keyId", what=what),
        log_index=read_optional_integer(fields, "logIndex", what=what),
        integrated_time=read_optional_integer(fields, "integratedTime", what=what),
        promise=(
            None if promise is None else read_bytes(promise, "signedEntryTimestamp", what=what)
        ),
        proof=proof,
    )


def _read_proof(fields: Fields, version: int) -> InclusionProof | None:
    what = "the bundle's inclusion proof"
    proof = read_optional_object(fields, "inclusionProof", what=what)
    if proof is None:
        return None
    checkpoint = read_optional_object(proof, "checkpoint", what=what)
    if checkpoint is None:
        if version == 1:
            return None  # proves nothing without a signed root; 0.1 relies on the promise
        raise InvalidInput("bundle.no-checkpoint", f"{what} must have a checkpoint")
    hashes = read_list(proof, "hashes", what=what, at_most=MAX_PROOF_HASHES)
    return InclusionProof(
        log_index=read_optional_integer(proof, "logIndex", what=what),
        tree_size=read_integer(proof, "treeSize", what=what),
        root_hash=read_bytes(proof, "rootHash", what=what),
        hashes=tuple(jsonbytes.decode_base64(item, what=what) for item in hashes),
        checkpoint=read_text(checkpoint, "envelope", what=what),
    )


def _read_timestamps(material: Fields) -> tuple[bytes, ...]:
    fields = read_optional_object(material, "timestampVerificationData", what=_WHAT) or {}
    return tuple(
        read_bytes(item, "signedTimestamp", what="the bundle's timestamp")
        for item in read_objects(fields, "rfc3161Timestamps", what=_WHAT, at_most=MAX_TIMESTAMPS)
    )
