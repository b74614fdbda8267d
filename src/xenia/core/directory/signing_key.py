"""Signing keys of single apps (Microsoft Graph: token signing certificates), and which of them signs. Pure.

An own RSA key signs every token that is for the app, once it is the active one. Keys for ES256 are made for apps
that ask for it, sign their ID tokens alone, and take turns by themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta

from xenia.core.errors import InvalidValue
from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.record import Record

RS256, ES256 = "RS256", "ES256"
ALGORITHMS = (RS256, ES256)
MOST_CERTIFICATES = 5
"""RSA keys of one app: each is a published certificate and costs its making."""
USUAL_LIFETIME = timedelta(days=3 * 365)
"""Of a token signing certificate, where the caller says nothing."""
TURN = timedelta(days=90)
"""How long a key for ES256 signs before a next one is published."""
KNOWN_AFTER = timedelta(hours=24)
"""How long a further key for ES256 is published before it signs: clients cache key sets for a day."""
PUBLISHED_AFTERWARDS = timedelta(hours=48)
"""How long a key for ES256 stays published after its follower took over; the longest token lives a day."""


class AppSigningKey(Record):
    """A key pair that belongs to one app in one tenant. The private key is sealed with the data key."""

    kid: str
    key_id: str
    tenant_id: TenantId
    principal_id: ObjectId
    app_id: AppId
    algorithm: str
    display_name: str
    """Subject of its certificate, for example ``CN=Orders``."""
    sealed_private_key: str
    certificate_der: bytes
    thumbprint: str
    """SHA-1 of the certificate, upper-case hex: what ``preferredTokenSigningKeyThumbprint`` names."""
    created_at: datetime
    ends_at: datetime


def checked_algorithm(wanted: object) -> str | None:
    """``id_token_signed_response_alg``: RS256 is the default and kept as None. Raises InvalidValue."""
    if wanted in (None, "", RS256):
        return None
    if wanted != ES256:
        raise InvalidValue(
            "id_token_signed_response_alg",
            "ID tokens are signed with RS256 or, where an app asks, with ES256.",
        )
    return ES256


def for_es256(keys: Iterable[AppSigningKey]) -> tuple[AppSigningKey, ...]:
    """Those for ES256, oldest first."""
    return tuple(
        sorted((key for key in keys if key.algorithm == ES256), key=lambda key: (key.created_at, key.kid))
    )


def es256_signer(keys: Iterable[AppSigningKey], now: datetime) -> AppSigningKey | None:
    """The newest key for ES256 that clients can know; the only one signs at once."""
    held = for_es256(keys)
    known = [key for key in held if key.created_at + KNOWN_AFTER <= now]
    return known[-1] if known else next(iter(held), None)


def wants_es256_key(keys: Iterable[AppSigningKey], now: datetime) -> bool:
    """Whether a (further) key for ES256 is due."""
    held = for_es256(keys)
    return not held or held[-1].created_at + TURN <= now


def outlived(keys: Iterable[AppSigningKey], now: datetime) -> tuple[AppSigningKey, ...]:
    """Keys for ES256 whose follower has signed for so long that no token of theirs is left."""
    held = for_es256(keys)
    return tuple(
        key
        for key, follower in itertools.pairwise(held)
        if follower.created_at + KNOWN_AFTER + PUBLISHED_AFTERWARDS <= now
    )
