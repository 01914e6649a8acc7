# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The verification procedure: one signature and what is trusted, to what is proven.

Every format and every kind of trust takes the same steps, in this order; the numbers stand beside
the code. The first step that fails refuses this one piece of evidence with its code.

1. Read the parts of the evidence (`bundle`, `legacy`); nothing of them is believed.
2. Choose what must have signed: the given key, or the certificate (`signer`).
3. Verify a signature over the exact bytes.
4. Verify RFC 3161 tokens, each with one authority, its chain and its window (`timestamp`); a legacy
   layer's only where timestamps are required.
5. Verify log entries: promise, inclusion proof, checkpoint, the log's window; the body is about
   this signature, signer and content; distinct logs reach the threshold (`tlog`, `entry_body`).
6. Collect the proven moments. A certificate needs one, unless the log was given up; then the
   present stands in.
7. At every moment: the certificate's whole chain and its authority's window (`certificate`), or
   the key's window.
8. Verify certificate timestamps; distinct certificate logs reach the threshold (`sct`).
9. Read what is said and match its subject (`claims`, `statement`, `simple_signing`).
10. Ask the second engine where it reads the form (`second_opinion`).

What this does not do: judge *who* signed. Identity is `policy`'s question, about the result.

Specifications: the Sigstore client specification (architecture-docs, client-spec.md), cosign's
SIGNATURE_SPEC.md, and those each file names.
"""

from __future__ import annotations

from datetime import datetime

from ..certificates import Certificate
from ..crypto import PublicKey
from ..digest import Digest
from ..errors import InvalidInput, VerificationFailed
from ..evidence import Evidence, EvidenceKind
from ..records import dataclass
from ..trust.material import KeylessTrust, KeyTrust, SigningTrust
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .bundle import read_bundle
from .certificate import parse_given_certificate, read_identity, verify_signing_certificate
from .claims import read_claims
from .dsse import Envelope, check_is_statement
from .legacy import read_layer
from .opinion import SecondOpinion
from .parts import Form, MessageSignature, SignedContent, SignedParts
from .sct import SignedCertificateTimestamp, parse_detached, verify_scts
from .second_opinion import ask
from .signer import choose_signer, verify_signature
from .statement import match_subject, parse_statement
from .timestamp import Timestamps, verify_timestamps
from .tlog import ProvenEntry, check_log_windows, verify_entries
from .verified import (
    KeyIdentity,
    SignerIdentity,
    VerifiedBlob,
    VerifiedLogEntry,
    VerifiedStatement,
    VerifiedTime,
)


def verify_evidence(
    evidence: Evidence,
    *,
    trust: SigningTrust,
    now_utc: datetime,
    second_opinion: SecondOpinion,
) -> VerifiedStatement:
    """Prove one piece of evidence about its subject, or raise.

    *now_utc* is used only where no moment is proven. Raises `VerificationFailed` with the code of
    the step that failed, `MissingDependency` where a needed library is absent, and `InvalidInput`
    only for what *trust* was given.
    """
    given = _Given.read(trust)
    try:
        is_bundle = evidence.kind is EvidenceKind.BUNDLE
        parts = _read_bundle(evidence.content, trust) if is_bundle else read_layer(evidence)  # 1
        if isinstance(parts.content, MessageSignature):
            raise VerificationFailed(
                "bundle.no-statement",
                "the bundle signs a file and says nothing about an image: expected an envelope",
            )
        proof = _prove(parts, parts.content.signed_bytes, trust, given, now_utc)
        claims = read_claims(evidence, parts.content, trust)  # 9
        opinion = ask(second_opinion, evidence.content, parts, trust, proof.times)  # 10
    except InvalidInput as error:
        raise _refused(error) from error
    return VerifiedStatement(
        subject=evidence.subject,
        predicate_type=claims.predicate_type,
        predicate=claims.predicate,
        payload=claims.payload,
        signer=proof.signer,
        times=proof.times,
        log_entries=proof.log_entries,
        annotations=claims.annotations,
        claimed_reference=claims.reference,
        evidence=evidence,
        weakenings=trust.weakenings,
        engines=opinion.engines,
        notes=opinion.notes,
    )


def verify_blob(
    bundle: bytes,
    artifact: bytes | Digest,
    *,
    trust: SigningTrust,
    now_utc: datetime,
    second_opinion: SecondOpinion,
) -> VerifiedBlob:
    """Prove a bundle about *artifact*: signed itself, or a subject of the signed statement.

    With only a digest, Ed25519 signatures over the artifact cannot be checked. Raises as
    `verify_evidence`.
    """
    given = _Given.read(trust)
    digest = artifact if isinstance(artifact, Digest) else Digest.of(artifact)
    try:
        parts = _read_bundle(bundle, trust)  # 1
        if isinstance(parts.content, MessageSignature):
            _check_claimed_digest(parts.content, artifact)
            data: bytes | Digest = artifact
        else:
            data = parts.content.signed_bytes
        proof = _prove(parts, data, trust, given, now_utc)
        statement = None
        if isinstance(parts.content, Envelope):  # 9
            check_is_statement(parts.content)
            statement = parts.content.payload
            match_subject(parse_statement(statement), digest)
        opinion = ask(  # 10
            second_opinion, bundle, parts, trust, proof.times, artifact=artifact
        )
    except InvalidInput as error:
        raise _refused(error) from error
    return VerifiedBlob(
        artifact=digest,
        statement=statement,
        signer=proof.signer,
        times=proof.times,
        log_entries=proof.log_entries,
        weakenings=trust.weakenings,
        engines=opinion.engines,
        notes=opinion.notes,
    )


def _read_bundle(content: bytes, trust: SigningTrust) -> SignedParts:
    """Step 1 for bundles."""
    return read_bundle(content, unsafe_allow_chain=Weakening.CERTIFICATE_CHAIN in trust.weakenings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the user put in the place of the evidence's own; malformed, it is the user's mistake."""

    certificate: Certificate | None = None
    sct: SignedCertificateTimestamp | None = None

    @classmethod
    def read(cls, trust: SigningTrust) -> _Given:
        if isinstance(trust, KeyTrust):
            return cls()
        certificate, sct = trust.given_certificate, trust.given_sct
        return cls(
            certificate=None if certificate is None else parse_given_certificate(certificate),
            sct=None if sct is None else parse_detached(sct),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """What steps 2 to 8 prove of a signature, whatever it is about."""

    signer: SignerIdentity
    times: tuple[VerifiedTime, ...]
    log_entries: tuple[VerifiedLogEntry, ...]


def _prove(
    parts: SignedParts,
    data: bytes | Digest,
    trust: SigningTrust,
    given: _Given,
    now_utc: datetime,
) -> _Proof:
    """Steps 2 to 8."""
    root = trust.root or TrustedRoot()
    signer = choose_signer(parts, trust, given.certificate)  # 2
    content = SignedContent(
        signature=verify_signature(parts.signatures, data, signer, trust),  # 3
        signer=signer,
        data=data,
        envelope=parts.content if isinstance(parts.content, Envelope) else None,
        envelope_blob=parts.layer if parts.form is Form.ATTESTATION_LAYER else None,
    )
    timestamps = verify_timestamps(  # 4
        parts.timestamps if _reads_timestamps(parts, trust) else (),
        message=content.envelope_blob or content.signature,
        authorities=root.timestamp_authorities,
    )
    _check_timestamp_threshold(timestamps, trust)
    entries: tuple[ProvenEntry, ...] = ()
    if trust.requires_log:  # 5
        entries = verify_entries(
            parts.entries,
            content=content,
            logs=root.transparency_logs,
            minimum=trust.thresholds.logs,
        )
    times = timestamps.times + tuple(item.time for item in entries if item.time is not None)  # 6
    moments = _moments(times, timestamps, trust, now_utc)
    check_log_windows(entries, moments)  # 5, where no entry proves a moment
    if isinstance(trust, KeyTrust):
        _check_key_windows(parts, trust, moments)  # 7
        identity: SignerIdentity = KeyIdentity(key_id=trust.key.key.key_id, name=trust.key.name)
    else:
        identity = _verify_certificate(parts, signer, trust, given, moments)  # 7 and 8
    return _Proof(signer=identity, times=times, log_entries=tuple(item.entry for item in entries))


def _reads_timestamps(parts: SignedParts, trust: SigningTrust) -> bool:
    """A bundle's timestamps always count; a layer's only where timestamps are asked for.

    The latter is cosign's rule (``--use-signed-timestamps``), which its answers depend on.
    """
    return parts.form is Form.BUNDLE or trust.require_timestamp


def _check_timestamp_threshold(timestamps: Timestamps, trust: SigningTrust) -> None:
    minimum = trust.thresholds.timestamp_authorities
    if trust.require_timestamp and timestamps.authority_count < minimum:
        raise VerificationFailed(
            "timestamp.threshold",
            f"too few timestamp authorities: expected {minimum}, got {timestamps.authority_count}"
            + _because(timestamps),
        )


def _moments(
    times: tuple[VerifiedTime, ...],
    timestamps: Timestamps,
    trust: SigningTrust,
    now_utc: datetime,
) -> tuple[datetime, ...]:
    """Step 6."""
    if times:
        return tuple(dict.fromkeys(time.at_utc for time in times))
    if isinstance(trust, KeylessTrust) and trust.requires_log:
        raise VerificationFailed(
            "time.missing",
            "no moment is proven: expected a log's promise or a timestamp" + _because(timestamps),
        )
    return (now_utc,)


def _because(timestamps: Timestamps) -> str:
    return "".join(f"; {reason}" for reason in timestamps.refusals)


def _check_key_windows(parts: SignedParts, trust: KeyTrust, moments: tuple[datetime, ...]) -> None:
    """Step 7 for keys (GHSA-wqqc-jjcq-vfxm); a certificate that came along counts too."""
    for moment in moments:
        if not trust.key.window.contains(moment):
            raise VerificationFailed(
                "key.window",
                f"key {trust.key.name} is trusted from {trust.key.window}, and the signature was"
                f" made at {moment:%Y-%m-%dT%H:%M:%SZ}",
            )
        if parts.certificate is not None:
            parts.certificate.check_valid_at(moment)


def _verify_certificate(
    parts: SignedParts,
    signer: Certificate | PublicKey,
    trust: KeylessTrust,
    given: _Given,
    moments: tuple[datetime, ...],
) -> SignerIdentity:
    """Steps 7 and 8 for certificates."""
    if not isinstance(signer, Certificate):
        raise TypeError("keyless trust chooses certificates")
    path = verify_signing_certificate(
        signer,
        chain=parts.chain,
        authorities=trust.root.certificate_authorities,
        moments=moments,
    )
    if Weakening.IGNORE_SCT not in trust.weakenings:
        verify_scts(
            path,
            logs=trust.root.ct_logs,
            detached=given.sct,
            minimum=trust.thresholds.ct_logs,
        )
    return read_identity(signer)


def _check_claimed_digest(content: MessageSignature, artifact: bytes | Digest) -> None:
    """A bundle's message digest is a claim; when there is one, it must be the artifact's."""
    claimed = content.claimed_digest
    if claimed is None:
        return
    expected = Digest.of(artifact, claimed.algorithm) if isinstance(artifact, bytes) else artifact
    if claimed != expected:
        raise VerificationFailed(
            "subject.mismatch",
            f"the bundle is about another artifact: expected {expected}, got {claimed}",
        )


def _refused(error: InvalidInput) -> VerificationFailed:
    """Malformed evidence is refused evidence."""
    return VerificationFailed(error.code, error.message, hint=error.hint)
