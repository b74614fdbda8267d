"""Reading tokens for people without scripts: decode, explain, check. With scripts the browser does the same by itself.

A token is never trusted here for anything: it is only shown.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from xenia.core.claims import left_half_hash
from xenia.core.endpoints import issuer_v1, issuer_v2
from xenia.ports import KeyRing
from xenia.record import Record
from xenia.ui.tester.meanings import MEANINGS, TIMES

_SKEW = timedelta(minutes=5)


class Decoded(Record):
    """The parts of a JSON Web Token; nothing of it is verified."""

    header: Mapping[str, object]
    claims: Mapping[str, object]

    def pretty(self, part: str) -> str:
        """Header or claims as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(getattr(self, part)), indent=2).decode()


class Expected(Record):
    """What a token must match; None where nothing is known."""

    audience: str | None = None
    nonce: str | None = None
    issuer: str | None = None
    code: str | None = None
    access_token: str | None = None


def decode(token: str) -> Decoded | None:
    """The token's parts, or None when it is no JSON Web Token."""
    parts = token.strip().split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (
            msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]
        )
    except (binascii.Error, ValueError, RecursionError):
        return None
    return Decoded(header, claims) if isinstance(header, dict) and isinstance(claims, dict) else None


def rows_of(values: Mapping[str, object], now: datetime) -> list[dict[str, str]]:
    """Table rows: name, value, meaning and, for times, what they mean now."""
    return [
        {
            "name": name,
            "value": value if isinstance(value, str) else msgspec.json.encode(value).decode(),
            "meaning": MEANINGS.get(name, ""),
            **({"note": _moment(value, now)} if name in TIMES and _is_number(value) else {}),
        }
        for name, value in values.items()
    ]


def checks_of(
    token: str, decoded: Decoded, expected: Expected, keys: KeyRing, base_url: str, now: datetime
) -> list[dict[str, str]]:
    """Each check with its result and reason (OpenID Connect Core section 3.1.3.7)."""
    claims = decoded.claims
    found = [_signature(token, claims, keys, base_url)]
    if expected.issuer:
        wanted = expected.issuer.replace("{tenantid}", str(claims.get("tid")))
        found.append(_equal("Issuer", claims.get("iss"), wanted, "what the issuer's metadata says"))
    if expected.audience:
        found.append(_equal("Audience", claims.get("aud"), expected.audience, "the Client ID of the request"))
    if expected.nonce:
        found.append(_equal("Nonce", claims.get("nonce"), expected.nonce, "the nonce of the request"))
    found.append(_time(claims, now))
    for name, other, words in (
        ("c_hash", expected.code, "the code"),
        ("at_hash", expected.access_token, "the access token"),
    ):
        if other and name in claims:
            found.append(
                _equal(name, claims[name], left_half_hash(other), f"the hash of {words} that came along")
            )
    return found


def issuer_of(base_url: str, tenant_id: str, version: object) -> str:
    """The issuer this server's own metadata names for a tenant."""
    return issuer_v1(base_url, tenant_id) if version == "1.0" else issuer_v2(base_url, tenant_id)


def moment_in_words(delta: timedelta) -> str:
    """``in 58 minutes``, ``3 hours ago``."""
    seconds = int(abs(delta).total_seconds())
    # "in 58 minutes" and "in 90 minutes" say more than "in 1 hour".
    for least, size, unit in (
        (172_800, 86_400, "day"),
        (7_200, 3_600, "hour"),
        (60, 60, "minute"),
        (1, 1, "second"),
    ):
        if seconds >= least:
            count = seconds // size
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if delta > timedelta() else f"{words} ago"
    return "now"


def _signature(token: str, claims: Mapping[str, object], keys: KeyRing, base_url: str) -> dict[str, str]:
    text = "Signature"
    if urlsplit(str(claims.get("iss"))).netloc != urlsplit(base_url).netloc:
        detail = "Not checked: another server issued it, and without scripts only our own keys are at hand."
        return {"kind": "info", "text": text, "detail": detail}
    if keys.verify(token.strip()) is None:
        return {"kind": "bad", "text": text, "detail": "No key of this server fits: the token was altered."}
    return {"kind": "ok", "text": text, "detail": "A key of this server signed it (checked by this server)."}


def _time(claims: Mapping[str, object], now: datetime) -> dict[str, str]:
    expires, starts = _as_time(claims.get("exp")), _as_time(claims.get("nbf"))
    if expires is None:
        return {"kind": "bad", "text": "Time", "detail": "There is no readable exp: it would never end."}
    if expires <= now:
        words = f"It ended {moment_in_words(expires - now)}. Sign in again for a new one."
        return {"kind": "bad", "text": "Time", "detail": words}
    if starts is not None and starts > now + _SKEW:
        words = f"It begins {moment_in_words(starts - now)}. One of the two clocks is off."
        return {"kind": "bad", "text": "Time", "detail": words}
    return {"kind": "ok", "text": "Time", "detail": f"Valid; it ends {moment_in_words(expires - now)}."}


def _equal(text: str, found: object, wanted: str, words: str) -> dict[str, str]:
    if found == wanted:
        return {"kind": "ok", "text": text, "detail": f"Equals {words}."}
    return {"kind": "bad", "text": text, "detail": f"Is {found!s}, but {words} is {wanted}."}


def _moment(value: object, now: datetime) -> str:
    at = _as_time(value)
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC, {moment_in_words(at - now)}"


def _as_time(value: object) -> datetime | None:
    if not _is_number(value):
        return None
    try:
        return datetime.fromtimestamp(float(value), UTC)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError):
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
