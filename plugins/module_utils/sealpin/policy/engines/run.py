# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hand a condition program to an engine that reads its language."""

from __future__ import annotations

from ...errors import MissingDependency
from ..model import ProgramCondition, Unresolved
from .program import Answer, undecided


def run_program(program: ProgramCondition, document: bytes) -> Answer:
    """Ask an engine whether *document* (one JSON text) satisfies *program*."""
    if isinstance(program.text, Unresolved):
        return undecided(program.text.error)
    return undecided(
        MissingDependency(
            "engine.missing", f"no engine for {program.language.value} programs is available"
        )
    )
