"""Refusals of the on-behalf-of grant (RFC 7523 section 2.1): what is wrong with the access token presented."""

from __future__ import annotations

from xenia.core.errors.requests import ProtocolError


class UserAssertionInvalid(ProtocolError):
    """The assertion is not an access token that this tenant signed."""

    def __init__(self, why: str = "the signature is invalid") -> None:
        super().__init__(f"Assertion failed signature or issuer validation: {why}.")


class UserAssertionForOther(ProtocolError):
    """The access token was issued for another API than the one that presents it."""

    def __init__(self, app_id: str) -> None:
        super().__init__(
            "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion "
            f"must be the app with the Application ID '{app_id}' of the request."
        )


class UserAssertionExpired(ProtocolError):
    """The access token presented is outside its time range."""

    def __init__(self) -> None:
        super().__init__("Assertion is not within its valid time range.")


class IdTokenAsAssertion(ProtocolError):
    """An ID token was presented where an access token is needed."""

    def __init__(self) -> None:
        super().__init__(
            "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant."
        )


class AppOnlyAssertion(ProtocolError):
    """The access token presented is of an app without a person: there is nobody to act for."""

    def __init__(self, app_id: str) -> None:
        super().__init__(f"Application '{app_id}' is not allowed to make application on-behalf-of calls.")
