"""What an ID token of another provider must say before a word of it is believed. Pure; signatures are checked elsewhere.

The numbers are the steps of OpenID Connect Core section 3.1.3.7 (ID Token Validation).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from xenia.record import Record

LEEWAY = timedelta(minutes=5)
"""Between their clock and ours."""
OLDEST = timedelta(minutes=15)
"""The token was made for the code that was redeemed a moment ago."""
LONGEST_SUBJECT = 255
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "RS384", "ES384", "PS384", "RS512", "ES512", "PS512")
"""Asymmetric ones only: with a shared secret whoever knows it could speak for everybody (RFC 8725 section 3.1)."""


class IdTokenRefused(Exception):
    """The token says something it must not; ``args[0]`` is the reason's key, ``args[1]`` a sentence for operators."""

    @property
    def reason(self) -> str:
        """``issuer``, ``audience``, ``nonce``, ``time``, ``subject`` or ``not-fresh``."""
        return str(self.args[0])


class Expected(Record):
    """What this hand-over asked for."""

    issuer: str
    client_id: str
    nonce: str
    fresh_since: datetime | None = None
    """The sign-in demands a proof newer than this."""


def check_id_token(claims: Mapping[str, object], expected: Expected, now: datetime) -> None:
    """Raises IdTokenRefused with the first thing that is wrong."""
    if claims.get("iss") != expected.issuer:  # 2: exact, no normalisation
        raise IdTokenRefused("issuer", f"iss is {_shown(claims.get('iss'))}, expected {expected.issuer}")
    _check_audience(claims, expected.client_id)
    _check_times(claims, now)
    if claims.get("nonce") != expected.nonce:  # 11: replay of a token made for another sign-in
        raise IdTokenRefused("nonce", "nonce is not the one that was sent")
    if expected.fresh_since is not None and "auth_time" in claims:  # 13
        proven = _moment(claims, "auth_time")
        if proven is None or proven < expected.fresh_since - LEEWAY:
            raise IdTokenRefused("not-fresh", "auth_time is older than the sign-in demands")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:  # section 2
        raise IdTokenRefused("subject", "sub is missing or too long")


def _check_audience(claims: Mapping[str, object], client_id: str) -> None:
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or client_id not in named:  # 3
        raise IdTokenRefused("audience", f"aud is {_shown(audience)}, expected {client_id}")
    party = claims.get("azp")
    if len(named) > 1 and party is None:  # 4: for whom of them was it made?
        raise IdTokenRefused("audience", "several audiences and no azp")
    if party is not None and party != client_id:  # 5
        raise IdTokenRefused("audience", f"azp is {_shown(party)}, expected {client_id}")


def _check_times(claims: Mapping[str, object], now: datetime) -> None:
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if expires is None or issued is None:  # section 2: both are required
        raise IdTokenRefused("time", "exp or iat is missing")
    if expires + LEEWAY <= now:  # 9
        raise IdTokenRefused("time", f"expired at {expires.isoformat()}")
    if not now - OLDEST - LEEWAY <= issued <= now + LEEWAY:  # 10
        raise IdTokenRefused("time", f"issued at {issued.isoformat()}, now is {now.isoformat()}")
    begins = _moment(claims, "nbf")
    if "nbf" in claims and (begins is None or begins > now + LEEWAY):  # RFC 7519 section 4.1.5
        raise IdTokenRefused("time", "not valid yet")


def _moment(claims: Mapping[str, object], name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _shown(value: object) -> str:
    """For operators: what a stranger sent, short and on one line."""
    return ascii(value)[:120]
