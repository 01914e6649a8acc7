# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Rego conditions: by ``opa`` when it is on PATH, else by ``regopy`` behind an allow-list.

As policy-controller asks: one module in Rego v0 syntax, the query ``data.sigstore.isCompliant``.
``true`` passes. A set of ``{result, error, warning}`` passes when it is not empty, every result is
true and no warning is given; the peer lets one true result outvote the others, and that is not
copied. Anything else does not pass.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from ... import jsonbytes
from ...errors import InvalidInput, MissingDependency, Unavailable, quote
from ...limits import MAX_POLICY_BYTES, MAX_PREDICATE_BYTES
from ..answer import Answer, failed, passed, undecided
from .process import (
    Finished,
    find_program,
    python_program,
    run_engine,
)
from .rego_guard import OUTSIDE, NotRego, check_agreed, check_outside, is_set_form

QUERY = "data.sigstore.isCompliant"
UNDEFINED = object()

_REGOPY_ERROR = re.compile(rb"\(error \d+:policy\|(\d+)\|\d+\s+\(errormsg \d+:([^\n]*)\)")
"""What it prints of the first error: byte offset, and text."""

_REGOPY = """
import sys
from regopy import Interpreter
interpreter = Interpreter()
with open("policy.rego", encoding="utf-8") as module:
    interpreter.add_module("policy", module.read())
with open("input.json", encoding="utf-8") as document:
    interpreter.set_input_term(document.read())
sys.stdout.write(str(interpreter.query("data.sigstore.isCompliant")))
"""


def check_rego(text: str, document: bytes) -> Answer:
    """Ask whether the JSON *document* complies with the Rego module *text*."""
    if len(text) > MAX_POLICY_BYTES:
        return failed("rego.too-large", f"the program is larger than {MAX_POLICY_BYTES} characters")
    try:
        jsonbytes.parse(document, what="the input", max_bytes=MAX_PREDICATE_BYTES)
        check_outside(text)
        opa = find_program("opa")
        if opa:
            return _ask_opa(opa, text, document)
        return _ask_regopy(text, document)
    except InvalidInput as error:
        return failed(error.code, error.message)
    except NotRego as error:
        return failed("rego.malformed", f"the policy is not Rego (v0 syntax): {error}")
    except (Unavailable, MissingDependency) as error:
        return undecided(error)


def judge(value: Any, *, engine: str) -> Answer:
    """Judge what ``isCompliant`` evaluated to (parsed JSON, or `UNDEFINED`)."""
    if value is True:
        return passed(engine)
    if not isinstance(value, list) or not value:
        shown = "undefined" if value is UNDEFINED else quote(json.dumps(value))
        return failed("rego.not-met", f"Rego: isCompliant is {shown}, expected true", engine=engine)
    for member in sorted(value, key=lambda each: json.dumps(each, sort_keys=True)):
        if not isinstance(member, dict) or member.get("result") is not True:
            error = member.get("error", "") if isinstance(member, dict) else ""
            return failed(
                "rego.not-met", f"Rego: {quote(error or json.dumps(member))}", engine=engine
            )
        if member.get("warning"):
            return failed("rego.warning", f"Rego warns: {quote(member['warning'])}", engine=engine)
    return passed(engine)


def _ask_opa(opa: str, text: str, document: bytes) -> Answer:
    finished = run_engine(
        [
            opa,
            "eval",
            "--v0-compatible",
            "--format=json",
            "--capabilities=capabilities.json",
            "--data=policy.rego",
            "--input=input.json",
            QUERY,
        ],
        files={
            "policy.rego": text.encode("utf-8"),
            "input.json": document,
            "capabilities.json": _capabilities(opa),
        },
    )
    answer = _parse_output(finished, "opa")
    errors = answer.get("errors")
    if errors:
        message = quote(errors[0].get("message", "")) if isinstance(errors[0], dict) else ""
        return failed("rego.malformed", f"opa: {message}", engine="opa")
    if finished.exit_code != 0:
        return undecided(Unavailable("engine.failed", f"opa ended with {finished.exit_code}"))
    results = answer.get("result")
    value = results[0]["expressions"][0]["value"] if results else UNDEFINED
    return judge(value, engine="opa")


@lru_cache(maxsize=4)
def _capabilities(opa: str) -> bytes:
    """OPA's own capabilities without what reaches outside, and with no host to reach."""
    finished = run_engine(
        [opa, "capabilities", "--current", "--v0-compatible"],
        files={},
    )
    known = _parse_output(finished, "opa")
    builtins = known.get("builtins")
    if not isinstance(builtins, list):
        raise Unavailable("engine.failed", "opa does not tell its capabilities")
    known["builtins"] = [each for each in builtins if each.get("name") not in OUTSIDE]
    known["allow_net"] = []
    return json.dumps(known).encode("ascii")


def _ask_regopy(text: str, document: bytes) -> Answer:
    if find_spec("regopy") is None:
        raise MissingDependency(
            "engine.missing",
            "a Rego policy needs the opa command or the Python library regopy, and neither is"
            " installed",
            hint="install opa, or pip install 'sealpin[rego]'",
        )
    check_agreed(text)
    finished = run_engine(
        [python_program(), "-I", "-c", _REGOPY],
        files={"policy.rego": text.encode("utf-8"), "input.json": document},
    )
    shown = finished.stdout.decode("utf-8", "replace").strip()
    if finished.exit_code != 0:
        if b"RegoError" in finished.stderr:
            why = _reason(finished.stderr, text.encode("utf-8"))
            return failed("rego.malformed", f"the policy is not Rego{why}", engine="regopy")
        return undecided(Unavailable("engine.failed", f"regopy ended with {finished.exit_code}"))
    if shown == "undefined":
        return judge(UNDEFINED, engine="regopy")
    value = _parse_output(finished, "regopy")["expressions"][0]
    if isinstance(value, dict) and is_set_form(text):
        # regopy reads isCompliant[x] as an object whose keys are the members, as JSON.
        value = [json.loads(member) for member in value]
    return judge(value, engine="regopy")


def _parse_output(finished: Finished, engine: str) -> dict[str, Any]:
    try:
        return jsonbytes.parse_object(finished.stdout, what=f"the answer of {engine}")
    except InvalidInput as error:
        shown = quote(finished.stderr.decode("utf-8", "replace").strip())
        raise Unavailable("engine.failed", f"{engine} gave no answer: {shown}") from error


def _reason(stderr: bytes, program: bytes) -> str:
    """Return what regopy says of *program*, and where; empty where it says nothing known."""
    found = _REGOPY_ERROR.search(stderr)
    if found is None:
        return ""
    line = program[: int(found[1])].count(b"\n") + 1
    return f": {quote(found[2].decode('utf-8', 'replace'))} in line {line}"
