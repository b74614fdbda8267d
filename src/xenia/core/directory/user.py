"""Users: members and guests of a tenant, the identities they sign in with, and their names."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from xenia.core.ids import ObjectId, TenantId
from xenia.core.user_attributes import AttributeValues
from xenia.record import Record


class UserType(StrEnum):
    """Relationship to the tenant; drives permissions, says nothing about how somebody signs in."""

    MEMBER = "Member"
    GUEST = "Guest"


class CreationType(StrEnum):
    """How a user came to be; None for ordinary accounts."""

    INVITATION = "Invitation"
    SELF_SERVICE_SIGN_UP = "SelfServiceSignUp"
    EMAIL_VERIFIED = "EmailVerified"
    LOCAL_ACCOUNT = "LocalAccount"


class ExternalUserState(StrEnum):
    """Whether an invited user has redeemed; None for users who were never invited."""

    PENDING_ACCEPTANCE = "PendingAcceptance"
    ACCEPTED = "Accepted"


MAIL_ISSUER = "mail"
"""Issuer of identities proven by e-mail one-time passcode; also the ``idp`` claim."""


class Identity(Record):
    """One way in: an external (or our own) account, matched by (issuer, subject) and never by e-mail."""

    sign_in_type: str
    """``userPrincipalName``, ``federated`` or ``emailAddress``."""
    issuer: str
    subject: str | None


class User(Record):
    """A member or guest of one tenant. Wire names are the camelCase forms of these attributes."""

    id: ObjectId
    tenant_id: TenantId
    user_principal_name: str
    display_name: str
    user_type: UserType
    created_at: datetime
    mail: str | None = None
    mail_nickname: str | None = None
    other_mails: tuple[str, ...] = ()
    proxy_addresses: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    creation_type: CreationType | None = None
    external_user_state: ExternalUserState | None = None
    external_user_state_changed_at: datetime | None = None
    account_enabled: bool = True
    deleted_at: datetime | None = None
    given_name: str | None = None
    surname: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    department: str | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    office_location: str | None = None
    business_phones: tuple[str, ...] = ()
    mobile_phone: str | None = None
    fax_number: str | None = None
    street_address: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    usage_location: str | None = None
    preferred_language: str | None = None
    age_group: str | None = None
    consent_provided_for_minor: str | None = None
    sessions_valid_from: datetime | None = None
    """Sign-ins proven before this moment count no more (``signInSessionsValidFromDateTime``)."""
    last_sign_in_at: datetime | None = None
    extensions: AttributeValues = ()
    """Custom user attributes by their full names, ``extension_{appId}_{Name}``."""

    @property
    def is_guest(self) -> bool:
        """Whether ``userType`` is Guest."""
        return self.user_type is UserType.GUEST

    @property
    def is_external(self) -> bool:
        """Whether the user authenticates elsewhere (was invited or signed up), member or guest."""
        return self.creation_type in (CreationType.INVITATION, CreationType.SELF_SERVICE_SIGN_UP)

    @property
    def is_pending(self) -> bool:
        """Whether an invitation of this user awaits acceptance."""
        return self.external_user_state is ExternalUserState.PENDING_ACCEPTANCE

    @property
    def sign_in_name(self) -> str:
        """What the person types and sees: the mail address of external users, else the UPN."""
        return (self.mail or self.user_principal_name) if self.is_external else self.user_principal_name


def guest_upn(address: str, initial_domain: str) -> str:
    """The user principal name of an invited address: ``a@b.c`` -> ``a_b.c#EXT#@initial``."""
    return f"{address.replace('@', '_')}#EXT#@{initial_domain}"


def upn_identity(upn: str, initial_domain: str) -> Identity:
    """The identity every user has: its own UPN at this tenant."""
    return Identity("userPrincipalName", initial_domain, upn)


def mail_identity(address_key: str) -> Identity:
    """The identity of a guest who proved a mailbox by one-time passcode."""
    return Identity("federated", MAIL_ISSUER, address_key)
