"""Certification plans for OpenID providers and their modules, with what becomes of each here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
    """Under which conditions a plan runs its modules."""

    plan: str
    response_type: str
    response_mode: str = "default"
    client_auth: str = "client_secret_basic"

    @property
    def id(self) -> str:
        """Name in test ids."""
        mode = "form_post" if self.response_mode == "form_post" else ""
        return " ".join(filter(None, (self.response_type.replace(" ", "+"), mode)))

    @property
    def has_code(self) -> bool:
        return "code" in self.response_type.split()

    @property
    def has_token(self) -> bool:
        return "token" in self.response_type.split()

    @property
    def has_id_token(self) -> bool:
        return "id_token" in self.response_type.split()


BASIC = Variant("oidcc-basic-certification-test-plan", "code")
IMPLICIT = tuple(
    Variant("oidcc-implicit-certification-test-plan", kind) for kind in ("id_token", "id_token token")
)
HYBRID = tuple(
    Variant("oidcc-hybrid-certification-test-plan", kind)
    for kind in ("code id_token", "code token", "code id_token token")
)
QUERY_AND_FRAGMENT = (BASIC, *IMPLICIT, *HYBRID)
FORM_POST = tuple(
    Variant(each.plan.replace("oidcc-", "oidcc-formpost-"), each.response_type, "form_post")
    for each in QUERY_AND_FRAGMENT
)
EVERY = (*QUERY_AND_FRAGMENT, *FORM_POST)

EVERYWHERE = (
    "oidcc-server",
    "oidcc-response-type-missing",
    "oidcc-idtoken-signature",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-alternate-happy-flow",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-claims-essential",
)
WITH_ACCESS_TOKEN = ("oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body")
WITH_CODE = (
    "oidcc-codereuse",
    "oidcc-codereuse-30seconds",
    "oidcc-server-client-secret-post",
    "oidcc-refresh-token",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
)
NONCE_OPTIONAL = "oidcc-ensure-request-without-nonce-succeeds-for-code-flow"
NONCE_REQUIRED = "oidcc-ensure-request-without-nonce-fails"
BASIC_ONLY = ("oidcc-idtoken-unsigned", "oidcc-ensure-post-request-succeeds")
OF_LOGOUT = {
    "oidcc-rp-initiated-logout-certification-test-plan": (
        "oidcc-rp-initiated-logout-discovery-endpoint-verification",
        "oidcc-rp-initiated-logout",
        "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-modified-id-token-hint",
        "oidcc-rp-initiated-logout-no-id-token-hint",
        "oidcc-rp-initiated-logout-no-params",
        "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-no-state",
        "oidcc-rp-initiated-logout-only-state",
        "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-bad-id-token-hint",
    ),
    "oidcc-frontchannel-rp-initiated-logout-certification-test-plan": (
        "oidcc-frontchannel-logout-discovery-endpoint-verification",
        "oidcc-frontchannel-rp-initiated-logout",
    ),
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": (
        "oidcc-backchannel-logout-discovery-endpoint-verification",
        "oidcc-backchannel-rp-initiated-logout",
    ),
}
OF_CONFIG = {"oidcc-config-certification-test-plan": ("oidcc-discovery-endpoint-verification",)}

_NO_REGISTRATION = "there is no dynamic client registration: administrators register apps"
_NO_SESSION_IFRAME = "session management is not offered: browsers block the third-party cookie of its frame"
NOT_APPLICABLE = {
    "oidcc-session-management-certification-test-plan": {
        "oidcc-session-management-discovery-endpoint-verification": _NO_SESSION_IFRAME,
        "oidcc-session-management-rp-initiated-logout": _NO_SESSION_IFRAME,
    },
    "oidcc-3rdparty-init-login-certification-test-plan": {
        "oidcc-3rd_party-init-login": _NO_REGISTRATION,
        "oidcc-3rd_party-init-login-nohttps": _NO_REGISTRATION,
    },
    "oidcc-dynamic-certification-test-plan": dict.fromkeys(
        (
            "oidcc-idtoken-rs256",
            "oidcc-idtoken-unsigned",
            "oidcc-userinfo-rs256",
            "oidcc-ensure-redirect-uri-in-authorization-request",
            "oidcc-redirect-uri-query-OK",
            "oidcc-redirect-uri-query-mismatch",
            "oidcc-redirect-uri-query-added",
            "oidcc-redirect-uri-regfrag",
            "oidcc-discovery-endpoint-verification",
            "oidcc-server",
            "oidcc-registration-logo-uri",
            "oidcc-registration-policy-uri",
            "oidcc-registration-tos-uri",
            "oidcc-registration-jwks-uri",
            "oidcc-registration-sector-uri",
            "oidcc-registration-sector-bad",
            "oidcc-server-rotate-keys",
            "oidcc-refresh-token-rp-key-rotation",
            "oidcc-request-uri-unsigned",
            "oidcc-request-uri-signed-rs256",
            "oidcc-ensure-request-object-with-redirect-uri",
            "oidcc-refresh-token",
            "oidcc-ensure-client-assertion-with-iss-aud-succeeds",
        ),
        _NO_REGISTRATION,
    ),
}


def modules_of(variant: Variant) -> tuple[str, ...]:
    """The modules a plan runs in this variant."""
    found = [*EVERYWHERE]
    if variant.has_code or variant.has_token:
        found += WITH_ACCESS_TOKEN
    if variant.has_code:
        found += [
            name for name in WITH_CODE if not (name.endswith("valid-pkce-succeeds") and variant.has_token)
        ]
    found.append(NONCE_REQUIRED if variant.has_id_token else NONCE_OPTIONAL)
    if variant.response_type == "code":
        found += BASIC_ONLY
    if variant.response_type in ("code token", "id_token", "code id_token token"):
        # The suite runs it once for a family of response types; it is cheap enough to run always.
        found.remove("oidcc-response-type-missing")
    if variant.response_type == "code token":
        found.remove("oidcc-alternate-happy-flow")
    return tuple(found)


def running(module: str) -> tuple[Variant, ...]:
    """The variants that run a module."""
    return tuple(variant for variant in EVERY if module in modules_of(variant))
