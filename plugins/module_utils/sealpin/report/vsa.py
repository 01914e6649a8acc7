# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A decision as a verification summary (VSA), for whoever verifies on our word.

The statement is not signed: this program holds no keys. Until somebody signs it, it proves
nothing, and `slsa.vsa` believes it only then. It says what was proven and nothing more: the tag is
not in it, since a tag means another image tomorrow, and a decision that was reached without
evidence or with a weakened check makes none, since the format has no word for either.
https://slsa.dev/spec/v1.0/verification_summary
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

from ..digest import Digest
from ..errors import InvalidInput, VerificationFailed, quote
from ..mediatypes import SLSA_VSA_V1, STATEMENT_V1
from ..policy.decision import Decision, Outcome
from ..reference import Repository
from ..signatures.verified import VerifiedStatement
from ..slsa.levels import build_track_level
from ..version import __version__
from .document import utc_text

_SLSA_VERSION = "1.0"
# RFC 3986, section 4.3: an absolute URI begins with its scheme; what follows is not judged here.
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")


def parse_verifier(text: str) -> str:
    """Return *text* if it can name a verifier. Raises `InvalidInput` ``vsa.verifier``."""
    if _ABSOLUTE_URI.fullmatch(text) is None:
        raise InvalidInput(
            "vsa.verifier",
            f"not the URI of a verifier: expected scheme:…, got {quote(text)}",
            hint="name who verifies and signs, for example https://ci.example.com/verifier",
        )
    return text


def resource_uri(image: Repository) -> str:
    """Return the ``resourceUri`` of an image: its repository, without a tag."""
    return f"oci://{image}"


def verification_summary(
    decision: Decision, *, verifier: str, policy: Digest, now_utc: datetime
) -> dict[str, Any]:
    """Return the in-toto statement that says *decision* was reached.

    *verifier* is who will sign it (a URI), *policy* the hash of the policy it was reached under,
    *now_utc* the moment it was. Raises `VerificationFailed` ``vsa.unproven`` or ``vsa.weakened``,
    `ValueError` for a decision that is not allowed, which is a caller's defect.
    """
    if decision.outcome is not Outcome.ALLOWED or decision.digest is None:
        raise ValueError(f"no summary of a decision that is {decision.outcome.value}")
    _check_is_plain(decision)
    image, digest = decision.reference.repository, decision.digest
    return {
        "_type": STATEMENT_V1,
        "subject": [{"name": str(image), "digest": {digest.algorithm: digest.hex}}],
        "predicateType": SLSA_VSA_V1,
        "predicate": {
            "verifier": {"id": verifier, "version": {"sealpin": __version__}},
            "timeVerified": utc_text(now_utc),
            "resourceUri": resource_uri(image),
            "policy": {"uri": _digest_uri(policy), "digest": {policy.algorithm: policy.hex}},
            "inputAttestations": [_input(statement) for statement in decision.statements],
            "verificationResult": "PASSED",
            "verifiedLevels": [build_track_level(decision.statements)],
            "slsaVersion": _SLSA_VERSION,
        },
    }


def _check_is_plain(decision: Decision) -> None:
    if decision.unsigned or not decision.statements:
        raise VerificationFailed(
            "vsa.unproven",
            f"no summary of {decision.reference}: it is allowed without proof",
        )
    weakened = decision.weakenings.union(*(s.weakenings for s in decision.statements))
    if weakened:
        names = ", ".join(sorted(weakening.value for weakening in weakened))
        raise VerificationFailed(
            "vsa.weakened",
            f"no summary of {decision.reference}: it could not tell of {names}",
        )


def _input(statement: VerifiedStatement) -> dict[str, Any]:
    """Describe a piece of evidence: its digest is proven, its place is where to look for it."""
    evidence = statement.evidence
    digest = {evidence.digest.algorithm: evidence.digest.hex}
    if _ABSOLUTE_URI.fullmatch(uri := f"oci://{evidence.location}") is None:
        return {"digest": digest}
    return {"uri": uri, "digest": digest}


def _digest_uri(digest: Digest) -> str:
    """Name content by its hash (RFC 6920): the policy's model is in no place of its own."""
    value = base64.urlsafe_b64encode(digest.raw).rstrip(b"=").decode("ascii")
    return f"ni:///sha-256;{value}"
