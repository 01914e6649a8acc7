# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a Rego module may use, read from its text before any engine sees it.

Two engines can be asked: ``opa``, which is the language, and ``regopy``, which differs in ways that
let policies pass (an unknown function is silently undefined, so its negation is true; a partial set
is read as an object). For the second this file allows what is known to agree and nothing else. For
both it refuses what reaches outside the input.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ...errors import Unavailable, quote
from ...records import dataclass

MAX_TOKENS = 100_000

OUTSIDE = frozenset(
    {"http.send", "opa.runtime", "net.lookup_ip_addr", "rego.parse_module", "trace", "print"}
)
"""Built-ins that reach the network, the environment or the outputs; refused for every engine."""

AGREED = frozenset(
    {
        "abs",
        "array.concat",
        "array.slice",
        "base64.decode",
        "ceil",
        "concat",
        "contains",
        "count",
        "crypto.sha256",
        "endswith",
        "floor",
        "glob.match",
        "is_array",
        "is_boolean",
        "is_null",
        "is_number",
        "is_object",
        "is_string",
        "lower",
        "max",
        "min",
        "object.get",
        "object.keys",
        "regex.match",
        "replace",
        "round",
        "sort",
        "split",
        "startswith",
        "sum",
        "to_number",
        "trim_prefix",
        "trim_space",
        "trim_suffix",
        "upper",
        "walk",
    }
)
"""Built-ins on which regopy gives OPA's answers (tests/unit hold a case of each)."""

_LATE_KEYWORDS = frozenset({"if", "in", "every"})
"""Keywords only ``import rego.v1`` or ``future.keywords`` brings in; without one the text is no
Rego v0.
"""
_STATEMENTS = frozenset(
    {
        "package",
        "import",
        "default",
        "not",
        "some",
        "with",
        "as",
        "else",
        "every",
        "if",
        "in",
        "contains",
    }
)
_IMPORTS = re.compile(r"rego\.v1|future\.keywords(?:\.(?:if|in|every|contains))?")
_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+|\#[^\n]*)
  | (?P<newline>\n)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<number>-?\d[\w.]*)
  | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<op>:=|==|!=|<=|>=|[{}\[\]():,;.=<>+*/%&|-])
    """,
    re.VERBOSE | re.ASCII,
)


class NotRego(Exception):
    """The text is no Rego as OPA reads it (v0 syntax): nothing satisfies it."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token, with what is needed to tell rule heads from bodies."""

    kind: str
    text: str
    depth: int
    """Of brackets around it."""
    begins_line: bool


def is_set_form(text: str) -> bool:
    """Whether ``isCompliant`` is written as a partial set, ``isCompliant[x] { … }``."""
    return "isCompliant" in _partial_sets(_tokens(text))


def check_outside(text: str) -> None:
    """Refuse a module that reaches outside its input.

    Raises `Unavailable` ``rego.refused``, and `NotRego` for a text that is no module.
    """
    for token in _tokens(text):
        if token.kind == "name" and token.text in OUTSIDE:
            raise Unavailable(
                "rego.refused", f"the policy calls {token.text}, which reaches outside its input"
            )


def check_agreed(text: str) -> None:
    """Raise `Unavailable` ``rego.unsupported`` for a module on which regopy may not agree with OPA.

    Raises `NotRego` for keywords OPA would not know.
    """
    tokens = _tokens(text)
    _check_keywords(tokens)
    partial = _partial_sets(tokens) - {"isCompliant"}
    if partial:
        raise _unsupported(f"the partial set {min(partial)}")
    defined = {
        token.text
        for token in tokens
        if token.kind == "name" and token.depth == 0 and token.begins_line
    }
    for token, after in pairwise(tokens):
        is_call = token.kind == "name" and after.text == "(" and not after.begins_line
        if is_call and token.text not in AGREED | defined | _STATEMENTS:
            raise _unsupported(f"the function {quote(token.text)}")
        if token.kind == "name" and token.text == "with":
            raise _unsupported("the keyword with")


def _unsupported(what: str) -> Unavailable:
    return Unavailable(
        "rego.unsupported",
        f"not in the part of Rego on which regopy is known to agree with OPA: {what}",
        hint="install the opa command",
    )


def _check_keywords(tokens: list[Token]) -> None:
    has_import = False
    for token, after in pairwise(tokens):
        if token.text == "import" and token.kind == "name" and token.begins_line:
            if _IMPORTS.fullmatch(after.text) is None:
                raise _unsupported(f"the import of {quote(after.text)}")
            has_import = True
    if has_import:
        return
    for token, after in pairwise(tokens):
        late = token.kind == "name" and token.text in _LATE_KEYWORDS
        late = late or (token.kind == "name" and token.text == "contains" and after.text != "(")
        if late:
            raise NotRego(f"the keyword {token.text} without import rego.v1")


def _partial_sets(tokens: list[Token]) -> set[str]:
    """Names of rules written ``name[x] { … }``: sets in Rego v0, objects to regopy."""
    found = set()
    for index, token in enumerate(tokens):
        if token.kind != "name" or not token.begins_line or token.depth:
            continue
        if tokens[index + 1].text != "[" or tokens[index + 1].begins_line:
            continue
        closing = next(
            (
                i
                for i in range(index + 2, len(tokens))
                if tokens[i].text == "]" and not tokens[i].depth
            ),
            len(tokens) - 1,
        )
        if tokens[min(closing + 1, len(tokens) - 1)].text not in ("=", ":="):
            found.add(token.text)
    return found


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position = depth = 0
    begins_line = True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotRego(f"unexpected character {quote(text[position])}")
        position = match.end()
        kind, word = str(match.lastgroup), match.group()
        if kind == "newline":
            begins_line = True
        elif kind != "space":
            depth -= word in ("}", "]", ")")
            found.append(Token(kind, word, depth, begins_line))
            depth += word in ("{", "[", "(")
            begins_line = False
        if len(found) > MAX_TOKENS:
            raise _unsupported(f"a module of more than {MAX_TOKENS} tokens")
    found.append(Token("end", "", 0, begins_line=True))
    return found
