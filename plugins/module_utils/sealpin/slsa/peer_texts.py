# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""slsa-verifier's error classes and words for our codes, for ``--compat slsa-verifier``.

Its messages put values around these words in an order that differs from check to check. Measured
with slsa-verifier v2.7.1 (errors/errors.go names the classes).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SealpinError
from . import semver
from .mismatch import Mismatch
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


def failure_text(error: SealpinError, platform: BuildPlatform, *, asked: Mapping[str, str]) -> str:
    """Return what the peer says for *error*, without its ``FAILED`` prefix.

    *asked* is what the peer quotes of the command line: ``image``, ``digest_hex``, ``builder`` and
    ``versioned_tag``. It is the peer's text to the letter where its values are known here, else its
    words with ours behind them.
    """
    if error.code in _QUOTING:
        return _QUOTING[error.code].format_map(asked)
    known = peer_error(error.code, platform)
    if known is None:
        return error.message
    if isinstance(error, Mismatch):
        worded = _worded(error, known[1], platform)
        if worded:
            return worded
    return _FIXED.get((platform, error.code)) or f"{known[1]}: {error.message}"


_QUOTING: Mapping[str, str] = {
    "slsa.versioned-tag": "{versioned_tag}: invalid semantic version",
    "slsa.builder-unsupported": "no verifier support the builder: {builder}",
    "reference.mutable": "the image is mutable: '{image}'",
    "subject.mismatch": (
        "expected hash '{digest_hex}' not found: artifact hash does not match provenance subject"
    ),
}
"""Texts that repeat what was asked."""

_FIXED: Mapping[tuple[BuildPlatform, str], str] = {
    (BuildPlatform.GITHUB, "slsa.no-provenance"): "no matching attestations: ",
    (BuildPlatform.GITHUB, "slsa.tag-unknown"): (
        'verifying tag: invalid ref: "": unexpected ref type: ""'
    ),
    (BuildPlatform.GOOGLE_CLOUD_BUILD, "slsa.branch-unknown"): (
        "not supported: branch verification"
    ),
    (BuildPlatform.GOOGLE_CLOUD_BUILD, "gcb.readable-copy"): (
        "verified intoto provenance does not match text provenance: "
    ),
}
"""Texts without a value in them."""


def _worded(error: Mismatch, words: str, platform: BuildPlatform) -> str:
    """Put both values around *words* as the peer does; empty where it does so in no known way."""
    expected, got = error.expected, error.got
    if error.what == "versioned-tag":
        return _worded_version(expected, got, words)
    if platform is BuildPlatform.GOOGLE_CLOUD_BUILD:
        return {
            "source": f"{words}: expected '{expected}', got '{got}'",
            "tag": f"{words}: expected '{expected}', got '{got}'",
            "builder version": f"{words}: expected version '{expected}', got '{got}'",
            "kind": f"{words}: expected kind to be 'BUILD', got {got}",
        }.get(error.what, "")
    return {
        "source": f"{words}: expected source '{_bare(expected)}', got '{_bare(got)}'",
        "branch": f"expected branch '{expected}', got '{got}': {words}",
        "tag": f"expected tag '{expected}', got '{got}': {words}",
        "trigger": f"{words}: expected '{expected}' trigger, got {got}",
        # Here the peer takes its own value for the expected one.
        "builder": f"{words}: builderID does not match provenance: expected name '{got}',"
        f" got '{expected}'",
    }.get(error.what, "")


def _worded_version(expected: str, got: str, words: str) -> str:
    wanted, version = semver.parse(expected), semver.parse(got)
    if wanted is None or version is None:
        return ""
    part = semver.first_difference(wanted, version)
    if part == "major":
        return f"{words}: major version expected 'v{wanted.major}', got 'v{version.major}'"
    if part == "minor":
        return f"{words}: minor version expected '{wanted.minor}', got '{version.minor or '0'}'"
    return f"{words}: patch version expected '{_patch(wanted)}', got '{_patch(version)}'"


def _patch(version: semver.Version) -> str:
    suffix = f"-{version.prerelease}" if version.prerelease else ""
    return f"{version.patch or '0'}{suffix}"


def _bare(repository: str) -> str:
    return repository.removeprefix("https://").removeprefix("github.com/")
