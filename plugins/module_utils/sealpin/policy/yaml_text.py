# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Write a new YAML document: block style, every text quoted unless it is plainly a word.

For documents we make ourselves (`policy.rendering`), never for files somebody wrote: those are
spliced. Round trip: what `write_document` writes reads back as the value it was given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_WORD = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_INDENT = "  "


def write_document(value: Mapping[str, Any]) -> str:
    """Write one document (mappings, lists, texts, numbers, booleans), with a final newline."""
    return "\n".join(_mapping(value, 0)) + "\n"


def _mapping(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{_INDENT * depth}{_scalar(key)}:", item, depth)


def _entry(start: str, item: Any, depth: int) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield start
        yield from _mapping(item, depth + 1)
    elif isinstance(item, (list, tuple)) and item:
        yield start
        yield from _list(item, depth + 1)
    elif isinstance(item, str) and _is_block(item):
        yield f"{start} |"
        for line in item.removesuffix("\n").split("\n"):
            yield f"{_INDENT * (depth + 1)}{line}" if line else ""
    else:
        yield f"{start} {_scalar(item)}"


def _list(value: list[Any] | tuple[Any, ...], depth: int) -> Iterator[str]:
    dash = f"{_INDENT * depth}- "
    for item in value:
        if isinstance(item, Mapping) and item:
            lines = list(_mapping(item, depth + 1))
            yield dash + lines[0].removeprefix(_INDENT * (depth + 1))
            yield from lines[1:]
        else:
            yield dash + _scalar(item)


def _is_block(text: str) -> bool:
    """Whether a text may be written as a literal block, which changes nothing in it."""
    lines = text.split("\n")
    return (
        text.endswith("\n")
        and not text.endswith("\n\n")
        and len(lines) > 2
        and not lines[0].startswith((" ", "\t"))
        and bool(lines[0])
        and all(line.isprintable() or line.replace("\t", "").isprintable() for line in lines)
    )


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _WORD.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if isinstance(value, Mapping):
        return "{}"
    return "".join(map(_escape, json.dumps(value, ensure_ascii=False)))


def _escape(character: str) -> str:
    """Write a character a parser may take for a line break, or not at all, by its number."""
    return character if character.isprintable() else f"\\U{ord(character):08x}"
