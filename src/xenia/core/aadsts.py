"""The published numbers and OAuth names of sign-in errors: one row per error class.

Sign-in records, error pages and token responses all carry them, so the table stands in the core; the
surfaces add only their own format. Numbers follow the public AADSTS reference of the field; the OAuth
error names follow RFC 6749 section 5.2 and OpenID Connect Core section 3.1.2.6.
"""

from __future__ import annotations

import inspect

from xenia.core import errors as e
from xenia.record import Record, replace


class Aadsts(Record):
    """How one error class is published."""

    code: int
    error: str
    """OAuth 2.0 / OpenID Connect error name."""
    status: int = 400
    suberror: str | None = None
    may_redirect: bool = False
    """Whether the answer goes to the app (client and redirect URI being validated); else it is a page."""


SERVER_ERROR = Aadsts(90033, "server_error", 500, may_redirect=True)

AADSTS: dict[type[e.XeniaError], Aadsts] = {
    e.InvalidRequest: Aadsts(90023, "invalid_request", may_redirect=True),
    e.RedirectUriNotAbsolute: Aadsts(90102, "invalid_request"),
    e.RequestTooLong: Aadsts(90015, "invalid_request"),
    e.ResourceParameter: Aadsts(901002, "invalid_request", may_redirect=True),
    e.InvalidCodeChallenge: Aadsts(501491, "invalid_request", may_redirect=True),
    e.InvalidChallengeMethod: Aadsts(50149, "invalid_request", may_redirect=True),
    e.MissingParameter: Aadsts(900144, "invalid_request", may_redirect=True),
    e.DuplicatedParameter: Aadsts(9000411, "invalid_request", may_redirect=True),
    e.TenantNotFound: Aadsts(90002, "invalid_request"),
    e.TenantRequired: Aadsts(50059, "invalid_request"),
    e.ConsumersNotHere: Aadsts(9002332, "invalid_request"),
    e.ApplicationNotFound: Aadsts(700016, "unauthorized_client"),
    e.InvalidClientId: Aadsts(700038, "unauthorized_client"),
    e.ApplicationDisabled: Aadsts(7000112, "unauthorized_client"),
    e.NotMultiTenant: Aadsts(50194, "invalid_request"),
    e.RedirectUriMismatch: Aadsts(50011, "invalid_request"),
    e.NoRedirectUri: Aadsts(900971, "invalid_request"),
    e.ResponseTypeNotEnabled: Aadsts(700054, "unsupported_response_type", may_redirect=True),
    e.UnsupportedResponseType: Aadsts(70005, "unsupported_response_type", may_redirect=True),
    e.UnsupportedResponseMode: Aadsts(70007, "invalid_request", may_redirect=True),
    e.PkceRequired: Aadsts(9002325, "invalid_request", may_redirect=True),
    e.InvalidScope: Aadsts(70011, "invalid_scope", may_redirect=True),
    e.ResourceNotFound: Aadsts(500011, "invalid_resource", may_redirect=True),
    e.AppKeyRequired: Aadsts(50146, "invalid_request"),
    e.MappedAudienceNotOwned: Aadsts(501461, "invalid_request"),
    e.MixedResources: Aadsts(28000, "invalid_scope", may_redirect=True),
    e.LoginRequired: Aadsts(50058, "login_required", may_redirect=True),
    e.InteractionRequired: Aadsts(16000, "interaction_required", may_redirect=True),
    e.SecondFactorRequired: Aadsts(50076, "interaction_required", suberror="basic_action", may_redirect=True),
    e.ConsentRequired: Aadsts(65001, "consent_required", suberror="consent_required", may_redirect=True),
    e.ConsentDeclined: Aadsts(65004, "access_denied", may_redirect=True),
    e.AdminConsentRequired: Aadsts(90094, "consent_required", suberror="consent_required", may_redirect=True),
    e.AdminConsentRequestable: Aadsts(
        90095, "consent_required", suberror="consent_required", may_redirect=True
    ),
    e.AccountNotInTenant: Aadsts(50020, "interaction_required", 403),
    e.GuestAccountDisabled: Aadsts(500571, "invalid_grant", 403),
    e.AccountDisabled: Aadsts(50057, "invalid_grant", 403),
    e.NotAssigned: Aadsts(50105, "access_denied", 403),
    e.AppNotAssigned: Aadsts(501051, "invalid_grant"),
    e.InteractionGone: Aadsts(50089, "invalid_grant"),
    e.WrongPassword: Aadsts(50126, "invalid_grant"),
    e.InvalidGrant: Aadsts(70000, "invalid_grant", suberror="bad_token"),
    e.RefreshTokenExpired: Aadsts(700082, "invalid_grant", suberror="bad_token"),
    e.SpaRefreshTokenExpired: Aadsts(700084, "invalid_grant", suberror="bad_token"),
    e.RefreshTokenReused: Aadsts(70000, "invalid_grant", suberror="bad_token"),
    e.GrantRevoked: Aadsts(50173, "invalid_grant", suberror="bad_token"),
    e.SignInTooOld: Aadsts(70043, "invalid_grant", suberror="bad_token"),
    e.UserGone: Aadsts(50034, "invalid_grant", suberror="bad_token"),
    e.PasswordMustChange: Aadsts(50055, "invalid_grant", suberror="user_password_expired"),
    e.PasswordGrantNotHere: Aadsts(9001023, "invalid_request"),
    e.AuthorizationPending: Aadsts(70016, "authorization_pending"),
    e.PollingTooFast: Aadsts(50196, "slow_down"),
    e.DeviceDeclined: Aadsts(65004, "access_denied"),
    e.DeviceCodeExpired: Aadsts(70020, "expired_token"),
    e.DeviceCodeUnknown: Aadsts(70018, "bad_verification_code"),
    e.UserCodeMissing: Aadsts(90119, "invalid_request"),
    e.UserCodeUnknown: Aadsts(70018, "bad_verification_code"),
    e.UserCodeExpired: Aadsts(70019, "expired_token"),
    e.UserCodeDecided: Aadsts(90120, "invalid_request"),
    e.UserAssertionInvalid: Aadsts(50013, "invalid_grant"),
    e.UserAssertionForOther: Aadsts(500131, "invalid_grant"),
    e.UserAssertionExpired: Aadsts(500133, "invalid_grant", suberror="token_expired"),
    e.IdTokenAsAssertion: Aadsts(240002, "invalid_grant"),
    e.AppOnlyAssertion: Aadsts(7000114, "invalid_grant"),
    e.CodeExpired: Aadsts(70008, "invalid_grant", suberror="bad_token"),
    e.CodeReused: Aadsts(54005, "invalid_grant", suberror="bad_token"),
    e.CodeOfOtherTenant: Aadsts(700005, "invalid_grant"),
    e.CodeRedirectMismatch: Aadsts(500112, "invalid_grant"),
    e.WrongVerifier: Aadsts(501481, "invalid_grant"),
    e.WrongClientSecret: Aadsts(7000215, "invalid_client", 401),
    e.ClientSecretExpired: Aadsts(7000222, "invalid_client", 401),
    e.ClientCredentialMissing: Aadsts(7000218, "invalid_client", 401),
    e.PublicClientCredential: Aadsts(700025, "invalid_client", 401),
    e.ClientAssertionInvalid: Aadsts(700027, "invalid_client", 401),
    e.IssuerUnreachable: Aadsts(90061, "temporarily_unavailable", 503),
    e.UnsupportedGrantType: Aadsts(70003, "unsupported_grant_type"),
    e.CrossOriginNotAllowed: Aadsts(9002326, "invalid_request"),
    e.OriginRequired: Aadsts(9002327, "invalid_request"),
    e.RequestObjectNotSupported: Aadsts(90023, "request_not_supported", may_redirect=True),
    e.UnknownInstance: Aadsts(50049, "invalid_instance"),
    e.MethodNotAllowed: Aadsts(900561, "invalid_request", 405),
    e.ServerError: SERVER_ERROR,
    e.LimitReached: Aadsts(50053, "temporarily_unavailable", 429),
    e.InvitationNotUsable: Aadsts(50014, "access_denied", 403),
    e.GuestBlocked: Aadsts(500571, "access_denied", 403),
    e.GuestDomainRefused: Aadsts(500213, "access_denied", 403),
    e.WrongAccount: Aadsts(50020, "access_denied", 403),
    e.ProviderFailed: Aadsts(40009, "access_denied", 403),
    e.ProviderDeclined: Aadsts(65004, "access_denied", 403),
    e.ProviderDown: Aadsts(40010, "temporarily_unavailable", 503),
    e.ProviderCodeRefused: Aadsts(40015, "access_denied", 403),
    e.ProviderTokenRefused: Aadsts(40008, "access_denied", 403),
    e.ProviderIssuerWrong: Aadsts(50107, "access_denied", 403),
    e.PasscodesOff: Aadsts(50020, "access_denied", 403),
    e.AddressHasAccount: Aadsts(500207, "access_denied", 403),
    e.ProviderNotOffered: Aadsts(500208, "access_denied", 403),
    e.MailboxNotProven: Aadsts(5000819, "access_denied", 403),
}


