"""What a client may do where: the resource behind a scope, the scopes agreed to, the roles assigned.

Reading only; used by every way a token comes to be. Consent itself is given elsewhere.
"""

from __future__ import annotations

from xenia.core import errors
from xenia.core.claims import Resource
from xenia.core.directory.application import (
    GRAPH_APP_ID,
    Application,
    AppRoleAssignment,
    ServicePrincipal,
)
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import origins
from xenia.core.ids import AppId, ObjectId, fold, parse_guid
from xenia.core.scopes import ECHOED_OIDC_SCOPES, OIDC_SCOPES, RequestedScopes, ResourceScopes, understand
from xenia.ports import Ports, Transaction
from xenia.record import Record


class Access(Record):
    """Delegated access to one resource: what goes into ``scp`` and what the response calls it."""

    resource: Resource
    scopes: tuple[str, ...]
    echo: str


def requested_scopes(ports: Ports, base_url: str, scopes: tuple[str, ...]) -> RequestedScopes:
    """Group *scopes* by resource, knowing our own names. Raises InvalidScope."""
    return understand(scopes, origins(base_url, ports.server.base_url, ports.server.hosts))


def find_resource(tx: Transaction, tenant: Tenant, requested: ResourceScopes) -> Resource:
    """The resource a scope names: Graph, an application ID (bare or after ``api://``), or an identifier URI.

    Raises ResourceNotFound unless it exists and has an enabled service principal in this tenant.
    """
    name = requested.identifier or GRAPH_APP_ID
    application = named_application(tx, requested)
    principal = tx.applications.service_principal(application.app_id) if application else None
    if application is None or principal is None or not principal.account_enabled:
        raise errors.ResourceNotFound(name, tenant.display_name)
    return Resource(application, principal, name)


def named_application(tx: Transaction, requested: ResourceScopes) -> Application | None:
    """The registration that a scope names, whether this tenant knows it or not."""
    return _named(tx, GRAPH_APP_ID if requested.is_graph else requested.identifier or GRAPH_APP_ID)


def is_pre_authorized(resource: Application, app_id: AppId, permission_id: str) -> bool:
    """Whether the API lets this client have the permission without consent (``preAuthorizedApplications``)."""
    return any(
        entry.app_id == app_id and permission_id in entry.permission_ids
        for entry in resource.pre_authorized_applications
    )


def is_assigned(tx: Transaction, principal: ServicePrincipal, user_id: ObjectId) -> bool:
    """Whether the user may use an app that requires assignment; an app that requires none is for everybody."""
    return not principal.assignment_required or any(
        given.resource_id == principal.id for given in tx.applications.assignments_held(user_id)
    )


def check_requested(tx: Transaction, tenant: Tenant, requested: RequestedScopes, client: Application) -> None:
    """Whether everything asked for exists: said at once, not after the person has signed in.

    What an API brings along with a client that it knows is in this tenant only after the consent.
    Raises ResourceNotFound, InvalidScope.
    """
    for asked in requested.resources:
        named = named_application(tx, asked) if asked.is_default else None
        if named is not None and named.is_multi_tenant and client.app_id in named.known_client_applications:
            continue
        offered = {
            fold(scope.value)
            for scope in find_resource(tx, tenant, asked).application.scopes
            if scope.is_enabled
        }
        unknown = next((value for value in asked.values if fold(value) not in offered), None)
        if unknown is not None and not asked.is_default:
            raise errors.InvalidScope(asked.spell(unknown))


def _named(tx: Transaction, name: str) -> Application | None:
    app_id = parse_guid(name.removeprefix("api://").rstrip("/"))
    if app_id is not None:
        return tx.applications.find_by_app_id(app_id)
    other = name[:-1] if name.endswith("/") else f"{name}/"
    return tx.applications.find_by_identifier_uri(name) or tx.applications.find_by_identifier_uri(other)


