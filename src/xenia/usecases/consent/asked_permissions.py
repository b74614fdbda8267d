"""Which permissions a request needs, in words a person understands, and which of them are agreed to already.

Named scopes are taken as they come. ``.default`` and v1.0 requests stand for the static list of the app
(``requiredResourceAccess``), together with that of an API which names the app as a known client. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from xenia.core.consent import COMMON_PERMISSIONS, ConsentItem
from xenia.core.directory.application import GRAPH_APP_ID, Application, AppRole, Scope, ServicePrincipal
from xenia.core.errors import InvalidScope, ResourceNotFound
from xenia.core.ids import AppId, ObjectId, TenantId, fold
from xenia.core.scopes import OIDC_SCOPES, RequestedScopes, ResourceScopes
from xenia.ports import Ports, Transaction
from xenia.record import Record, field
from xenia.usecases.applications.local_principal import may_have_principal, unstored_principal
from xenia.usecases.tokens.access import is_pre_authorized, named_application


class Asking(Record):
    """Who asks here: the app with its principal, which may not be stored yet."""

    ports: Ports
    tx: Transaction
    tenant_id: TenantId
    client: Application
    principal: ServicePrincipal
    now: datetime
    for_organization: bool = False
    """Application permissions are asked for too, and words are those for administrators."""
    made: dict[AppId, ServicePrincipal] = field(default_factory=dict)
    """Principals of resources that are not stored yet."""

    def principal_of(self, resource: Application) -> ServicePrincipal | None:
        """The resource's instance here; None when the tenant does not have it and may not get it this way.

        One agreement brings an API along only with an app of the same publisher, or one that the API names.
        """
        if resource.app_id == self.client.app_id:
            return self.principal
        stored = self.tx.applications.service_principal(resource.app_id)
        if stored is not None or resource.app_id in self.made:
            return stored or self.made[resource.app_id]
        belongs = resource.tenant_id == self.client.tenant_id or knows_client(resource, self.client)
        if not belongs or not may_have_principal(resource, self.tenant_id):
            return None
        self.made[resource.app_id] = unstored_principal(self.ports, resource, self.tenant_id, self.now)
        return self.made[resource.app_id]


def knows_client(resource: Application, client: Application) -> bool:
    """Whether the API lists the app among its known clients."""
    return client.app_id in resource.known_client_applications


def requested_items(asking: Asking, asked: RequestedScopes) -> Iterator[ConsentItem]:
    """Everything the scopes stand for, OpenID scopes first. Raises InvalidScope, ResourceNotFound."""
    graph = asking.tx.applications.find_by_app_id(GRAPH_APP_ID)
    principal = asking.principal_of(graph) if graph is not None else None
    if graph is None or principal is None:
        raise ResourceNotFound(GRAPH_APP_ID, asking.tenant_id)
    by_value = {scope.value: scope for scope in graph.scopes}
    for value in OIDC_SCOPES:
        if value in asked.oidc:
            yield _scope_item(asking, asking.principal, graph, principal, by_value[value], value)
    listed = False
    for resource in asked.resources:
        if not resource.is_default:
            yield from _named_items(asking, resource)
            continue
        if not listed:
            yield from static_items(asking, asking.client, asking.principal)
        listed = True
        yield from _known_items(asking, resource)


def static_items(asking: Asking, client: Application, holder: ServicePrincipal) -> Iterator[ConsentItem]:
    """The permissions of the app's registration. What no longer exists, or is not for this tenant, is passed over."""
    for required in client.required_resource_access:
        resource = asking.tx.applications.find_by_app_id(required.resource_app_id)
        principal = asking.principal_of(resource) if resource is not None else None
        if resource is None or principal is None:
            continue
        wanted = set(required.access)
        for scope in resource.scopes:
            if scope.is_enabled and (scope.id, "Scope") in wanted:
                written = _spelled(resource, scope.value)
                yield _scope_item(asking, holder, resource, principal, scope, written)
        if asking.for_organization:
            yield from (
                _role_item(holder, resource, principal, role)
                for role in resource.app_roles
                if role.is_enabled
                and (role.id, "Role") in wanted
                and "Application" in role.allowed_member_types
            )


def unique(items: Iterable[ConsentItem]) -> tuple[ConsentItem, ...]:
    """Each permission once, in order: a request may name what the static list holds too."""
    found: dict[tuple[str, str, str, str | None], ConsentItem] = {}
    for item in items:
        found.setdefault((item.client_id, item.resource_id, fold(item.value), item.role_id), item)
    return tuple(found.values())


