"""Malformed parameters of an authorization request that have a published number of their own."""

from __future__ import annotations

from xenia.core.errors.requests import InvalidRequest


class RedirectUriNotAbsolute(InvalidRequest):
    """``redirect_uri`` is no absolute URI; answered by a page."""

    def __init__(self) -> None:
        super().__init__("redirect_uri", "'redirect_uri' value must be a valid absolute URI.")


class RequestTooLong(InvalidRequest):
    """A parameter, or all of them together, is longer than any client has reason to send."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter, f"The request is too long. Shorten the parameter '{parameter[:100]}'.")


class ResourceParameter(InvalidRequest):
    """``resource`` belongs to the v1.0 endpoints."""

    def __init__(self) -> None:
        super().__init__("resource", "The 'resource' request parameter is not supported.")


class InvalidCodeChallenge(InvalidRequest):
    """``code_challenge`` does not have the form of RFC 7636 section 4.2."""

    def __init__(self) -> None:
        super().__init__(
            "code_challenge",
            "The size or form of the Code_Challenge parameter is not valid (43 to 128 characters).",
        )


class InvalidChallengeMethod(InvalidRequest):
    """Only S256 proves possession: ``plain`` shows the verifier to whoever sees the request (RFC 9700 section 2.1.1)."""

    def __init__(self, method: str) -> None:
        super().__init__(
            "code_challenge_method", f"The code_challenge_method '{method}' is not supported; use S256."
        )
