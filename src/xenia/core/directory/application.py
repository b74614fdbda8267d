"""Applications: the registration (global definition), its local service principal, credentials and
the redirect-URI rules that keep answers from reaching anybody else.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.record import Record

DEFAULT_ACCESS_ROLE = "00000000-0000-0000-0000-000000000000"
"""``appRoleId`` of an assignment without a particular role (Default Access)."""
GRAPH_APP_ID: AppId = "00000003-0000-0000-c000-000000000000"
"""Well-known Application (client) ID of the Graph resource."""


class Audience(StrEnum):
    """Supported account types (``signInAudience``)."""

    SINGLE = "AzureADMyOrg"
    MULTIPLE = "AzureADMultipleOrgs"
    MULTIPLE_AND_PERSONAL = "AzureADandPersonalMicrosoftAccount"
    PERSONAL = "PersonalMicrosoftAccount"


class Platform(StrEnum):
    """Kind of a redirect URI; decides which client authentication a code redemption needs."""

    WEB = "web"
    SPA = "spa"
    PUBLIC = "publicClient"


class RedirectUri(Record):
    """A registered redirect URI (reply URL) of one platform."""

    uri: str
    platform: Platform

    def matches(self, requested: str) -> bool:
        """Exact comparison (RFC 9700 section 2.1); loopback http ignores the port (RFC 8252 section 7.3)."""
        if requested == self.uri:
            return True
        ours, theirs = urlsplit(self.uri), _split(requested)
        if theirs is None or not is_loopback_http(ours) or not is_loopback_http(theirs):
            return False
        return (ours.hostname, ours.path or "/", ours.query) == (
            theirs.hostname,
            theirs.path or "/",
            theirs.query,
        ) and not theirs.fragment


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  (raises ValueError on a port that is no number)
    except ValueError:
        return None
    return None if parts.username is not None or parts.password is not None else parts


def is_loopback_http(parts: SplitResult) -> bool:
    """Whether this is plain http to this very machine, the one place where the port may vary."""
    return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")


def redirect_uri_problem(uri: str, platform: Platform) -> str | None:
    """Why this URI may not be registered for the platform, or None when it may.

    Rules of the field: at most 256 characters, absolute, no fragment, no wildcard, no credentials;
    https, or http for this machine only; custom schemes for public clients only.
    """
    parts = _split(uri)
    if parts is None or not parts.scheme or (not parts.netloc and platform is not Platform.PUBLIC):
        return "Enter an absolute URI such as https://app.example.com/signin."
    if len(uri) > 256:
        return "A redirect URI may have at most 256 characters."
    if (
        any(character in uri for character in "!$'(),;* \"<>\\^`{|}")
        or not uri.isprintable()
        or not uri.isascii()
    ):
        return "A redirect URI may not hold wildcards, blanks or any of ! $ ' ( ) , ;."
    if "#" in uri:
        return "A redirect URI may not hold a fragment (#)."
    if parts.scheme == "https" or is_loopback_http(parts):
        return None
    if platform is Platform.PUBLIC and parts.scheme not in (
        "http",
        "javascript",
        "data",
        "file",
        "vbscript",
        "blob",
    ):
        return None
    return "Use https, or http with localhost for development."


class Scope(Record):
    """A delegated permission an application exposes (``api.oauth2PermissionScopes``)."""

    id: str
    value: str
    type: str = "User"
    is_enabled: bool = True
    admin_consent_display_name: str = ""
    admin_consent_description: str = ""
    user_consent_display_name: str | None = None
    user_consent_description: str | None = None


class AppRole(Record):
    """A role an application defines; assigned to users or, as application permission, to apps."""

    id: str
    value: str | None
    display_name: str
    description: str = ""
    allowed_member_types: tuple[str, ...] = ("User",)
    is_enabled: bool = True


class RequiredResourceAccess(Record):
    """API permissions an application asks for: (permission id, ``Scope`` or ``Role``) pairs of one resource."""

    resource_app_id: AppId
    access: tuple[tuple[str, str], ...]


class PreAuthorizedApplication(Record):
    """A client that the owner of an API trusts: no consent is asked for these permissions of the API."""

    app_id: AppId
    permission_ids: tuple[str, ...]
    """Ids of scopes of the API (``delegatedPermissionIds``)."""


class Application(Record):
    """An app registration: the one global definition, kept in the tenant that owns it."""

    id: ObjectId
    tenant_id: TenantId
    app_id: AppId
    display_name: str
    created_at: datetime
    audience: Audience = Audience.SINGLE
    redirect_uris: tuple[RedirectUri, ...] = ()
    id_token_issuance: bool = False
    access_token_issuance: bool = False
    is_fallback_public_client: bool = False
    identifier_uris: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
    app_roles: tuple[AppRole, ...] = ()
    required_resource_access: tuple[RequiredResourceAccess, ...] = ()
    pre_authorized_applications: tuple[PreAuthorizedApplication, ...] = ()
    known_client_applications: tuple[AppId, ...] = ()
    """Clients whose consent page asks for this API's own permissions too (``api.knownClientApplications``)."""
    requested_access_token_version: int | None = None
    optional_claims: dict[str, list[dict[str, object]]] | None = None
    group_membership_claims: str | None = None
    home_page_url: str | None = None
    logout_url: str | None = None
    """Loaded in a hidden frame when a session of the app's ends (OpenID Connect Front-Channel Logout 1.0)."""
    back_channel_logout_uri: str | None = None
    """Is posted a logout token then (OpenID Connect Back-Channel Logout 1.0). An addition to the field's schema."""
    privacy_statement_url: str | None = None
    terms_of_service_url: str | None = None
    marketing_url: str | None = None
    support_url: str | None = None
    description: str | None = None
    notes: str | None = None
    """Of the administrators, about the app; people who sign in never see them."""
    tags: tuple[str, ...] = ()
    accept_mapped_claims: bool | None = None
    """Whether a claims mapping may change its tokens although they are signed by the common key."""
    id_token_signed_response_alg: str | None = None
    """``ES256`` where it asks for ID tokens signed so (OpenID Connect Dynamic Client Registration 1.0 section 2). An addition."""
    logo_mark: str | None = None
    """Tells one logo from the next; None: the app has none. The picture itself is kept apart."""
    deleted_at: datetime | None = None
    """When it was deleted; it can be restored for 30 days, and works nowhere meanwhile."""
    is_first_party: bool = False
    """Ships with Xenia (portal, tester, Graph): no consent page, hidden from My Apps, cannot be deleted."""
    version: int = 0

    def redirect_uri(self, requested: str) -> RedirectUri | None:
        """The registered redirect URI that *requested* may use, or None."""
        exact = next((uri for uri in self.redirect_uris if uri.uri == requested), None)
        return exact or next((uri for uri in self.redirect_uris if uri.matches(requested)), None)

    @property
    def is_multi_tenant(self) -> bool:
        """Whether people and apps of other tenants may use it."""
        return self.audience is not Audience.SINGLE


