# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Does a JSON document satisfy a CUE program?

The program is unified with the document field by field, along the program's fields only: what the
program does not mention is not looked at. Of each field that both have, everything the program
says must hold.

1. A node gathers what the program says of one field: struct literals, references, bounds.
2. Conditions and patterns add to it, once the plain fields are known.
3. The node's own value is unified with the document's.
4. The nodes below are visited.

Read strictly (the default), a field the program constrains must be in the document. A field may be
absent only where the program says so (``a?:``), where it is hidden (``_a``), a definition (``#a``)
or a ``let``, or where it is a top-level constant that the program itself refers to and that is no
field of the inputs (``before: time.Parse(…)``). Read as cosign reads it, a constraint on an absent
field passes.
"""

from __future__ import annotations

from typing import Any

from ...records import replace
from .cue_expressions import Expressions
from .cue_names import names_in
from .cue_nodes import IRREGULAR, Closing, Conjunct, Incomplete, Node, Scope, State, data_below
from .cue_tree import (
    Binary,
    Call,
    Conditional,
    Declaration,
    Embedding,
    Expression,
    Field,
    Let,
    ListLiteral,
    Name,
    Pattern,
    Program,
    Rest,
    Select,
    Struct,
    Unsupported,
)
from .cue_values import ABSENT, LIST, STRUCT, TOP, Bottom, Value, constant, kind_of, unify

INPUT_FIELDS = frozenset(
    {
        "_type",
        "predicateType",
        "predicate",
        "subject",
        "authorityMatches",
        "config",
        "spec",
        "metadata",
        "typemeta",
    }
)
"""The top-level fields of the two inputs there are; none of them is ever a helper."""

MAX_NODES = 200_000
MAX_DEPTH = 200


class Failed(Exception):
    """The document does not satisfy the program; the message says where."""


def check(program: Program, document: Any, *, absent_fields_pass: bool) -> None:
    """Raise `Failed` unless *document* (parsed JSON) satisfies *program*.

    Raises `Unsupported` where that cannot be told here.
    """
    evaluation = _Evaluation(program, is_strict=not absent_fields_pass)
    try:
        evaluation.run(document)
    except Bottom as error:
        raise Failed(str(error)) from error
    except RecursionError as error:
        raise Unsupported("this depth") from error


class _Evaluation(Expressions):
    def __init__(self, program: Program, *, is_strict: bool) -> None:
        self.program = program
        self.is_strict = is_strict
        self.referenced = frozenset(names_in(program.body))
        self.nodes = 0

    def run(self, document: Any) -> None:
        if self.is_strict and not _says_something(self.program.body):
            raise Failed(
                "the program constrains no field"
                " (an unquoted _type is a hidden field; write it with quotes)"
            )
        root = self._make_node("", document)
        root.conjuncts.append(Conjunct(self.program.body, None))
        self._visit(root, is_required=True, is_top=False)

    # Nodes.

    def _make_node(self, path: str, data: Any) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES or path.count(".") > MAX_DEPTH:
            raise Unsupported("a program that grows this large")
        value = TOP if data is ABSENT else Value(kinds=frozenset({kind_of(data)}), constant=data)
        return Node(path, data, value=value)

    def _child(self, node: Node, label: str) -> Node:
        child = node.children.get(label)
        if child is None:
            child = self._make_node(node.at(label), data_below(node.data, label))
            node.children[label] = child
        return child

    def _say(self, node: Node, label: str, conjunct: Conjunct) -> None:
        """Add to what is said of a field below; too late once somebody has read it."""
        child = self._child(node, label)
        if child.state is not State.NEW:
            raise Unsupported(f"a condition on {child.path}, which is added to afterwards")
        child.conjuncts.append(conjunct)

    def find(self, node: Node, label: str) -> Node:
        """The field *label* of *node*, for a reference. Raises `Incomplete` when there is none."""
        if node.state is State.NEW:
            self.gather(node)
        if label in node.children:
            return node.children[label]
        if data_below(node.data, label) is ABSENT:
            if node.state is State.GATHERING and not node.structs:
                raise Unsupported(f"{node.path or 'the program'}, which refers to itself")
            if STRUCT not in node.value.kinds:
                raise Bottom(f"{node.path} is no struct, and has no field {label}")
            if self._declares_waiting(node, label):
                raise Unsupported(f"a reference to {node.at(label)}, which may be absent")
            raise Incomplete(f"{node.at(label)} is not there")
        return self._child(node, label)

    def _declares_waiting(self, node: Node, label: str) -> bool:
        declared = (each for shape in node.structs for each in shape[0].declarations)
        return any(isinstance(each, Field) and each.label == label for each in declared)

    def gather(self, node: Node) -> None:
        if node.state is State.DONE:
            return
        if node.state is State.GATHERING:
            raise Unsupported(f"{node.path or 'the program'}, which refers to itself")
        node.state = State.GATHERING
        # 1.
        for conjunct in tuple(node.conjuncts):
            self._add(node, conjunct)
        # 2.
        self._add_conditionals(node)
        for struct, scope, closing in tuple(node.structs):
            self._add_patterns(node, struct, scope, closing)
        self._check_closings(node)
        node.state = State.DONE

    def _add(self, node: Node, conjunct: Conjunct) -> None:
        expression, scope, closing = conjunct.expression, conjunct.scope, conjunct.closing
        match expression:
            case Struct():
                self._add_struct(node, expression, scope, closing)
            case ListLiteral():
                self._add_list(node, expression, conjunct)
            case Binary("&", left, right):
                self._add(node, Conjunct(left, scope, closing))
                self._add(node, Conjunct(right, scope, closing))
            case Call(Name("close"), (argument,)):
                self._add(node, Conjunct(argument, scope, Closing.LEVEL))
            case _:
                self._add_value(node, expression, scope)

    def _add_value(self, node: Node, expression: Expression, scope: Scope | None) -> None:
        # 3.
        try:
            found = self.evaluate(expression, scope)
        except Incomplete as error:
            node.incomplete = str(error)
            return
        if isinstance(found, Node):
            self._add_reference(node, found, expression)
        else:
            node.value = unify(node.value, found, where=node.path)

    def _add_reference(self, node: Node, target: Node, expression: Expression) -> None:
        """Say of *node* what is said of *target*; a definition closes what it says."""
        says_shape = any(isinstance(c.expression, (Struct, ListLiteral)) for c in target.conjuncts)
        if not says_shape:
            self.gather(target)
            if target.children or target.structs:
                raise Unsupported(f"a reference to {target.path}")
            node.value = unify(node.value, target.value, where=node.path)
            node.incomplete = node.incomplete or target.incomplete
            return
        if target.data is not ABSENT:
            raise Unsupported(f"a reference to {target.path}, which the input has too")
        closing = Closing.DEEP if _is_definition(expression) else Closing.OPEN
        for conjunct in target.conjuncts:
            self._add(node, replace(conjunct, closing=closing))

    def _add_struct(
        self, node: Node, struct: Struct, outer: Scope | None, closing: Closing
    ) -> None:
        node.value = unify(node.value, Value(kinds=frozenset({STRUCT})), where=node.path)
        fields = [each for each in struct.declarations if isinstance(each, Field)]
        scope = Scope(
            node=node,
            names=frozenset(each.label for each in fields if not each.is_quoted),
            lets={each.name: each.value for each in struct.declarations if isinstance(each, Let)},
            outer=outer,
        )
        node.structs.append((struct, scope, closing))
        for each in fields:
            conjunct = Conjunct(each.value, scope, _closing_below(each, closing))
            if not self._is_waiting(each):
                label = each.label if each.is_regular else IRREGULAR + each.label
                self._say(node, label, conjunct)
                node.children[label].is_demanded |= each.mark == "!"
            elif each.mark == "!":
                # It may be absent, but what it says must not contradict itself.
                self._say(node, f"{IRREGULAR}{each.label}!", conjunct)
        for declaration in struct.declarations:
            if isinstance(declaration, Embedding):
                if closing is not Closing.OPEN:
                    raise Unsupported("an embedding in a closed struct")
                self._add(node, Conjunct(declaration.value, scope))

    def _is_waiting(self, declared: Field) -> bool:
        """Whether a field says something only if something else makes it be there."""
        return declared.mark == "?" or (declared.mark == "!" and not self.is_strict)

    def _add_list(self, node: Node, literal: ListLiteral, conjunct: Conjunct) -> None:
        node.value = unify(node.value, Value(kinds=frozenset({LIST})), where=node.path)
        node.is_list_literal = True
        given = len(node.data) if isinstance(node.data, list) else len(literal.items)
        if given < len(literal.items) or (literal.rest is None and given > len(literal.items)):
            raise Bottom(f"{node.path}: expected {len(literal.items)} items, got {given}")
        for index in range(given):
            is_named = index < len(literal.items)
            item = literal.items[index] if is_named else literal.rest
            if item is not None:
                self._say(node, str(index), replace(conjunct, expression=item))

    def _add_conditionals(self, node: Node) -> None:
        """Add the bodies of ``if`` whose condition holds; a body may bring further ones."""
        position = 0
        while position < len(node.structs):
            struct, scope, closing = node.structs[position]
            position += 1
            for each in struct.declarations:
                if isinstance(each, Conditional):
                    try:
                        holds = self.constant(self.evaluate(each.condition, scope))
                    except Incomplete as error:
                        node.incomplete = str(error)
                        continue
                    if not isinstance(holds, bool):
                        raise Bottom(f"{node.path}: the condition of an if is no boolean")
                    if holds:
                        self._add(node, Conjunct(each.body, scope, closing))

    def _add_patterns(self, node: Node, struct: Struct, scope: Scope, closing: Closing) -> None:
        """Add what patterns and optional fields say of the fields that are there."""
        deep = closing if closing is Closing.DEEP else Closing.OPEN
        for each in struct.declarations:
            if isinstance(each, Pattern):
                waiting = [key for key in node.children if key[:1] == IRREGULAR and key[-1:] == "!"]
                for key in (*node.labels(), *waiting):
                    label = key[1:-1] if key in waiting else key
                    if self._matches(label, each.pattern, scope):
                        self._say(node, key, Conjunct(each.value, scope, deep))
            elif isinstance(each, Field) and self._is_waiting(each):
                conjunct = Conjunct(each.value, scope, _closing_below(each, closing))
                if each.label in node.labels():
                    self._say(node, each.label, conjunct)
                elif each.mark == "?" and f"{IRREGULAR}{each.label}!" in node.children:
                    self._say(node, f"{IRREGULAR}{each.label}!", conjunct)

    def _matches(self, label: str, expression: Expression, scope: Scope) -> bool:
        found = self.evaluate(expression, scope)
        if isinstance(found, Node):
            self.gather(found)
            found = found.value
        try:
            unify(constant(label), found, where=label)
        except Bottom:
            return False
        return True

    def _check_closings(self, node: Node) -> None:
        for struct, scope, closing in node.structs:
            if closing is Closing.OPEN or any(
                isinstance(each, Rest) for each in struct.declarations
            ):
                continue
            for label in node.labels():
                if not any(self._allows(each, label, scope) for each in struct.declarations):
                    raise Bottom(f"{node.at(label)}: field not allowed")

    def _allows(self, declaration: Declaration, label: str, scope: Scope) -> bool:
        match declaration:
            case Field():
                return declaration.is_regular and declaration.label == label
            case Pattern():
                return self._matches(label, declaration.pattern, scope)
            case Conditional():
                return any(
                    self._allows(each, label, scope) for each in declaration.body.declarations
                )
        return False

    # Visiting.

    def _visit(self, node: Node, *, is_required: bool, is_top: bool) -> None:
        self.gather(node)
        is_said = bool(node.conjuncts)
        if node.data is ABSENT and is_said and is_required and self.is_strict:
            if not (is_top and self._is_helper(node)):
                raise Failed(
                    f"{node.path}: the policy constrains it, and the input does not have it"
                )
            is_required = False
        if self.is_strict and node.incomplete and is_required:
            raise Failed(f"{node.path or 'the policy'}: cannot be told, {node.incomplete}")
        self._check_size(node)
        # 4.
        for label, child in tuple(node.children.items()):
            is_regular = label[:1] != IRREGULAR
            self._visit(
                child, is_required=is_required and is_regular, is_top=not node.path and is_regular
            )

    def _is_helper(self, node: Node) -> bool:
        is_named = node.path in self.referenced and node.path not in INPUT_FIELDS
        if not is_named or node.is_demanded:
            return False
        try:
            self.constant(node)
        except Incomplete:
            return False
        return True

    def _check_size(self, node: Node) -> None:
        if isinstance(node.data, (dict, list)):
            members = node.labels() if isinstance(node.data, dict) else node.data
            for each in node.value.checks:
                if not each.holds(members):
                    raise Bottom(f"{node.path}: {len(members)} members are not {each.text}")


def _closing_below(declared: Field, closing: Closing) -> Closing:
    is_definition = not declared.is_quoted and declared.label.startswith(("#", "_#"))
    return Closing.DEEP if is_definition or closing is Closing.DEEP else Closing.OPEN


def _is_definition(expression: Expression) -> bool:
    """Whether a reference goes through a definition."""
    while isinstance(expression, Select):
        if expression.name.startswith(("#", "_#")):
            return True
        expression = expression.base
    return isinstance(expression, Name) and expression.name.startswith(("#", "_#"))


def _says_something(struct: Struct) -> bool:
    """Whether a file constrains any field of its input."""
    return any(
        isinstance(each, (Pattern, Conditional, Embedding))
        or (isinstance(each, Field) and each.is_regular)
        for each in struct.declarations
    )
