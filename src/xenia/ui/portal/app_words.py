"""Applications in the words of the portal: account types, platforms, endpoints, tabs."""

from __future__ import annotations

from urllib.parse import urlencode

from xenia.core import endpoints
from xenia.core.directory.application import Audience, Platform
from xenia.core.directory.first_party import TESTER_PAGE
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import AppId, TenantId
from xenia.ui.portal.desk import Visit

AUTHR = "https://authr.dev/"
"""A public web tool of the same kind as our tester."""
AUDIENCES: tuple[tuple[str, str], ...] = (
    (Audience.SINGLE.value, "Accounts in this organizational directory only"),
    (Audience.MULTIPLE.value, "Accounts in any organizational directory"),
    (
        Audience.MULTIPLE_AND_PERSONAL.value,
        "Accounts in any organizational directory and personal accounts",
    ),
)
PLATFORMS: tuple[tuple[str, str], ...] = (
    (Platform.WEB.value, "Web"),
    (Platform.SPA.value, "Single-page application"),
    (Platform.PUBLIC.value, "Mobile and desktop applications"),
)


def endpoints_of(base_url: str, tenant_id: TenantId) -> list[tuple[str, str]]:
    """Label and address of every endpoint that apps need."""
    return [
        ("OpenID Connect metadata document", endpoints.metadata_url(base_url, tenant_id)),
        ("OAuth 2.0 authorization endpoint (v2)", endpoints.authorize_url(base_url, tenant_id)),
        ("OAuth 2.0 token endpoint (v2)", endpoints.token_url(base_url, tenant_id)),
        ("OAuth 2.0 authorization endpoint (v1)", endpoints.authorize_url(base_url, tenant_id, endpoints.V1)),
        ("OAuth 2.0 token endpoint (v1)", endpoints.token_url(base_url, tenant_id, endpoints.V1)),
        ("Sign-out endpoint", endpoints.logout_url(base_url, tenant_id)),
        ("Graph API endpoint", f"{endpoints.graph_base(base_url)}/v1.0"),
        ("Authority", f"{base_url}/{tenant_id}"),
    ]


def tester_address(base_url: str) -> str:
    """The redirect URI of the built-in tester."""
    return f"{base_url}{TESTER_PAGE}"


def try_in_tester(tenant: Tenant, app_id: AppId, hint: str = "") -> str:
    """The tester with this app filled in; *hint* leads to an identity provider (``domain_hint``)."""
    more = {"prompt": "login"} | ({"domain_hint": hint} if hint else {})
    query = {
        "requesttype": "OpenIdConnect",
        "scope": "openid profile",
        "responsetype": "id_token",
        "responsemode": "form_post",
        "additionalparameters": urlencode(more),
        "importtype": "AzureAD",
        "tenant": tenant.initial_domain,
        "clientid": app_id,
    }
    return f"{TESTER_PAGE}?{urlencode(query)}"


def app_tabs(visit: Visit, object_id: str, current: str) -> list[dict[str, object]]:
    """The sections of a registration's pages."""
    sections = (
        ("Overview", ""),
        ("Branding & properties", "/branding"),
        ("Authentication", "/authentication"),
        ("Certificates & secrets", "/secrets"),
        ("Token configuration", "/token-configuration"),
        ("API permissions", "/api-permissions"),
        ("Expose an API", "/expose-api"),
        ("App roles", "/app-roles"),
        ("Owners", "/owners"),
        ("Manifest", "/manifest"),
    )
    return [
        {
            "label": label,
            "url": visit.url(f"app-registrations/{object_id}{path}"),
            "current": label == current,
        }
        for label, path in sections
    ]
