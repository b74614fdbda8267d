"""Write the frozen statements of the first revision from the tables: `python -m tests.storage.freeze_initial_revision`.

Only while nothing is released: afterwards a change of the tables needs a revision of its own.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from xenia.storage import migrations
from xenia.storage.schema import metadata

VERSIONS = Path(migrations.__file__).parent / "versions"


def statements_for(dialect_name: str) -> str:
    """All CREATE statements for one dialect, in an order that foreign keys allow."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[dialect_name].dialect()
    made = []
    for table in metadata.sorted_tables:
        if table.name == "alembic_version":  # Alembic makes it
            continue
        made.append(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda item: str(item.name)):
            create = CreateIndex(index)
            wanted = getattr(index._ddl_if, "dialect", None)
            if wanted in (None, dialect_name):
                made.append(str(create.compile(dialect=dialect)))
    lines = ("\n".join(line.rstrip() for line in statement.strip().splitlines()) for statement in made)
    return ";\n".join(lines) + ";\n"


if __name__ == "__main__":
    for name in ("sqlite", "postgresql"):
        (VERSIONS / f"0001_initial.{name}.sql").write_text(statements_for(name), "utf-8")
