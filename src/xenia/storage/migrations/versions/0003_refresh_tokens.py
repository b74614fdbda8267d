"""Refresh tokens and device codes.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables and indexes."""
    _refresh_tokens()
    _device_codes()


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _WORDS, nullable=False) for name in names]


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _document() -> sa.Column[str]:
    return sa.Column("doc", sa.Text(), nullable=False)


def _refresh_tokens() -> None:
    table = "refresh_tokens"
    op.create_table(
        table,
        *_words("token_hash", "tenant_id", "family_id"),
        _number("keep_until"),
        _number("consumed_at", nullable=True),
        sa.Column("retries", sa.Integer(), nullable=False),
        _document(),
        sa.PrimaryKeyConstraint("token_hash", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "family_id"],
            ["token_families.tenant_id", "token_families.id"],
            name=f"fk_{table}_tenant_id_family_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(f"ix_{table}_family_id", table, ["tenant_id", "family_id"])
    op.create_index(f"ix_{table}_keep_until", table, ["keep_until"])


def _device_codes() -> None:
    table = "device_codes"
    op.create_table(
        table,
        *_words("code_hash", "user_code_hash", "tenant_id"),
        _number("expires_at"),
        _number("polled_at", nullable=True),
        _number("decided_at", nullable=True),
        _number("consumed_at", nullable=True),
        _document(),
        sa.PrimaryKeyConstraint("code_hash", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id", ondelete="CASCADE"
        ),
    )
    op.create_index("uq_device_codes_user_code_hash", table, ["user_code_hash"], unique=True)
    op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])
