# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Attestations, provenance and conditions of the short spelling.

Pointers and schemas are read on the predicate of an attestation, CUE and Rego on the whole
statement, as in the cluster. Everything an attestation lists must hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .. import jsonbytes
from ..attestations.predicates import predicate_type
from ..errors import InvalidInput
from ..limits import MAX_POLICY_BYTES
from ..regexes import compile_pattern
from ..slsa.expectations import ExpectedProvenance
from .conditions import check_pointer, check_schema
from .fields import Fields, Path
from .model import (
    AttestationRule,
    Condition,
    Language,
    Operator,
    PointerCondition,
    ProgramCondition,
    ProgramInputs,
    SchemaCondition,
    Unresolved,
)
from .sources import Sources, file_field

_SEMANTICS = {"strict": False, "cosign": True}
_INPUTS = ("config", "spec", "metadata", "typemeta")


def read_attestations(entry: Fields, sources: Sources) -> Iterator[AttestationRule]:
    """Read ``attestations`` and ``provenance`` of a policy or an authority."""
    for index, item in enumerate(entry.mappings("attestations")):
        provenance = _read_provenance(item)
        written = item.text("type", required=provenance is None)
        conditions = tuple(read_conditions(item, sources))
        name = item.text("name") or written or f"attestation-{index}"
        item.finish()
        yield AttestationRule(
            name=name,
            predicate_type=predicate_type(written),
            written_type=written,
            conditions=conditions,
            provenance=provenance,
        )
    provenance = _read_provenance(entry)
    if provenance is not None:
        yield AttestationRule(
            name="provenance", predicate_type="", written_type="", provenance=provenance
        )


def read_policy_condition(entry: Fields, sources: Sources) -> Condition | None:
    """Read a policy's ``condition`` on its satisfied authorities; exactly one."""
    inner = entry.mapping("condition")
    if inner is None:
        return None
    wanted = [text for _key, text in inner.texts("inputs")]
    for path, text in inner.texts("inputs"):
        if text not in _INPUTS:
            inner.reader.invalid(text, path, f"expected one of {', '.join(_INPUTS)}")
    inputs = ProgramInputs(**{name: name in wanted for name in _INPUTS})
    found = list(read_conditions(inner, sources, inputs))
    if len(found) != 1 and not inner.reader.problems:
        inner.reader.add(f"expected exactly one condition, got {len(found)}", inner.path)
    inner.finish()
    return found[0] if found else None


def read_conditions(
    entry: Fields, sources: Sources, inputs: ProgramInputs | None = None
) -> Iterator[Condition]:
    """Read what a mapping demands: ``conditions``, ``schema``, ``cue`` and ``rego``."""
    for comparison in entry.mappings("conditions"):
        pointer = _read_comparison(comparison)
        comparison.finish()
        if pointer is not None:
            yield pointer
    schema = _read_schema(entry, sources)
    if schema is not None:
        yield schema
    lenient = entry.choice("cueSemantics", _SEMANTICS) is True
    for language in Language:
        text = _read_text(entry, language.value, sources)
        if text is not None:
            yield ProgramCondition(
                language=language,
                text=text,
                absent_fields_pass=lenient and language is Language.CUE,
                inputs=inputs or ProgramInputs(),
            )


def _read_comparison(entry: Fields) -> PointerCondition | None:
    pointer = entry.text("path")
    if not entry.has("path"):
        entry.reader.missing(entry.at("path"))
    path = entry.at("path")
    entry.reader.attempt(pointer, path, lambda: check_pointer(pointer, where="path"))
    name = entry.exactly_one(*(operator.value for operator in Operator))
    if not name:
        return None
    operator = Operator(name)
    expected = _read_expected(entry, operator)
    return PointerCondition(pointer=pointer, operator=operator, expected=expected)


def _read_expected(entry: Fields, operator: Operator) -> Any:
    """Read what is compared with; each operator takes one kind of value."""
    value, path = entry.any(operator.value), entry.at(operator.value)
    if operator is Operator.MATCHES:
        text = entry.text(operator.value)
        return entry.reader.attempt(text, path, lambda: compile_pattern(text, where="matches"))
    wrong = {
        Operator.ONE_OF: not isinstance(value, list),
        Operator.EXISTS: not isinstance(value, bool),
        Operator.AT_LEAST: isinstance(value, bool) or not isinstance(value, (int, float)),
        Operator.AT_MOST: isinstance(value, bool) or not isinstance(value, (int, float)),
    }
    if wrong.get(operator, False):
        entry.reader.invalid(value, path, f"{operator.value} cannot compare with this")
    return value


def _read_schema(entry: Fields, sources: Sources) -> SchemaCondition | None:
    if not entry.has("schema") and not entry.has("schema_file"):
        return None
    given = entry.exactly_one("schema", "schema_file")
    schema: Any = entry.any("schema")
    if given == "schema_file":
        schema = _parsed(entry, "schema_file", sources, _parse_json)
    if given and not isinstance(schema, dict):
        entry.reader.invalid(schema, entry.at(given), "expected a JSON Schema, which is a mapping")
    if not isinstance(schema, dict):
        return None
    entry.reader.attempt("schema", entry.at(given), lambda: check_schema(schema, where=given))
    return SchemaCondition(schema=schema)


def _read_text(entry: Fields, name: str, sources: Sources) -> str | Unresolved | None:
    """Read a program's text, or the file that holds it; an empty one is a problem, not a pass."""
    file_name = f"{name}_file"
    if not entry.has(name) and not entry.has(file_name):
        return None
    given = entry.exactly_one(name, file_name)
    if not given:
        return None
    if given == name:
        return entry.text(name)
    data = file_field(entry, file_name, sources)
    if data is None or isinstance(data, Unresolved):
        return data
    return entry.reader.attempt(file_name, entry.at(file_name), lambda: _decode(data))


def _parsed(entry: Fields, name: str, sources: Sources, parse: Callable[[bytes], Any]) -> Any:
    data = file_field(entry, name, sources)
    if isinstance(data, Unresolved):
        entry.reader.invalid(entry.any(name), entry.at(name), data.error.message)
        return None
    return None if data is None else entry.reader.attempt(name, entry.at(name), lambda: parse(data))


def _parse_json(data: bytes) -> Any:
    return jsonbytes.parse_object(data, what="the schema", max_bytes=MAX_POLICY_BYTES)


def _decode(data: bytes) -> str:
    if len(data) > MAX_POLICY_BYTES:
        raise InvalidInput("policy.too-large", f"at most {MAX_POLICY_BYTES} bytes, got {len(data)}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("policy.encoding", "the text is not UTF-8") from error


def _read_provenance(entry: Fields) -> ExpectedProvenance | None:
    inner = entry.mapping("provenance")
    if inner is None:
        return None
    path: Path = inner.path
    texts = {name: inner.text(name) or None for name in _PROVENANCE}
    inputs = dict(inner.pairs("inputs"))
    inner.finish()
    if not any(texts.values()):
        inner.reader.missing(*(inner.at(name) for name in _PROVENANCE))
        return None
    return inner.reader.attempt(
        "provenance", path, lambda: ExpectedProvenance(**texts, inputs=inputs)
    )


_PROVENANCE = ("builder", "source", "branch", "tag", "versioned_tag")