def delegated_access(
    tx: Transaction,
    tenant: Tenant,
    client: Application,
    principal: ServicePrincipal,
    user_id: ObjectId,
    requested: RequestedScopes,
) -> Access:
    """What the client may do for this user at the (first) resource asked for.

    Raises ResourceNotFound, InvalidScope for a permission the resource does not offer, ConsentRequired
    for one nobody agreed to.
    """
    asked = requested.first_resource
    resource = find_resource(tx, tenant, asked)
    offered = {fold(scope.value): scope.value for scope in resource.application.scopes if scope.is_enabled}
    named = tuple(fold(value) for value in asked.values if not asked.is_default)
    unknown = next((value for value in asked.values if fold(value) not in offered), None)
    if unknown is not None and not asked.is_default:
        raise errors.InvalidScope(asked.spell(unknown))
    agreed = _agreed(tx, client, principal, user_id, resource, named)
    # Graph registers the OpenID scopes too; they are told apart, because each request names its own.
    granted = tuple(value for key, value in offered.items() if key in agreed and key not in OIDC_SCOPES)
    own = client.app_id == resource.application.app_id
    if not set(named) <= agreed or (asked.is_default and not granted and not own):
        raise errors.ConsentRequired(client.app_id, client.display_name)
    oidc = tuple(scope for scope in ECHOED_OIDC_SCOPES if scope in requested.oidc)
    in_token = (*granted, *oidc) if asked.is_graph else granted
    return Access(resource, in_token, _echo(asked, granted, oidc))


def _agreed(
    tx: Transaction,
    client: Application,
    principal: ServicePrincipal,
    user_id: ObjectId,
    resource: Resource,
    named: tuple[str, ...],
) -> set[str]:
    """Folded values this client may use for the user: consent, or what our own applications ask for."""
    agreed = {
        fold(value)
        for grant in tx.applications.grants_of(principal.id)
        if grant.resource_id == resource.principal.id and grant.principal_id in (None, user_id)
        for value in grant.scopes
    }
    agreed |= {
        fold(scope.value)
        for scope in resource.application.scopes
        if is_pre_authorized(resource.application, client.app_id, scope.id)
    }
    if client.is_first_party or client.app_id == resource.application.app_id:
        ids = {
            permission
            for required in client.required_resource_access
            if required.resource_app_id == resource.application.app_id
            for permission, kind in required.access
            if kind == "Scope"
        }
        agreed |= set(named) | {fold(scope.value) for scope in resource.application.scopes if scope.id in ids}
    return agreed


def agreed_openid_scopes(
    tx: Transaction, client: Application, principal: ServicePrincipal, user_id: ObjectId
) -> frozenset[str]:
    """The OpenID scopes this client may use for the user: consent to them stands at Graph, which registers them."""
    if client.is_first_party:
        return frozenset(OIDC_SCOPES)
    graph = tx.applications.service_principal(GRAPH_APP_ID)
    agreed = {
        fold(value)
        for grant in tx.applications.grants_of(principal.id)
        if graph is not None and grant.resource_id == graph.id and grant.principal_id in (None, user_id)
        for value in grant.scopes
    }
    return frozenset(OIDC_SCOPES) & agreed


def _echo(asked: ResourceScopes, granted: tuple[str, ...], oidc: tuple[str, ...]) -> str:
    """The ``scope`` of the response: everything granted, each asked scope in the client's own spelling.

    Caches of client libraries look for what they asked for, ``.default`` included.
    """
    spelled = [asked.spell(value) for value in granted]
    known = {fold(value) for value in spelled}
    missing = [scope for scope in asked.written if fold(scope) not in known]
    return " ".join((*spelled, *missing, *oidc))


def assigned_roles(
    tx: Transaction, user_id: ObjectId, resource: Application, principal: ServicePrincipal
) -> tuple[str, ...]:
    """Values of the resource's app roles that the user holds, in person or as a direct member of a group."""
    held = _held(tx.applications.assignments_held(user_id), principal)
    return _role_values(resource, held)


def roles_of_app(
    tx: Transaction, client_id: ObjectId, resource: Application, principal: ServicePrincipal
) -> tuple[tuple[str, ...], bool]:
    """Values of the resource's app roles an app holds by itself, and whether anything is assigned to it at all."""
    held = _held(tx.applications.assignments_of(client_id), principal)
    return _role_values(resource, held), bool(held)


def _held(given: tuple[AppRoleAssignment, ...], principal: ServicePrincipal) -> set[str]:
    return {assignment.app_role_id for assignment in given if assignment.resource_id == principal.id}


def _role_values(resource: Application, held: set[str]) -> tuple[str, ...]:
    return tuple(
        role.value for role in resource.app_roles if role.id in held and role.is_enabled and role.value
    )
