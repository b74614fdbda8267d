"""Signing keys of single apps.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_TABLE = "app_signing_keys"


def upgrade() -> None:
    """Create the table and its index."""
    op.create_table(
        _TABLE,
        *(sa.Column(name, _WORDS, nullable=False) for name in ("kid", "tenant_id", "principal_id")),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=f"pk_{_TABLE}"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "principal_id"],
            ["service_principals.tenant_id", "service_principals.id"],
            name=f"fk_{_TABLE}_tenant_id_principal_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(f"ix_{_TABLE}_principal_id", _TABLE, ["tenant_id", "principal_id"])