ASSERTION_CODES = {
    "signature": 700027,
    "time": 700024,
    "subject": 700021,
    "audience": 50012,
    "format": 50027,
    "no-federation": 70021,
    "federated-issuer": 700211,
    "federated-audience": 700212,
    "federated-subject": 700213,
    "federated-person": 700229,
}
"""Numbers of ``ClientAssertionInvalid`` by its reason."""


_ASSERTION_MEANINGS = {
    "signature": "No certificate of the application (or key of the trusted issuer) signed the client assertion.",
    "time": "The client assertion is not valid at this time, lives too long, or was used before.",
    "subject": "The client assertion is not about this client: ``iss`` and ``sub`` must be its client ID.",
    "audience": "The client assertion was made for another server.",
    "format": "The client assertion is no signed JWT.",
    "no-federation": "The client assertion is of an outside issuer, and the application trusts none.",
    "federated-issuer": "The application does not trust the issuer of the client assertion.",
    "federated-audience": "The client assertion was made for another audience than the federated credential says.",
    "federated-subject": "The client assertion is about another subject than the federated credential says.",
    "federated-person": "The client assertion is a person's token; only tokens of apps prove an app.",
}


def aadsts_of(error: Exception) -> Aadsts:
    """The row of this error; whatever has none is a server error and tells nothing."""
    row = next((AADSTS[kind] for kind in type(error).__mro__ if kind in AADSTS), SERVER_ERROR)
    if isinstance(error, e.ClientAssertionInvalid):
        return replace(row, code=ASSERTION_CODES.get(error.reason, row.code))
    if isinstance(error, e.ResponseTypeNotEnabled) and error.response_type == "token":
        return replace(row, code=700051)
    if isinstance(error, e.RequestObjectNotSupported):
        return replace(row, error=f"{error.parameter}_not_supported")
    return row


def meanings() -> dict[int, list[tuple[str, str]]]:
    """Every published number with its OAuth errors and meanings (the sentence of the error class)."""
    found: dict[int, list[tuple[str, str]]] = {}
    for kind, row in AADSTS.items():
        found.setdefault(row.code, []).append((row.error, (inspect.getdoc(kind) or "").partition("\n\n")[0]))
    for reason, code in ASSERTION_CODES.items():
        found.setdefault(code, [("invalid_client", _ASSERTION_MEANINGS[reason])])
    found.setdefault(
        700051, [("unsupported_response_type", "``token`` is switched off for the application.")]
    )
    return found
