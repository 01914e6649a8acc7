# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One entry of sealpin.lock: what was proven about one reference, and its JSON.

Nothing in it is of the clock: "when" is the proven signing time. Reading is strict: a field that
nobody knows, or that is not spelled as it would be written, is refused.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..descriptor import Platform
from ..digest import Digest
from ..errors import InvalidInput, quote
from ..records import dataclass
from ..reference import ImageReference
from ..signatures.verified import (
    CertificateIdentity,
    KeyIdentity,
    SignerIdentity,
    VerifiedStatement,
)
from .lock_fields import TIME_FORMAT, Fields, malformed

if TYPE_CHECKING:
    from .pin import Pin


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Proof:
    """One verified statement that satisfied an authority."""

    authority: str
    """``policy/authority``"""
    predicate_type: str
    issuer: str = ""
    """OIDC issuer of a keyless signer."""
    identity: tuple[str, ...] = ()
    """Subject names of a keyless signer's certificate, in its order."""
    key: str = ""
    """SHA-256 of a given key, in hexadecimal."""
    signed_at: str = ""
    """Earliest proven moment, ``2024-05-01T10:00:00Z``; empty where nothing proves one."""
    evidence: Digest

    @classmethod
    def of(cls, statement: VerifiedStatement, *, authority: str) -> Proof:
        """Record *statement*."""
        signer, time = statement.signer, statement.earliest_utc
        return cls(
            authority=authority,
            predicate_type=statement.predicate_type,
            issuer=signer.issuer if isinstance(signer, CertificateIdentity) else "",
            identity=_names_of(signer),
            key=signer.key_id if isinstance(signer, KeyIdentity) else "",
            signed_at=time.astimezone(timezone.utc).strftime(TIME_FORMAT) if time else "",
            evidence=statement.evidence.digest,
        )


def _names_of(signer: SignerIdentity) -> tuple[str, ...]:
    if isinstance(signer, CertificateIdentity):
        return tuple(name.value for name in signer.subjects)
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntry:
    """What is known about one reference."""

    reference: str
    """Normalised, without a digest unless it was written without a tag."""
    platform: str = ""
    digest: Digest
    """What the files carry."""
    index: Digest | None = None
    """The verified index that contains `digest`, when a platform was asked for."""
    platforms: tuple[tuple[str, Digest], ...] = ()
    """The index's children, sorted by platform."""
    proofs: tuple[Proof, ...] = ()
    is_unsigned: bool = False
    weakenings: tuple[str, ...] = ()
    policy: Digest
    """Hash of the policy set it was verified under."""
    trusted_root: Digest | None = None
    """Hash of the trusted root it was verified under; None where only keys were."""

    @classmethod
    def of(cls, pin: Pin, *, policy: Digest, trusted_root: Digest | None) -> LockEntry:
        """Record what *pin*'s decision proved."""
        decision, artifact = pin.decision, pin.decision.artifact
        children = artifact.children if artifact else ()
        proofs = {
            Proof.of(statement, authority=f"{result.policy}/{result.authority}")
            for result in decision.satisfied
            for statement in result.statements
        }
        platforms = {str(child.platform): child.digest for child in children if child.platform}
        return cls(
            reference=pin.site.moving_reference.normalised,
            platform=str(pin.platform) if pin.platform else "",
            digest=pin.digest,
            index=decision.digest if decision.digest != pin.digest else None,
            platforms=tuple(sorted(platforms.items())),
            proofs=tuple(sorted(proofs)),
            is_unsigned=decision.unsigned,
            weakenings=tuple(sorted(weakening.value for weakening in decision.weakenings)),
            policy=policy,
            trusted_root=trusted_root,
        )

    @property
    def subject(self) -> tuple[str, str, str]:
        """What the entry is about: no lock has two that are about the same."""
        return self.reference, self.platform, str(self.digest)

    @property
    def repository(self) -> str:
        """The reference's repository."""
        return str(ImageReference.parse(self.reference).repository)

    @property
    def newest_proof_utc(self) -> datetime | None:
        """The latest proven signing time: evidence older than this is a rollback."""
        times = [proof.signed_at for proof in self.proofs if proof.signed_at]
        if not times:
            return None
        return datetime.strptime(max(times), TIME_FORMAT).replace(tzinfo=timezone.utc)


