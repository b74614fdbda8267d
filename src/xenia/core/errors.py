"""The domain error tree. Each error is raised once, here named, and rendered three ways elsewhere.

::

    XeniaError
    +-- InvalidValue            a property or field holds something it may not
    +-- NotFound                the thing addressed does not exist (in this tenant)
    +-- Conflict                it exists already, or changed meanwhile
    +-- NotPermitted            the caller lacks a role, scope or right
    +-- NotAuthenticated        no valid token or session
    +-- LimitReached            too many tries; carries the wait
    +-- InvitationRefused       a rule of the tenant forbids the invitation
    |   +-- InvitationsNotAllowed, DomainNotAllowed, InviteeIsMember, InviteeExists, AddressNotOnUser, ResetNotPermitted
    +-- RedemptionRefused       the guest's side of the same
    |   +-- InvitationNotUsable, GuestBlocked, GuestDomainRefused, WrongAccount, PasscodesOff
    +-- ProtocolError           an OAuth 2.0 / OpenID Connect request that cannot be answered
        +-- (one class per AADSTS situation)

Wire codes are not known here: ``core.aadsts`` (numbers and OAuth names), ``graph.errors`` and the
page renderers hold a row for every class. ``message`` is a public sentence; details for the log go
into ``detail`` and never to people.
"""

from __future__ import annotations

from datetime import timedelta


class XeniaError(Exception):
    """Base of all refusals. ``message`` may be shown; ``detail`` may only be logged."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidValue(XeniaError):
    """A named property holds a value it may not hold."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(XeniaError):
    """The addressed object does not exist, or not in this tenant."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} '{key}' does not exist.")
        self.kind = kind
        self.key = key


class Conflict(XeniaError):
    """Another object holds this key already, or the object changed since it was read."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotPermitted(XeniaError):
    """The caller is known but may not do this; ``needed`` names what would allow it."""

    def __init__(self, needed: str, message: str = "Insufficient privileges to complete the operation.") -> None:
        super().__init__(message)
        self.needed = needed


class NotAuthenticated(XeniaError):
    """No valid token, or no signed-in person, where one is needed."""


class LimitReached(XeniaError):
    """Too many tries. ``retry_after`` says how long to wait."""

    def __init__(self, what: str, retry_after: timedelta) -> None:
        super().__init__(f"Too many tries. Try again in {max(1, round(retry_after.total_seconds()))} seconds.")
        self.what = what
        self.retry_after = retry_after


# --- inviting -----------------------------------------------------------------------------------


class InvitationRefused(XeniaError):
    """A rule of the tenant forbids this invitation."""


class InvitationsNotAllowed(InvitationRefused):
    """The guest invite setting admits this caller not (or nobody)."""

    def __init__(self) -> None:
        super().__init__(
            "Guest invitations not allowed for your company. Contact your company administrator for more details."
        )


class DomainNotAllowed(InvitationRefused):
    """Collaboration restrictions refuse the address's domain."""

    def __init__(self, domain: str, rule: str) -> None:
        listed = "is on the deny list" if rule == "deny" else "is not on the allow list"
        super().__init__(
            f"The domain {domain} {listed} of this organization. An administrator can change it under "
            "External collaboration settings, Collaboration restrictions."
        )
        self.domain = domain
        self.rule = rule


class InviteeIsMember(InvitationRefused):
    """The address lies in one of the tenant's own verified domains."""

    def __init__(self) -> None:
        super().__init__(
            "This user cannot be invited because the domain of the user's email address is a verified domain "
            "of this directory."
        )


class InviteeExists(InvitationRefused):
    """Somebody in the directory holds this address already (an ordinary user, or a blocked guest)."""

    def __init__(self, object_id: str, *, blocked: bool = False) -> None:
        tail = (
            ", but the account is blocked from signing in. If the account is unblocked, they can use that account "
            "to sign in to shared resources."
            if blocked
            else ". They can use that account to sign in to shared apps and resources."
        )
        super().__init__(f"The invited user already exists in the directory as object ID: {object_id}{tail}")
        self.object_id = object_id
        self.blocked = blocked


