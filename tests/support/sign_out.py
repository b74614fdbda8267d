"""Apps that want to be told when a session ends, and a second tenant in the same browser."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt

from tests.support.connector_server import Received
from tests.support.platform import PASSWORD, RunningServer
from tests.support.protocol import Protocol
from tests.support.walker import Walker
from xenia.core.actor import system_actor
from xenia.core.directory.application import Application, Platform, RedirectUri, ServicePrincipal
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, create_member
from xenia.usecases.users.user_roles import add_role
from xenia.workers.logout import LogoutDispatcher

FRONT = "https://orders.example/signed-out"


def deliver(server: RunningServer) -> int:
    """Deliver the logout tokens that are due; how many were tried."""
    ports = server.ports
    worker = LogoutDispatcher(ports.store, server.clock, ports.entropy, ports.keys, ports.fetcher)
    return worker.deliver_due()


def logout_url(server: RunningServer, **query: str) -> str:
    """The end-session endpoint of the server's tenant."""
    return f"https://login.test/{server.tenant.id}/oauth2/v2.0/logout?{urlencode(query)}"


def token_of(received: Received) -> str:
    """The one parameter of a back-channel request."""
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    fields = parse_qs(received.body.decode(), strict_parsing=True)
    assert list(fields) == ["logout_token"]
    (token,) = fields["logout_token"]
    return token


def verified(idp: Protocol, token: str, audience: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, verified with the published keys by a library that is not ours. Times are the caller's."""
    keys = json.loads(idp.send("GET", f"/{idp.tenant_id}/discovery/v2.0/keys").body)
    header = jwt.get_unverified_header(token)
    (key,) = (one for one in keys["keys"] if one["kid"] == header["kid"])
    claims = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["RS256"],
        audience=audience,
        issuer=f"https://login.test/{idp.tenant_id}/v2.0",
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    return header, claims


def is_signed_in(server: RunningServer, walker: Walker) -> bool:
    """Whether the browser gets a code without a page."""
    location = walker.send("GET", server.authorize_url(prompt="none")).header("Location") or ""
    assert "code=" in location or "error=login_required" in location, location
    return "code=" in location


def registered_app(server: RunningServer, name: str, **changes: Any) -> Application:
    """A further app of the server's tenant."""
    ports, now = server.ports, server.clock.now()
    app = Application(
        id=ports.entropy.guid(),
        tenant_id=server.tenant.id,
        app_id=ports.entropy.guid(),
        display_name=name,
        created_at=now,
        redirect_uris=(RedirectUri("https://orders.example/signed-in", Platform.WEB),),
        id_token_issuance=True,
    )
    app = replace(app, **changes)
    principal = ServicePrincipal(
        ports.entropy.guid(), server.tenant.id, app.app_id, name, server.tenant.id, now
    )

    def work(tx: Any) -> None:
        tx.applications.add(app)
        tx.applications.add_service_principal(principal)

    ports.store.write(server.tenant.id, work)
    return app


def another_tenant(server: RunningServer) -> RunningServer:
    """Fabrikam on the same server, with an administrator and an app of its own."""
    tenant = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    operator = system_actor(tenant.id, server.ports.entropy.guid())
    made = create_member(
        server.ports, operator, NewMember(f"admin@{tenant.initial_domain}", "Ada", password=PASSWORD)
    )
    add_role(server.ports, operator, made.user.id, GLOBAL_ADMINISTRATOR.template_id)
    there = replace(server, tenant=tenant, admin=made.user)
    return replace(there, app=registered_app(there, "Ledger"))
