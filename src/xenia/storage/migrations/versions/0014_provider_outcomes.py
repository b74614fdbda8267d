"""How hand-overs to identity providers last went.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_MOMENT = sa.BigInteger


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "provider_outcomes",
        sa.Column("tenant_id", _WORDS, nullable=False),
        sa.Column("provider_id", _WORDS, nullable=False),
        sa.Column("succeeded_at", _MOMENT),
        sa.Column("failed_at", _MOMENT),
        sa.Column("failure", _WORDS),
        sa.PrimaryKeyConstraint("tenant_id", "provider_id", name="pk_provider_outcomes"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_provider_outcomes_tenant_id", ondelete="CASCADE"
        ),
    )
