"""The tenant: an organisation's directory, its domains, contacts and tenant-wide settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from xenia.core.addresses import domain_key, domain_of
from xenia.core.claims_mapping_policy import ClaimsMappingPolicy
from xenia.core.ids import ObjectId, TenantId
from xenia.core.token_lifetime import TokenLifetimePolicy
from xenia.record import Record, field


class Domain(Record):
    """A verified domain of a tenant. Exactly one is initial (it ends every guest UPN), one is default."""

    name: str
    is_initial: bool = False
    is_default: bool = False


class Tenant(Record):
    """An organisation and how guests are told about it."""

    id: TenantId
    display_name: str
    domains: tuple[Domain, ...]
    created_at: datetime
    subject_salt: str
    """Key of the pairwise subjects of this tenant (hex); never shown, never changed."""
    privacy_statement_url: str | None = None
    terms_url: str | None = None
    technical_contact: str | None = None
    privacy_contact: str | None = None
    notification_language: str = "en-US"
    country: str | None = None

    @property
    def initial_domain(self) -> str:
        """The domain that ends guest user principal names; it never changes."""
        return next(domain.name for domain in self.domains if domain.is_initial)

    @property
    def default_domain(self) -> str:
        """The primary domain shown to people."""
        return next((domain.name for domain in self.domains if domain.is_default), self.initial_domain)

    @property
    def short_name(self) -> str:
        """The first label of the initial domain: ``contoso`` of ``contoso.onxenia.localhost``."""
        return self.initial_domain.partition(".")[0]

    def owns(self, address_or_domain: str) -> bool:
        """Whether the address (or bare domain) lies in one of this tenant's verified domains."""
        key = domain_of(address_or_domain) if "@" in address_or_domain else domain_key(address_or_domain)
        return any(domain.name == key for domain in self.domains)


class InvitesFrom(StrEnum):
    """Who may invite guests (``authorizationPolicy.allowInvitesFrom``)."""

    EVERYONE = "everyone"
    MEMBERS = "adminsGuestInvitersAndAllMembers"
    ADMINS = "adminsAndGuestInviters"
    NONE = "none"


class GuestAccess(StrEnum):
    """What guests may read (``authorizationPolicy.guestUserRoleId``)."""

    SAME_AS_MEMBERS = "a0b1b346-4d3e-4e8b-98f8-753987be4970"
    LIMITED = "10dae51f-b6af-4016-8d66-8c2a99b929b3"
    RESTRICTED = "2af84b1e-32c8-42b7-82bc-daa82404023b"


class DomainRule(StrEnum):
    """Which half of the domain list is in force (collaboration restrictions)."""

    ANY = "any"
    DENY = "deny"
    ALLOW = "allow"


class DomainRestrictions(Record):
    """Collaboration restrictions: to which domains invitations may go. Exact match, no sub-domains."""

    rule: DomainRule = DomainRule.ANY
    denied: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    def permits(self, address: str) -> bool:
        """Whether a guest with this address may be invited, and may redeem."""
        domain = domain_of(address)
        if self.rule is DomainRule.DENY:
            return domain not in self.denied
        return self.rule is DomainRule.ANY or domain in self.allowed


class Toggle(StrEnum):
    """A three-state switch of the policy API; ``default`` follows the product's default."""

    DEFAULT = "default"
    ENABLED = "enabled"
    DISABLED = "disabled"


class UserConsent(StrEnum):
    """What people may agree to for themselves; values are ids of the field's permission grant policies."""

    NONE = "none"
    """Nothing: an administrator agrees."""
    LOW = "microsoft-user-default-low"
    """Permissions classified as of low impact, for apps registered in this organization."""
    ALL = "microsoft-user-default-legacy"
    """Whatever does not take an administrator, for any app."""


class ConsentRequestPolicy(Record):
    """Whether people may ask an administrator to agree (``adminConsentRequestPolicy``), and who is told."""

    is_enabled: bool = False
    reviewers: tuple[ObjectId, ...] = ()
    """Users who may see the requests and are told of them; granting takes the role besides."""
    notifies_reviewers: bool = True
    reminds: bool = True
    """Remind reviewers before a request expires."""
    duration_days: int = 30
    version: int = 0
    """Counts the changes."""


class TenantPolicies(Record):
    """Everything an administrator may switch for the whole tenant. Stored as one document."""

    allow_invites_from: InvitesFrom = InvitesFrom.EVERYONE
    guest_access: GuestAccess = GuestAccess.LIMITED
    domain_restrictions: DomainRestrictions = field(default_factory=DomainRestrictions)
    email_passcode: Toggle = Toggle.DEFAULT
    security_defaults: bool = True
    """Everybody, guests included, proves a second factor."""
    allow_plus_addresses: bool = True
    offer_stay_signed_in: bool = True
    members_may_register_apps: bool = True
    user_consent: UserConsent = UserConsent.ALL
    consent_requests: ConsentRequestPolicy = field(default_factory=ConsentRequestPolicy)
    self_service_sign_up: bool = False
    """Whether user flows do anything (``authenticationFlowsPolicy.selfServiceSignUp``)."""
    password_grant: bool = False
    """Whether apps may take people's passwords themselves (RFC 6749 section 4.3; RFC 9700 section 2.4 advises against)."""
    sign_in_frequency_hours: int | None = None
    """How old a sign-in may be before it must be repeated, on pages and for refresh tokens; None: as long as its session."""
    token_lifetimes: tuple[TokenLifetimePolicy, ...] = ()
    """How long tokens live, where somebody decided (``tokenLifetimePolicy``)."""
    claims_mappings: tuple[ClaimsMappingPolicy, ...] = ()
    """What administrators put into the tokens of single apps (``claimsMappingPolicy``)."""
    version: int = 0
    """Raised by each save; a save based on an older version is refused as a conflict."""

    @property
    def sign_in_frequency(self) -> timedelta | None:
        """How old a sign-in may be; None: as old as its session."""
        hours = self.sign_in_frequency_hours
        return None if hours is None else timedelta(hours=hours)

    @property
    def email_passcode_enabled(self) -> bool:
        """Whether guests may prove a mailbox by one-time passcode (on unless switched off)."""
        return self.email_passcode is not Toggle.DISABLED
