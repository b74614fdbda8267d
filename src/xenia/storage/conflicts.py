"""What a violated constraint means: which attribute of which record was taken. Both databases' spellings."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from xenia.core.errors import Conflict, NotFound, XeniaError
from xenia.storage.schema import metadata


def _unique_names() -> Iterable[tuple[str, str, str]]:
    """(name on PostgreSQL, columns as SQLite lists them, attribute) of everything unique."""
    for table in metadata.tables.values():
        primary = table.primary_key
        columns = ", ".join(f"{table.name}.{column.name}" for column in primary.columns)
        yield str(primary.name or f"pk_{table.name}"), columns, str(primary.info.get("field", "id"))
        for index in table.indexes:
            if index.unique:
                columns = ", ".join(f"{table.name}.{column.name}" for column in index.columns)
                yield str(index.name), columns, str(index.info["field"])


_FIELD_OF: dict[str, str] = {}
for _name, _columns, _field in _unique_names():
    _FIELD_OF[_name] = _FIELD_OF[_columns] = _field


def refusal_of(error: IntegrityError) -> XeniaError:
    """Conflict for a taken value, NotFound for a reference to what is not there (or not in this tenant)."""
    text = str(error.orig)
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if name is None and ":" in text:
        name = text.partition(": ")[2]
    field = _FIELD_OF.get(name or "")
    if field is not None:
        return Conflict(
            field, f"Another object with the same value for property {_wire(field)} already exists."
        )
    if "FOREIGN KEY" in text.upper():
        return NotFound("Resource", "referenced")
    raise error


def _wire(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(part.capitalize() for part in rest)


def is_race(refusal: XeniaError) -> bool:
    """Whether a constraint said so, so that a second look at the rows would have told the use case."""
    return isinstance(refusal.__cause__, sa.exc.IntegrityError)
