# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The legacy image signature's payload: which image, and what its signer noted about it.

Format: cosign, SIGNATURE_SPEC.md, "Simple Signing"; the same shape as containers/image's atomic
signatures. Only the digest binds. ``docker-reference`` is reported (an image may be copied and
stays signed), and ``type`` is not compared, as in cosign.
"""

from __future__ import annotations

from typing import Any

from .. import jsonbytes
from ..digest import Digest
from ..errors import VerificationFailed, quote
from ..jsonfields import read_object, read_optional_object, read_optional_text, read_text
from ..limits import MAX_EVIDENCE_BYTES
from ..records import dataclass

_WHAT = "the signature payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleSigning:
    """A parsed payload; its bytes were verified before."""

    claimed_digest: str
    claimed_reference: str
    optional: dict[str, Any] | None

    @property
    def annotations(self) -> dict[str, str]:
        """The signer's annotations that are text; cosign compares no others."""
        return {key: item for key, item in (self.optional or {}).items() if isinstance(item, str)}


def parse_simple_signing(payload: bytes) -> SimpleSigning:
    """Read a payload. Raises `InvalidInput` ``json.*``."""
    fields = jsonbytes.parse_object(payload, what=_WHAT, max_bytes=MAX_EVIDENCE_BYTES)
    critical = read_object(fields, "critical", what=_WHAT)
    image = read_object(critical, "image", what=_WHAT)
    identity = read_optional_object(critical, "identity", what=_WHAT) or {}
    optional = read_optional_object(fields, "optional", what=_WHAT)
    return SimpleSigning(
        claimed_digest=read_text(image, "docker-manifest-digest", what=_WHAT),
        claimed_reference=read_optional_text(identity, "docker-reference", what=_WHAT),
        optional=None if optional is None else dict(optional),
    )


def check_subject(signed: SimpleSigning, subject: Digest) -> None:
    """Raise `VerificationFailed` ``subject.mismatch`` unless the payload is about *subject*."""
    if signed.claimed_digest != str(subject):
        raise VerificationFailed(
            "subject.mismatch",
            f"the signature is about another image: expected {subject},"
            f" got {quote(signed.claimed_digest)}",
        )
