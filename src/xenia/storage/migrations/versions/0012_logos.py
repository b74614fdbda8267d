"""Logos of app registrations.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "application_logos",
        sa.Column("tenant_id", _WORDS, nullable=False),
        sa.Column("application_id", _WORDS, nullable=False),
        sa.Column("media_type", _WORDS, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "application_id", name="pk_application_logos"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name="fk_application_logos_tenant_id_application_id",
            ondelete="CASCADE",
        ),
    )
