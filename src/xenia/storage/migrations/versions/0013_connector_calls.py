"""Calls of API connectors: when, how long, how it ended.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "connector_calls",
        sa.Column("tenant_id", _WORDS, nullable=False),
        sa.Column("id", _WORDS, nullable=False),
        sa.Column("connector_id", _WORDS, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_connector_calls"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_connector_calls_tenant_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_connector_calls_connector_id", "connector_calls", ["tenant_id", "connector_id", "at"])
    op.create_index("ix_connector_calls_at", "connector_calls", ["at"])
