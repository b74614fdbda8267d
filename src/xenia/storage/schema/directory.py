"""Tables of tenants, users and what hangs on a user."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import Words, document, identifier, key, moment
from xenia.storage.schema.base import metadata, partial, unique

tenants = sa.Table(
    "tenants",
    metadata,
    identifier("id", primary_key=True),
    moment("created_at", required=True),
    document(),
)

# Every way to address a tenant: its GUID, its domains, the short name. Platform-wide unique.
tenant_names = sa.Table(
    "tenant_names",
    metadata,
    sa.Column("name_key", Words, primary_key=True, nullable=False),
    sa.Column(
        "tenant_id", Words, sa.ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True
    ),
)
tenant_names.primary_key.info["field"] = "domains"

# One row, replaced by every change of what processes keep in memory of the directory (``known_directory``).
directory_stamp = sa.Table(
    "directory_stamp",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stamp", sa.Text, nullable=False),
)

tenant_policies = sa.Table(
    "tenant_policies",
    metadata,
    sa.Column("tenant_id", Words, sa.ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    document(),
)

users = sa.Table(
    "users",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    key("user_principal_name", required=True),
    key("display_name", required=True),
    key("user_type", required=True),
    moment("created_at", required=True),
    key("mail"),
    key("mail_nickname"),
    key("creation_type"),
    key("external_user_state"),
    moment("external_user_state_changed_at"),
    sa.Column("account_enabled", sa.Boolean, nullable=False),
    moment("deleted_at"),
    key("given_name"),
    key("surname"),
    key("job_title"),
    key("company_name"),
    key("department"),
    key("employee_id"),
    key("employee_type"),
    key("office_location"),
    key("mobile_phone"),
    key("fax_number"),
    key("street_address"),
    key("city"),
    key("state"),
    key("postal_code"),
    key("country"),
    key("usage_location"),
    key("preferred_language"),
    key("age_group"),
    key("consent_provided_for_minor"),
    moment("sessions_valid_from"),
    moment("last_sign_in_at"),
    document(),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)

_live = users.c.deleted_at.is_(None)
# A user in the recycle bin holds no name; restoring one whose name was taken meanwhile conflicts.
unique(
    "uq_users_user_principal_name",
    "user_principal_name",
    users.c.tenant_id,
    users.c.user_principal_name_key,
    where=_live,
)
# One index per pair of what lists filter by and what they are ordered by, so that a page is a range scan.
for _by in (None, users.c.user_type_key, users.c.external_user_state_key):
    for _order in (users.c.display_name_key, users.c.created_at):
        _named = [users.c.tenant_id, *([] if _by is None else [_by]), _order, users.c.id]
        partial("ix_users_" + "_".join(column.name for column in _named[1:-1]), _live, *_named)
# Nulls come first in ascending order: SQLite's own order, which PostgreSQL must be told.
partial("ix_users_mail_key", _live, users.c.tenant_id, users.c.mail_key, users.c.id).ddl_if(dialect="sqlite")
partial(
    "ix_users_mail_key_nulls_first", _live, users.c.tenant_id, users.c.mail_key.nulls_first(), users.c.id
).ddl_if(dialect="postgresql")
partial(
    "ix_users_deleted_at", users.c.deleted_at.is_not(None), users.c.tenant_id, users.c.deleted_at, users.c.id
)


def _of_user() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    )


# ``issuer`` and ``subject`` are exact (a ``sub`` is case-sensitive, OpenID Connect Core section 2); keys serve filters.
user_identities = sa.Table(
    "user_identities",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("user_id", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    identifier("issuer"),
    sa.Column("subject", Words),
    sa.Column("is_live", sa.Boolean, nullable=False),
    key("sign_in_type", required=True),
    key("issuer", required=True),
    key("subject"),
    _of_user(),
)
unique(
    "uq_user_identities_issuer_subject",
    "identities",
    user_identities.c.tenant_id,
    user_identities.c.issuer,
    user_identities.c.subject,
    where=user_identities.c.is_live.is_(sa.true()),
)
sa.Index(
    "ix_user_identities_subject_key",
    user_identities.c.tenant_id,
    user_identities.c.subject_key,
    user_identities.c.issuer_key,
)

# Items of the multi-valued text attributes, for filters.
user_values = sa.Table(
    "user_values",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("user_id", primary_key=True),
    identifier("field", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    key("value", required=True),
    _of_user(),
)
sa.Index(
    "ix_user_values_value_key",
    user_values.c.tenant_id,
    user_values.c.field,
    user_values.c.value_key,
    user_values.c.user_id,
)

# Every address a user holds, in the form by which two spellings of one mailbox are equal.
user_addresses = sa.Table(
    "user_addresses",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("address_key", primary_key=True),
    identifier("user_id", primary_key=True),
    _of_user(),
)
sa.Index("ix_user_addresses_user_id", user_addresses.c.tenant_id, user_addresses.c.user_id)

user_sponsors = sa.Table(
    "user_sponsors",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("user_id", primary_key=True),
    identifier("sponsor_id", primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    _of_user(),
    sa.ForeignKeyConstraint(["tenant_id", "sponsor_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
)
sa.Index("ix_user_sponsors_sponsor_id", user_sponsors.c.tenant_id, user_sponsors.c.sponsor_id)

user_managers = sa.Table(
    "user_managers",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("user_id", primary_key=True),
    identifier("manager_id"),
    _of_user(),
    sa.ForeignKeyConstraint(["tenant_id", "manager_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
)
sa.Index("ix_user_managers_manager_id", user_managers.c.tenant_id, user_managers.c.manager_id)

# Holders are users or service principals, hence no foreign key.
role_members = sa.Table(
    "role_members",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("principal_id", primary_key=True),
    identifier("role_template_id", primary_key=True),
)
sa.Index("ix_role_members_role", role_members.c.tenant_id, role_members.c.role_template_id)

passwords = sa.Table(
    "passwords",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("user_id", primary_key=True),
    document(),
    _of_user(),
)

authenticator_apps = sa.Table(
    "authenticator_apps",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("user_id"),
    moment("created_at", required=True),
    moment("confirmed_at"),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    document(),
    _of_user(),
)
sa.Index("ix_authenticator_apps_user_id", authenticator_apps.c.tenant_id, authenticator_apps.c.user_id)

invitations = sa.Table(
    "invitations",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("user_id"),
    moment("created_at", required=True),
    identifier("status"),
    moment("redeemed_at"),
    moment("withdrawn_at"),
    document(),
    _of_user(),
)
sa.Index("ix_invitations_user_id", invitations.c.tenant_id, invitations.c.user_id, invitations.c.created_at)
