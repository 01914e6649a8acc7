# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A session over saved evidence, for runs that may open no socket."""

from __future__ import annotations

from pathlib import Path

from sealpin.clock import SystemClock
from sealpin.errors import InvalidInput, quote
from sealpin.evidence_session import EvidenceSession
from sealpin.rules import Rules


def open_evidence(folder: Path, rules: Rules) -> EvidenceSession:
    """Return the session. Raises `InvalidInput` ``evidence.no-folder``."""
    if not folder.is_dir():
        raise InvalidInput(
            "evidence.no-folder",
            f"no folder with saved evidence: {quote(folder)}",
            hint="save it where the registry can be reached: sealpin evidence save",
        )
    second_opinion = rules.options.second_opinion
    return EvidenceSession(folder, clock=SystemClock(), second_opinion=second_opinion)
