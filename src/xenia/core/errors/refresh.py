"""Refusals about a sign-in of before: refresh tokens, and passwords presented by an app."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.errors.requests import ProtocolError


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


class RefreshTokenExpired(ProtocolError):
    """The refresh token was not used for too long."""

    def __init__(self, issued_at: datetime) -> None:
        super().__init__(
            f"The refresh token has expired due to inactivity. The token was issued on {_written(issued_at)} and was "
            "inactive for 90.00:00:00."
        )


class SpaRefreshTokenExpired(ProtocolError):
    """The refresh token of a single-page application reached its fixed end."""

    def __init__(self, issued_at: datetime) -> None:
        super().__init__(
            "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of "
            "1.00:00:00, which can't be extended. It is now expired and a new sign in request must be sent by the SPA "
            f"to the sign in page. The token was issued on {_written(issued_at)}."
        )


class RefreshTokenReused(ProtocolError):
    """The refresh token was used before: everything that came of its sign-in is revoked (RFC 9700 section 4.14.2)."""

    def __init__(self) -> None:
        super().__init__(
            "The refresh token was used already, so its sign-in was revoked. Send a new interactive authorization "
            "request for this user and resource."
        )


class GrantRevoked(ProtocolError):
    """The sign-in was revoked: by the user, an administrator, a changed password or the reuse of a code or token."""

    def __init__(self, signed_in_at: datetime) -> None:
        super().__init__(
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
            f"changed or reset their password. The grant was issued on '{_written(signed_in_at)}'."
        )


class SignInTooOld(ProtocolError):
    """The sign-in is older than the sign-in frequency allows: a tenant's own, or the day that a mailbox or an account elsewhere counts."""

    def __init__(self, signed_in_at: datetime, longest: timedelta | None = None) -> None:
        seconds = int((longest or timedelta(days=1)).total_seconds())
        super().__init__(
            "The refresh token has expired or is invalid due to sign-in frequency checks. The user signed in on "
            f"{_written(signed_in_at)} and the maximum allowed lifetime for this request is {seconds}."
        )


class UserGone(ProtocolError):
    """The user was deleted from the directory."""

    def __init__(self) -> None:
        super().__init__("The user account does not exist in the directory. It may have been deleted.")


class PasswordMustChange(ProtocolError):
    """The password was set by somebody else and must be replaced, which takes a page."""

    def __init__(self) -> None:
        super().__init__("The password is expired. The user must sign in interactively and choose a new one.")


class PasswordGrantNotHere(ProtocolError):
    """The password grant came to an alias where no directory with passwords stands."""

    def __init__(self, segment: str) -> None:
        super().__init__(
            "The grant type 'password' is not supported over the "
            f"/{segment} endpoint. Please use the /organizations or tenant-specific endpoint."
        )
