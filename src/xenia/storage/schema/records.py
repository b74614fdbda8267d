"""Tables of logs, outgoing and captured mail, signing keys and counters."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import Words, document, identifier, key, moment
from xenia.storage.schema.base import metadata, partial, unique

audit_records = sa.Table(
    "audit_records",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    moment("at", required=True),
    key("activity", required=True),
    key("category", required=True),
    key("service", required=True),
    key("operation", required=True),
    key("result", required=True),
    key("correlation_id", required=True),
    key("initiated_by_user"),
    key("initiated_by_name"),
    key("initiated_by_upn"),
    key("initiated_by_app"),
    key("initiated_by_app_name"),
    key("initiated_by_service_principal"),
    key("ip_address"),
    key("result_reason"),
    document(),
)
_audit = audit_records.c
sa.Index("ix_audit_records_at", _audit.tenant_id, _audit.at, _audit.id)
sa.Index("ix_audit_records_activity_key", _audit.tenant_id, _audit.activity_key, _audit.at, _audit.id)
sa.Index(
    "ix_audit_records_initiated_by_user_key",
    _audit.tenant_id,
    _audit.initiated_by_user_key,
    _audit.at,
    _audit.id,
)
sa.Index("ix_audit_records_correlation_id_key", _audit.tenant_id, _audit.correlation_id_key)

audit_targets = sa.Table(
    "audit_targets",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("record_id", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    key("id", required=True),
    key("type", required=True),
    key("display_name"),
    key("user_principal_name"),
    sa.ForeignKeyConstraint(
        ["tenant_id", "record_id"], ["audit_records.tenant_id", "audit_records.id"], ondelete="CASCADE"
    ),
)
sa.Index(
    "ix_audit_targets_id_key", audit_targets.c.tenant_id, audit_targets.c.id_key, audit_targets.c.record_id
)

sign_in_records = sa.Table(
    "sign_in_records",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    moment("at", required=True),
    key("correlation_id", required=True),
    key("app_id", required=True),
    key("app_name", required=True),
    sa.Column("error_code", sa.Integer, nullable=False),
    key("failure_reason", required=True),
    key("user_id"),
    key("user_display_name"),
    key("user_principal_name"),
    key("sign_in_identifier"),
    key("user_type"),
    sa.Column("is_interactive", sa.Boolean, nullable=False),
    key("event_type", required=True),
    key("service_principal_id"),
    key("service_principal_name"),
    key("resource_id"),
    key("resource_name"),
    key("ip_address"),
    key("user_agent"),
    key("client_app", required=True),
    key("cross_tenant_access", required=True),
    key("home_tenant_id"),
    key("identity_provider"),
    key("requirement", required=True),
    key("token_id"),
    key("issuer"),
    key("session_id"),
    document(),
)
_sign_in = sign_in_records.c
sa.Index("ix_sign_in_records_at", _sign_in.tenant_id, _sign_in.at, _sign_in.id)
sa.Index("ix_sign_in_records_user_id_key", _sign_in.tenant_id, _sign_in.user_id_key, _sign_in.at, _sign_in.id)
sa.Index("ix_sign_in_records_app_id_key", _sign_in.tenant_id, _sign_in.app_id_key, _sign_in.at, _sign_in.id)
sa.Index("ix_sign_in_records_correlation_id_key", _sign_in.tenant_id, _sign_in.correlation_id_key)

# While a mail is being sent ``next_attempt_at`` is the end of the sender's lease.
outbox = sa.Table(
    "outbox",
    metadata,
    identifier("id", primary_key=True),
    identifier("tenant_id"),
    identifier("kind"),
    identifier("to"),
    identifier("state"),
    moment("created_at", required=True),
    moment("next_attempt_at", required=True),
    identifier("sealed_mail"),
    sa.Column("attempts", sa.Text, nullable=False),
    moment("sent_at"),
    sa.Column("subject_of", Words),
    identifier("dedupe_key"),
    identifier("message_id"),
)
unique(
    "uq_outbox_dedupe_key",
    "dedupe_key",
    outbox.c.tenant_id,
    outbox.c.dedupe_key,
    where=outbox.c.dedupe_key != "",
)
partial("ix_outbox_due", outbox.c.state.in_(("pending", "sending")), outbox.c.next_attempt_at)
sa.Index("ix_outbox_created_at", outbox.c.created_at)
sa.Index("ix_outbox_subject_of", outbox.c.tenant_id, outbox.c.subject_of, outbox.c.created_at)

captured_mails = sa.Table(
    "captured_mails",
    metadata,
    identifier("id", primary_key=True),
    moment("received_at", required=True),
    moment("read_at"),
    key("sender", required=True),
    key("recipients", required=True),
    key("subject", required=True),
    key("text", required=True),
    sa.Column("source", sa.LargeBinary, nullable=False),
    document(),
)
sa.Index("ix_captured_mails_received_at", captured_mails.c.received_at, captured_mails.c.id)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    identifier("kid", primary_key=True),
    identifier("sealed_private_key"),
    sa.Column("certificate_der", sa.LargeBinary, nullable=False),
    moment("created_at", required=True),
    moment("active_from", required=True),
    moment("retired_at"),
)

counters = sa.Table(
    "counters",
    metadata,
    identifier("key", primary_key=True),
    sa.Column("hits", sa.BigInteger, nullable=False),
    moment("ends_at", required=True),
)
sa.Index("ix_counters_ends_at", counters.c.ends_at)
