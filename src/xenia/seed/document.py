"""The format of seed files, as types: what may stand in one and what it means when left out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from xenia.core.directory.identity_provider import ClientAuthentication
from xenia.core.directory.tenant import (
    DomainRestrictions,
    DomainRule,
    GuestAccess,
    InvitesFrom,
    TenantPolicies,
    Toggle,
    UserConsent,
)
from xenia.core.errors import XeniaError
from xenia.core.federated_identity import DEFAULT_AUDIENCE
from xenia.core.user_flow import InputType
from xenia.seed.lines import line_numbers, line_of


class SeedError(Exception):
    """The seed file cannot be applied; the message names file, line and what is wrong."""

    def __init__(self, name: str, line: int | None, text: str) -> None:
        super().__init__(f"{name}, line {line}: {text}" if line else f"{name}: {text}")
        self.line = line


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; unknown keys are errors, since a misspelt one would silently do nothing."""


class SeedSettings(_Table, frozen=True):
    """``[tenant.settings]``: the tenant-wide settings of the portal."""

    security_defaults: bool = True
    """Whether everybody, guests included, proves a second factor (MFA)."""
    allow_invites_from: InvitesFrom = InvitesFrom.EVERYONE
    guest_access: Literal["same_as_members", "limited", "restricted"] = "limited"
    domain_rule: DomainRule = DomainRule.ANY
    denied_domains: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    email_passcode: bool | None = None
    allow_plus_addresses: bool = True
    offer_stay_signed_in: bool = True
    members_may_register_apps: bool = True
    self_service_sign_up: bool = False
    """Whether user flows do anything."""
    password_grant: bool = False
    """Whether apps may take members' passwords themselves (the `password` grant)."""
    sign_in_frequency_hours: int | None = None
    """How old a sign-in may be before it must be repeated, 1 to 8760 hours."""

    user_consent: Literal["all", "low_impact", "none"] = "all"
    """What people may agree to for themselves."""

    def policies(self) -> TenantPolicies:
        """The same as the directory's record."""
        toggles = {None: Toggle.DEFAULT, True: Toggle.ENABLED, False: Toggle.DISABLED}
        return TenantPolicies(
            allow_invites_from=self.allow_invites_from,
            guest_access=GuestAccess[self.guest_access.upper()],
            domain_restrictions=DomainRestrictions(
                self.domain_rule, self.denied_domains, self.allowed_domains
            ),
            email_passcode=toggles[self.email_passcode],
            security_defaults=self.security_defaults,
            allow_plus_addresses=self.allow_plus_addresses,
            offer_stay_signed_in=self.offer_stay_signed_in,
            members_may_register_apps=self.members_may_register_apps,
            self_service_sign_up=self.self_service_sign_up,
            password_grant=self.password_grant,
            sign_in_frequency_hours=self.sign_in_frequency_hours,
            user_consent=_CONSENT[self.user_consent],
        )


_CONSENT = {"all": UserConsent.ALL, "low_impact": UserConsent.LOW, "none": UserConsent.NONE}


class SeedConsentRequests(_Table, frozen=True):
    """``[tenant.consent_requests]``: people may ask an administrator to agree; there at all, it is switched on."""

    reviewers: tuple[str, ...]
    """User names or mail addresses."""
    notify_reviewers: bool = True
    remind: bool = True
    expire_after_days: int = 30


class SeedUser(_Table, frozen=True):
    """``[[tenant.user]]``: a member who signs in with a password."""

    name: str
    """User name: the part before the @, or a whole user principal name in one of the tenant's domains."""
    display_name: str
    id: str | None = None
    mail: str | None = None
    password: str | None = None
    """Left out: a random one, printed once."""
    authenticator_secret: str | None = None
    """Base32 key of an authenticator app that counts from the start; ``random`` makes one per installation."""
    roles: tuple[str, ...] = ()
    """Directory roles by name or template id."""
    properties: dict[str, str] = {}
    """Further properties by their snake_case names: ``job_title = "Buyer"``."""


