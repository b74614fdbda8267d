"""Owners of enterprise apps, and apps that own app registrations.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create both tables with their indexes."""
    _owners(
        "application_owning_apps",
        ("application_id", "principal_id"),
        {"application_id": "applications", "principal_id": "service_principals"},
    )
    _owners("principal_owners", ("principal_id", "object_id"), {"principal_id": "service_principals"})


def _owners(table: str, names: tuple[str, str], referred: dict[str, str]) -> None:
    op.create_table(
        table,
        *(sa.Column(name, _WORDS, nullable=False) for name in ("tenant_id", *names)),
        sa.PrimaryKeyConstraint("tenant_id", *names, name=f"pk_{table}"),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", name],
                [f"{other}.tenant_id", f"{other}.id"],
                name=f"fk_{table}_tenant_id_{name}",
                ondelete="CASCADE",
            )
            for name, other in referred.items()
        ),
    )
    op.create_index(f"ix_{table}_{names[1]}", table, ["tenant_id", names[1]])
