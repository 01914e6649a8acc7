# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The value of a CUE expression: constants, references, bounds, calls, comparisons, disjunctions.

A reference yields the node it leads to; how nodes are found and filled is the evaluation's
(`cue_evaluate`), which this is the lower half of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from ...errors import quote
from ...regexes import compile_pattern
from . import cue_builtins
from .cue_nodes import IRREGULAR, Incomplete, Node, Scope
from .cue_tree import (
    Binary,
    Call,
    Expression,
    ListLiteral,
    Literal,
    Name,
    Program,
    Select,
    Unary,
    Unsupported,
)
from .cue_values import (
    ABSENT,
    TYPES,
    Bottom,
    Value,
    bound,
    compare_values,
    constant,
    disjunction,
    pattern,
    unify,
)


class Expressions(ABC):
    """Evaluates expressions of one program."""

    program: Program

    @abstractmethod
    def find(self, node: Node, label: str) -> Node:
        """The field *label* of *node*. Raises `Incomplete` when there is none."""

    @abstractmethod
    def gather(self, node: Node) -> None:
        """Fill *node* with everything that is said of it."""

    def evaluate(self, expression: Expression, scope: Scope | None) -> Value | Node:
        match expression:
            case Literal(value):
                return constant(value)
            case Name(name):
                return self._resolve(name, scope)
            case Select(base, name):
                return self._select(base, name, scope)
            case Call(function, arguments):
                return self._call(function, arguments, scope)
            case Unary(operator, operand):
                return self._unary(operator, operand, scope)
            case Binary("|", _, _):
                return disjunction(list(self._alternatives(expression, scope)))
            case Binary(operator, left, right):
                return self._binary(operator, left, right, scope)
            case ListLiteral(items, None):
                return constant([self.constant(self.evaluate(item, scope)) for item in items])
        raise Unsupported(f"a {type(expression).__name__.lower()} here")

    def _resolve(self, name: str, scope: Scope | None) -> Value | Node:
        if name == "_|_":
            raise Bottom("explicit bottom")
        around = scope
        while around is not None:
            if name in around.lets:
                return self.evaluate(around.lets[name], around)
            if name in around.names:
                is_regular = not name.startswith(("_", "#"))
                return self.find(around.node, name if is_regular else IRREGULAR + name)
            around = around.outer
        if name in TYPES:
            return Value(kinds=TYPES[name])
        if name in ("bytes", "error", "len", "close", "and", "or", "div", "mod", "quo", "rem"):
            raise Unsupported(f"the name {name} here")
        raise Bottom(f"reference {quote(name)} not found")

    def _select(self, base: Expression, name: str, scope: Scope | None) -> Value | Node:
        package = self._package(base, scope)
        if package:
            known = cue_builtins.CONSTANTS.get(f"{package}.{name}")
            if known is None:
                raise Unsupported(f"{package}.{name}")
            return constant(known)
        found = self.evaluate(base, scope)
        if not isinstance(found, Node):
            raise Unsupported("a field of something that is no field")
        return self.find(found, IRREGULAR + name if name.startswith(("_", "#")) else name)

    def _package(self, base: Expression, scope: Scope | None) -> str:
        """The imported package *base* names, unless a field of that name is nearer."""
        if not isinstance(base, Name) or base.name not in self.program.imports:
            return ""
        around = scope
        while around is not None:
            if base.name in around.names or base.name in around.lets:
                return ""
            around = around.outer
        return base.name

    def _call(
        self, function: Expression, arguments: tuple[Expression, ...], scope: Scope | None
    ) -> Value:
        values = [self.constant(self.evaluate(argument, scope)) for argument in arguments]
        if function == Name("len") and len(values) == 1:
            return cue_builtins.length(values[0])
        if isinstance(function, Select):
            package = self._package(function.base, scope)
            if package:
                return cue_builtins.call(f"{package}.{function.name}", values)
            raise Bottom("a function of a package that is not imported")
        raise Unsupported("this function")

    def _unary(self, operator: str, operand: Expression, scope: Scope | None) -> Value:
        value = self.constant(self.evaluate(operand, scope))
        if operator in ("=~", "!~"):
            if not isinstance(value, str):
                raise Bottom(f"{operator} needs a text")
            return pattern(operator, compile_pattern(value, where="the CUE program"))
        if operator == "!" and isinstance(value, bool):
            return constant(not value)
        if operator in ("<", "<=", ">", ">=", "!="):
            return bound(operator, value)
        raise Unsupported(f"the operator {operator} here")

    def _binary(
        self, operator: str, left: Expression, right: Expression, scope: Scope | None
    ) -> Value:
        if operator == "&":
            return unify(self._scalar(left, scope), self._scalar(right, scope), where="&")
        one = self.constant(self.evaluate(left, scope))
        if operator in ("&&", "||"):
            if not isinstance(one, bool):
                raise Bottom(f"{operator} needs booleans")
            if one is (operator == "||"):
                return constant(one)
            other = self.constant(self.evaluate(right, scope))
            if not isinstance(other, bool):
                raise Bottom(f"{operator} needs booleans")
            return constant(other)
        other = self.constant(self.evaluate(right, scope))
        if operator in ("=~", "!~"):
            if not isinstance(one, str) or not isinstance(other, str):
                raise Bottom(f"{operator} needs texts")
            found = compile_pattern(other, where="the CUE program").matches(one)
            return constant(found is (operator == "=~"))
        return constant(compare_values(operator, one, other))

    def _alternatives(
        self, expression: Expression, scope: Scope | None
    ) -> Iterator[tuple[Value, bool]]:
        if isinstance(expression, Binary) and expression.operator == "|":
            yield from self._alternatives(expression.left, scope)
            yield from self._alternatives(expression.right, scope)
            return
        is_default = isinstance(expression, Unary) and expression.operator == "*"
        inner = expression.operand if is_default and isinstance(expression, Unary) else expression
        yield self._scalar(inner, scope), is_default

    def _scalar(self, expression: Expression, scope: Scope | None) -> Value:
        found = self.evaluate(expression, scope)
        if not isinstance(found, Node):
            return found
        self.gather(found)
        if found.structs or isinstance(found.data, (dict, list)):
            raise Unsupported("a struct or list in a disjunction")
        return found.value

    def constant(self, found: Value | Node) -> Any:
        """The constant of a value or of a whole field; `Incomplete` where it is not known."""
        if isinstance(found, Value):
            if found.constant is not ABSENT:
                return found.constant
            if found.default is not ABSENT:
                return found.default
            raise Incomplete("it has no definite value")
        self.gather(found)
        if found.incomplete:
            raise Incomplete(found.incomplete)
        if isinstance(found.data, dict) or (found.data is ABSENT and found.structs):
            return {label: self.constant(self.find(found, label)) for label in found.labels()}
        if isinstance(found.data, list):
            return found.data
        if found.is_list_literal:
            return [self.constant(child) for child in found.children.values()]
        try:
            return self.constant(found.value)
        except Incomplete as error:
            raise Incomplete(f"{found.path} has no definite value") from error