class SeedGuest(_Table, frozen=True):
    """``[[tenant.guest]]``: an invitation."""

    mail: str
    redirect_url: str = "/"
    """Where the guest lands; a path is one of our own pages."""
    display_name: str | None = None
    message: str | None = None
    send_message: bool = False


class SeedGroup(_Table, frozen=True):
    """``[[tenant.group]]``: a security group or Microsoft 365 group."""

    name: str
    id: str | None = None
    """Without it the group is recognised by its name."""
    description: str | None = None
    microsoft_365: bool = False
    mail_nickname: str | None = None
    """Of a Microsoft 365 group, the part of its address before the @; else made up."""
    security_enabled: bool = False
    """Whether a Microsoft 365 group can be assigned to apps; security groups always can."""
    visibility: str | None = None
    members: tuple[str, ...] = ()
    """User names, mail addresses, or names of groups that stand earlier in the file."""
    owners: tuple[str, ...] = ()


class SeedScope(_Table, frozen=True):
    """``[[tenant.app.scope]]``: a delegated permission the app exposes."""

    value: str
    display_name: str
    id: str | None = None
    description: str = ""
    admin_only: bool = False


class SeedAppRole(_Table, frozen=True):
    """``[[tenant.app.app_role]]``: a role the app defines."""

    value: str
    display_name: str
    id: str | None = None
    description: str = ""
    for_apps: bool = False
    """Whether apps may hold it (application permission); else users."""


class SeedSecret(_Table, frozen=True):
    """``[[tenant.app.secret]]``: a client secret of known value."""

    value: str
    name: str = "seed"


class SeedRedirects(_Table, frozen=True):
    """``[tenant.app.redirect_uris]`` by platform; a path is one of our own pages."""

    web: tuple[str, ...] = ()
    spa: tuple[str, ...] = ()
    public: tuple[str, ...] = ()


class SeedPermissions(_Table, frozen=True):
    """``[tenant.app.permissions]``: Graph permissions, asked for and granted for the organisation."""

    application: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()


class SeedAssignment(_Table, frozen=True):
    """``{ user = "maria@partner.example", role = "Approver" }`` or ``{ group = "Buyers" }`` in ``assigned``."""

    user: str | None = None
    group: str | None = None
    """Name or object id; instead of ``user``."""
    role: str | None = None
    """Value of an app role for users; needed where the app defines some."""


class SeedTrustedClient(_Table, frozen=True):
    """``{ client = "GUID", scopes = ["Orders.Read"] }`` in ``trusted_clients``: no consent is asked for these scopes."""

    client: str
    scopes: tuple[str, ...]


class SeedFederated(_Table, frozen=True):
    """``[[tenant.app.federated]]``: tokens of another issuer by which the app proves itself (workload identity)."""

    name: str
    issuer: str
    subject: str
    audience: str = DEFAULT_AUDIENCE
    description: str | None = None


class SeedGrant(_Table, frozen=True):
    """``[[tenant.app.grant]]``: delegated permissions the app holds without anybody being asked."""

    api: str
    """Client ID or name of an earlier app of the file, or ``Microsoft Graph``."""
    scopes: tuple[str, ...]
    user: str | None = None
    """Whom it is for, by user name or mail address; everybody without one."""


