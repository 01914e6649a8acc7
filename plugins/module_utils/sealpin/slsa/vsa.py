# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Verification summary attestations: somebody verified an artifact, and says how well it was built.

A VSA is signed either with a key (a bare DSSE envelope) or as a Sigstore bundle. For a bundle the
signature is `signatures.verify`'s business, and its signer the policy's; `check_vsa` then takes the
verified statement's bytes. https://slsa.dev/spec/v1.0/verification_summary
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..crypto import KeyAlgorithm, PublicKey
from ..errors import InvalidInput, VerificationFailed, quote
from ..mediatypes import SLSA_VSA_V1
from ..records import dataclass
from ..signatures.dsse import check_is_statement, parse_envelope
from ..signatures.statement import Statement, parse_statement
from .claims import Claims
from .mismatch import Mismatch

_P1363_P256_BYTES = 64
_TRACK_LEVEL = re.compile(r"SLSA_([A-Z0-9_]+)_LEVEL_([0-9]{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSummary:
    """Demands on a VSA; all of them are made."""

    subjects: tuple[tuple[str, str], ...]
    """Digests as (algorithm, value); the statement must be about each. Algorithms need not be
    hashes: ``gce_image_id`` is one."""
    verifier: str
    """Identifier of whoever verified."""
    resource: str
    """URI of the resource, exactly."""
    levels: tuple[str, ...] = ()
    """``SLSA_<track>_LEVEL_<n>`` is a minimum in its track; any other level must be there."""

    def __post_init__(self) -> None:
        if not self.subjects:
            raise InvalidInput("vsa.expectation", "a VSA is verified for at least one digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a verified VSA says."""

    verifier: str
    resource: str
    levels: tuple[str, ...]


def parse_subject(text: str) -> tuple[str, str]:
    """Parse ``algorithm:value``. Raises `InvalidInput` ``vsa.subject``."""
    algorithm, colon, value = text.partition(":")
    if not (algorithm and colon and value):
        raise InvalidInput("vsa.subject", f"expected algorithm:value, got {quote(text)}")
    return algorithm, value


def verify_vsa(
    envelope: bytes,
    *,
    key: PublicKey,
    key_id: str | None,
    expected: ExpectedSummary,
    hash_algorithm: str = "",
) -> Summary:
    """Verify a VSA that was signed with a key.

    1. A signature is the key's; with *key_id*, only one that carries this hint is tried.
    2. The rest is `check_vsa`.

    Raises `InvalidInput` for another document, `VerificationFailed` ``vsa.*`` or ``signature.*``.
    """
    parsed = parse_envelope(envelope, what="VSA")
    check_is_statement(parsed)
    candidates = [item for item in parsed.signatures if key_id in (None, item.keyid)]
    if not candidates:
        got = ", ".join(quote(item.keyid) for item in parsed.signatures)
        raise VerificationFailed(
            "vsa.key-id", f"no signature by the key: expected key id {quote(key_id)}, got {got}"
        )
    failures = []
    for candidate in candidates:
        try:
            _verify(key, candidate.signature, parsed.signed_bytes, hash_algorithm)
        except VerificationFailed as error:
            failures.append(error)
        else:
            return check_vsa(parsed.payload, expected)
    raise failures[0]


def check_vsa(payload: bytes, expected: ExpectedSummary) -> Summary:
    """Check a VSA whose signature is proven; *payload* is exactly the signed statement.

    1. The predicate is a verification summary of version 1.
    2. It is about each expected digest.
    3. Verifier and resource are the expected ones.
    4. The result is PASSED.
    5. Every expected level was reached.

    Raises `InvalidInput` ``statement.*``, `VerificationFailed` ``vsa.*``.
    """
    # 1.
    statement = parse_statement(payload)
    if statement.predicate_type != SLSA_VSA_V1:
        raise Mismatch("predicate-type", expected=SLSA_VSA_V1, got=statement.predicate_type)
    predicate = Claims(statement.predicate, "predicate")
    # 2.
    _check_subjects(statement, expected.subjects)
    # 3.
    verifier, resource = predicate["verifier"].text("id"), predicate.text("resourceUri")
    _check_equal("verifier", expected.verifier, verifier)
    _check_equal("resource", expected.resource, resource)
    # 4.
    _check_equal("result", "PASSED", predicate.text("verificationResult"))
    # 5.
    levels = predicate.texts("verifiedLevels")
    for level in expected.levels:
        _check_level(level, levels)
    return Summary(verifier=verifier, resource=resource, levels=levels)


def _verify(key: PublicKey, signature: bytes, message: bytes, hash_algorithm: str) -> None:
    """Verify a signature; one of P-256 may be ``r`` and ``s`` side by side (IEEE P1363).

    Google's signer writes that form, and no DER signature has its length and starts otherwise.
    """
    is_bare = key.algorithm is KeyAlgorithm.ECDSA_P256 and len(signature) == _P1363_P256_BYTES
    if is_bare and not _is_der_sequence(signature):
        signature = _der_signature(signature)
    key.verify(signature, message, hash_algorithm=hash_algorithm)


def _is_der_sequence(data: bytes) -> bool:
    return data[0] == 0x30 and data[1] == len(data) - 2


def _der_signature(bare: bytes) -> bytes:
    """Write ``r`` and ``s`` as RFC 3279's Ecdsa-Sig-Value."""
    half = len(bare) // 2
    body = b"".join(_der_integer(part) for part in (bare[:half], bare[half:]))
    return bytes([0x30, len(body)]) + body


def _der_integer(unsigned: bytes) -> bytes:
    digits = unsigned.lstrip(b"\0") or b"\0"
    if digits[0] & 0x80:
        digits = b"\0" + digits
    return bytes([0x02, len(digits)]) + digits


def _check_subjects(statement: Statement, expected: Iterable[tuple[str, str]]) -> None:
    for algorithm, value in expected:
        if not any(subject.digests.get(algorithm) == value for subject in statement.subjects):
            raise VerificationFailed(
                "vsa.subject-mismatch",
                f"VSA is about something else: {quote(f'{algorithm}:{value}')} is no subject of it",
            )


def _check_equal(what: str, expected: str, got: str) -> None:
    if got != expected:
        raise Mismatch(what, expected=expected, got=got, code=f"vsa.{what}-mismatch")


def _check_level(expected: str, got: tuple[str, ...]) -> None:
    wanted = _TRACK_LEVEL.fullmatch(expected)
    reached = [_TRACK_LEVEL.fullmatch(level) for level in got]
    if wanted is None:
        is_met = expected in got
    else:
        is_met = any(
            level is not None and level[1] == wanted[1] and int(level[2]) >= int(wanted[2])
            for level in reached
        )
    if not is_met:
        raise VerificationFailed(
            "vsa.level-mismatch",
            f"VSA level not reached: expected {quote(expected)}, got {quote(', '.join(got))}",
        )
