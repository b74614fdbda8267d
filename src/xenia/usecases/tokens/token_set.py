"""The tokens of one answer of the token endpoint: planned inside the transaction, signed after it."""

from __future__ import annotations

from datetime import datetime

from xenia.core.signin.answer import SignedIn
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.tokens.issue_tokens import (
    PlannedAccess,
    PlannedToken,
    TokenRequest,
    client_info,
    plan_access_token,
    plan_id_token,
    sign_token,
)
from xenia.usecases.tokens.refresh_tokens import IssuedRefreshToken


class PlannedTokens(Record):
    """Everything of the answer but the signatures."""

    signed_in: SignedIn
    access: PlannedAccess
    id_token: PlannedToken | None
    refresh: IssuedRefreshToken | None


class TokenSet(Record):
    """What a person's sign-in yields at the token endpoint."""

    access_token: str
    expires_in: int
    scope: str
    resource: str
    """The resource by the name the client used."""
    id_token: str | None
    client_info: str
    refresh_token: str | None
    refresh_expires_in: int | None
    """Of single-page applications only."""


def plan_tokens(
    ports: Ports,
    tx: Transaction,
    signed_in: SignedIn,
    wanted: TokenRequest,
    refresh: IssuedRefreshToken | None,
    now: datetime,
) -> PlannedTokens:
    """Decide access token and, when ``openid`` is asked for, ID token. Raises what ``plan_access_token`` raises."""
    access = plan_access_token(ports, tx, signed_in, wanted, now)
    id_token = plan_id_token(ports, tx, signed_in, wanted, now) if wanted.scopes.wants_id_token else None
    return PlannedTokens(signed_in, access, id_token, refresh)


def sign_tokens(ports: Ports, planned: PlannedTokens) -> TokenSet:
    """The finished tokens. No transaction may be open: RSA takes its time."""
    refresh = planned.refresh
    return TokenSet(
        access_token=sign_token(ports, planned.access.token),
        expires_in=planned.access.expires_in,
        scope=planned.access.scope,
        resource=planned.access.resource,
        id_token=sign_token(ports, planned.id_token) if planned.id_token else None,
        client_info=client_info(planned.signed_in),
        refresh_token=refresh.token if refresh else None,
        refresh_expires_in=refresh.expires_in if refresh else None,
    )
