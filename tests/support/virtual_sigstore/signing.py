# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Who signs, how, and what is to go wrong; and what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from sealpin.digest import Digest
from sealpin.evidence import Evidence, EvidenceKind, Route

from .certificate_authority import der_of, pem
from .keys import KeyPair
from .timestamp_authority import Stamp
from .windows import SIGNING_TIME

Json = dict[str, object]


def _same(value):
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key, alone or with a certificate."""

    key: KeyPair
    certificate: x509.Certificate | None = None
    chain: tuple[x509.Certificate, ...] = ()
    """Issuing certificate first, root last."""

    @property
    def verifier_pem(self) -> bytes:
        """What verifies: the certificate, else the public key."""
        return pem([self.certificate]) if self.certificate else self.key.public_pem

    @property
    def verifier_der(self) -> bytes:
        return der_of(self.certificate) if self.certificate else self.key.spki_der


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """Changes to one stage of a signature each, in the order in which the stages happen."""

    statement: Callable[[Json], Json] = _same
    """The in-toto statement, or the simple-signing payload, before it is serialised."""
    payload: Callable[[bytes], bytes] = _same
    """The serialised form, before it is signed."""
    signature: Callable[[bytes], bytes] = _same
    """The signature; the log and the timestamp see the changed one."""
    envelope: Callable[[Json], Json] = _same
    """The DSSE envelope; the log sees the changed one."""
    log_body: Callable[[Json], Json] = _same
    """What the log records, before it is logged."""
    promise: Callable[[Json], Json] = _same
    """What the signed entry timestamp covers; the entry keeps saying what it said."""
    checkpoint: Callable[[str], str] = _same
    """The checkpoint's text, before it is signed."""
    entry: Callable[[Json], Json] = _same
    """The finished `TransparencyLogEntry`, or the legacy annotation's object."""
    stamped: Callable[[bytes], bytes] = _same
    """The bytes that are sent to the timestamp authority."""
    timestamp: Callable[[bytes], bytes] = _same
    """The finished TimeStampResp."""
    annotations: Callable[[dict[str, str]], dict[str, str]] = _same
    """The finished annotations of a layer."""
    bundle: Callable[[Json], Json] = _same
    """The finished bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one signature is made; the defaults are what cosign makes by default."""

    at_utc: datetime = SIGNING_TIME
    log: str = "v1"
    """``v1``, ``v2`` or empty for none."""
    kind: str = ""
    """An entry kind of `log_bodies`; empty for the one that belongs to the form."""
    promise: bool = True
    proof: bool = True
    """Of bundles; the legacy form never has one."""
    stamps: Sequence[Stamp] | None = None
    """Timestamps; None for one where nothing else tells the time (Rekor v2, or no log)."""
    hash_algorithm: str = ""
    """Empty for SHA-256 in the legacy form and the key's own in bundles."""
    edits: Edits = field(default_factory=Edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLayer:
    """A layer of a ``.sig`` or ``.att`` manifest."""

    content: bytes
    annotations: Mapping[str, str]
    media_type: str
    kind: EvidenceKind

    def as_evidence(self, subject: str | Digest) -> Evidence:
        """The layer as discovery would hand it on."""
        tag = Route.SIGNATURE_TAG
        if self.kind is EvidenceKind.ATTESTATION_LAYER:
            tag = Route.ATTESTATION_TAG
        return _evidence(self.kind, subject, self.content, tag, self.annotations)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBundle:
    """A Sigstore bundle."""

    content: bytes

    @property
    def document(self) -> Json:
        return json.loads(self.content)

    def as_evidence(self, subject: str | Digest) -> Evidence:
        """The bundle as discovery would hand it on."""
        return _evidence(EvidenceKind.BUNDLE, subject, self.content, Route.REFERRERS_API, {})


def _evidence(
    kind: EvidenceKind,
    subject: str | Digest,
    content: bytes,
    route: Route,
    annotations: Mapping[str, str],
) -> Evidence:
    return Evidence(
        kind=kind,
        subject=subject if isinstance(subject, Digest) else Digest.parse(subject),
        content=content,
        annotations=annotations,
        route=route,
        location="virtual.test/app@sha256:0",
    )
