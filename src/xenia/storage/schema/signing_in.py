"""Tables of what is short-lived about signing in: interactions, sessions, passcodes, codes."""

from __future__ import annotations

import sqlalchemy as sa

from xenia.storage.columns import Words, document, identifier, moment
from xenia.storage.schema.base import metadata, partial

interactions = sa.Table(
    "interactions",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    moment("expires_at", required=True),
    moment("finished_at"),
    document(),
)
sa.Index("ix_interactions_expires_at", interactions.c.expires_at)

sessions = sa.Table(
    "sessions",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("secret_hash", primary_key=True),
    moment("expires_at", required=True),
    document(),
)
sa.Index("ix_sessions_expires_at", sessions.c.expires_at)

# Where to look for a user's sessions; the session's own document decides.
session_accounts = sa.Table(
    "session_accounts",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("user_id", primary_key=True),
    identifier("secret_hash", primary_key=True),
    sa.ForeignKeyConstraint(
        ["tenant_id", "secret_hash"], ["sessions.tenant_id", "sessions.secret_hash"], ondelete="CASCADE"
    ),
)
sa.Index("ix_session_accounts_secret_hash", session_accounts.c.tenant_id, session_accounts.c.secret_hash)

portal_sessions = sa.Table(
    "portal_sessions",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("secret_hash", primary_key=True),
    identifier("user_id"),
    identifier("sid"),
    moment("expires_at", required=True),
    document(),
)
sa.Index("ix_portal_sessions_user_id", portal_sessions.c.tenant_id, portal_sessions.c.user_id)
sa.Index("ix_portal_sessions_sid", portal_sessions.c.tenant_id, portal_sessions.c.sid)
sa.Index("ix_portal_sessions_expires_at", portal_sessions.c.expires_at)

passcodes = sa.Table(
    "passcodes",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("interaction_id"),
    identifier("address_key"),
    identifier("code_hash"),
    moment("sent_at", required=True),
    moment("expires_at", required=True),
    sa.Column("tries", sa.Integer, nullable=False),
    moment("consumed_at"),
    moment("replaced_at"),
)
sa.Index("ix_passcodes_interaction_id", passcodes.c.tenant_id, passcodes.c.interaction_id)
sa.Index("ix_passcodes_address_key", passcodes.c.tenant_id, passcodes.c.address_key, passcodes.c.expires_at)
sa.Index("ix_passcodes_expires_at", passcodes.c.expires_at)

token_families = sa.Table(
    "token_families",
    metadata,
    identifier("tenant_id", primary_key=True),
    identifier("id", primary_key=True),
    identifier("user_id"),
    identifier("app_id"),
    identifier("sid"),
    moment("created_at", required=True),
    moment("revoked_at"),
    sa.Column("proofs", sa.Text),
)
sa.Index("ix_token_families_user_id", token_families.c.tenant_id, token_families.c.user_id)
sa.Index("ix_token_families_created_at", token_families.c.created_at)

# The hash is unique over all tenants: it is of a random value.
authorization_codes = sa.Table(
    "authorization_codes",
    metadata,
    sa.Column("code_hash", Words, primary_key=True, nullable=False),
    identifier("tenant_id"),
    identifier("family_id"),
    moment("expires_at", required=True),
    sa.Column("verifier_failures", sa.Integer, nullable=False),
    moment("consumed_at"),
    document(),
    sa.ForeignKeyConstraint(
        ["tenant_id", "family_id"], ["token_families.tenant_id", "token_families.id"], ondelete="CASCADE"
    ),
)
sa.Index("ix_authorization_codes_family_id", authorization_codes.c.tenant_id, authorization_codes.c.family_id)
sa.Index("ix_authorization_codes_expires_at", authorization_codes.c.expires_at)

# Likewise. A used token stays, so that its reuse is seen, but not for as long as one that waits for its use.
refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("token_hash", Words, primary_key=True, nullable=False),
    identifier("tenant_id"),
    identifier("family_id"),
    moment("keep_until", required=True),
    moment("consumed_at"),
    sa.Column("retries", sa.Integer, nullable=False),
    document(),
    sa.ForeignKeyConstraint(
        ["tenant_id", "family_id"], ["token_families.tenant_id", "token_families.id"], ondelete="CASCADE"
    ),
)
sa.Index("ix_refresh_tokens_family_id", refresh_tokens.c.tenant_id, refresh_tokens.c.family_id)
sa.Index("ix_refresh_tokens_keep_until", refresh_tokens.c.keep_until)

# A person who types the short code does so before any tenant is known, so it is unique over all of them.
device_codes = sa.Table(
    "device_codes",
    metadata,
    sa.Column("code_hash", Words, primary_key=True, nullable=False),
    identifier("user_code_hash"),
    identifier("tenant_id"),
    moment("expires_at", required=True),
    moment("polled_at"),
    moment("decided_at"),
    moment("consumed_at"),
    document(),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)
sa.Index(
    "uq_device_codes_user_code_hash", device_codes.c.user_code_hash, unique=True, info={"field": "user_code"}
)
sa.Index("ix_device_codes_expires_at", device_codes.c.expires_at)

# Logout tokens that apps are owed. While one is being sent ``next_attempt_at`` is the end of the sender's lease.
logout_notices = sa.Table(
    "logout_notices",
    metadata,
    identifier("id", primary_key=True),
    identifier("tenant_id"),
    identifier("user_id"),
    identifier("state"),
    moment("created_at", required=True),
    moment("next_attempt_at", required=True),
    sa.Column("attempts", sa.Text, nullable=False),
    document(),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)
partial(
    "ix_logout_notices_due",
    logout_notices.c.state.in_(("pending", "sending")),
    logout_notices.c.next_attempt_at,
)
sa.Index(
    "ix_logout_notices_user_id",
    logout_notices.c.tenant_id,
    logout_notices.c.user_id,
    logout_notices.c.created_at,
)
sa.Index("ix_logout_notices_created_at", logout_notices.c.created_at)
