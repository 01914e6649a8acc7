# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""slsa-verifier's error classes and words for our codes, for ``--compat slsa-verifier``.

Its messages put values around these words in an order that differs from check to check; scripts
match the words. Measured with slsa-verifier v2.7.1 (errors/errors.go names the classes).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SealpinError
from .verify_image import BuildPlatform

PASSED = "PASSED: SLSA verification passed"

_NO_ATTESTATION = ("ErrorNoMatchingAttestations", "no matching attestations")
_NO_SIGNATURE = ("ErrorNoValidSignature", "no valid signature")
_MISMATCH_BUILDER = ("ErrorMismatchBuilderID", "builderID does not match provenance")
_UNTRUSTED = ("ErrorUntrustedReusableWorkflow", "untrusted reusable workflow")
_MISMATCH_HASH = ("ErrorMismatchHash", "artifact hash does not match provenance subject")
_MISMATCH_SOURCE = (
    "ErrorMismatchSource",
    "source used to generate the binary does not match provenance",
)
_MISMATCH_INPUTS = ("ErrorMismatchWorkflowInputs", "workflow input does not match")
_TAG_WORDS = "tag used to generate the binary does not match provenance"
_INVALID_REF = ("ErrorInvalidRef", "invalid ref")

_COMMON: Mapping[str, tuple[str, str]] = {
    "slsa.source": _MISMATCH_SOURCE,
    "slsa.source-mismatch": _MISMATCH_SOURCE,
    "slsa.source-inconsistent": _MISMATCH_SOURCE,
    "slsa.branch-mismatch": (
        "ErrorMismatchBranch",
        "branch used to generate the binary does not match provenance",
    ),
    "slsa.tag-mismatch": ("ErrorMismatchTag", _TAG_WORDS),
    "slsa.versioned-tag-mismatch": ("ErrorMismatchVersionedTag", _TAG_WORDS),
    "slsa.versioned-tag": ("ErrorInvalidSemver", "invalid semantic version"),
    "slsa.builder-unsupported": (
        "ErrorVerifierNotSupported",
        "no verifier support the builder",
    ),
    "slsa.builder-malformed": ("ErrorInvalidFormat", "invalid format"),
    "slsa.inputs-mismatch": _MISMATCH_INPUTS,
    "slsa.inputs-unknown": _MISMATCH_INPUTS,
    "subject.mismatch": _MISMATCH_HASH,
    "reference.mutable": ("ErrorMutableImage", "the image is mutable"),
}
_GITHUB: Mapping[str, tuple[str, str]] = {
    "slsa.no-provenance": _NO_ATTESTATION,
    "slsa.builder-mismatch": _UNTRUSTED,
    "slsa.builder-untrusted": _UNTRUSTED,
    "slsa.builder-ref": _INVALID_REF,
    "slsa.tag-unknown": _INVALID_REF,
    "slsa.branch-unknown": _INVALID_REF,
}
_GOOGLE_CLOUD_BUILD: Mapping[str, tuple[str, str]] = {
    "slsa.builder-mismatch": _MISMATCH_BUILDER,
    "slsa.builder-untrusted": _MISMATCH_BUILDER,
    "slsa.branch-unknown": ("ErrorNotSupported", "not supported: branch verification"),
    "slsa.tag-unknown": ("ErrorMismatchTag", _TAG_WORDS),
    "gcb.signature": _NO_SIGNATURE,
    "gcb.entry": _NO_SIGNATURE,
    "gcb.kind": ("ErrorInvalidFormat", "invalid format"),
    "gcb.wrapper": _MISMATCH_HASH,
    "gcb.readable-copy": (
        "ErrorMismatchIntoto",
        "verified intoto provenance does not match text provenance",
    ),
    "json.malformed": ("ErrorInvalidDssePayload", "invalid DSSE envelope payload"),
}
_OF_PLATFORM = {
    BuildPlatform.GITHUB: _GITHUB,
    BuildPlatform.GOOGLE_CLOUD_BUILD: _GOOGLE_CLOUD_BUILD,
}


def peer_error(code: str, platform: BuildPlatform) -> tuple[str, str] | None:
    """Return the peer's error class and words for *code*; None where it has none of its own.

    On GitHub any failure of a signature is to the peer an attestation that does not match.
    """
    found = _OF_PLATFORM[platform].get(code) or _COMMON.get(code)
    if found is None and platform is BuildPlatform.GITHUB and not code.startswith("slsa."):
        return _NO_ATTESTATION
    return found


def failure_text(error: SealpinError, platform: BuildPlatform) -> str:
    """Return the peer's words for *error*, and ours behind them."""
    known = peer_error(error.code, platform)
    return f"{known[1]}: {error.message}" if known else error.message
