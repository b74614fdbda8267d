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
    +-- SignUpRefused           somebody cannot become a guest by themselves
    |   +-- AddressHasAccount, ProviderNotOffered, MailboxNotProven
    +-- ProtocolError           an OAuth 2.0 / OpenID Connect request that cannot be answered
        +-- (one class per AADSTS situation)

Wire codes are not known here: ``core.aadsts`` (numbers and OAuth names), ``graph.errors`` and the
page renderers hold a row for every class. ``message`` is a public sentence; details for the log go
into ``detail`` and never to people.
"""

from xenia.core.errors.base import (
    Conflict,
    InvalidValue,
    LimitReached,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    XeniaError,
)
from xenia.core.errors.federation import (
    ProviderCodeRefused,
    ProviderDeclined,
    ProviderDown,
    ProviderFailed,
    ProviderIssuerWrong,
    ProviderTokenRefused,
)
from xenia.core.errors.grants import (
    ClientAssertionInvalid,
    ClientCredentialMissing,
    ClientSecretExpired,
    CodeExpired,
    CodeOfOtherTenant,
    CodeRedirectMismatch,
    CodeReused,
    CrossOriginNotAllowed,
    InvalidGrant,
    MethodNotAllowed,
    OriginRequired,
    PublicClientCredential,
    RequestObjectNotSupported,
    ServerError,
    UnknownInstance,
    UnsupportedGrantType,
    WrongClientSecret,
    WrongVerifier,
)
from xenia.core.errors.invitations import (
    AddressNotOnUser,
    DomainNotAllowed,
    GuestBlocked,
    GuestDomainRefused,
    InvitationNotUsable,
    InvitationRefused,
    InvitationsNotAllowed,
    InviteeExists,
    InviteeIsMember,
    PasscodesOff,
    RedemptionRefused,
    ResetNotPermitted,
    WrongAccount,
)
from xenia.core.errors.parameters import (
    InvalidChallengeMethod,
    InvalidCodeChallenge,
    RedirectUriNotAbsolute,
    RequestTooLong,
    ResourceParameter,
)
from xenia.core.errors.requests import (
    AccountDisabled,
    AccountNotInTenant,
    AdminConsentRequired,
    ApplicationDisabled,
    ApplicationNotFound,
    AppNotAssigned,
    ConsentDeclined,
    ConsentRequired,
    DuplicatedParameter,
    GuestAccountDisabled,
    InteractionGone,
    InteractionRequired,
    InvalidClientId,
    InvalidRequest,
    InvalidScope,
    LoginRequired,
    MissingParameter,
    MixedResources,
    NoRedirectUri,
    NotAssigned,
    NotMultiTenant,
    PkceRequired,
    ProtocolError,
    RedirectUriMismatch,
    ResourceNotFound,
    ResponseTypeNotEnabled,
    SecondFactorRequired,
    TenantNotFound,
    TenantRequired,
    UnsupportedResponseMode,
    UnsupportedResponseType,
    WrongPassword,
)
from xenia.core.errors.sign_up import AddressHasAccount, MailboxNotProven, ProviderNotOffered, SignUpRefused

__all__ = [
    "AccountDisabled",
    "AccountNotInTenant",
    "AddressHasAccount",
    "AddressNotOnUser",
    "AdminConsentRequired",
    "AppNotAssigned",
    "ApplicationDisabled",
    "ApplicationNotFound",
    "ClientAssertionInvalid",
    "ClientCredentialMissing",
    "ClientSecretExpired",
    "CodeExpired",
    "CodeOfOtherTenant",
    "CodeRedirectMismatch",
    "CodeReused",
    "Conflict",
    "ConsentDeclined",
    "ConsentRequired",
    "CrossOriginNotAllowed",
    "DomainNotAllowed",
    "DuplicatedParameter",
    "GuestAccountDisabled",
    "GuestBlocked",
    "GuestDomainRefused",
    "InteractionGone",
    "InteractionRequired",
    "InvalidChallengeMethod",
    "InvalidClientId",
    "InvalidCodeChallenge",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidScope",
    "InvalidValue",
    "InvitationNotUsable",
    "InvitationRefused",
    "InvitationsNotAllowed",
    "InviteeExists",
    "InviteeIsMember",
    "LimitReached",
    "LoginRequired",
    "MailboxNotProven",
    "MethodNotAllowed",
    "MissingParameter",
    "MixedResources",
    "NoRedirectUri",
    "NotAssigned",
    "NotAuthenticated",
    "NotFound",
    "NotMultiTenant",
    "NotPermitted",
    "OriginRequired",
    "PasscodesOff",
    "PkceRequired",
    "ProtocolError",
    "ProviderCodeRefused",
    "ProviderDeclined",
    "ProviderDown",
    "ProviderFailed",
    "ProviderIssuerWrong",
    "ProviderNotOffered",
    "ProviderTokenRefused",
    "PublicClientCredential",
    "RedemptionRefused",
    "RedirectUriMismatch",
    "RedirectUriNotAbsolute",
    "RequestObjectNotSupported",
    "RequestTooLong",
    "ResetNotPermitted",
    "ResourceNotFound",
    "ResourceParameter",
    "ResponseTypeNotEnabled",
    "SecondFactorRequired",
    "ServerError",
    "SignUpRefused",
    "TenantNotFound",
    "TenantRequired",
    "UnknownInstance",
    "UnsupportedGrantType",
    "UnsupportedResponseMode",
    "UnsupportedResponseType",
    "WrongAccount",
    "WrongClientSecret",
    "WrongPassword",
    "WrongVerifier",
    "XeniaError",
]
