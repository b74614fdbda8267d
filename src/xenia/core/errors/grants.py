"""Protocol requests that cannot be answered: codes, client credentials and everything else at the token endpoint."""

from __future__ import annotations

from xenia.core.errors.requests import ProtocolError


class InvalidGrant(ProtocolError):
    """The code is unknown, malformed or not of this client."""

    def __init__(self, message: str = "The provided authorization code is not valid.") -> None:
        super().__init__(message)


class CodeExpired(ProtocolError):
    """The authorization code ran out."""

    def __init__(self) -> None:
        super().__init__(
            "The provided authorization code or refresh token has expired due to inactivity. "
            "Send a new interactive authorization request for this user and resource."
        )


class CodeReused(ProtocolError):
    """The code was redeemed already; what it issued is revoked (RFC 9700 section 4.5)."""

    def __init__(self) -> None:
        super().__init__(
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."
        )


class CodeOfOtherTenant(ProtocolError):
    """The code was issued by another tenant."""

    def __init__(self) -> None:
        super().__init__(
            "The provided authorization code is intended to use against other tenant, thus rejected."
        )


class CodeRedirectMismatch(ProtocolError):
    """``redirect_uri`` differs from the authorize leg."""

    def __init__(self) -> None:
        super().__init__(
            "The reply address given does not match the reply address provided when requesting the authorization code."
        )


class WrongVerifier(ProtocolError):
    """PKCE: the verifier does not fit the challenge (RFC 7636 section 4.6)."""

    def __init__(self) -> None:
        super().__init__(
            "The Code_Verifier does not match the code_challenge supplied in the authorization request."
        )


class WrongClientSecret(ProtocolError):
    """The secret is not one of the application's."""

    def __init__(self, app_id: str) -> None:
        super().__init__(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app_id}'."
        )


class ClientSecretExpired(ProtocolError):
    """The secret is right but past its end."""

    def __init__(self, app_id: str) -> None:
        super().__init__(
            f"The provided client secret keys for app '{app_id}' are expired. Create new keys for the app."
        )


class ClientCredentialMissing(ProtocolError):
    """A confidential client sent neither secret nor assertion."""

    def __init__(self) -> None:
        super().__init__(
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        )


class PublicClientCredential(ProtocolError):
    """A public client sent a credential."""

    def __init__(self) -> None:
        super().__init__(
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
        )


class ClientAssertionInvalid(ProtocolError):
    """A client assertion (RFC 7523) fails; ``reason`` picks the code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class IssuerUnreachable(ProtocolError):
    """The outside issuer of a client assertion did not tell its keys (OpenID Connect Discovery)."""

    def __init__(self, issuer: str, detail: str) -> None:
        super().__init__(
            f"The request to the external OpenID Connect endpoint of '{ascii(issuer)[1:-1][:200]}' failed. Its discovery "
            "document and keys must be readable from this server.",
            detail=detail,
        )


class UnsupportedGrantType(ProtocolError):
    """A grant this server does not offer."""

    def __init__(self, grant_type: str) -> None:
        super().__init__(f"The app requested an unsupported grant type '{grant_type}'.")


class CrossOriginNotAllowed(ProtocolError):
    """Browser code redeemed something that is not of a single-page application."""

    def __init__(self) -> None:
        super().__init__(
            "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type."
        )


class OriginRequired(ProtocolError):
    """A single-page application's code came without an Origin header."""

    def __init__(self) -> None:
        super().__init__(
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests."
        )


class RequestObjectNotSupported(ProtocolError):
    """``request`` or ``request_uri`` (OpenID Connect Core section 6)."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"The parameter '{parameter}' is not supported.")
        self.parameter = parameter


class UnknownInstance(ProtocolError):
    """Instance discovery for a host that is not ours."""

    def __init__(self) -> None:
        super().__init__("Unknown or invalid instance.")


class MethodNotAllowed(ProtocolError):
    """The endpoint was called with a verb it does not serve."""

    def __init__(self, method: str, accepted: str) -> None:
        super().__init__(f"The endpoint only accepts {accepted} requests. Received a {method} request.")


class ServerError(ProtocolError):
    """Something failed on our side; nothing was saved."""

    def __init__(self) -> None:
        super().__init__("An unexpected error occurred. Try again in a minute.")