class SeedApp(_Table, frozen=True):
    """``[[tenant.app]]``: an app registration with its service principal."""

    name: str
    id: str | None = None
    """Application (client) ID."""
    audience: Literal["single", "multiple"] = "single"
    redirect_uris: SeedRedirects = SeedRedirects()
    id_tokens: bool = False
    """Whether the authorization endpoint may issue ID tokens (implicit and hybrid)."""
    public_client: bool = False
    identifier_uris: tuple[str, ...] = ()
    home_page: str | None = None
    front_channel_logout: str | None = None
    """Address of the app that is loaded in a hidden frame when a session ends."""
    back_channel_logout: str | None = None
    """Address of the app that is posted a logout token when a session ends."""
    token_version: Literal[1, 2] | None = None
    assignment_required: bool = False
    assigned: tuple[str | SeedAssignment, ...] = ()
    """Users, guests (by user name or mail address) and groups that have the app; with a role where it defines some."""
    secret: tuple[SeedSecret, ...] = ()
    certificates: tuple[str, ...] = ()
    """PEM files, relative to the seed file."""
    scope: tuple[SeedScope, ...] = ()
    app_role: tuple[SeedAppRole, ...] = ()
    permissions: SeedPermissions = SeedPermissions()
    owners: tuple[str, ...] = ()
    """Users, by user name or mail address, who may change the app."""
    group_claims: str | None = None
    """Which groups tokens name (``groupMembershipClaims``)."""
    optional_claims: dict[str, tuple[str, ...]] = {}
    """Names of claims by kind of token: ``{ idToken = ["email"], accessToken = ["acct"] }``."""
    known_clients: tuple[str, ...] = ()
    """Client IDs of apps whose consent asks for the permissions of this API too."""
    trusted_clients: tuple[SeedTrustedClient, ...] = ()
    federated: tuple[SeedFederated, ...] = ()
    grant: tuple[SeedGrant, ...] = ()


class SeedEndpoints(_Table, frozen=True):
    """``endpoints`` of a provider: addresses that its discovery document does not give."""

    authorization: str = ""
    token: str = ""
    profile: str = ""


class SeedProvider(_Table, frozen=True):
    """``[[tenant.identity_provider]]``: where guests may prove who they are."""

    kind: Literal["openid_connect", "entra_tenant", "google", "facebook", "microsoft_account"]
    client_id: str
    client_secret: str = ""
    name: str = ""
    id: str | None = None
    """Only for the kinds of which there may be several."""
    metadata_url: str = ""
    """The discovery document; left out, it lies below the issuer."""
    issuer: str = ""
    scope: str = ""
    client_authentication: ClientAuthentication = ClientAuthentication.SECRET_POST
    domains: tuple[str, ...] = ()
    claims: dict[str, str] = {}
    """Names of claims that differ: ``{ subject = "uid" }``."""
    endpoints: SeedEndpoints = SeedEndpoints()


class SeedAttribute(_Table, frozen=True):
    """``[[tenant.user_attribute]]``: a custom user attribute."""

    name: str
    type: Literal["string", "boolean", "integer"] = "string"
    description: str = ""


class SeedConnector(_Table, frozen=True):
    """``[[tenant.api_connector]]``: a server that user flows ask."""

    name: str
    url: str
    id: str | None = None
    username: str = ""
    password: str = ""
    certificate: str = ""
    """A PKCS #12 file (.pfx), relative to the seed file; instead of user name and password."""
    certificate_password: str = ""


class SeedChoice(_Table, frozen=True):
    """``{ name = "Small", value = "s", default = true }`` in ``choices``."""

    name: str
    value: str = ""
    default: bool = False


class SeedAssignedAttribute(_Table, frozen=True):
    """``[[tenant.user_flow.attribute]]``: an attribute on the page, in the order of the file."""

    attribute: str
    """Id or name, built in or custom."""
    label: str = ""
    input: InputType = InputType.TEXT_BOX
    optional: bool = False
    help: str = ""
    default: str | bool | int | None = None
    choices: tuple[str | SeedChoice, ...] = ()
    hidden: bool = False
    editable: bool = True
    stored: bool = True


class SeedLanguageAttribute(_Table, frozen=True):
    """``[[tenant.user_flow.language.attribute]]``: an attribute in one language."""

    attribute: str
    """Id or name; one that the flow asks for."""
    label: str = ""
    help: str = ""
    choices: dict[str, str] = msgspec.field(default_factory=dict)
    """What options are called, by their stored value."""


