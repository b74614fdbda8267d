"""What nearly every immutable value of the program is made of.

To its users and to the type checker a record is a frozen dataclass with slots. Its class costs a twentieth of a
millisecond, where the standard library writes and compiles six functions for each, and making one costs a tenth as
much. There are four hundred kinds of records, which every start makes, and a sign-in makes hundreds of them (ADR 0015).
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

import msgspec
from msgspec import field
from msgspec._core import Factory  # type: ignore[import-not-found]  # the stubs leave it out

if TYPE_CHECKING:
    # Checkers know this one, and hold its arguments against the fields of the record.
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["Record", "defaults_of", "field", "names_of", "replace"]


class _StandardFields:
    """Made when asked for: ``dataclasses.fields``, ``asdict`` and ``replace`` take a record for a dataclass."""

    def __get__(self, instance: object, owner: type[Record]) -> dict[str, dataclasses.Field[Any]]:
        del instance
        return _standard_fields(owner)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record(msgspec.Struct, frozen=True):
    """Immutable, compared and hashed by its values. Subclasses name their fields with annotations.

    Setting an attribute raises AttributeError. Everything is printed by ``repr``: what must not be, or not at length,
    is a dataclass with ``field(repr=False)``. Cached properties need ``dict=True`` beside the base class.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    else:
        __dataclass_fields__ = _StandardFields()


def names_of(kind: type[Record]) -> tuple[str, ...]:
    """The names of its fields, in order."""
    return kind.__struct_fields__


def defaults_of(kind: type[Record]) -> dict[str, object]:
    """What the fields hold that are left out when one is made; those that must be given are missing here."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    with_default = names[len(names) - len(defaults) :]
    return {
        name: default.factory() if isinstance(default, Factory) else default
        for name, default in zip(with_default, defaults, strict=True)
    }


@cache
def _standard_fields(kind: type[Record]) -> dict[str, dataclasses.Field[Any]]:
    defaults = dict(zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False))
    alike: Any = dataclasses.make_dataclass(
        kind.__name__,
        [
            (name, Any, _standard_field(defaults.get(name, msgspec.NODEFAULT)))
            for name in kind.__struct_fields__
        ],
        init=False,
        repr=False,
        eq=False,
    )
    found: dict[str, dataclasses.Field[Any]] = alike.__dataclass_fields__
    return found


def _standard_field(default: object) -> Any:
    if default is msgspec.NODEFAULT:
        return dataclasses.field()
    if isinstance(default, Factory):
        return dataclasses.field(default_factory=default.factory)
    return dataclasses.field(default=default)
