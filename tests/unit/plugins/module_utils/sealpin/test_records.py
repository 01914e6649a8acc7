# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Our data classes mean what the standard ones mean; each test says it of both."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Any

import pytest

from sealpin import records

pytestmark = pytest.mark.parametrize("made_by", [dataclasses, records], ids=["standard", "ours"])

AGAIN = 2
"""The first value is made otherwise than those after it: its ``__init__`` is compiled then."""


def pair(made_by: ModuleType) -> Any:
    """Return a class with positional fields of every kind of default."""

    @made_by.dataclass(frozen=True, slots=True)
    class Pair:
        left: int
        right: str = "right"
        more: list[int] = made_by.field(default_factory=list, repr=False, compare=False)
        noted: str = made_by.field(default="noted", init=False)

    return Pair


def checked(made_by: ModuleType) -> Any:
    """Return a class whose values are checked, made by name."""

    @made_by.dataclass(frozen=True, slots=True, kw_only=True)
    class Checked:
        size: int
        derived: int = made_by.field(init=False, compare=False, repr=False)

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError("negative")
            object.__setattr__(self, "derived", self.size + 1)

    return Checked


@pytest.mark.parametrize("times", [1, AGAIN])
def test_fields_come_from_their_place_their_name_or_their_default(
    made_by: ModuleType, times: int
) -> None:
    cls = pair(made_by)
    for _turn in range(times):
        made = [cls(1), cls(1, "right"), cls(left=1, right="right"), cls(1, right="right", more=[])]
    assert all(value == made[0] for value in made)
    assert (made[0].left, made[0].right, made[0].more, made[0].noted) == (1, "right", [], "noted")
    assert made[0].more is not made[1].more


