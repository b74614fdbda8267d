"""How a refresh token comes to be and how it is recognised; what becomes of it when used is ``refresh``'s.

A token is opaque: random, and stored as a keyed hash only. It also carries its family and a keyed mark of its
own, so that one that was used up and long forgotten by the database still gives its thief away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.codes import TokenFamily
from xenia.core.directory.application import Platform
from xenia.core.endpoints import V1
from xenia.core.ids import fold
from xenia.core.refresh_token import REFRESH_IDLE, SPA_REFRESH, RefreshToken
from xenia.core.signin.answer import SignedIn
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.tokens.access import agreed_openid_scopes

OFFLINE_ACCESS = "offline_access"
_PREFIX = "1.A"
_FAMILY, _SECRET, _MARK = 22, 43, 22
"""Lengths of the parts: 16 and 32 random bytes, and 128 bits of a MAC, as base64url."""
_LENGTH = len(_PREFIX) + _FAMILY + _SECRET + _MARK


class RefreshTerms(Record):
    """Under which terms the refresh tokens of one sign-in are given out; a rotation keeps them."""

    family_id: str
    platform: Platform
    """How the client proves itself at each use."""
    scopes: tuple[str, ...]
    """As first asked for."""
    signed_in_at: datetime
    expires_at: datetime | None = None
    """None: begins now. Only single-page applications carry it through rotations."""
    claims_request: str | None = None
    asks_auth_time: bool = False
    endpoint_version: str = "2.0"


class IssuedRefreshToken(Record):
    """The token itself, for the answer alone."""

    token: str
    expires_in: int | None
    """Told for single-page applications only, whose tokens end at a fixed time."""


def new_family(ports: Ports, tx: Transaction, signed_in: SignedIn, now: datetime) -> TokenFamily:
    """A stored family for tokens that no authorization code founds."""
    family = TokenFamily(
        ports.entropy.token(16),
        signed_in.tenant.id,
        signed_in.user.id,
        signed_in.client.app_id,
        signed_in.sid,
        now,
        proofs=signed_in.proofs,
    )
    tx.sign_ins.add_family(family)
    return family


def first_refresh_token(
    ports: Ports, tx: Transaction, signed_in: SignedIn, terms: RefreshTerms, now: datetime
) -> IssuedRefreshToken | None:
    """The refresh token of a sign-in that asked for ``offline_access`` and may have it, else None.

    OpenID Connect Core section 11; clients of v1.0 get one without asking.
    """
    if terms.endpoint_version == V1:
        return issue_refresh_token(ports, tx, signed_in, terms, now)
    if OFFLINE_ACCESS not in {fold(scope) for scope in terms.scopes}:
        return None
    agreed = agreed_openid_scopes(tx, signed_in.client, signed_in.principal, signed_in.user.id)
    if OFFLINE_ACCESS not in agreed:
        return None
    return issue_refresh_token(ports, tx, signed_in, terms, now)


def issue_refresh_token(
    ports: Ports, tx: Transaction, signed_in: SignedIn, terms: RefreshTerms, now: datetime
) -> IssuedRefreshToken:
    """Store a fresh token of the family. A token of a rolled-back attempt is never handed out."""
    is_spa = terms.platform is Platform.SPA
    expires_at = terms.expires_at or now + (SPA_REFRESH if is_spa else REFRESH_IDLE)
    token = _made(ports, terms.family_id)
    tx.sign_ins.add_refresh_token(
        RefreshToken(
            token_hash=refresh_token_hash(ports, token),
            tenant_id=signed_in.tenant.id,
            app_id=signed_in.client.app_id,
            user_id=signed_in.user.id,
            family_id=terms.family_id,
            platform=terms.platform,
            scopes=terms.scopes,
            issued_at=now,
            expires_at=expires_at,
            signed_in_at=terms.signed_in_at,
            sid=signed_in.sid,
            proofs=signed_in.proofs,
            is_persistent=signed_in.is_persistent,
            claims_request=terms.claims_request,
            asks_auth_time=terms.asks_auth_time,
            endpoint_version=terms.endpoint_version,
        )
    )
    left = max(expires_at - now - timedelta(seconds=1), timedelta())
    return IssuedRefreshToken(token, int(left.total_seconds()) if is_spa else None)


def refresh_token_hash(ports: Ports, token: str) -> str:
    """The stored form."""
    return ports.sealer.mac("refresh-token", token)


def family_of_refresh_token(ports: Ports, token: str) -> str | None:
    """The family of a token that this server once gave out, whatever became of it; None for anything else."""
    if len(token) != _LENGTH or not token.startswith(_PREFIX) or not token.isascii():
        return None
    body, mark = token[:-_MARK], token[-_MARK:]
    return body[len(_PREFIX) :][:_FAMILY] if ports.sealer.same(_mark(ports, body), mark) else None


def _made(ports: Ports, family_id: str) -> str:
    body = f"{_PREFIX}{family_id}{ports.entropy.token(32)}"
    return body + _mark(ports, body)


def _mark(ports: Ports, body: str) -> str:
    return ports.sealer.mac("refresh-token-mark", body)[:_MARK]