def key_of(entry: LockEntry, *, has_digest: bool) -> str:
    """Return the entry's key in the file: ``name:tag``, its digest if asked for, its platform."""
    reference = entry.reference
    if has_digest and "@" not in reference:
        reference = f"{reference}@{entry.digest}"
    return f"{reference} {entry.platform}" if entry.platform else reference


def entry_to_json(entry: LockEntry) -> dict[str, Any]:
    """Return the fields in the order people read them; empty ones are left out."""
    document: dict[str, Any] = {
        "digest": str(entry.digest),
        "index": str(entry.index) if entry.index else "",
        "platforms": {platform: str(digest) for platform, digest in entry.platforms},
        "unsigned": entry.is_unsigned,
        "proven": [_proof_to_json(proof) for proof in entry.proofs],
        "weakenings": list(entry.weakenings),
        "policy": str(entry.policy),
        "trusted_root": str(entry.trusted_root) if entry.trusted_root else "",
    }
    return {name: value for name, value in document.items() if value}


def _proof_to_json(proof: Proof) -> dict[str, Any]:
    document: dict[str, Any] = {
        "authority": proof.authority,
        "predicate_type": proof.predicate_type,
        "issuer": proof.issuer,
        "identity": list(proof.identity),
        "key": proof.key,
        "signed_at": proof.signed_at,
        "evidence": str(proof.evidence),
    }
    return {name: value for name, value in document.items() if value}


def entry_from_json(key: str, value: Any) -> LockEntry:
    """Read what `entry_to_json` wrote under *key*. Raises `InvalidInput` ``lock.malformed``."""
    text, _separator, platform = key.partition(" ")
    fields = Fields(value, f"the entry {quote(key)}")
    reference = _read_reference(text)
    digest = fields.digest("digest")
    if reference.tag is not None and reference.digest not in (None, digest):
        raise malformed(f"the entry {quote(key)} is of another digest than its key")
    _check_platform(platform, key)
    entry = LockEntry(
        reference=text.partition("@")[0] if reference.tag is not None else text,
        platform=platform,
        digest=digest,
        index=fields.optional_digest("index"),
        platforms=tuple(sorted(fields.digests("platforms").items())),
        proofs=tuple(
            sorted(_proof_from_json(fields.where, item) for item in fields.items("proven"))
        ),
        is_unsigned=fields.flag("unsigned"),
        weakenings=tuple(sorted(fields.texts("weakenings"))),
        policy=fields.digest("policy"),
        trusted_root=fields.optional_digest("trusted_root"),
    )
    fields.check_known()
    return entry


def _read_reference(text: str) -> ImageReference:
    try:
        reference = ImageReference.parse(text)
    except InvalidInput as error:
        raise malformed(error.message) from error
    if reference.normalised != text:
        raise malformed(f"not a normalised reference: {quote(text)}")
    return reference


def _check_platform(text: str, key: str) -> None:
    try:
        is_normal = not text or str(Platform.parse(text)) == text
    except InvalidInput:
        is_normal = False
    if not is_normal:
        raise malformed(f"not a reference with a platform behind it: {quote(key)}")


def _proof_from_json(where: str, value: Any) -> Proof:
    fields = Fields(value, f"a proof of {where}")
    proof = Proof(
        authority=fields.text("authority"),
        predicate_type=fields.text("predicate_type"),
        issuer=fields.text("issuer"),
        identity=fields.texts("identity"),
        key=fields.text("key"),
        signed_at=fields.time("signed_at"),
        evidence=fields.digest("evidence"),
    )
    fields.check_known()
    return proof
