# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""CUE conditions: by the built-in part of the language first, by the ``cue`` command for the rest.

Read strictly (the default), every field the policy constrains must be in the input with a definite
value. The command is then asked with ``cue vet -c``, and the fields the policy declares are looked
for in the input here. ``cueSemantics: cosign`` is what policy-controller does, where a constraint
on an absent field passes; the command's equal is ``cue eval`` (``cue vet -c=false`` is not).
"""

from __future__ import annotations

from typing import Any

from ... import jsonbytes
from ...errors import InvalidInput, MissingDependency, SealpinError, Unavailable, quote
from ...limits import MAX_POLICY_BYTES, MAX_PREDICATE_BYTES
from ..answer import Answer, answer_of, failed, passed, undecided
from .cue_evaluate import Failed, check
from .cue_names import check_names
from .cue_parser import parse
from .cue_tree import CueError, Field, Program, Struct, Unsupported
from .process import find_program, run_engine

BUILT_IN = "cue (built in)"
COMMAND = "cue"


def check_cue(text: str, document: bytes, *, absent_fields_pass: bool) -> Answer:
    """Ask whether the JSON *document* satisfies the CUE *text*."""
    if len(text) > MAX_POLICY_BYTES:
        return failed("cue.too-large", f"the program is larger than {MAX_POLICY_BYTES} characters")
    try:
        value = jsonbytes.parse(document, what="the input", max_bytes=MAX_PREDICATE_BYTES)
    except InvalidInput as error:
        return failed(error.code, error.message)
    try:
        program = _read(text)
    except CueError as error:
        return failed("cue.malformed", f"the policy is not CUE: {error}", engine=BUILT_IN)
    except Unsupported as error:
        return _ask_command(
            text, document, error, None, value, absent_fields_pass=absent_fields_pass
        )
    try:
        check(program, value, absent_fields_pass=absent_fields_pass)
    except Failed as error:
        return failed("cue.not-met", f"CUE: {error}", engine=BUILT_IN)
    except Unsupported as error:
        return _ask_command(
            text, document, error, program, value, absent_fields_pass=absent_fields_pass
        )
    except SealpinError as error:
        return answer_of(error)
    return passed(BUILT_IN)


def _read(text: str) -> Program:
    """Parse, and look where names lead. Raises `CueError` or `Unsupported`."""
    try:
        program = parse(text)
        check_names(program)
    except RecursionError as error:
        raise Unsupported("this depth") from error
    return program


def _ask_command(
    text: str,
    document: bytes,
    reason: Unsupported,
    program: Program | None,
    value: Any,
    *,
    absent_fields_pass: bool,
) -> Answer:
    """Ask the ``cue`` command what the built-in reader cannot tell."""
    command = find_program(COMMAND)
    if not command:
        return undecided(MissingDependency(reason.code, reason.message, hint=reason.hint))
    if not absent_fields_pass:
        if program is None:
            return undecided(reason)
        absent = _first_absent(program.body, value, "")
        if absent:
            return failed(
                "cue.not-met",
                f"CUE: {absent}: the policy constrains it, and the input does not have it",
            )
    verb = ["eval"] if absent_fields_pass else ["vet", "-c"]
    try:
        finished = run_engine(
            [command, *verb, "policy.cue", "input.json"],
            files={"policy.cue": text.encode("utf-8"), "input.json": document},
        )
    except Unavailable as error:
        return undecided(error)
    if finished.exit_code == 0:
        return passed(COMMAND)
    if finished.exit_code == 1:
        shown = finished.stderr.decode("utf-8", "replace").strip()
        return failed("cue.not-met", f"CUE: {quote(shown)}", engine=COMMAND)
    return undecided(Unavailable("engine.failed", f"cue ended with {finished.exit_code}"))


def _first_absent(struct: Struct, value: Any, path: str) -> str:
    """The first field the program declares outright that the input does not have; empty if none."""
    for each in struct.declarations:
        if not isinstance(each, Field) or not each.is_regular or each.mark == "?":
            continue
        below = f"{path}.{each.label}" if path else each.label
        if not isinstance(value, dict) or each.label not in value:
            return below
        if isinstance(each.value, Struct):
            absent = _first_absent(each.value, value[each.label], below)
            if absent:
                return absent
    return ""
