# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""In-toto statements: what an envelope says, and about which digests.

Format: in-toto attestation framework, spec/v1/statement.md, and its predecessor v0.1, which cosign
still writes. Unknown fields are allowed there and here; a duplicate key is refused, because two
parsers would read two statements. Any subject may be the one asked about: never only the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import jsonbytes
from ..digest import Digest
from ..errors import InvalidInput, VerificationFailed, quote
from ..jsonfields import (
    Fields,
    read_object,
    read_objects,
    read_optional_object,
    read_optional_text,
    read_text,
    wrong_field,
)
from ..limits import MAX_DIGESTS_PER_SUBJECT, MAX_EVIDENCE_BYTES, MAX_SUBJECTS
from ..mediatypes import STATEMENT_V01, STATEMENT_V1
from ..records import dataclass, field

_WHAT = "the in-toto statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing a statement is about."""

    name: str
    digests: Mapping[str, str]
    """By algorithm name, as written; most algorithms mean nothing here (``gitCommit``)."""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A parsed statement; its bytes were verified before."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Any


def parse_statement(payload: bytes) -> Statement:
    """Read a statement of version 0.1 or 1.

    Raises `InvalidInput` ``json.*``, ``statement.type`` or ``statement.no-subject``.
    """
    fields = jsonbytes.parse_object(payload, what=_WHAT, max_bytes=MAX_EVIDENCE_BYTES)
    kind = fields.get("_type")
    if kind not in (STATEMENT_V1, STATEMENT_V01):
        raise InvalidInput(
            "statement.type",
            f"not an in-toto statement: expected {STATEMENT_V1} or {STATEMENT_V01},"
            f" got {quote(kind)}",
        )
    subjects = tuple(
        _read_subject(item)
        for item in read_objects(fields, "subject", what=_WHAT, at_most=MAX_SUBJECTS)
    )
    if not subjects:
        raise InvalidInput("statement.no-subject", f"{_WHAT} has no subject")
    return Statement(
        subjects=subjects,
        predicate_type=read_text(fields, "predicateType", what=_WHAT),
        predicate=fields.get("predicate"),
    )


def match_subject(statement: Statement, digest: Digest) -> Subject:
    """Return the subject that has *digest*, of the same algorithm and in lower case.

    Raises `VerificationFailed` ``subject.mismatch``.
    """
    for subject in statement.subjects:
        if subject.digests.get(digest.algorithm) == digest.hex:
            return subject
    claimed = statement.subjects[0].digests.get(digest.algorithm, "none")
    raise VerificationFailed(
        "subject.mismatch",
        f"the statement is about something else: expected {digest}, got {len(statement.subjects)}"
        f" subjects, the first with {digest.algorithm} {quote(claimed)}",
    )


def _read_subject(item: Fields) -> Subject:
    digests = read_object(item, "digest", what=_WHAT)
    if len(digests) > MAX_DIGESTS_PER_SUBJECT:
        raise InvalidInput(
            "json.too-many",
            f"{_WHAT} has a subject with too many digests: at most {MAX_DIGESTS_PER_SUBJECT},"
            f" got {len(digests)}",
        )
    for algorithm, value in digests.items():
        if not isinstance(value, str):
            raise wrong_field(algorithm, expected="a digest's text", got=value, what=_WHAT)
    annotations = read_optional_object(item, "annotations", what=_WHAT) or {}
    return Subject(
        name=read_optional_text(item, "name", what=_WHAT),
        digests=dict(digests),
        annotations={key: text for key, text in annotations.items() if isinstance(text, str)},
    )
