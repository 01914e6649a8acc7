# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What ``verify-image`` found, as slsa-verifier's lines, as our text and as one JSON document.

The document's schema is ``schemas/provenance.schema.json``; keys are only ever added to a version.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from sealpin.errors import MissingDependency, SealpinError, Unavailable
from sealpin.records import dataclass
from sealpin.report.document import statement_to_dict
from sealpin.report.text import Style, printable, proof_lines
from sealpin.signatures.verified import VerifiedStatement
from sealpin.slsa.claims import Provenance
from sealpin.slsa.gcb import VerifiedGcbProvenance
from sealpin.slsa.peer_texts import PASSED, failure_text
from sealpin.slsa.verify_image import BuildPlatform, VerifiedBuild
from sealpin.version import __version__

from .terminal import style_for

DOCUMENT_VERSION = 1
_FAILED = "FAILED: SLSA verification failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """The answer for one image: provenance, or the reason why there is none to show."""

    image: str
    platform: BuildPlatform
    error: SealpinError | None = None
    provenance: Provenance | None = None
    builder: str = ""
    commit: str = ""
    statement: VerifiedStatement | None = None
    """Where a certificate signed."""
    key: str = ""
    """Name of Google's key, where it signed."""
    payload: bytes | None = None
    """Exactly the signed bytes."""

    @classmethod
    def of_build(cls, image: str, build: VerifiedBuild) -> BuildReport:
        """Report on an attestation that a GitHub workflow signed."""
        return cls(
            image=image,
            platform=BuildPlatform.GITHUB,
            provenance=build.provenance,
            builder=build.builder,
            commit=build.commit,
            statement=build.statement,
            payload=build.statement.payload,
        )

    @classmethod
    def of_cloud_build(cls, image: str, verified: VerifiedGcbProvenance) -> BuildReport:
        """Report on provenance that Google Cloud Build signed."""
        return cls(
            image=image,
            platform=BuildPlatform.GOOGLE_CLOUD_BUILD,
            provenance=verified.provenance,
            builder=verified.provenance.builder_id,
            commit=verified.provenance.commit,
            key=verified.key_name,
            payload=verified.payload,
        )

    @property
    def outcome(self) -> str:
        """``allowed``, ``denied`` or ``inconclusive``."""
        if self.error is None:
            return "allowed"
        cannot_tell = isinstance(self.error, Unavailable | MissingDependency)
        return "inconclusive" if cannot_tell else "denied"

    def document(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {
            "report": "sealpin-provenance",
            "version": DOCUMENT_VERSION,
            "tool": {"name": "sealpin", "version": __version__},
            "image": self.image,
            "outcome": self.outcome,
            "code": self.error.code if self.error else "ok",
            "message": self.error.message if self.error else "",
            "hint": self.error.hint if self.error else "",
            "builder": self.builder,
            "commit": self.commit,
            "provenance": _provenance_to_dict(self.provenance) if self.provenance else None,
            "statement": statement_to_dict(self.statement) if self.statement else None,
            "key": self.key,
        }


def text_lines(report: BuildReport) -> list[str]:
    """Return our own report for people."""
    style = style_for(sys.stdout)
    return _refusal_lines(report, style) if report.error else _proof_lines(report, style)


def peer_lines(report: BuildReport, *, asked: Mapping[str, str] | None) -> list[str]:
    """Return slsa-verifier's lines.

    A failure is told in the peer's words when *asked* says what it may quote, else in ours.
    """
    error = report.error
    if error is not None:
        if asked is not None:
            shown = failure_text(error, report.platform, asked=asked)
            return [f"{_FAILED}: {printable(shown)}"]
        hint = [f"next: {printable(error.hint)}"] if error.hint else []
        return [f"{_FAILED}: {printable(str(error))}", *hint]
    if report.key:
        return [f'Verification succeeded with key "{report.key}"', PASSED]
    built = f'Verified build using builder "{report.builder}" at commit {report.commit}'
    return [built, PASSED]


def _refusal_lines(report: BuildReport, style: Style) -> list[str]:
    word = "could not check" if report.outcome == "inconclusive" else "refused"
    lines = [style.paint(f"✗ {printable(report.image)}  {word}", "31")]
    if report.error is not None:
        lines += style.wrap(str(report.error), indent="    ")
        if report.error.hint:
            lines += style.wrap(f"next: {report.error.hint}", indent="    ")
    return lines


def _proof_lines(report: BuildReport, style: Style) -> list[str]:
    lines = [f"built by {report.builder}"]
    source = report.provenance.source if report.provenance else None
    if source is not None:
        lines.append(f"from {source.repository}" + (f"@{source.ref}" if source.ref else ""))
    if report.commit:
        lines.append(f"commit {report.commit}")
    if report.statement is not None:
        lines += proof_lines(statement_to_dict(report.statement), style)
    if report.key:
        lines.append(f"signed by Google Cloud Build's key {report.key}")
    headline = style.paint(f"✓ {printable(report.image)}  verified", "32")
    return [headline, *(f"    {printable(line)}" for line in lines)]


def _provenance_to_dict(provenance: Provenance) -> dict[str, Any]:
    source = provenance.source
    return {
        "predicate_type": provenance.predicate_type,
        "builder_id": provenance.builder_id,
        "build_type": provenance.build_type,
        "source": source.repository if source else "",
        "ref": source.ref if source else "",
        "commit": provenance.commit,
        "branch": provenance.branch,
        "tag": provenance.tag,
        "trigger": provenance.trigger,
        "inputs": dict(provenance.inputs),
        "entry_point": provenance.entry_point,
        "invocation": provenance.invocation,
    }
