# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""sealpin.lock: what was proven about every image that files name, as a record and never as proof.

The file is one JSON object: a key per reference (normalised, without its digest; with the platform
behind a space where one was asked for), then ``version``. Each entry is one line that ends in a
comma, with an empty line behind it, because git merges lines:

- two branches that change neighbouring entries merge, for an unchanged line lies between them;
- two branches that add entries at the same place merge under ``merge=union``
  (``sealpin.lock merge=union`` in ``.gitattributes``): any subset of such lines in any order is
  still the same JSON. An entry over several lines would not survive: the driver keeps lines that
  both sides have, such as a closing brace, once.

What is written is sorted and has no clock in it: the same evidence gives the same bytes. "When" is
the proven signing time. Format: hooks/schemas/sealpin-lock.schema.json, docs/adr/0005.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .. import jsonbytes
from ..descriptor import Platform
from ..digest import Digest
from ..errors import InvalidInput, quote
from ..limits import MAX_LOCK_BYTES
from ..records import dataclass, field, replace
from ..reference import DEFAULT_TAG, ImageReference
from ..signatures.verified import (
    CertificateIdentity,
    KeyIdentity,
    SignerIdentity,
    VerifiedStatement,
)
from .lock_fields import TIME_FORMAT, Fields, malformed

if TYPE_CHECKING:
    from .pin import Pin

LOCK_VERSION = 1

_CONFLICT_MARKERS = (b"<<<<<<< ", b">>>>>>> ")


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
    def key(self) -> str:
        """The entry's key in the file."""
        return f"{self.reference} {self.platform}" if self.platform else self.reference

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


@dataclass(frozen=True, slots=True)
class Lock:
    """The whole file."""

    entries: tuple[LockEntry, ...] = ()
    """Sorted by key, each key once."""
    _by_reference: dict[str, list[LockEntry]] = field(init=False, compare=False, repr=False)
    _by_digest: dict[Digest, list[LockEntry]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index the entries: files are compared site by site."""
        by_reference: dict[str, list[LockEntry]] = {}
        by_digest: dict[Digest, list[LockEntry]] = {}
        for entry in self.entries:
            by_reference.setdefault(entry.reference, []).append(entry)
            by_digest.setdefault(entry.digest, []).append(entry)
        object.__setattr__(self, "_by_reference", by_reference)
        object.__setattr__(self, "_by_digest", by_digest)

    def find(self, reference: ImageReference) -> tuple[LockEntry, ...]:
        """Entries for any platform; a reference pinned without a tag is known by its digest."""
        if reference.tag is None and reference.digest is not None:
            same = self._by_digest.get(reference.digest, ())
            repository = str(reference.repository)
            return tuple(entry for entry in same if entry.repository == repository)
        name = f"{reference.repository}:{reference.tag or DEFAULT_TAG}"
        return tuple(self._by_reference.get(name, ()))

    def named_as_before(self, entry: LockEntry) -> tuple[LockEntry, ...]:
        """Return *entry* under the references this lock has for its digest, where it has no tag."""
        reference = ImageReference.parse(entry.reference)
        if reference.tag is not None:
            return (entry,)
        before = [old for old in self.find(reference) if old.platform == entry.platform]
        return tuple(replace(entry, reference=old.reference) for old in before) or (entry,)

    @classmethod
    def of(cls, entries: Iterable[LockEntry]) -> Lock:
        """Make a lock of *entries*; of two with one key the later counts."""
        by_key = {entry.key: entry for entry in entries}
        return cls(tuple(by_key[key] for key in sorted(by_key)))

    @classmethod
    def parse(cls, data: bytes) -> Lock:
        """Parse the file. Round trip: ``Lock.parse(lock.dump()) == lock``.

        Raises `InvalidInput` ``lock.conflict`` for an unfinished merge, ``lock.newer`` for a
        version this program does not know, ``lock.malformed`` for anything else.
        """
        return cls.of(_read_document(data))

    def dump(self) -> bytes:
        """The file's bytes; equal locks give equal bytes."""
        lines = [f"{_json(entry.key)}: {_json(_to_json(entry))},\n" for entry in self.entries]
        body = "".join(f"  {line}\n" for line in lines)
        return f'{{\n{body}  "version": {LOCK_VERSION}\n}}\n'.encode()


def merge(base: Lock, ours: Lock, theirs: Lock) -> Lock:
    """Merge two locks that come from *base*, entry by entry.

    Raises `InvalidInput` ``lock.conflict`` naming the reference both sides changed differently.
    """
    sides = [{entry.key: entry for entry in lock.entries} for lock in (base, ours, theirs)]
    merged: list[LockEntry] = []
    for key in sorted(set().union(*sides)):
        before, our, their = (side.get(key) for side in sides)
        if our != before and their not in (before, our):
            raise _conflict(f"both sides changed {quote(key)}")
        chosen = their if our == before else our
        if chosen is not None:
            merged.append(chosen)
    return Lock.of(merged)


def _conflict(problem: str) -> InvalidInput:
    return InvalidInput(
        "lock.conflict",
        f"sealpin.lock has an unfinished merge: {problem}",
        hint="keep one of the two entries, or delete both, and run: sealpin pin",
    )


def _read_document(data: bytes) -> list[LockEntry]:
    if any(data.startswith(m) or b"\n" + m in data for m in _CONFLICT_MARKERS):
        raise _conflict("it holds conflict markers")
    try:
        document = jsonbytes.parse_object(data, what="sealpin.lock", max_bytes=MAX_LOCK_BYTES)
    except InvalidInput as error:
        if error.code == "json.duplicate-key":
            raise _conflict(error.message) from error
        raise malformed(error.message) from error
    version = document.pop("version", None)
    if not isinstance(version, int) or isinstance(version, bool):
        raise malformed("it has no version")
    if version > LOCK_VERSION:
        raise InvalidInput(
            "lock.newer",
            f"sealpin.lock was written by a newer sealpin: expected version {LOCK_VERSION},"
            f" got {version}",
            hint="update sealpin",
        )
    return [_from_json(key, value) for key, value in document.items()]


def _json(value: Any) -> str:
    """One line, ASCII only: no character in it may end a line for anybody."""
    return json.dumps(value, separators=(", ", ": "))


def _to_json(entry: LockEntry) -> dict[str, Any]:
    """Fields in the order they are read by people; empty ones are left out."""
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


def _from_json(key: str, value: Any) -> LockEntry:
    reference, _separator, platform = key.partition(" ")
    fields = Fields(value, f"the entry {quote(key)}")
    _check_reference(reference)
    _check_platform(platform, key)
    entry = LockEntry(
        reference=reference,
        platform=platform,
        digest=fields.digest("digest"),
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


def _check_reference(text: str) -> None:
    try:
        normalised = ImageReference.parse(text).normalised
    except InvalidInput as error:
        raise malformed(error.message) from error
    if normalised != text:
        raise malformed(f"not a normalised reference: {quote(text)}")


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
