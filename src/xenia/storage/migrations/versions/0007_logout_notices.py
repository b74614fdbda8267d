"""Logout tokens that wait for delivery to apps (back-channel logout).

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_TABLE = "logout_notices"
_DUE = sa.text("state IN ('pending', 'sending')")


def upgrade() -> None:
    """Create the table and its indexes."""
    op.create_table(
        _TABLE,
        *(sa.Column(name, _WORDS, nullable=False) for name in ("id", "tenant_id", "user_id", "state")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Text(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{_TABLE}"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=f"fk_{_TABLE}_tenant_id", ondelete="CASCADE"
        ),
    )
    op.create_index(f"ix_{_TABLE}_due", _TABLE, ["next_attempt_at"], postgresql_where=_DUE, sqlite_where=_DUE)
    op.create_index(f"ix_{_TABLE}_user_id", _TABLE, ["tenant_id", "user_id", "created_at"])
    op.create_index(f"ix_{_TABLE}_created_at", _TABLE, ["created_at"])
