"""Protocol requests that cannot be answered: what apps ask at the authorize endpoint, and sign-in outcomes."""

from __future__ import annotations

from xenia.core.errors.base import XeniaError


class ProtocolError(XeniaError):
    """A protocol request that cannot be answered; ``core.aadsts`` gives code and OAuth error."""


class InvalidRequest(ProtocolError):
    """A malformed parameter; ``parameter`` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class MissingParameter(ProtocolError):
    """A required parameter is absent."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"The request body must contain the following parameter: '{parameter}'.")
        self.parameter = parameter


class DuplicatedParameter(ProtocolError):
    """A parameter occurs more than once (RFC 6749 section 3.1)."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"The parameter '{parameter}' is duplicated.")
        self.parameter = parameter


class TenantNotFound(ProtocolError):
    """The tenant segment names no tenant of this server."""

    def __init__(self, segment: str) -> None:
        super().__init__(
            f"Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into "
            "the correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant."
        )
        self.segment = segment


class TenantRequired(ProtocolError):
    """``common`` and its like cannot serve this request."""

    def __init__(self) -> None:
        super().__init__(
            "No tenant-identifying information found in either the request or implied by any provided credentials."
        )


class ConsumersNotHere(ProtocolError):
    """``consumers`` was addressed: there are no personal accounts here, only those of organizations."""

    def __init__(self, app_id: str) -> None:
        super().__init__(
            f"Application '{app_id}' is configured for use by users of an organization only. Please do not use the "
            "/consumers endpoint to serve this request."
        )


class ApplicationNotFound(ProtocolError):
    """The client is unknown in the tenant."""

    def __init__(self, app_id: str, tenant: str) -> None:
        super().__init__(
            f"Application with identifier '{app_id}' was not found in the directory '{tenant}'. This can happen if the "
            "application has not been installed by the administrator of the tenant or consented to by any user in the "
            "tenant. You may have sent your authentication request to the wrong tenant."
        )
        self.app_id = app_id


class InvalidClientId(ProtocolError):
    """``client_id`` is not a GUID."""

    def __init__(self, app_id: str) -> None:
        super().__init__(f"{app_id} is not a valid application identifier.")


class ApplicationDisabled(ProtocolError):
    """The service principal is switched off."""

    def __init__(self, app_id: str) -> None:
        super().__init__(f"Application with identifier '{app_id}' is disabled.")


class NotMultiTenant(ProtocolError):
    """A single-tenant application at an endpoint of everybody, or in another tenant."""

    def __init__(self, app_id: str, name: str) -> None:
        super().__init__(
            f"Application '{app_id}'({name}) is not configured as a multi-tenant application. Usage of the /common "
            "endpoint is not supported for such apps. Use a tenant-specific endpoint or configure the application to "
            "be multi-tenant."
        )


class RedirectUriMismatch(ProtocolError):
    """The redirect URI is not registered; answered by a page, never by a redirect."""

    def __init__(self, redirect_uri: str, app_id: str) -> None:
        super().__init__(
            f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured "
            f"for the application '{app_id}'. Make sure the redirect URI sent in the request matches one added to your "
            "application in the portal."
        )
        self.redirect_uri = redirect_uri
        self.app_id = app_id


class NoRedirectUri(ProtocolError):
    """None given and none (or several) registered."""

    def __init__(self) -> None:
        super().__init__("No reply address provided.")


class ResponseTypeNotEnabled(ProtocolError):
    """``id_token`` or ``token`` asked of an application that has it switched off."""

    def __init__(self, response_type: str) -> None:
        super().__init__(f"response_type '{response_type}' is not enabled for the application.")
        self.response_type = response_type


class UnsupportedResponseType(ProtocolError):
    """Not a response type at all."""

    def __init__(self, response_type: str) -> None:
        super().__init__(f"The provided response type '{response_type}' is not supported.")


class UnsupportedResponseMode(ProtocolError):
    """A token may not travel in a query string."""

    def __init__(self, mode: str) -> None:
        super().__init__(f"'{mode}' is not a supported value of 'response_mode' when requesting a token.")


class PkceRequired(ProtocolError):
    """Public clients prove possession (RFC 7636; RFC 9700 section 2.1.1)."""

    def __init__(self) -> None:
        super().__init__(
            "Proof Key for Code Exchange is required for public clients; send a code_challenge with S256."
        )


class InvalidScope(ProtocolError):
    """Unknown, mixed or malformed scopes."""

    def __init__(self, scope: str, message: str | None = None) -> None:
        super().__init__(
            message
            or f"The provided value for the input parameter 'scope' is not valid. The scope '{scope}' does not exist."
        )


class ResourceNotFound(ProtocolError):
    """The resource a scope names is unknown in the tenant."""

    def __init__(self, resource: str, tenant: str) -> None:
        super().__init__(
            f"The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if "
            "the application has not been installed by the administrator of the tenant or consented to by any user in "
            "the tenant."
        )


class AppKeyRequired(ProtocolError):
    """Claims are mapped for an app that has no (living) signing key of its own and does not accept that otherwise."""

    def __init__(self, app_id: str) -> None:
        super().__init__(
            f"This application '{app_id}' is required to be configured with an application-specific signing key. It is "
            "either not configured with one, or the key has expired or is not yet valid."
        )


class MappedAudienceNotOwned(ProtocolError):
    """Mapped claims under the common key, for an API called by a name that may be anybody's."""

    def __init__(self, audience: str) -> None:
        super().__init__(
            "AcceptMappedClaims is only supported for a token audience matching the application GUID or an audience "
            f"within the tenant's verified domains. The audience '{audience}' is neither."
        )


