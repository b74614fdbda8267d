"""The protocol surface: OpenID Connect and OAuth 2.0 endpoints, metadata and keys.

``routes`` is the whole of it: read it to see every path. Knows use cases and the web kit, never storage.
"""

from __future__ import annotations

from xenia.core.errors import InvalidRequest, XeniaError
from xenia.oidc.aadsts import discovery_error
from xenia.oidc.authorize import Authorize
from xenia.oidc.discovery import Discovery
from xenia.oidc.grants.authorization_code import AuthorizationCodeGrant
from xenia.oidc.grants.client_credentials import ClientCredentialsGrant
from xenia.oidc.grants.device_code import DeviceAuthorization, DeviceCodeGrant
from xenia.oidc.grants.on_behalf_of import OnBehalfOfGrant
from xenia.oidc.grants.password import PasswordGrant
from xenia.oidc.grants.refresh_token import RefreshTokenGrant
from xenia.oidc.logout import Logout
from xenia.oidc.notices import Notices
from xenia.oidc.token import TokenEndpoint
from xenia.oidc.userinfo import UserInfo
from xenia.ports import Ports
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.app_sign_in_journal import AppSignInJournal
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard, FormRefused
from xenia.web.http import HttpRequest, HttpResponse, html
from xenia.web.pages import Pages
from xenia.web.protocol_error import error_page, report
from xenia.web.routing import Route, Surface

_PAGES = ("/authorize", "/adminconsent", "/logout", "/logout/confirm", "/error", "/nativeclient")


def routes(ports: Ports, pages: Pages, cookies: Cookies, journal: AppSignInJournal | None = None) -> Surface:
    """The surface. Whoever passes a *journal* stops it at the end, so that no sign-in record is lost."""
    tenants = TenantDirectory(ports)
    grants = (
        AuthorizationCodeGrant(ports),
        RefreshTokenGrant(ports),
        PasswordGrant(ports),
        DeviceCodeGrant(ports),
        DeviceCodeGrant(ports, "device_code"),
        OnBehalfOfGrant(ports),
        ClientCredentialsGrant(ports, journal or AppSignInJournal(ports)),
    )
    token = TokenEndpoint(ports, tenants, grants)
    authorize = Authorize(ports, tenants, pages, cookies)
    guard = FormGuard(ports.sealer, ports.entropy)
    logout = Logout(ports, tenants, pages, cookies, guard)

    def render_error(request: HttpRequest, error: Exception) -> HttpResponse:
        """Pages for people, JSON for programs."""
        now = ports.clock.now()
        if not request.path.rstrip("/").endswith(_PAGES):
            return discovery_error(error, request, now)
        shown = InvalidRequest("", error.message) if isinstance(error, FormRefused) else error
        found = report(shown, request, now)
        status = found.row.status if isinstance(shown, XeniaError) else 500
        return html(error_page(found, request, pages), status=status)

    return Surface(
        "oidc",
        (
            *_authorize_routes(authorize),
            *_token_routes(token),
            *_device_routes(DeviceAuthorization(ports, tenants)),
            *_document_routes(Discovery(ports, tenants)),
            *_logout_routes(logout),
            *_userinfo_routes(UserInfo(ports, tenants)),
            *_notice_routes(Notices(pages)),
        ),
        render_error,
    )


def _authorize_routes(authorize: Authorize) -> tuple[Route, ...]:
    return (
        Route("GET POST", "/{tenant}/oauth2/v2.0/authorize", authorize.v2),
        Route("GET POST", "/{tenant}/oauth2/authorize", authorize.v1),
        Route("GET", "/{tenant}/v2.0/adminconsent", authorize.admin_consent_v2),
        Route("GET", "/{tenant}/adminconsent", authorize.admin_consent_v1),
    )


def _token_routes(token: TokenEndpoint) -> tuple[Route, ...]:
    every = "GET POST PUT PATCH DELETE OPTIONS"  # so that a wrong verb is refused in the endpoint's own words
    return (
        Route(every, "/{tenant}/oauth2/v2.0/token", token.v2),
        Route(every, "/{tenant}/oauth2/token", token.v1),
    )


def _device_routes(device: DeviceAuthorization) -> tuple[Route, ...]:
    every = "GET POST PUT PATCH DELETE OPTIONS"
    return (
        Route(every, "/{tenant}/oauth2/v2.0/devicecode", device.v2),
        Route(every, "/{tenant}/oauth2/devicecode", device.v1),
    )


def _document_routes(discovery: Discovery) -> tuple[Route, ...]:
    documents = (
        ("/{tenant}/v2.0/.well-known/openid-configuration", discovery.metadata_v2),
        ("/{tenant}/.well-known/openid-configuration", discovery.metadata_v1),
        ("/{tenant}/discovery/v2.0/keys", discovery.keys_v2),
        ("/{tenant}/discovery/keys", discovery.keys_v1),
        ("/{tenant}/discovery/instance", discovery.instance),
    )
    served = tuple(Route("GET", pattern, handler) for pattern, handler in documents)
    preflights = tuple(Route("OPTIONS", pattern, discovery.preflight) for pattern, _ in documents)
    return (*served, *preflights, Route("GET", "/{tenant}/userrealm/{name}", discovery.user_realm))


def _logout_routes(logout: Logout) -> tuple[Route, ...]:
    return (
        Route("GET POST", "/{tenant}/oauth2/v2.0/logout", logout.begin),
        Route("GET POST", "/{tenant}/oauth2/logout", logout.begin),
        Route("POST", "/{tenant}/oauth2/v2.0/logout/confirm", logout.confirm),
    )


def _userinfo_routes(userinfo: UserInfo) -> tuple[Route, ...]:
    return (
        Route("GET POST", "/oidc/userinfo", userinfo.answer),
        Route("OPTIONS", "/oidc/userinfo", userinfo.preflight),
        Route("GET POST", "/{tenant}/openid/userinfo", userinfo.of_tenant),
        Route("OPTIONS", "/{tenant}/openid/userinfo", userinfo.preflight),
    )


def _notice_routes(notices: Notices) -> tuple[Route, ...]:
    return (
        Route("GET", "/error", notices.error_lookup),
        Route("GET", "/common/oauth2/nativeclient", notices.native_client),
    )