def is_settled(asking: Asking, asked: RequestedScopes, held: Held) -> bool:
    """Whether every ``.default`` asks nothing: something was agreed to at its resource, and that is what it means."""
    for resource in asked.resources:
        application = named_application(asking.tx, resource) if resource.is_default else None
        principal = asking.principal_of(application) if application is not None else None
        if application is None or principal is None:
            continue
        own = application.app_id == asking.client.app_id
        trusted = any(is_pre_authorized(application, asking.client.app_id, s.id) for s in application.scopes)
        if not (own or trusted or held.anything_at(asking.principal.id, principal.id)):
            return False
    return any(resource.is_default for resource in asked.resources)


class Held:
    """What is agreed to already: for everybody, and for this user where there is one."""

    def __init__(self, tx: Transaction, user_id: ObjectId | None) -> None:
        self._tx = tx
        self._user_id = user_id
        self._scopes: dict[ObjectId, set[tuple[ObjectId, str]]] = {}

    def has(self, item: ConsentItem) -> bool:
        """Whether this permission needs nobody's agreement any more."""
        if item.role_id is not None:
            return any(
                (given.resource_id, given.app_role_id) == (item.resource_id, item.role_id)
                for given in self._tx.applications.assignments_of(item.client_id)
            )
        return (item.resource_id, fold(item.value)) in self._of(item.client_id)

    def anything_at(self, client_id: ObjectId, resource_id: ObjectId) -> bool:
        """Whether anything but signing in was agreed to at this resource."""
        return any(
            resource == resource_id and value not in OIDC_SCOPES for resource, value in self._of(client_id)
        )

    def _of(self, client_id: ObjectId) -> set[tuple[ObjectId, str]]:
        if client_id not in self._scopes:
            self._scopes[client_id] = {
                (grant.resource_id, fold(value))
                for grant in self._tx.applications.grants_of(client_id)
                if grant.principal_id is None or grant.principal_id == self._user_id
                for value in grant.scopes
            }
        return self._scopes[client_id]


def _named_items(asking: Asking, asked: ResourceScopes) -> Iterator[ConsentItem]:
    resource = named_application(asking.tx, asked)
    principal = asking.principal_of(resource) if resource is not None else None
    if resource is None or principal is None:
        raise ResourceNotFound(asked.identifier or GRAPH_APP_ID, asking.tenant_id)
    exposed = {fold(scope.value): scope for scope in resource.scopes if scope.is_enabled}
    for value, written in zip(asked.values, asked.written, strict=True):
        scope = exposed.get(fold(value))
        if scope is None:
            raise InvalidScope(written)
        yield _scope_item(asking, asking.principal, resource, principal, scope, written)


def _known_items(asking: Asking, asked: ResourceScopes) -> Iterator[ConsentItem]:
    """What the API itself needs, where it names the app as a known client: one page for both."""
    resource = named_application(asking.tx, asked)
    if resource is None or not knows_client(resource, asking.client):
        return
    principal = asking.principal_of(resource)
    if principal is not None:
        yield from static_items(asking, resource, principal)


def _scope_item(
    asking: Asking,
    holder: ServicePrincipal,
    resource: Application,
    principal: ServicePrincipal,
    scope: Scope,
    written: str,
) -> ConsentItem:
    if resource.app_id == GRAPH_APP_ID and scope.value in COMMON_PERMISSIONS:
        title, text = COMMON_PERMISSIONS[scope.value]
    elif asking.for_organization:
        title, text = scope.admin_consent_display_name or scope.value, scope.admin_consent_description
    else:
        title = scope.user_consent_display_name or scope.admin_consent_display_name or scope.value
        text = scope.user_consent_description or scope.admin_consent_description
    return ConsentItem(
        scope=written,
        value=scope.value,
        client_id=holder.id,
        resource_id=principal.id,
        permission_id=scope.id,
        title=title,
        description=text,
        admin_only=scope.type == "Admin",
        is_low=scope.id in principal.low_permissions,
        is_trusted=holder.id == asking.principal.id
        and is_pre_authorized(resource, asking.client.app_id, scope.id),
        resource_name=principal.display_name,
    )


def _role_item(
    holder: ServicePrincipal, resource: Application, principal: ServicePrincipal, role: AppRole
) -> ConsentItem:
    return ConsentItem(
        scope=_spelled(resource, role.value or role.id),
        value=role.value or "",
        client_id=holder.id,
        resource_id=principal.id,
        permission_id=role.id,
        title=role.display_name,
        description=role.description,
        admin_only=True,
        role_id=role.id,
        resource_name=principal.display_name,
    )


def _spelled(resource: Application, value: str) -> str:
    """A permission as clients write it."""
    if resource.app_id == GRAPH_APP_ID:
        return value
    name = resource.identifier_uris[0] if resource.identifier_uris else f"api://{resource.app_id}"
    return f"{name}/{value}"