class Logo(Record):
    """The picture of an app."""

    media_type: str
    """``image/png`` or ``image/jpeg``."""
    content: bytes


class ServicePrincipal(Record):
    """The local instance of an application in one tenant (enterprise app)."""

    id: ObjectId
    tenant_id: TenantId
    app_id: AppId
    display_name: str
    owner_tenant_id: TenantId
    created_at: datetime
    account_enabled: bool = True
    assignment_required: bool = False
    visible_to_users: bool = True
    home_page_url: str | None = None
    notes: str | None = None
    low_permissions: tuple[str, ...] = ()
    """Ids of its delegated permissions that the tenant classified as of low impact."""
    token_signing_key: str | None = None
    """``kid`` of the key of its own that signs tokens for it; None: the common key."""
    deleted_at: datetime | None = None
    """When it was deleted together with its registration; restored with it."""


class ClientSecret(Record):
    """A client secret; only its keyed hash is kept (the value is shown once)."""

    key_id: str
    application_id: ObjectId
    display_name: str
    hint: str
    secret_hash: str
    starts_at: datetime
    ends_at: datetime


class Certificate(Record):
    """A public certificate by which an application proves itself (private_key_jwt)."""

    key_id: str
    application_id: ObjectId
    display_name: str
    der: bytes
    thumbprint_sha1: str
    thumbprint_sha256: str
    starts_at: datetime
    ends_at: datetime


class FederatedIdentityCredential(Record):
    """Trust in tokens of an outside issuer: whoever holds one with this subject is the application (workload identity).

    Issuer, subject and audience are compared exactly, capitals included; there is exactly one audience.
    """

    id: str
    application_id: ObjectId
    name: str
    """Unique within the application; fixed once it is made."""
    issuer: str
    subject: str
    audiences: tuple[str, ...]
    description: str | None = None


class AppRoleAssignment(Record):
    """A role (or Default Access) of a resource given to a user, group or service principal."""

    id: str
    principal_id: ObjectId
    principal_type: str
    resource_id: ObjectId
    """Service principal of the application that defines the role."""
    app_role_id: str
    created_at: datetime


class DelegatedGrant(Record):
    """Consent: a client may act for one user (or everybody) at a resource (``oauth2PermissionGrant``)."""

    id: str
    client_id: ObjectId
    consent_type: str
    """``Principal`` or ``AllPrincipals``."""
    principal_id: ObjectId | None
    resource_id: ObjectId
    scopes: tuple[str, ...]
