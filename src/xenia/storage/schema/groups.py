"""Tables of groups, their members and owners."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import document, identifier, key, moment
from xenia.storage.schema.base import metadata, unique

groups = sa.Table(
    "directory_groups",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    key("display_name", required=True),
    key("mail_nickname", required=True),
    moment("created_at", required=True),
    key("description"),
    key("group_type"),
    sa.Column("security_enabled", sa.Boolean, nullable=False),
    sa.Column("mail_enabled", sa.Boolean, nullable=False),
    key("mail"),
    key("visibility"),
    key("classification"),
    key("preferred_language"),
    document(),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)
# Of groups with a mail address; scripts give one nickname to any number of security groups.
unique(
    "uq_directory_groups_mail_nickname",
    "mail_nickname",
    groups.c.tenant_id,
    groups.c.mail_nickname_key,
    where=groups.c.mail_enabled.is_(sa.true()),
)
sa.Index("ix_directory_groups_display_name_key", groups.c.tenant_id, groups.c.display_name_key, groups.c.id)
sa.Index("ix_directory_groups_created_at", groups.c.tenant_id, groups.c.created_at, groups.c.id)


def _links(table: str) -> sa.Table:
    """Who hangs on a group: a user, a group or a service principal, hence no foreign key for it."""
    made = sa.Table(
        table,
        metadata,
        identifier("tenant_id", primary_key=True),
        identifier("group_id", primary_key=True),
        identifier("object_id", primary_key=True),
        identifier("kind"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["directory_groups.tenant_id", "directory_groups.id"],
            ondelete="CASCADE",
        ),
    )
    # Which groups something belongs to is asked at sign-ins.
    sa.Index(f"ix_{table}_object_id", made.c.tenant_id, made.c.object_id, made.c.group_id)
    return made


group_members = _links("group_members")
group_owners = _links("group_owners")
