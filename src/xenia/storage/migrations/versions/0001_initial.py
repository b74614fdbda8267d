"""The first schema, frozen as the statements of each database beside this file.

Later revisions change it with Alembic's operations; this one is never edited after a release.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables and indexes."""
    connection = op.get_bind()
    statements = Path(__file__).with_name(f"0001_initial.{connection.dialect.name}.sql").read_text("utf-8")
    for statement in statements.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
