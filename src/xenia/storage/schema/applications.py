"""Tables of app registrations, their credentials, service principals, assignments and grants."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import Words, document, identifier, key, moment
from xenia.storage.schema.base import metadata, partial, unique

applications = sa.Table(
    "applications",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("app_id"),
    key("display_name", required=True),
    moment("created_at", required=True),
    key("audience", required=True),
    sa.Column("id_token_issuance", sa.Boolean, nullable=False),
    sa.Column("access_token_issuance", sa.Boolean, nullable=False),
    sa.Column("is_fallback_public_client", sa.Boolean, nullable=False),
    sa.Column("requested_access_token_version", sa.Integer),
    key("group_membership_claims"),
    key("home_page_url"),
    key("logout_url"),
    key("privacy_statement_url"),
    key("terms_of_service_url"),
    sa.Column("is_first_party", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    document(),
    moment("deleted_at"),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)
# The client id is one for the whole server, deleted registrations included: one may be restored.
unique("uq_applications_app_id", "app_id", applications.c.app_id)
sa.Index(
    "ix_applications_display_name_key",
    applications.c.tenant_id,
    applications.c.display_name_key,
    applications.c.id,
)
sa.Index("ix_applications_created_at", applications.c.tenant_id, applications.c.created_at, applications.c.id)
partial("ix_applications_deleted_at", applications.c.deleted_at.is_not(None), applications.c.deleted_at)


def _of_application() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
    )


# Platform-wide unique: an audience names one resource.
application_identifier_uris = sa.Table(
    "application_identifier_uris",
    metadata,
    sa.Column("uri_key", Words, primary_key=True, nullable=False),
    identifier("tenant_id"),
    identifier("application_id"),
    _of_application(),
)
application_identifier_uris.primary_key.info["field"] = "identifier_uris"
sa.Index(
    "ix_application_identifier_uris_application_id",
    application_identifier_uris.c.tenant_id,
    application_identifier_uris.c.application_id,
)

client_secrets = sa.Table(
    "client_secrets",
    metadata,
    identifier("application_id", primary_key=True),
    identifier("key_id", primary_key=True),
    identifier("tenant_id"),
    moment("starts_at", required=True),
    document(),
    _of_application(),
)
sa.Index("ix_client_secrets_tenant_id", client_secrets.c.tenant_id, client_secrets.c.application_id)

certificates = sa.Table(
    "certificates",
    metadata,
    identifier("application_id", primary_key=True),
    identifier("key_id", primary_key=True),
    identifier("tenant_id"),
    moment("starts_at", required=True),
    document(),
    _of_application(),
)
sa.Index("ix_certificates_tenant_id", certificates.c.tenant_id, certificates.c.application_id)

# Compared exactly: issuers and subjects of tokens differ by capitals (OpenID Connect Core section 2).
federated_identity_credentials = sa.Table(
    "federated_identity_credentials",
    metadata,
    identifier("application_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("tenant_id"),
    identifier("name"),
    identifier("issuer"),
    identifier("subject"),
    document(),
    _of_application(),
)
unique(
    "uq_federated_identity_credentials_name",
    "name",
    federated_identity_credentials.c.application_id,
    federated_identity_credentials.c.name,
)
unique(
    "uq_federated_identity_credentials_subject",
    "subject",
    federated_identity_credentials.c.application_id,
    federated_identity_credentials.c.issuer,
    federated_identity_credentials.c.subject,
)
sa.Index(
    "ix_federated_identity_credentials_tenant_id",
    federated_identity_credentials.c.tenant_id,
    federated_identity_credentials.c.application_id,
)

application_owners = sa.Table(
    "application_owners",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("application_id", primary_key=True),
    identifier("user_id", primary_key=True),
    _of_application(),
    sa.ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
)
sa.Index("ix_application_owners_user_id", application_owners.c.tenant_id, application_owners.c.user_id)

# Platform-wide: a client assertion is worth one use at the whole server (RFC 7523 section 3).
used_assertions = sa.Table(
    "used_assertions",
    metadata,
    identifier("application_id", primary_key=True),
    identifier("jti_hash", primary_key=True),
    moment("expires_at", required=True),
)
sa.Index("ix_used_assertions_expires_at", used_assertions.c.expires_at)

service_principals = sa.Table(
    "service_principals",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("app_id"),
    key("display_name", required=True),
    identifier("owner_tenant_id"),
    moment("created_at", required=True),
    sa.Column("account_enabled", sa.Boolean, nullable=False),
    sa.Column("assignment_required", sa.Boolean, nullable=False),
    sa.Column("visible_to_users", sa.Boolean, nullable=False),
    key("home_page_url"),
    document(),
    moment("deleted_at"),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)
partial(
    "ix_service_principals_deleted_at",
    service_principals.c.deleted_at.is_not(None),
    service_principals.c.deleted_at,
)
unique("uq_service_principals_app_id", "app_id", service_principals.c.tenant_id, service_principals.c.app_id)
sa.Index(
    "ix_service_principals_display_name_key",
    service_principals.c.tenant_id,
    service_principals.c.display_name_key,
    service_principals.c.id,
)


def _principal(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], ["service_principals.tenant_id", "service_principals.id"], ondelete="CASCADE"
    )


# The principal is a user, a group or a service principal, hence no foreign key for it.
app_role_assignments = sa.Table(
    "app_role_assignments",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("principal_id"),
    identifier("resource_id"),
    identifier("app_role_id"),
    moment("created_at", required=True),
    document(),
    _principal("resource_id"),
)
unique(
    "uq_app_role_assignments_principal_id",
    "app_role_id",
    app_role_assignments.c.tenant_id,
    app_role_assignments.c.principal_id,
    app_role_assignments.c.resource_id,
    app_role_assignments.c.app_role_id,
)
sa.Index(
    "ix_app_role_assignments_resource_id",
    app_role_assignments.c.tenant_id,
    app_role_assignments.c.resource_id,
)

# ``principal_key`` is the principal's id, or empty for everybody.
delegated_grants = sa.Table(
    "delegated_grants",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("client_id"),
    identifier("principal_key"),
    identifier("resource_id"),
    document(),
    _principal("client_id"),
    _principal("resource_id"),
)
unique(
    "uq_delegated_grants_client_id",
    "client_id",
    delegated_grants.c.tenant_id,
    delegated_grants.c.client_id,
    delegated_grants.c.principal_key,
    delegated_grants.c.resource_id,
)
sa.Index("ix_delegated_grants_resource_id", delegated_grants.c.tenant_id, delegated_grants.c.resource_id)

# Apps that own an app: what they registered without a person.
application_owning_apps = sa.Table(
    "application_owning_apps",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("application_id", primary_key=True),
    identifier("principal_id", primary_key=True),
    _of_application(),
    _principal("principal_id"),
)
sa.Index(
    "ix_application_owning_apps_principal_id",
    application_owning_apps.c.tenant_id,
    application_owning_apps.c.principal_id,
)

# The owner is a user or a service principal, hence no foreign key for it.
principal_owners = sa.Table(
    "principal_owners",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("principal_id", primary_key=True),
    identifier("object_id", primary_key=True),
    _principal("principal_id"),
)
sa.Index("ix_principal_owners_object_id", principal_owners.c.tenant_id, principal_owners.c.object_id)

# Apart from the registration: that is read with every request, its picture hardly ever.
application_logos = sa.Table(
    "application_logos",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("application_id", primary_key=True),
    identifier("media_type"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    _of_application(),
)
