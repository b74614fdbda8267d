"""Records behave as frozen dataclasses do, also towards the standard library."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import pytest

from xenia.record import Record, defaults_of, field, names_of, replace


class Door(Record):
    """A record with every kind of field."""

    name: str
    width: int = 90
    marks: dict[str, int] = field(default_factory=dict)
    locks: tuple[str, ...] = ()


class Gate(Door):
    """A record that adds a field to another."""

    guard: str = "nobody"


class Remembering(Record, dict=True):
    """A record that works something out once."""

    width: int

    @cached_property
    def doubled(self) -> list[int]:
        """A new list each time it is worked out."""
        return [2 * self.width]


def test_a_record_cannot_be_changed_and_a_changed_copy_leaves_it_alone():
    door = Door("front", marks={"a": 1})
    with pytest.raises(AttributeError):
        door.width = 80  # type: ignore[misc]  # what is tried
    with pytest.raises(AttributeError):
        del door.width

    wider = replace(door, width=120)

    assert (wider.width, wider.name, wider.marks) == (120, "front", {"a": 1})
    assert door.width == 90


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(TypeError):
        replace(Door("front"), height=2)  # type: ignore[call-arg]  # what is tried
    with pytest.raises(TypeError):
        Door("front", height=2)  # type: ignore[call-arg]  # what is tried
    with pytest.raises(TypeError):
        Door()  # type: ignore[call-arg]  # what is tried


def test_values_decide_about_equality_and_the_kind_does_too():
    assert Door("front") == Door("front")
    assert Door("front") != Door("back")
    assert Door("front") != Gate("front")
    assert len({Remembering(1), Remembering(1), Remembering(2)}) == 2


def test_each_record_gets_a_default_of_its_own():
    assert Door("front").marks is not Door("back").marks


def test_what_was_worked_out_is_kept_with_the_record_and_not_copied():
    one = Remembering(1)
    assert one.doubled is one.doubled
    assert replace(one, width=2).doubled == [4]


def test_names_and_defaults_are_told():
    assert names_of(Gate) == ("name", "width", "marks", "locks", "guard")
    assert defaults_of(Gate) == {"width": 90, "marks": {}, "locks": (), "guard": "nobody"}
    assert defaults_of(Remembering) == {}


def test_the_standard_library_takes_a_record_for_a_dataclass():
    door = Door("front", locks=("a",))
    assert dataclasses.is_dataclass(door)
    assert dataclasses.replace(door, width=1) == Door("front", 1, locks=("a",))
    assert dataclasses.asdict(door) == {"name": "front", "width": 90, "marks": {}, "locks": ("a",)}
    told = {item.name: item for item in dataclasses.fields(Gate)}
    assert tuple(told) == names_of(Gate)
    assert told["name"].default is told["name"].default_factory is dataclasses.MISSING
    assert (told["width"].default, told["guard"].default) == (90, "nobody")
    assert told["marks"].default_factory is dict
