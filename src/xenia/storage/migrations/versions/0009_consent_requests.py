"""Requests for admin consent.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_TABLE = "consent_requests"


def upgrade() -> None:
    """Create the table and its indexes."""
    op.create_table(
        _TABLE,
        *(sa.Column(name, _WORDS, nullable=False) for name in ("tenant_id", "id", "app_id", "state")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=f"pk_{_TABLE}"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=f"fk_{_TABLE}_tenant_id", ondelete="CASCADE"
        ),
    )
    op.create_index(f"ix_{_TABLE}_created_at", _TABLE, ["tenant_id", "created_at", "id"])
    op.create_index(f"ix_{_TABLE}_app_id", _TABLE, ["tenant_id", "app_id", "state"])
