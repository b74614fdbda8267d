"""Tables of self-service sign-up: providers, user flows and what they consist of, and sign-ups as they go."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import Words, document, identifier, key, moment
from xenia.storage.schema.base import metadata, partial, unique


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.BigInteger, nullable=False)


def _of_tenant() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE")


identity_providers = sa.Table(
    "identity_providers",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    moment("created_at", required=True),
    _version(),
    document(),
    _of_tenant(),
)

# Apart from the provider: it is written by sign-ins, and built-in providers have no row.
provider_outcomes = sa.Table(
    "provider_outcomes",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("provider_id", primary_key=True),
    moment("succeeded_at"),
    moment("failed_at"),
    sa.Column("failure", Words),
    _of_tenant(),
)

user_flows = sa.Table(
    "user_flows",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id_key", primary_key=True),
    _version(),
    document(),
    _of_tenant(),
)

# An application is in one flow at most; which ones a flow has is told here alone, not by its document.
user_flow_applications = sa.Table(
    "user_flow_applications",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("app_id", primary_key=True),
    identifier("flow_id_key"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(
        ["tenant_id", "flow_id_key"], ["user_flows.tenant_id", "user_flows.id_key"], ondelete="CASCADE"
    ),
    sa.ForeignKeyConstraint(["app_id"], ["applications.app_id"], ondelete="CASCADE"),
)
user_flow_applications.primary_key.info["field"] = "applications"
sa.Index(
    "ix_user_flow_applications_flow_id_key",
    user_flow_applications.c.tenant_id,
    user_flow_applications.c.flow_id_key,
)
sa.Index("ix_user_flow_applications_app_id", user_flow_applications.c.app_id)

user_attributes = sa.Table(
    "user_attributes",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id_key", primary_key=True),
    key("display_name", required=True),
    document(),
    _of_tenant(),
)

api_connectors = sa.Table(
    "api_connectors",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    key("display_name", required=True),
    _version(),
    document(),
    _of_tenant(),
)

# No reference to the connector: one that was deleted meanwhile must not make a sign-up fail.
connector_calls = sa.Table(
    "connector_calls",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("connector_id"),
    moment("at", required=True),
    document(),
    _of_tenant(),
)
sa.Index(
    "ix_connector_calls_connector_id",
    connector_calls.c.tenant_id,
    connector_calls.c.connector_id,
    connector_calls.c.at,
)
sa.Index("ix_connector_calls_at", connector_calls.c.at)

federations = sa.Table(
    "federations",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("state_hash", primary_key=True),
    moment("expires_at", required=True),
    moment("consumed_at"),
    document(),
    _of_tenant(),
)
sa.Index("ix_federations_expires_at", federations.c.expires_at)

# ``left_because`` is empty where the station was reached: NULLs would never be equal in a key.
# No reference to the flow: one that was deleted meanwhile must not make a sign-up fail.
sign_up_events = sa.Table(
    "sign_up_events",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("interaction_id", primary_key=True),
    identifier("stage", primary_key=True),
    identifier("left_because", primary_key=True),
    identifier("flow_id_key"),
    moment("at", required=True),
    document(),
    _of_tenant(),
)
sa.Index(
    "ix_sign_up_events_flow_id_key",
    sign_up_events.c.tenant_id,
    sign_up_events.c.flow_id_key,
    sign_up_events.c.at,
)
sa.Index("ix_sign_up_events_at", sign_up_events.c.at)

sign_up_requests = sa.Table(
    "sign_up_requests",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("flow_id_key"),
    identifier("idp"),
    identifier("subject"),
    moment("created_at", required=True),
    identifier("state"),
    moment("decided_at"),
    sa.Column("decided_by", Words),
    identifier("reason"),
    sa.Column("user_id", Words),
    document(),
    _of_tenant(),
)
sa.Index(
    "ix_sign_up_requests_created_at",
    sign_up_requests.c.tenant_id,
    sign_up_requests.c.created_at,
    sign_up_requests.c.id,
)
sa.Index(
    "ix_sign_up_requests_account",
    sign_up_requests.c.tenant_id,
    sign_up_requests.c.idp,
    sign_up_requests.c.subject,
    sign_up_requests.c.flow_id_key,
    sign_up_requests.c.created_at,
)
# Two browsers of one person at once ask once.
unique(
    "uq_sign_up_requests_pending",
    "account",
    sign_up_requests.c.tenant_id,
    sign_up_requests.c.idp,
    sign_up_requests.c.subject,
    sign_up_requests.c.flow_id_key,
    where=sign_up_requests.c.state == "pending",
)
partial(
    "ix_sign_up_requests_decided_at",
    sign_up_requests.c.decided_at.is_not(None),
    sign_up_requests.c.decided_at,
)