@pytest.mark.parametrize("times", [0, AGAIN])
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((1, "b", [], "noted"), {}),
        ((1,), {"left": 2}),
        ((), {"left": 1, "noted": "x"}),
        ((), {"left": 1, "unknown": 2}),
    ],
    ids=["missing", "too-many", "twice", "not-asked", "unknown"],
)
def test_arguments_that_do_not_fit_are_refused(
    made_by: ModuleType, times: int, values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    cls = pair(made_by)
    for _turn in range(times):
        cls(1)
    with pytest.raises(TypeError):
        cls(*values, **named)


@pytest.mark.parametrize("values", [(1,)])
def test_fields_that_are_named_only_have_no_place(
    made_by: ModuleType, values: tuple[int, ...]
) -> None:
    cls = checked(made_by)
    for _turn in range(AGAIN):
        with pytest.raises(TypeError):
            cls(*values)
        cls(size=1)


def test_a_value_is_finished_and_checked_after_it_is_made(made_by: ModuleType) -> None:
    cls = checked(made_by)
    for _turn in range(AGAIN):
        assert cls(size=1).derived == 2
        with pytest.raises(ValueError, match="negative"):
            cls(size=-1)


def test_a_frozen_value_refuses_to_change(made_by: ModuleType) -> None:
    value = pair(made_by)(1)
    for change in (
        lambda: setattr(value, "left", 2),
        lambda: delattr(value, "left"),
        lambda: setattr(value, "other", 2),
    ):
        # The standard one says TypeError of an unknown field where a class has slots.
        with pytest.raises((AttributeError, TypeError)):
            change()
    assert value.left == 1


def test_what_is_not_frozen_changes_and_has_no_hash(made_by: ModuleType) -> None:
    @made_by.dataclass(slots=True)
    class Open:
        text: str = ""

    for _turn in range(AGAIN):
        value = Open(text="a")
    value.text = "b"
    assert value == Open("b")
    with pytest.raises(TypeError):
        hash(value)


def test_values_are_equal_by_the_fields_that_count(made_by: ModuleType) -> None:
    cls, other = pair(made_by), checked(made_by)
    assert cls(1, more=[1]) == cls(1, more=[2])
    assert hash(cls(1, more=[1])) == hash(cls(1, more=[2]))
    assert cls(1) != cls(2)
    assert cls(1) != other(size=1)
    assert cls(1) != 1


def test_classes_without_equality_are_equal_by_identity(made_by: ModuleType) -> None:
    @made_by.dataclass(slots=True, eq=False)
    class Node:
        text: str

    assert Node("a") != Node("a")
    assert len({Node("a"), Node("a")}) == 2


def test_a_hash_of_the_class_itself_stays(made_by: ModuleType) -> None:
    @made_by.dataclass(frozen=True, slots=True)
    class Own:
        text: str
        seen: list[str] = made_by.field(hash=False)

        def __hash__(self) -> int:
            return 7

    assert hash(Own("a", [])) == 7


def test_a_field_may_compare_without_being_hashed(made_by: ModuleType) -> None:
    @made_by.dataclass(frozen=True, slots=True)
    class Kept:
        text: str
        rows: dict[str, str] = made_by.field(default_factory=dict, hash=False)

    assert hash(Kept("a", {"b": "c"})) == hash(Kept("a"))
    assert Kept("a", {"b": "c"}) != Kept("a")


def test_values_are_in_the_order_of_their_fields(made_by: ModuleType) -> None:
    @made_by.dataclass(frozen=True, slots=True, order=True)
    class Version:
        major: int
        minor: int

    versions = [Version(2, 0), Version(1, 9), Version(1, 10)]
    assert sorted(versions) == [Version(1, 9), Version(1, 10), Version(2, 0)]
    assert Version(1, 9) <= Version(1, 9) < Version(1, 10)
    assert Version(2, 0) >= Version(1, 9)
    with pytest.raises(TypeError):
        assert Version(1, 1) < 2


def test_a_class_inherits_fields_and_may_redefine_one(made_by: ModuleType) -> None:
    @made_by.dataclass(frozen=True, slots=True, kw_only=True)
    class Base:
        first: int
        second: str = "base"

    @made_by.dataclass(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        second: str = "derived"
        third: bool = False

    for _turn in range(AGAIN):
        value = Derived(first=1)
    assert (value.first, value.second, value.third) == (1, "derived", False)
    assert [f.name for f in made_by.fields(Derived)] == ["first", "second", "third"]
    assert value != Base(first=1)
    assert isinstance(value, Base)


def test_a_class_without_slots_keeps_its_defaults_and_a_dictionary(made_by: ModuleType) -> None:
    @made_by.dataclass(frozen=True, kw_only=True)
    class Cached:
        content: bytes
        name: str = "name"
        tags: tuple[str, ...] = made_by.field(default=(), repr=False)

    for _turn in range(AGAIN):
        value = Cached(content=b"a")
    value.__dict__["digest"] = "b"
    assert (Cached.name, value.name, value.tags, value.digest) == ("name", "name", (), "b")
    with pytest.raises(AttributeError):
        value.name = "other"


def test_a_slotted_class_has_no_room_for_more(made_by: ModuleType) -> None:
    value = pair(made_by)(1)
    assert not hasattr(value, "__dict__")
    assert not hasattr(type(value), "right") or type(value).right != "right"


def test_what_is_shown_leaves_out_what_is_not_for_showing(made_by: ModuleType) -> None:
    shown = repr(pair(made_by)(1, more=[1]))
    assert shown.endswith("Pair(left=1, right='right', noted='noted')")


def test_copies_with_changes_are_made_and_checked_anew(made_by: ModuleType) -> None:
    cls = checked(made_by)
    for tools in (dataclasses, made_by):  # the standard's functions take either
        assert tools.replace(cls(size=1), size=2) == cls(size=2)
        with pytest.raises(ValueError, match="negative"):
            tools.replace(cls(size=1), size=-1)
        with pytest.raises(TypeError):
            tools.replace(cls(size=1), unknown=1)
        assert tools.is_dataclass(cls)
        assert tools.is_dataclass(cls(size=1))
        assert not tools.is_dataclass(7)
        assert [f.name for f in tools.fields(cls) if f.compare] == ["size"]


def test_the_standard_library_takes_values_apart(made_by: ModuleType) -> None:
    assert dataclasses.asdict(pair(made_by)(1, more=[2])) == {
        "left": 1,
        "right": "right",
        "more": [2],
        "noted": "noted",
    }


def test_a_match_statement_reads_the_fields_in_their_places(made_by: ModuleType) -> None:
    assert pair(made_by).__match_args__ == ("left", "right", "more")
    assert checked(made_by).__match_args__ == ()
