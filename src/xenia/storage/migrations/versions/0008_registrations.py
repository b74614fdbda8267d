"""Federated identity credentials; applications and their service principals can be restored for a while.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table, the columns and the indexes."""
    _federated_identity_credentials()
    for table in ("applications", "service_principals"):
        op.add_column(table, sa.Column("deleted_at", sa.BigInteger(), nullable=True))
        condition = sa.text("deleted_at IS NOT NULL")
        op.create_index(
            f"ix_{table}_deleted_at",
            table,
            ["deleted_at"],
            sqlite_where=condition,
            postgresql_where=condition,
        )


def _federated_identity_credentials() -> None:
    table = "federated_identity_credentials"
    names = ("application_id", "id", "tenant_id", "name", "issuer", "subject")
    op.create_table(
        table,
        *(sa.Column(name, _WORDS, nullable=False) for name in names),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=f"fk_{table}_tenant_id_application_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(f"uq_{table}_name", table, ["application_id", "name"], unique=True)
    op.create_index(f"uq_{table}_subject", table, ["application_id", "issuer", "subject"], unique=True)
    op.create_index(f"ix_{table}_tenant_id", table, ["tenant_id", "application_id"])
