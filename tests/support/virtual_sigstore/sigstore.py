# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The whole instance: authorities, logs, and the forms in which a signature on an image is kept."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sealpin import mediatypes
from sealpin.evidence import EvidenceKind

from .certificate_authority import CertificateAuthority, EditExtensions, Identity, pem
from .ct_log import CertificateTransparencyLog
from .keys import KeyPair
from .log_bodies import V1_BODIES, V2_BODIES, Signed
from .rekor import RekorV1, RekorV2, canonical, legacy_annotation
from .signing import Json, Recipe, SignedBundle, SignedLayer, Signer
from .timestamp_authority import Stamp, TimestampAuthority
from .windows import SIGNING_TIME

BUNDLE_TYPES = {
    "0.1": "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "0.2": "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "0.3": "application/vnd.dev.sigstore.bundle.v0.3+json",
}
TRUSTED_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


class VirtualSigstore:
    """A Sigstore instance in memory.

    The first authority of each kind signs; the trusted root lists all that are in the attributes,
    so a test may append others, take some away, or exchange one for another.
    """

    def __init__(
        self,
        *,
        certificate_authority: CertificateAuthority | None = None,
        ct_log: CertificateTransparencyLog | None = None,
        rekor: RekorV1 | None = None,
        rekor_v2: RekorV2 | None = None,
        timestamp_authority: TimestampAuthority | None = None,
    ) -> None:
        self.certificate_authorities = [certificate_authority or CertificateAuthority()]
        self.ct_logs = [ct_log or CertificateTransparencyLog()]
        self.rekor = rekor or RekorV1()
        self.rekor_v2 = rekor_v2 or RekorV2()
        self.logs = [self.rekor, self.rekor_v2]
        self.timestamp_authorities = [timestamp_authority or TimestampAuthority()]

    # Who signs.

    def keyless(
        self,
        identity: Identity | None = None,
        *,
        algorithm: str = "ecdsa-p256",
        at_utc: datetime = SIGNING_TIME,
        scts: bool = True,
        edit_extensions: EditExtensions = list,
        **issue: object,
    ) -> Signer:
        """A fresh key with a certificate; *issue* goes to `CertificateAuthority.issue`."""
        key = KeyPair(algorithm)
        authority = self.certificate_authorities[0]
        certificate = authority.issue(
            key,
            identity,
            at_utc=at_utc,
            ct_logs=self.ct_logs[:1] if scts else (),
            edit_extensions=edit_extensions,
            **issue,
        )
        return Signer(key=key, certificate=certificate, chain=authority.chain)

    # What is signed.

    def sign_image(
        self,
        digest: str,
        *,
        signer: Signer | None = None,
        identity: Identity | None = None,
        annotations: Mapping[str, str] | None = None,
        reference: str = "registry.test/app",
        **recipe: object,
    ) -> SignedLayer:
        """A layer of ``.sig``: `simple signing`, the form of cosign v1 and v2."""
        options = Recipe(**recipe)
        signer = signer or self.keyless(identity, at_utc=options.at_utc)
        edits, hash_name = options.edits, options.hash_algorithm or "sha256"
        claim = {
            "critical": {
                "identity": {"docker-reference": reference},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": dict(annotations) if annotations else None,
        }
        payload = edits.payload(canonical(edits.statement(claim)))
        signature = edits.signature(signer.key.sign(payload, hash_algorithm=hash_name))
        signed = _signed(signer, payload, signature, hash_name)
        return SignedLayer(
            content=payload,
            annotations=self._annotations(signer, signed, options, _b64(signature), signature),
            media_type=mediatypes.SIMPLE_SIGNING,
            kind=EvidenceKind.SIGNATURE_LAYER,
        )

    def attest(
        self,
        digest: str,
        *,
        predicate_type: str = mediatypes.SLSA_PROVENANCE_V02,
        predicate: object = None,
        signer: Signer | None = None,
        identity: Identity | None = None,
        statement_type: str = mediatypes.STATEMENT_V01,
        reference: str = "registry.test/app",
        **recipe: object,
    ) -> SignedLayer:
        """A layer of ``.att``: a DSSE envelope; log and timestamp speak of the whole envelope."""
        options = _with_kind(Recipe(**recipe), "dsse")
        signer = signer or self.keyless(identity, at_utc=options.at_utc)
        statement = _statement(digest, predicate_type, predicate, statement_type, name=reference)
        hash_name = options.hash_algorithm or "sha256"
        signed = _sign_envelope(signer, statement, options, hash_name)
        annotations = self._annotations(signer, signed, options, "", signed.envelope)
        return SignedLayer(
            content=signed.envelope,
            annotations={**annotations, "predicateType": predicate_type},
            media_type=mediatypes.DSSE_ENVELOPE,
            kind=EvidenceKind.ATTESTATION_LAYER,
        )

    def bundle(
        self,
        digest: str,
        *,
        predicate_type: str = mediatypes.COSIGN_SIGN_V1,
        predicate: object = None,
        signer: Signer | None = None,
        identity: Identity | None = None,
        annotations: Mapping[str, str] | None = None,
        version: str = "0.3",
        **recipe: object,
    ) -> SignedBundle:
        """A bundle around a DSSE envelope: an image signature of cosign v3, or any attestation."""
        options = Recipe(**recipe)
        options = _with_kind(options, "hashedrekord" if options.log == "v2" else "dsse")
        signer = signer or self.keyless(identity, at_utc=options.at_utc)
        statement = _statement(
            digest, predicate_type, predicate, mediatypes.STATEMENT_V1, annotations=annotations
        )
        hash_name = options.hash_algorithm or signer.key.natural_hash
        signed = _sign_envelope(signer, statement, options, hash_name)
        content = {"dsseEnvelope": json.loads(signed.envelope)}
        return self._bundle(signer, signed, options, version, content)

    def blob_bundle(
        self,
        artifact: bytes,
        *,
        signer: Signer | None = None,
        identity: Identity | None = None,
        version: str = "0.3",
        **recipe: object,
    ) -> SignedBundle:
        """A bundle around a bare signature over *artifact*."""
        options = Recipe(**recipe)
        signer = signer or self.keyless(identity, at_utc=options.at_utc)
        hash_name = options.hash_algorithm or signer.key.natural_hash
        message = options.edits.payload(artifact)
        signature = options.edits.signature(signer.key.sign(message, hash_algorithm=hash_name))
        digest = hashlib.new(hash_name or "sha512", message).digest()
        content = {
            "messageSignature": {
                "messageDigest": {
                    "algorithm": f"SHA2_{len(digest) * 8}",
                    "digest": _b64(digest),
                },
                "signature": _b64(signature),
            }
        }
        signed = _signed(signer, message, signature, hash_name)
        return self._bundle(signer, signed, options, version, content)

    # What is trusted.

    def trusted_root_json(self) -> bytes:
        """The trusted root that says all of this, in protobuf JSON."""
        return json.dumps(
            {
                "mediaType": TRUSTED_ROOT_TYPE,
                "tlogs": [log.to_json() for log in self.logs],
                "certificateAuthorities": [ca.to_json() for ca in self.certificate_authorities],
                "ctlogs": [log.to_json() for log in self.ct_logs],
                "timestampAuthorities": [tsa.to_json() for tsa in self.timestamp_authorities],
            }
        ).encode()

    # How it is kept.

    def _annotations(
        self, signer: Signer, signed: Signed, options: Recipe, signature: str, stamped: bytes
    ) -> dict[str, str]:
        """What the legacy form keeps beside the layer."""
        annotations = {mediatypes.ANNOTATION_SIGNATURE: signature}
        if signer.certificate:
            annotations[mediatypes.ANNOTATION_CERTIFICATE] = pem([signer.certificate]).decode()
            annotations[mediatypes.ANNOTATION_CHAIN] = pem(signer.chain).decode()
        if options.log:
            entry = legacy_annotation(self._log(signed, options))
            annotations[mediatypes.ANNOTATION_BUNDLE] = json.dumps(options.edits.entry(entry))
        for timestamp in self._timestamps(stamped, options):
            annotations[mediatypes.ANNOTATION_TIMESTAMP] = json.dumps(
                {"SignedRFC3161Timestamp": _b64(timestamp)}
            )
        return options.edits.annotations(annotations)

    def _bundle(
        self, signer: Signer, signed: Signed, options: Recipe, version: str, content: Json
    ) -> SignedBundle:
        timestamps = self._timestamps(signed.signature, options)
        material = {
            **_key_material(signer, version),
            "tlogEntries": [self._entry(signed, options)] if options.log else [],
            "timestampVerificationData": {
                "rfc3161Timestamps": [{"signedTimestamp": _b64(t)} for t in timestamps]
            },
        }
        bundle = {"mediaType": BUNDLE_TYPES[version], "verificationMaterial": material, **content}
        return SignedBundle(content=json.dumps(options.edits.bundle(bundle)).encode())

    def _entry(self, signed: Signed, options: Recipe) -> Json:
        entry = self._log(signed, options)
        if not options.promise:
            entry.pop("inclusionPromise", None)
        if not options.proof:
            del entry["inclusionProof"]
        return options.edits.entry(entry)

    def _log(self, signed: Signed, options: Recipe) -> Json:
        edits, kind = options.edits, options.kind or "hashedrekord"
        if options.log == "v2":
            body = edits.log_body(V2_BODIES[kind](signed))
            return self.rekor_v2.log(body, edit_checkpoint=edits.checkpoint)
        return self.rekor.log(
            edits.log_body(V1_BODIES[kind](signed)),
            at_utc=options.at_utc,
            edit_promise=edits.promise,
            edit_checkpoint=edits.checkpoint,
        )

    def _timestamps(self, message: bytes, options: Recipe) -> list[bytes]:
        stamps = options.stamps
        if stamps is None:
            stamps = () if options.log == "v1" else (Stamp(at_utc=options.at_utc),)
        authority, edits = self.timestamp_authorities[0], options.edits
        return [edits.timestamp(authority.timestamp(edits.stamped(message), s)) for s in stamps]


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature covers (DSSE v1.0, protocol.md)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _statement(
    digest: str,
    predicate_type: str,
    predicate: object,
    statement_type: str,
    *,
    name: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Json:
    algorithm, _separator, value = digest.partition(":")
    subject: Json = {"digest": {algorithm: value}}
    if name:
        subject["name"] = name
    if annotations:
        subject["annotations"] = dict(annotations)
    return {
        "_type": statement_type,
        "subject": [subject],
        "predicateType": predicate_type,
        "predicate": {} if predicate is None else predicate,
    }


def _sign_envelope(signer: Signer, statement: Json, options: Recipe, hash_name: str) -> Signed:
    edits = options.edits
    payload = edits.payload(canonical(edits.statement(statement)))
    message = pre_authentication_encoding(mediatypes.IN_TOTO_PAYLOAD, payload)
    signature = edits.signature(signer.key.sign(message, hash_algorithm=hash_name))
    envelope = {
        "payloadType": mediatypes.IN_TOTO_PAYLOAD,
        "payload": _b64(payload),
        "signatures": [{"sig": _b64(signature)}],
    }
    return dataclasses.replace(
        _signed(signer, message, signature, hash_name),
        envelope=json.dumps(edits.envelope(envelope), separators=(",", ":")).encode(),
        payload=payload,
    )


def _signed(signer: Signer, message: bytes, signature: bytes, hash_name: str) -> Signed:
    return Signed(
        message=message,
        signature=signature,
        hash_name=hash_name,
        verifier_pem=signer.verifier_pem,
        verifier_der=signer.verifier_der,
        is_certificate=signer.certificate is not None,
        key_details=signer.key.details,
    )


def _key_material(signer: Signer, version: str) -> Json:
    if signer.certificate is None:
        return {"publicKey": {"hint": _b64(signer.key.key_id)}}
    raw = {"rawBytes": _b64(signer.verifier_der)}
    if version == "0.3":
        return {"certificate": raw}
    return {"x509CertificateChain": {"certificates": [raw]}}


def _with_kind(recipe: Recipe, kind: str) -> Recipe:
    return dataclasses.replace(recipe, kind=recipe.kind or kind)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
