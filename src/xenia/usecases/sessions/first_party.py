"""The applications that ship with Xenia: their registrations and each tenant's service principals.

Registrations belong to a platform tenant without users that nobody can address, as the field's own
applications belong to their vendor: so none of a customer's administrators owns them, and no tenant's
deletion takes them along. Their redirect URIs follow the addresses of this server at every start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from xenia.core.directory.application import (
    GRAPH_APP_ID,
    Application,
    Audience,
    Platform,
    RedirectUri,
    ServicePrincipal,
)
from xenia.core.directory.first_party import (
    ACCOUNT_APP_ID,
    ACCOUNT_CALLBACK,
    FIRST_PARTY_APP_IDS,
    GUEST_SIGN_IN_APP_ID,
    GUEST_SIGN_IN_CALLBACK,
    PLATFORM_TENANT_ID,
    PORTAL_APP_ID,
    PORTAL_CALLBACK,
    TESTER_APP_ID,
    TESTER_PAGE,
)
from xenia.core.directory.tenant import Domain, Tenant, TenantPolicies
from xenia.core.graph_permissions import graph_app_roles, graph_scopes
from xenia.core.ids import AppId, TenantId
from xenia.ports import Ports, ServerInfo, Transaction
from xenia.record import replace

_NAMES: dict[AppId, str] = {
    PORTAL_APP_ID: "Xenia portal",
    ACCOUNT_APP_ID: "My Apps",
    TESTER_APP_ID: "Tester",
    GUEST_SIGN_IN_APP_ID: "Guest sign-in",
    GRAPH_APP_ID: "Microsoft Graph",  # the resource's name on the wire: scripts look it up by this
}
_CALLBACKS: dict[AppId, tuple[str, Platform]] = {
    PORTAL_APP_ID: (PORTAL_CALLBACK, Platform.WEB),
    ACCOUNT_APP_ID: (ACCOUNT_CALLBACK, Platform.WEB),
    TESTER_APP_ID: (TESTER_PAGE, Platform.SPA),
    GUEST_SIGN_IN_APP_ID: (GUEST_SIGN_IN_CALLBACK, Platform.PUBLIC),
}


def ensure_first_party(ports: Ports) -> None:
    """Register what ships with Xenia, and bring its addresses and permissions up to date. Changes nothing the second time.

    Raises nothing of its own; part of every start, after the migrations.
    """
    now = ports.clock.now()
    wanted = [_registration(ports.server, app_id, now) for app_id in FIRST_PARTY_APP_IDS]
    tenant = Tenant(
        PLATFORM_TENANT_ID,
        "Xenia",
        (Domain("xenia-platform.invalid", is_initial=True, is_default=True),),
        now,
        subject_salt=(ports.entropy.guid() + ports.entropy.guid()).replace("-", ""),
    )

    def work(tx: Transaction) -> None:
        if tx.tenants.find(PLATFORM_TENANT_ID) is None:
            tx.tenants.add(tenant, TenantPolicies())
        for application in wanted:
            found = tx.applications.find_by_app_id(application.app_id)
            if found is None:
                tx.applications.add(application)
                continue
            current = replace(application, id=found.id, created_at=found.created_at, version=found.version)
            if current != found:
                tx.applications.replace(current)

    ports.store.write(PLATFORM_TENANT_ID, work)
    _complete_tenants(ports, now)


def service_principals_for(
    ports: Ports, tenant_id: TenantId, app_ids: Iterable[AppId], now: datetime
) -> tuple[ServicePrincipal, ...]:
    """The local instances of shipped applications for one tenant; hidden from My Apps."""
    return tuple(
        ServicePrincipal(
            id=ports.entropy.guid(),
            tenant_id=tenant_id,
            app_id=app_id,
            display_name=_NAMES[app_id],
            owner_tenant_id=PLATFORM_TENANT_ID,
            created_at=now,
            visible_to_users=False,
        )
        for app_id in app_ids
    )


def _complete_tenants(ports: Ports, now: datetime) -> None:
    """Give tenants that are older than a shipped application its service principal."""
    with ports.store.read(None) as tx:
        tenant_ids = [tenant.id for tenant in tx.tenants.list()]
    for tenant_id in tenant_ids:
        with ports.store.read(tenant_id) as tx:
            missing = [app for app in FIRST_PARTY_APP_IDS if tx.applications.service_principal(app) is None]
        principals = service_principals_for(ports, tenant_id, missing, now)
        if principals:
            ports.store.write(tenant_id, partial(_add_all, principals))


def _add_all(principals: tuple[ServicePrincipal, ...], tx: Transaction) -> None:
    for principal in principals:
        # Asked again inside: another process may start at this moment.
        if tx.applications.service_principal(principal.app_id) is None:
            tx.applications.add_service_principal(principal)


def _registration(server: ServerInfo, app_id: AppId, now: datetime) -> Application:
    application = Application(
        id=app_id,
        tenant_id=PLATFORM_TENANT_ID,
        app_id=app_id,
        display_name=_NAMES[app_id],
        created_at=now,
        audience=Audience.MULTIPLE,
        is_first_party=True,
    )
    if app_id == GRAPH_APP_ID:
        # Both names of the resource: the one scripts are written with, and our own address.
        uris = ("https://graph.microsoft.com", server.base_url)
        return replace(application, identifier_uris=uris, scopes=graph_scopes(), app_roles=graph_app_roles())
    path, platform = _CALLBACKS[app_id]
    redirect_uris = tuple(RedirectUri(f"{origin}{path}", platform) for origin in origins(server))
    return replace(application, redirect_uris=redirect_uris, id_token_issuance=app_id == TESTER_APP_ID)


def origins(server: ServerInfo) -> tuple[str, ...]:
    """Every origin under which this server is addressed, the public one first."""
    scheme = server.base_url.partition("://")[0]
    return tuple(dict.fromkeys((server.base_url, *(f"{scheme}://{host}" for host in server.hosts))))