class AddressNotOnUser(InvitationRefused):
    """A redemption reset names an address that the user object does not hold."""

    def __init__(self) -> None:
        super().__init__(
            "The email you\u2019re using to invite this user doesn\u2019t match any emails on the user object. "
            "Please add this email to the user object and try again."
        )


class ResetNotPermitted(InvitationRefused):
    """The caller may invite but not reset a redemption."""

    def __init__(self) -> None:
        super().__init__("Generic authorization exception.")


# --- redeeming ----------------------------------------------------------------------------------


class RedemptionRefused(XeniaError):
    """The guest cannot redeem; each subclass has its own page with a way on."""


class InvitationNotUsable(RedemptionRefused):
    """Unknown, forged, withdrawn, replaced or deleted: one answer, so that nothing can be probed."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("This invitation was withdrawn or replaced.", detail=detail)


class GuestBlocked(RedemptionRefused):
    """The invited user exists but may not sign in."""

    def __init__(self) -> None:
        super().__init__("This guest account is blocked from signing in.")


class GuestDomainRefused(RedemptionRefused):
    """The domain was acceptable when invited and is refused by now."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"The organization does not accept guests from {domain} at the moment.")
        self.domain = domain


class WrongAccount(RedemptionRefused):
    """Somebody else's account was proven on this invitation."""

    def __init__(self, signed_in: str, invited: str) -> None:
        super().__init__(f"You are signed in as {signed_in}, but this invitation is for {invited}.")
        self.signed_in = signed_in
        self.invited = invited


class PasscodesOff(RedemptionRefused):
    """The organisation does not send passcodes and the person has no other way in."""

    def __init__(self) -> None:
        super().__init__("This organization does not send codes by email.")


# --- signing in to apps -------------------------------------------------------------------------


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
        super().__init__(
            f"response_type '{response_type}' is not enabled for the application."
        )
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
        super().__init__("Proof Key for Code Exchange is required for public clients; send a code_challenge with S256.")


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


class MixedResources(ProtocolError):
    """Scopes of several resources at the token endpoint."""

    def __init__(self) -> None:
        super().__init__("Provided value for the input parameter scope is not valid because it contains more than one resource.")


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
        super().__init__(f"An administrator of the organization must agree to the permissions of {name} before you can use it.")


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
        super().__init__(f"Application '{app_id}' is not assigned to a role for the application '{resource}'.")


class InteractionGone(ProtocolError):
    """The page was open too long, belongs to another browser, or was used already."""

    def __init__(self) -> None:
        super().__init__("The sign-in was open for too long or was finished already. Go back to the app and start again.")


class WrongPassword(ProtocolError):
    """User name or password does not match (one answer for both)."""

    def __init__(self) -> None:
        super().__init__("Invalid username or password.")


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
        super().__init__("The provided authorization code is intended to use against other tenant, thus rejected.")


class CodeRedirectMismatch(ProtocolError):
    """``redirect_uri`` differs from the authorize leg."""

    def __init__(self) -> None:
        super().__init__("The reply address given does not match the reply address provided when requesting the authorization code.")


class WrongVerifier(ProtocolError):
    """PKCE: the verifier does not fit the challenge (RFC 7636 section 4.6)."""

    def __init__(self) -> None:
        super().__init__("The Code_Verifier does not match the code_challenge supplied in the authorization request.")


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
        super().__init__(f"The provided client secret keys for app '{app_id}' are expired. Create new keys for the app.")


class ClientCredentialMissing(ProtocolError):
    """A confidential client sent neither secret nor assertion."""

    def __init__(self) -> None:
        super().__init__("The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")


class PublicClientCredential(ProtocolError):
    """A public client sent a credential."""

    def __init__(self) -> None:
        super().__init__("Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")


class ClientAssertionInvalid(ProtocolError):
    """A client assertion (RFC 7523) fails; ``reason`` picks the code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


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
        super().__init__(
            f"The endpoint only accepts {accepted} requests. Received a {method} request."
        )


class ServerError(ProtocolError):
    """Something failed on our side; nothing was saved."""

    def __init__(self) -> None:
        super().__init__("An unexpected error occurred. Try again in a minute.")
