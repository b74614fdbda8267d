"""Table of the signing keys of single apps. A key id is unique over all tenants: a token names its key by it alone."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import document, identifier
from xenia.storage.schema.base import metadata

app_signing_keys = sa.Table(
    "app_signing_keys",
    metadata,
    identifier("kid", primary_key=True),
    identifier("tenant_id"),
    identifier("principal_id"),
    document(),
    sa.ForeignKeyConstraint(
        ["tenant_id", "principal_id"],
        ["service_principals.tenant_id", "service_principals.id"],
        ondelete="CASCADE",
    ),
)
sa.Index("ix_app_signing_keys_principal_id", app_signing_keys.c.tenant_id, app_signing_keys.c.principal_id)
