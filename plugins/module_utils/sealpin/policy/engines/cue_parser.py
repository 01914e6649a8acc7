# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""CUE text to a tree: the part of the language policies are written in.

The grammar is the CUE specification's (https://cuelang.org/docs/reference/spec/), with automatic
commas. Fields, nested and quoted labels, patterns, optional and required fields, definitions,
hidden fields, `if`, `let`, imports, lists, disjunctions with defaults, bounds, calls and
comparisons are read. Interpolation, `for`, attributes, arithmetic and byte strings are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isinf

from ...errors import quote
from ...records import dataclass
from .cue_tree import (
    Binary,
    Call,
    Conditional,
    CueError,
    Declaration,
    Embedding,
    Expression,
    Field,
    Let,
    ListLiteral,
    Literal,
    Name,
    Pattern,
    Program,
    Rest,
    Select,
    Struct,
    Unary,
    Unsupported,
)

MAX_TOKENS = 100_000
MAX_NESTING = 200
_MAX_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `kind` is ``name``, ``text``, ``number``, ``op`` or ``end``."""

    kind: str
    text: str
    line: int


_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+|//[^\n]*)
  | (?P<newline>\n)
  | (?P<number>(?:\d[\d_]*)(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?[A-Za-z]*)
  | (?P<name>_\#[A-Za-z_$][\w$]*|\#[A-Za-z_$][\w$]*|[A-Za-z_$][\w$]*|_\|_)
  | (?P<text>"(?:[^"\\\n]|\\.)*")
  | (?P<op>\.\.\.|&&|\|\||==|!=|<=|>=|=~|!~|[{}\[\]():,.?!&|<>*=+/@'\#"-])
    """,
    re.VERBOSE | re.ASCII,
)
_ENDS_LINE = frozenset({"}", "]", ")", "...", "?", "!"})
_KEYWORDS = frozenset({"for", "if", "let", "in", "package", "import"})


def tokenize(text: str) -> Iterator[Token]:
    """Yield tokens; a newline after something that can end a declaration is a comma."""
    line, position, last = 1, 0, Token("op", ",", 0)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise CueError(f"unexpected character {quote(text[position])} in line {line}")
        position = match.end()
        kind, found = str(match.lastgroup), match.group()
        if kind == "newline":
            if _can_end(last):
                last = Token("op", ",", line)
                yield last
            line += 1
        elif kind != "space":
            last = Token(kind, found, line)
            yield last
    if _can_end(last):
        yield Token("op", ",", line)
    yield Token("end", "", line)


def _can_end(token: Token) -> bool:
    return token.kind in ("name", "text", "number") or token.text in _ENDS_LINE


