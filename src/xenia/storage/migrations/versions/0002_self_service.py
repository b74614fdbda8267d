"""Self-service sign-up: providers, user flows and what they consist of, hand-overs, sign-ups as they go.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables and indexes."""
    _settings()
    _flow_applications()
    _federations()
    _sign_up_events()
    _sign_up_requests()


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _WORDS, nullable=False) for name in names]


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _document() -> sa.Column[str]:
    return sa.Column("doc", sa.Text(), nullable=False)


def _keys(table: str, *names: str) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint(*names, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id", ondelete="CASCADE"
        ),
    ]


def _settings() -> None:
    """What an administrator enters."""
    op.create_table(
        "identity_providers",
        *_words("tenant_id", "id"),
        _number("created_at"),
        _number("version"),
        _document(),
        *_keys("identity_providers", "tenant_id", "id"),
    )
    op.create_table(
        "user_flows",
        *_words("tenant_id", "id_key"),
        _number("version"),
        _document(),
        *_keys("user_flows", "tenant_id", "id_key"),
    )
    op.create_table(
        "user_attributes",
        *_words("tenant_id", "id_key", "display_name_key"),
        _document(),
        *_keys("user_attributes", "tenant_id", "id_key"),
    )
    op.create_table(
        "api_connectors",
        *_words("tenant_id", "id", "display_name_key"),
        _number("version"),
        _document(),
        *_keys("api_connectors", "tenant_id", "id"),
    )


def _flow_applications() -> None:
    table = "user_flow_applications"
    op.create_table(
        table,
        *_words("tenant_id", "app_id", "flow_id_key"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "app_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "flow_id_key"],
            ["user_flows.tenant_id", "user_flows.id_key"],
            name=f"fk_{table}_tenant_id_flow_id_key",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["app_id"], ["applications.app_id"], name=f"fk_{table}_app_id", ondelete="CASCADE"
        ),
    )
    op.create_index(f"ix_{table}_flow_id_key", table, ["tenant_id", "flow_id_key"])
    op.create_index(f"ix_{table}_app_id", table, ["app_id"])


def _federations() -> None:
    op.create_table(
        "federations",
        *_words("tenant_id", "state_hash"),
        _number("expires_at"),
        _number("consumed_at", nullable=True),
        _document(),
        *_keys("federations", "tenant_id", "state_hash"),
    )
    op.create_index("ix_federations_expires_at", "federations", ["expires_at"])


def _sign_up_events() -> None:
    table = "sign_up_events"
    key = ("tenant_id", "interaction_id", "stage", "left_because")
    op.create_table(table, *_words(*key, "flow_id_key"), _number("at"), _document(), *_keys(table, *key))
    op.create_index(f"ix_{table}_flow_id_key", table, ["tenant_id", "flow_id_key", "at"])
    op.create_index(f"ix_{table}_at", table, ["at"])


def _sign_up_requests() -> None:
    table = "sign_up_requests"
    account = ["tenant_id", "idp", "subject", "flow_id_key"]
    op.create_table(
        table,
        *_words("tenant_id", "id", "flow_id_key", "idp", "subject"),
        _number("created_at"),
        *_words("state"),
        _number("decided_at", nullable=True),
        sa.Column("decided_by", _WORDS),
        *_words("reason"),
        sa.Column("user_id", _WORDS),
        _document(),
        *_keys(table, "tenant_id", "id"),
    )
    op.create_index(f"ix_{table}_created_at", table, ["tenant_id", "created_at", "id"])
    op.create_index(f"ix_{table}_account", table, [*account, "created_at"])
    pending, decided = sa.text("state = 'pending'"), sa.text("decided_at IS NOT NULL")
    op.create_index(
        "uq_sign_up_requests_pending",
        table,
        account,
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )
    op.create_index(
        f"ix_{table}_decided_at", table, ["decided_at"], sqlite_where=decided, postgresql_where=decided
    )
