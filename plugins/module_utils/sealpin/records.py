# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Data classes that cost nothing to define: what `dataclasses` means, without compiling code.

The standard decorator writes the source of six methods for every class and compiles it at each
start, half a millisecond a class; for one signature that was a third of all its work. Here the
methods are closures over the list of fields, and ``__init__`` alone is compiled, when the first
value is made. What the core uses of the decorator is kept: order and kinds of arguments, defaults,
``__post_init__``, frozen, slots, comparison and hash by the compared fields. A type checker sees
the standard names, and the standard functions (`dataclasses.replace`, `dataclasses.asdict`) take
the values. Why: ADR 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter, ge, gt, le, lt

TYPE_CHECKING = False  # typing's own costs a millisecond of every start
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

_FIELDS = "__record_fields__"


class _Default:
    """A default that is made anew for each value."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


_NOTHING = object()


class Field:
    """One field of a class: its name, its default and what it takes part in."""

    __slots__ = ("compare", "default", "hash", "init", "kw_only", "name", "repr")

    def __init__(
        self, default: Any, *, init: bool, repr_: bool, compare: bool, hash_: bool | None
    ) -> None:
        self.name = ""
        self.kw_only = False
        self.default = default
        self.init = init
        self.repr = repr_
        self.compare = compare
        self.hash = compare if hash_ is None else hash_


def _field(
    *,
    default: Any = _NOTHING,
    default_factory: Callable[[], Any] | None = None,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - the standard's name
    compare: bool = True,
    hash: bool | None = None,  # noqa: A002 - the standard's name
) -> Any:
    """Describe one field; see `dataclasses.field`."""
    made = default if default_factory is None else _Default(default_factory)
    return Field(made, init=init, repr_=repr, compare=compare, hash_=hash)


def _dataclass(
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    order: bool = False,
) -> Callable[[type[T]], type[T]]:
    """Make a class of fields; see `dataclasses.dataclass`."""

    def decorate(cls: type[T]) -> type[T]:
        own = _own_fields(cls, kw_only=kw_only)
        inherited = {f.name: f for base in cls.__mro__[:0:-1] for f in vars(base).get(_FIELDS, ())}
        fields = tuple({**inherited, **own}.values())
        members: dict[str, Any] = {
            _FIELDS: fields,
            "__dataclass_fields__": _StandardFields(),
            "__match_args__": tuple(f.name for f in fields if f.init and not f.kw_only),
            "__repr__": _describe,
        }
        if eq:
            members |= _comparisons(fields, frozen=frozen)
        if order:
            members |= _orderings(fields)
        if frozen:
            members |= {"__setattr__": _refuse, "__delattr__": _refuse}
        members = {name: value for name, value in members.items() if name not in vars(cls)}
        made = _rebuilt(cls, own, members) if slots else _extended(cls, own, members)
        initialise = _initialiser(fields, made, is_frozen=frozen, has_slots=slots)
        made.__init__ = initialise  # type: ignore[method-assign]
        return made

    return decorate


def _fields(value: object) -> tuple[Field, ...]:
    """Return the fields of a class or a value; see `dataclasses.fields`."""
    found: tuple[Field, ...] = getattr(value, _FIELDS)
    return found


def _is_dataclass(value: object) -> bool:
    """Tell whether a class or a value has fields; see `dataclasses.is_dataclass`."""
    return hasattr(value, _FIELDS)


def _replace(value: T, /, **changes: Any) -> T:
    """Return a copy of *value* with some fields changed; see `dataclasses.replace`."""
    for field in _fields(value):
        if field.init:
            changes.setdefault(field.name, getattr(value, field.name))
    return type(value)(**changes)


def _own_fields(cls: type, *, kw_only: bool) -> dict[str, Field]:
    own = {}
    for name in cls.__annotations__:
        given = vars(cls).get(name, _NOTHING)
        field = given if isinstance(given, Field) else _field(default=given)
        field.name, field.kw_only = name, kw_only
        own[name] = field
    return own


def _rebuilt(cls: type[T], own: dict[str, Field], members: dict[str, Any]) -> type[T]:
    """Make the class again, with slots: they cannot be added to one that exists."""
    namespace = {name: value for name, value in vars(cls).items() if name not in own}
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    taken = {name for base in cls.__mro__[1:] for name in vars(base).get("__slots__", ())}
    namespace |= members
    namespace["__slots__"] = tuple(name for name in own if name not in taken)
    namespace["__qualname__"] = cls.__qualname__
    made: type[T] = type.__new__(type(cls), cls.__name__, cls.__bases__, namespace)
    return made


def _extended(cls: type[T], own: dict[str, Field], members: dict[str, Any]) -> type[T]:
    for name, field in own.items():
        if field.default is _NOTHING or isinstance(field.default, _Default):
            if name in vars(cls):
                delattr(cls, name)
        else:
            setattr(cls, name, field.default)
    for name, value in members.items():
        setattr(cls, name, value)
    return cls


def _initialiser(
    fields: tuple[Field, ...], cls: type, *, is_frozen: bool, has_slots: bool
) -> Callable[..., None]:
    """Return an ``__init__`` that is compiled when it is called first, and then stands for itself.

    Two threads may both compile; either result will do.
    """

    def initialise(self: object, *values: Any, **given: Any) -> None:
        compiled = _compiled(fields, cls, is_frozen=is_frozen, has_slots=has_slots)
        cls.__init__ = compiled  # type: ignore[misc]
        compiled(self, *values, **given)

    return initialise


def _compiled(
    fields: tuple[Field, ...], cls: type, *, is_frozen: bool, has_slots: bool
) -> Callable[..., None]:
    """Return ``__init__``: every field from its argument, else its default, in their order."""
    names: dict[str, Any] = {"_Default": _Default, "_place": object.__setattr__}
    positional: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for f in fields:
        argument = f.name
        if f.default is not _NOTHING:
            argument += f"=_default_{f.name}"
            names[f"_default_{f.name}"] = f.default
        if f.init:
            (named if f.kw_only else positional).append(argument)
        elif f.default is not _NOTHING:
            body.append(argument)
        else:
            continue
        if isinstance(f.default, _Default):
            body.append(f"if {f.name}.__class__ is _Default: {f.name} = {f.name}.make()")
        if not is_frozen:
            body.append(f"self.{f.name} = {f.name}")
        elif has_slots:  # into its slot, without asking for it by name
            names[f"_put_{f.name}"] = getattr(cls, f.name).__set__
            body.append(f"_put_{f.name}(self, {f.name})")
        else:
            body.append(f"_place(self, {f.name!r}, {f.name})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    arguments = ", ".join(["self", *positional, *(["*", *named] if named else ())])
    source = f"def __init__({arguments}):\n " + "\n ".join(body or ["pass"])
    exec(source, names)  # noqa: S102 - of our own field names, as the standard library does
    initialise: Callable[..., None] = names["__init__"]
    return initialise


def _comparisons(fields: tuple[Field, ...], *, frozen: bool) -> dict[str, Any]:
    compared = _reader(f.name for f in fields if f.compare)
    hashed = _reader(f.name for f in fields if f.hash)

    def equal(self: object, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented  # type: ignore[no-any-return]
        same: bool = compared(self) == compared(other)
        return same

    def digest(self: object) -> int:
        return hash(hashed(self))

    return {"__eq__": equal, "__hash__": digest if frozen else None}


def _orderings(fields: tuple[Field, ...]) -> dict[str, Any]:
    compared = _reader(f.name for f in fields if f.compare)

    def ordering(operator: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
        def ordered(self: object, other: object) -> bool:
            if other.__class__ is not self.__class__:
                return NotImplemented  # type: ignore[no-any-return]
            return operator(compared(self), compared(other))

        return ordered

    return {f"__{each.__name__}__": ordering(each) for each in (lt, le, gt, ge)}


def _reader(names: Iterable[str]) -> Callable[[object], Any]:
    """Return a function from a value to its fields, as one value that compares and hashes."""
    listed = tuple(names)
    return attrgetter(*listed) if listed else lambda _value: ()


def _describe(self: object) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in _fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *_value: object) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be changed")


class _StandardFields:
    """The fields as `dataclasses` describes them, made when one of its functions asks."""

    def __get__(self, value: object, cls: type) -> dict[str, Any]:
        import dataclasses

        def describe(f: Field) -> Any:
            # pylint: disable-next=invalid-field-call # for `make_dataclass`, below
            return dataclasses.field(init=f.init, repr=f.repr, compare=f.compare, kw_only=True)

        described = [(f.name, "object", describe(f)) for f in _fields(cls)]
        return {f.name: f for f in dataclasses.fields(dataclasses.make_dataclass("_", described))}


if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, is_dataclass, replace
else:
    dataclass, field, fields, is_dataclass, replace = (
        _dataclass,
        _field,
        _fields,
        _is_dataclass,
        _replace,
    )

__all__ = ("dataclass", "field", "fields", "is_dataclass", "replace")