def parse(text: str) -> Program:
    """Parse a CUE file. Raises `CueError` or, for what is not read here, `Unsupported`."""
    return _Parser(text).program()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = []
        for token in tokenize(text):
            self.tokens.append(token)
            if len(self.tokens) > MAX_TOKENS:
                raise Unsupported(f"a text of more than {MAX_TOKENS} tokens")
        self.position = 0
        self.nesting = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        self.position += 1
        return token

    def accept(self, text: str) -> bool:
        if self.token.kind == "op" and self.token.text == text:
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error(f"expected {quote(text)}")

    def error(self, what: str) -> CueError:
        return CueError(f"{what}, got {quote(self.token.text)} in line {self.token.line}")

    def program(self) -> Program:
        if self.token.text == "package" and self.token.kind == "name":
            self.advance()
            self.advance()
            self.accept(",")
        imports: set[str] = set()
        while self.token.kind == "name" and self.token.text == "import":
            found = self.import_declaration()
            if found & imports:
                raise self.error("a package is imported twice")
            imports |= found
        body = self.declarations("end")
        return Program(frozenset(imports), Struct(body))

    def import_declaration(self) -> set[str]:
        self.advance()
        found = set()
        is_group = self.accept("(")
        while True:
            if self.token.kind != "text":
                raise Unsupported("an import with a name of its own")
            found.add(self.string(self.advance()))
            self.accept(",")
            if not is_group or self.accept(")"):
                self.accept(",")
                return found

    def declarations(self, end: str) -> tuple[Declaration, ...]:
        found: list[Declaration] = []
        while not (
            self.token.kind == "end" or (self.token.text == end and self.token.kind == "op")
        ):
            found.append(self.declaration())
            if self.token.text == "@":
                raise Unsupported("an attribute")
            if not self.accept(",") and self.token.kind != "end" and self.token.text != end:
                raise self.error("expected a comma or a new line")
        if end != "end":
            self.expect(end)
        elif self.token.kind != "end":
            raise self.error("expected the end")
        return tuple(found)

    def declaration(self) -> Declaration:
        token = self.token
        if token.kind == "name" and token.text in _KEYWORDS and not self.is_label():
            return self.keyword()
        if self.accept("..."):
            if self.token.text not in (",", "}") and self.token.kind != "end":
                raise Unsupported("a typed ellipsis")
            return Rest()
        if token.text == "@":
            raise Unsupported("an attribute")
        if token.text == "[" and token.kind == "op":
            return self.pattern_or_list()
        if self.is_label():
            return self.field()
        return Embedding(self.expression())

    def keyword(self) -> Declaration:
        word = self.advance().text
        if word == "if":
            condition = self.expression(no_struct=True)
            self.expect("{")
            return Conditional(condition, Struct(self.declarations("}")))
        if word == "let":
            name = self.advance()
            if name.kind != "name":
                raise self.error("expected a name")
            self.expect("=")
            return Let(name.text, self.expression())
        raise Unsupported(f"the keyword {word} here")

    def is_label(self) -> bool:
        """Whether a field begins here: a name or text, perhaps ``?`` or ``!``, then ``:``."""
        if self.token.kind not in ("name", "text"):
            return False
        after = self.peek()
        if after.text in ("?", "!") and after.kind == "op":
            after = self.peek(2)
        return after.kind == "op" and after.text == ":"

    def field(self) -> Field:
        token = self.advance()
        label = self.string(token) if token.kind == "text" else token.text
        mark = self.advance().text if self.token.text in ("?", "!") else ""
        self.expect(":")
        return Field(label, token.kind == "text", mark, self.field_value())

    def field_value(self) -> Expression:
        """Read what follows a colon: an expression, or the next label of ``a: b: c``."""
        self.enter()
        try:
            if self.is_label():
                return Struct((self.field(),))
            if self.token.text == "[" and self.token.kind == "op":
                declaration = self.pattern_or_list()
                if isinstance(declaration, Embedding):
                    return declaration.value
                return Struct((declaration,))
            return self.expression()
        finally:
            self.nesting -= 1

    def pattern_or_list(self) -> Declaration:
        """Read ``[pattern]: value``, or else an expression that begins with a list."""
        start = self.position
        self.expect("[")
        if self.token.text not in ("]", "..."):
            pattern = self.expression()
            if self.accept("]") and self.accept(":"):
                return Pattern(pattern, self.field_value())
        self.position = start
        return Embedding(self.expression())

    def enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise Unsupported(f"more than {MAX_NESTING} levels")

    _LEVELS = (
        ("|",),
        ("&",),
        ("||",),
        ("&&",),
        ("==", "!=", "<", "<=", ">", ">=", "=~", "!~"),
    )
    """Binary operators, loosest first (CUE specification, "Operators")."""

    def expression(self, level: int = 0, *, no_struct: bool = False) -> Expression:
        self.enter()
        try:
            if level == len(self._LEVELS):
                return self.unary(no_struct=no_struct)
            left = self.operand_of(level, no_struct=no_struct)
            while self.token.kind == "op" and self.token.text in self._LEVELS[level]:
                operator = self.advance().text
                left = Binary(operator, left, self.operand_of(level, no_struct=no_struct))
            if isinstance(left, Unary) and left.operator == "*":
                raise self.error("a default mark outside of a disjunction")
            if level == 0 and self.token.text in ("+", "-", "/", "*") and self.token.kind == "op":
                raise Unsupported("arithmetic")
            return left
        finally:
            self.nesting -= 1

    def operand_of(self, level: int, *, no_struct: bool) -> Expression:
        """Read an operand of *level*'s operators; a disjunction's may be marked as default."""
        is_default = level == 0 and self.accept("*")
        operand = self.expression(level + 1, no_struct=no_struct)
        return Unary("*", operand) if is_default else operand

    def unary(self, *, no_struct: bool) -> Expression:
        if self.token.kind == "op" and self.token.text in (
            "<", "<=", ">", ">=", "!=", "=~", "!~", "!", "-",
        ):  # fmt: skip
            operator = self.advance().text
            operand = self.unary(no_struct=no_struct)
            if operator == "-" and isinstance(operand, Literal):
                value = operand.value
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    return Literal(-value)
            return Unary(operator, operand)
        return self.postfix(no_struct=no_struct)

    def postfix(self, *, no_struct: bool) -> Expression:
        value = self.operand(no_struct=no_struct)
        while True:
            if self.accept("."):
                token = self.advance()
                if token.kind not in ("name", "text"):
                    raise self.error("expected a field's name")
                name = self.string(token) if token.kind == "text" else token.text
                value = Select(value, name)
            elif self.accept("("):
                value = Call(value, self.arguments())
            elif self.token.text == "[" and self.token.kind == "op":
                self.advance()
                index = self.expression()
                self.expect("]")
                if not (isinstance(index, Literal) and isinstance(index.value, str)):
                    raise Unsupported("an index that is not a plain text")
                value = Select(value, index.value)
            else:
                return value

    def arguments(self) -> tuple[Expression, ...]:
        found = []
        while not self.accept(")"):
            found.append(self.expression())
            if not self.accept(",") and self.token.text != ")":
                raise self.error("expected a comma")
        return tuple(found)

    def operand(self, *, no_struct: bool) -> Expression:
        token = self.advance()
        if token.kind == "text":
            if self.token.kind == "text" or (token.text == '""' and self.token.text == '"'):
                raise Unsupported("a text of several lines")
            return Literal(self.string(token))
        if token.kind == "number":
            return Literal(_number(token))
        if token.kind == "name":
            return _name(token)
        if token.text == "(":
            value = self.expression()
            self.expect(")")
            return value
        if token.text == "{" and not no_struct:
            return Struct(self.declarations("}"))
        if token.text == "[":
            return self.list_literal()
        if token.text in ("'", "#"):
            raise Unsupported("a byte string or a raw text")
        self.position -= 1
        raise self.error("expected a value")

    def list_literal(self) -> ListLiteral:
        items: list[Expression] = []
        rest: Expression | None = None
        while not self.accept("]"):
            if self.accept("..."):
                rest = Name("_") if self.token.text in (",", "]") else self.expression()
            else:
                items.append(self.expression())
            if not self.accept(",") and self.token.text != "]":
                raise self.error("expected a comma")
        return ListLiteral(tuple(items), rest)

    def string(self, token: Token) -> str:
        if r"\(" in token.text:
            raise Unsupported("interpolation")
        if re.search(r"\\[^\"\\/bfnrtu]", token.text):
            raise Unsupported("an escape JSON does not know")
        try:
            value: str = json.loads(token.text)
        except ValueError as error:
            raise CueError(f"malformed text in line {token.line}") from error
        return value


def _number(token: Token) -> int | float:
    text = token.text.replace("_", "")
    if len(text) <= _MAX_DIGITS and re.fullmatch(r"0|[1-9]\d*", text):
        return int(text)
    if re.fullmatch(r"(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", text):
        value = float(text)
        if not isinf(value):
            return value
    raise Unsupported(f"the number {quote(token.text)}")


def _name(token: Token) -> Expression:
    constants = {"true": True, "false": False, "null": None}
    if token.text in constants:
        return Literal(constants[token.text])
    if token.text in _KEYWORDS:
        raise Unsupported(f"the keyword {token.text} here")
    return Name(token.text)
