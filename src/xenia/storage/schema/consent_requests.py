"""Table of requests for admin consent."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import document, identifier, moment
from xenia.storage.schema.base import metadata

consent_requests = sa.Table(
    "consent_requests",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("app_id"),
    identifier("state"),
    moment("created_at", required=True),
    document(),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)
sa.Index(
    "ix_consent_requests_created_at",
    consent_requests.c.tenant_id,
    consent_requests.c.created_at,
    consent_requests.c.id,
)
sa.Index(
    "ix_consent_requests_app_id",
    consent_requests.c.tenant_id,
    consent_requests.c.app_id,
    consent_requests.c.state,
)
