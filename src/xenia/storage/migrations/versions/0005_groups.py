"""Groups, their members and owners.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_GROUPS = "directory_groups"


def upgrade() -> None:
    """Create the tables and indexes."""
    _groups()
    for table in ("group_members", "group_owners"):
        _links(table)


def _words(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, _WORDS, nullable=nullable) for name in names]


def _groups() -> None:
    op.create_table(
        _GROUPS,
        *_words("tenant_id", "id", "display_name_key", "mail_nickname_key"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_words("description_key", "group_type_key", nullable=True),
        sa.Column("security_enabled", sa.Boolean(), nullable=False),
        sa.Column("mail_enabled", sa.Boolean(), nullable=False),
        *_words("mail_key", "visibility_key", "classification_key", "preferred_language_key", nullable=True),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=f"pk_{_GROUPS}"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=f"fk_{_GROUPS}_tenant_id", ondelete="CASCADE"
        ),
    )
    with_mail = {"sqlite": sa.text("mail_enabled IS 1"), "postgresql": sa.text("mail_enabled IS true")}
    op.create_index(
        f"uq_{_GROUPS}_mail_nickname",
        _GROUPS,
        ["tenant_id", "mail_nickname_key"],
        unique=True,
        sqlite_where=with_mail["sqlite"],
        postgresql_where=with_mail["postgresql"],
    )
    op.create_index(f"ix_{_GROUPS}_display_name_key", _GROUPS, ["tenant_id", "display_name_key", "id"])
    op.create_index(f"ix_{_GROUPS}_created_at", _GROUPS, ["tenant_id", "created_at", "id"])


def _links(table: str) -> None:
    op.create_table(
        table,
        *_words("tenant_id", "group_id", "object_id", "kind"),
        sa.PrimaryKeyConstraint("tenant_id", "group_id", "object_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            [f"{_GROUPS}.tenant_id", f"{_GROUPS}.id"],
            name=f"fk_{table}_tenant_id_group_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(f"ix_{table}_object_id", table, ["tenant_id", "object_id", "group_id"])