class SeedLanguage(_Table, frozen=True):
    """``[[tenant.user_flow.language]]``: a language that is off, or has texts in the organisation's own words."""

    language: str
    enabled: bool = True
    create_account: dict[str, str] = msgspec.field(default_factory=dict)
    """Texts of this page by the names of the files (``heading``, ``intro`` …)."""
    add_details: dict[str, str] = msgspec.field(default_factory=dict)
    attribute: tuple[SeedLanguageAttribute, ...] = ()


class SeedFlow(_Table, frozen=True):
    """``[[tenant.user_flow]]``: how people without an invitation become guests of apps."""

    name: str
    display_name: str = ""
    description: str = ""
    identity_providers: tuple[str, ...] = ()
    """By id, name or kind, in the order they are offered."""
    apps: tuple[str, ...] = ()
    """By client id or name."""
    after_federation: str | None = None
    """API connector asked before the attribute page, by id or name."""
    before_creation: str | None = None
    """API connector asked before the guest is made."""
    organization_name: str = ""
    intro: str = ""
    logo: str = ""
    """A picture file, relative to the seed file."""
    requires_approval: bool = False
    sign_up_allowed: bool = True
    attribute: tuple[SeedAssignedAttribute, ...] = ()
    language: tuple[SeedLanguage, ...] = ()


class SeedTenant(_Table, frozen=True):
    """``[[tenant]]``: an organisation."""

    name: str
    short_name: str
    id: str | None = None
    domains: tuple[str, ...] = ()
    privacy_statement_url: str | None = None
    terms_url: str | None = None
    settings: SeedSettings = SeedSettings()
    consent_requests: SeedConsentRequests | None = None
    user: tuple[SeedUser, ...] = ()
    guest: tuple[SeedGuest, ...] = ()
    group: tuple[SeedGroup, ...] = ()
    app: tuple[SeedApp, ...] = ()
    identity_provider: tuple[SeedProvider, ...] = ()
    user_attribute: tuple[SeedAttribute, ...] = ()
    api_connector: tuple[SeedConnector, ...] = ()
    user_flow: tuple[SeedFlow, ...] = ()


class _Document(_Table, frozen=True):
    tenant: tuple[SeedTenant, ...] = ()


class Seed(msgspec.Struct, frozen=True):
    """A seed that was read: its tenants, and how to name a place in it."""

    name: str
    tenants: tuple[SeedTenant, ...]
    folder: Path
    numbers: dict[str, int]

    def error(self, path: str, text: str) -> SeedError:
        """The error at this path (``tenant[0].user[1]``), with its line."""
        return SeedError(self.name, line_of(path, self.numbers), text)

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """Turn a refusal into one that names the place in the file."""
        try:
            yield
        except (XeniaError, ValueError) as error:
            raise self.error(path, str(error)) from error


def read_seed(path: Path) -> Seed:
    """Read a seed file. Raises SeedError with the line of the first thing that is wrong."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(str(path), None, f"cannot be read: {error}") from None
    return _parse(text, str(path), path.parent)


def builtin_seed() -> Seed:
    """The seed of ``xenia up``: Contoso with an administrator, a member and the app "Orders"."""
    text = (Path(__file__).parent / "builtin.toml").read_text(encoding="utf-8")
    return _parse(text, "built-in seed", Path())


def _parse(text: str, name: str, folder: Path) -> Seed:
    numbers = line_numbers(text)
    try:
        document = msgspec.convert(tomllib.loads(text), _Document)
    except tomllib.TOMLDecodeError as error:
        # The parser says "(at line 3, column 5)" itself.
        raise SeedError(name, None, str(error)) from None
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise SeedError(name, line_of(_place(message, path.rstrip("`")), numbers), message) from None
    return Seed(name, document.tenant, folder, numbers)


def _place(message: str, path: str) -> str:
    """The path of the value; for an unknown key, of the key itself."""
    if message.startswith("Object contains unknown field"):
        return f"{path}.{message.rpartition('`')[0].rpartition('`')[2]}"
    return path
