"""Refusals of the device authorization grant (RFC 8628): what the device is told, and what its person is."""

from __future__ import annotations

from xenia.core.errors.requests import ProtocolError
from xenia.core.wording import mark


class AuthorizationPending(ProtocolError):
    """Nobody has decided about the device yet (RFC 8628 section 3.5)."""

    def __init__(self) -> None:
        super().__init__(
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling for the token."
        )


class PollingTooFast(ProtocolError):
    """The device asks more often than it was told to (RFC 8628 section 3.5)."""

    def __init__(self) -> None:
        super().__init__(
            "OAuth 2.0 device flow error. The device polls too often. Wait at least the interval it was given."
        )


class DeviceDeclined(ProtocolError):
    """The person declined to sign the device in (RFC 8628 section 3.5)."""

    def __init__(self) -> None:
        super().__init__("OAuth 2.0 device flow error. The user declined to sign in on the device.")


class DeviceCodeExpired(ProtocolError):
    """The device code ran out before it was redeemed (RFC 8628 section 3.5)."""

    def __init__(self) -> None:
        super().__init__("The provided device code has expired. Start again and ask for a new one.")


class DeviceCodeUnknown(ProtocolError):
    """The device code is none of this client's, or was redeemed already."""

    def __init__(self) -> None:
        super().__init__("OAuth 2.0 device flow error. The device code is not valid.")


class UserCodeMissing(ProtocolError):
    """No code was entered on the page of device sign-ins."""

    def __init__(self) -> None:
        super().__init__(mark("Enter the code that your app or device shows."))


class UserCodeUnknown(ProtocolError):
    """The code entered on the page of device sign-ins is none."""

    def __init__(self) -> None:
        super().__init__(mark("That code is not valid. Look at your app or device and enter it again."))


class UserCodeExpired(ProtocolError):
    """The code entered on the page of device sign-ins ran out."""

    def __init__(self) -> None:
        super().__init__(mark("That code has expired. Start the sign-in on your app or device again."))


class UserCodeDecided(ProtocolError):
    """The code entered on the page of device sign-ins was used already."""

    def __init__(self) -> None:
        super().__init__(mark("That code was used already. Start the sign-in on your app or device again."))
