"""Telling apps that a session ended: by a hidden frame in the browser, or by a token from server to server.

OpenID Connect Front-Channel Logout 1.0 and Back-Channel Logout 1.0.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode, urlsplit

from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.record import Record

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105  (a media type)
LOGOUT_TOKEN_LIFETIME = timedelta(minutes=2)
"""Back-Channel Logout section 2.4 wants it short, so that a captured token is soon worth nothing."""
_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


class NoticeState(StrEnum):
    """Where the delivery of a logout token stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    ABANDONED = "abandoned"


class NoticeAttempt(Record):
    """One try to deliver, and what the app's server said."""

    at: datetime
    delivered: bool
    reply: str


class LogoutNotice(Record):
    """A logout token that an app is owed. It is signed when it is sent, because it lives two minutes."""

    id: str
    tenant_id: TenantId
    app_id: AppId
    user_id: ObjectId
    uri: str
    issuer: str
    subject: str
    """``sub`` as this app knows the person: pairwise."""
    sid: str
    created_at: datetime
    next_attempt_at: datetime
    state: NoticeState = NoticeState.PENDING
    attempts: tuple[NoticeAttempt, ...] = ()


class FrontChannelLogout(Record):
    """An app whose own session in this browser is ended by loading one of its pages."""

    app_name: str
    url: str
    """With ``iss`` and ``sid``."""

    @property
    def origin(self) -> str | None:
        """Scheme, host and port, fit for a Content-Security-Policy; None when the address could not be one.

        The policy is a header made of semicolons and blanks: an address that holds them must not get into it.
        """
        try:
            parts = urlsplit(self.url)
            host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii")
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return None
        name = host.decode()
        found = f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{port}"
        return found if _ORIGIN.fullmatch(found) else None


def front_channel_url(logout_url: str, issuer: str, sid: str) -> str:
    """The app's logout address for one session (Front-Channel Logout section 2); its own query stays."""
    base, hash_sign, fragment = logout_url.partition("#")
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{joint}{urlencode({'iss': issuer, 'sid': sid})}{hash_sign}{fragment}"


def logout_claims(notice: LogoutNotice, token_id: str, now: datetime) -> dict[str, object]:
    """Claims of the logout token (Back-Channel Logout section 2.4). Never a ``nonce``: it would pass for an ID token."""
    issued = int(now.timestamp())
    return {
        "iss": notice.issuer,
        "aud": notice.app_id,
        "iat": issued,
        "exp": issued + int(LOGOUT_TOKEN_LIFETIME.total_seconds()),
        "jti": token_id,
        "events": {LOGOUT_EVENT: {}},
        "sub": notice.subject,
        "sid": notice.sid,
    }