class MixedResources(ProtocolError):
    """Scopes of several resources at the token endpoint."""

    def __init__(self) -> None:
        super().__init__(
            "Provided value for the input parameter scope is not valid because it contains more than one resource."
        )


class LoginRequired(ProtocolError):
    """``prompt=none`` and nobody (fitting) is signed in."""

    def __init__(self) -> None:
        super().__init__("A silent sign-in request was sent but no user is signed in.")


class InteractionRequired(ProtocolError):
    """``prompt=none`` and a page would have to be shown."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


class SecondFactorRequired(ProtocolError):
    """``prompt=none`` and a second factor is missing."""

    def __init__(self) -> None:
        super().__init__(
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
            "use multi-factor authentication to access the application."
        )


class ConsentRequired(ProtocolError):
    """Scopes neither the person nor an administrator has agreed to."""

    def __init__(self, app_id: str, name: str) -> None:
        super().__init__(
            f"The user or administrator has not consented to use the application with ID '{app_id}' named '{name}'. "
            "Send an interactive authorization request for this user and resource."
        )


class ConsentDeclined(ProtocolError):
    """The person pressed Cancel."""

    def __init__(self) -> None:
        super().__init__("User declined to consent to access the app.")


class AdminConsentRequired(ProtocolError):
    """Only an administrator may agree to these permissions."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"An administrator of the organization must agree to the permissions of {name} before you can use it."
        )


class AdminConsentRequestable(ProtocolError):
    """Only an administrator may agree to these permissions, and people may ask for that."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"An administrator of the organization must agree to the permissions of {name}. Open the app interactively "
            "to send a request for approval."
        )


class AccountNotInTenant(ProtocolError):
    """Proven, but not a user here. Said only after the proof."""

    def __init__(self, account: str, provider: str, tenant: str, app_id: str, app_name: str) -> None:
        super().__init__(
            f"User account '{account}' from identity provider '{provider}' does not exist in tenant '{tenant}' and cannot "
            f"access the application '{app_id}'({app_name}) in that tenant. The account needs to be added as an external "
            "user in the tenant first. Sign out and sign in again with a different account."
        )
        self.account = account


class GuestAccountDisabled(ProtocolError):
    """The guest object is blocked from signing in."""

    def __init__(self) -> None:
        super().__init__("The guest user account is disabled.")


class AccountDisabled(ProtocolError):
    """The member account is blocked from signing in."""

    def __init__(self) -> None:
        super().__init__("The user account is disabled.")


class NotAssigned(ProtocolError):
    """The app requires assignment and the person has none."""

    def __init__(self, user: str, app_id: str, name: str) -> None:
        super().__init__(
            f"The signed in user '{user}' is not assigned to a role for the application '{app_id}'({name})."
        )


class AppNotAssigned(ProtocolError):
    """App-only: the resource requires assignment and the client has no role."""

    def __init__(self, app_id: str, resource: str) -> None:
        super().__init__(
            f"Application '{app_id}' is not assigned to a role for the application '{resource}'."
        )


class InteractionGone(ProtocolError):
    """The page was open too long, belongs to another browser, or was used already."""

    def __init__(self) -> None:
        super().__init__(
            "The sign-in was open for too long or was finished already. Go back to the app and start again."
        )


class WrongPassword(ProtocolError):
    """User name or password does not match (one answer for both)."""

    def __init__(self) -> None:
        super().__init__("Invalid username or password.")
