# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hand a condition program to the engine that reads its language."""

from __future__ import annotations

from ..answer import Answer, undecided
from ..model import Language, ProgramCondition, Unresolved
from .cue import check_cue
from .rego import check_rego


def run_program(program: ProgramCondition, document: bytes) -> Answer:
    """Ask an engine whether *document* (one JSON text) satisfies *program*."""
    if isinstance(program.text, Unresolved):
        return undecided(program.text.error)
    if program.language is Language.CUE:
        return check_cue(program.text, document, absent_fields_pass=program.absent_fields_pass)
    return check_rego(program.text, document)
