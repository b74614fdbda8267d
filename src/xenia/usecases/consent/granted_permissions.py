"""Permissions an app holds in this tenant: seeing them, granting what it is registered with, taking them back.

Whatever is withdrawn ends at once what it had allowed: the refresh tokens of the app for those it concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.consent import ConsentItem
from xenia.core.directory.application import (
    GRAPH_APP_ID,
    Application,
    AppRoleAssignment,
    DelegatedGrant,
    ServicePrincipal,
)
from xenia.core.directory.roles import APP_WRITING_ROLES, GLOBAL_ADMINISTRATOR
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId, fold, parse_guid
from xenia.core.query import And, Compare, Filter, Page, Query
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_rules import (
    note,
    principal_target,
    require_application,
    require_principal,
)
from xenia.usecases.consent.asked_permissions import Asking, static_items, unique
from xenia.usecases.consent.record_consent import FOR_EVERYBODY, FOR_ONE, Agreement, record_agreement
from xenia.usecases.users.read_directory import sight_of

READ_GRANTS = ("Directory.Read.All", "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All")
WRITE_GRANTS = ("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
WRITE_APP_PERMISSIONS = ("AppRoleAssignment.ReadWrite.All", "Directory.ReadWrite.All")
CONSENT_PERMISSIONS = WRITE_APP_PERMISSIONS
_READ_APP_PERMISSIONS = ("Application.Read.All", *WRITE_APP_PERMISSIONS, *READ_GRANTS)
_GLOBAL = frozenset({GLOBAL_ADMINISTRATOR.template_id})


class HeldPermission(Record):
    """One permission an app holds, in words."""

    resource_name: str
    value: str
    title: str
    is_application: bool
    grant_id: str
    """Of the delegated grant, or of the role assignment."""
    user_id: ObjectId | None
    user_name: str = ""


def list_held(ports: Ports, actor: Actor, principal_id: ObjectId) -> tuple[HeldPermission, ...]:
    """What the app holds, for everybody first; of people, as far as the actor may list them.

    Raises NotPermitted, NotFound.
    """
    _require_reader(actor, _READ_APP_PERMISSIONS)
    with ports.store.read(actor.tenant_id) as tx:
        client = require_principal(tx, principal_id)
        lines = [*_held_roles(tx, client), *_held_scopes(tx, client)]
        if not sight_of(tx, actor).lists_users:
            lines = [line for line in lines if line.user_id in (None, actor.user_id)]
    return tuple(sorted(lines, key=lambda line: (line.user_id is not None, line.resource_name, line.value)))


def grant_registered(ports: Ports, actor: Actor, principal_id: ObjectId) -> int:
    """**Grant admin consent**: everything the app is registered with, for everybody; how many permissions are new.

    Application permissions of Graph take a Global Administrator: an administrator of apps could otherwise
    reach through an app what the role itself withholds. Raises NotPermitted, NotFound.
    """
    actor.require(APP_WRITING_ROLES, *CONSENT_PERMISSIONS)
    return ports.store.write(
        actor.tenant_id, lambda tx: _grant_registered(ports, tx, actor, require_principal(tx, principal_id))
    )


def grant_admin_consent(ports: Ports, actor: Actor, object_id: ObjectId) -> int:
    """The same from the page of a registration. Raises NotPermitted, NotFound."""
    actor.require(APP_WRITING_ROLES, *CONSENT_PERMISSIONS)

    def work(tx: Transaction) -> int:
        application = require_application(tx, object_id)
        principal = tx.applications.service_principal(application.app_id)
        if principal is None:
            raise NotFound("Resource", application.app_id)
        return _grant_registered(ports, tx, actor, principal)

    return ports.store.write(actor.tenant_id, work)


def _grant_registered(ports: Ports, tx: Transaction, actor: Actor, principal: ServicePrincipal) -> int:
    now = ports.clock.now()
    application = tx.applications.find_by_app_id(principal.app_id)
    if application is None:
        raise NotFound("Resource", principal.app_id)
    asking = Asking(ports, tx, actor.tenant_id, application, principal, now, for_organization=True)
    items = unique(static_items(asking, application, principal))
    _guard_graph_roles(tx, actor, items)
    agreement = Agreement(principal, items, None, tuple(asking.made.values()))
    return record_agreement(ports, tx, actor, agreement, now)


# --- delegated grants -------------------------------------------------------------------------------


def list_grants(ports: Ports, actor: Actor, query: Query) -> Page[DelegatedGrant]:
    """Delegated grants of the tenant. Raises NotPermitted, InvalidValue for a filter that is not served."""
    _require_reader(actor, READ_GRANTS)
    stored = replace(query, filter=_stored_filter(query.filter) if query.filter is not None else None)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list_grants(stored)


def grants_of(ports: Ports, actor: Actor, principal_id: ObjectId) -> tuple[DelegatedGrant, ...]:
    """Delegated grants of one app. Raises NotPermitted, NotFound."""
    _require_reader(actor, READ_GRANTS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.grants_of(require_principal(tx, principal_id).id)


def get_grant(ports: Ports, actor: Actor, grant_id: str) -> DelegatedGrant:
    """One delegated grant. Raises NotPermitted, NotFound."""
    _require_reader(actor, READ_GRANTS)
    with ports.store.read(actor.tenant_id) as tx:
        return _grant(tx, grant_id)


def create_grant(ports: Ports, actor: Actor, order: DelegatedGrant) -> DelegatedGrant:
    """Grant delegated permissions; ``order.id`` is made here.

    Raises NotPermitted, NotFound (client, resource or user), InvalidValue (consent type, or a permission the
    resource does not offer), and Conflict when there is one for this client, resource and person.
    """
    actor.require(APP_WRITING_ROLES, *WRITE_GRANTS)
    if order.consent_type not in (FOR_ONE, FOR_EVERYBODY):
        raise InvalidValue("consentType", "Enter AllPrincipals or Principal.")
    if (order.consent_type == FOR_ONE) is (order.principal_id is None):
        raise InvalidValue("principalId", "A grant for one user names that user, one for everybody nobody.")

    def work(tx: Transaction) -> DelegatedGrant:
        now = ports.clock.now()
        client, resource = require_principal(tx, order.client_id), require_principal(tx, order.resource_id)
        if order.principal_id is not None and tx.users.find(parse_guid(order.principal_id) or "") is None:
            raise NotFound("Resource", order.principal_id)
        person = parse_guid(order.principal_id) if order.principal_id else None
        if any(
            (each.resource_id, each.principal_id) == (resource.id, person)
            for each in tx.applications.grants_of(client.id)
        ):
            raise Conflict("clientId", "Permission entry already exists.")
        grant = DelegatedGrant(
            ports.entropy.guid(),
            client.id,
            order.consent_type,
            person,
            resource.id,
            _offered_scopes(tx, resource, order.scopes),
        )
        tx.applications.put_grant(grant)
        _note_grant(ports, tx, actor, audit.GRANT_DELEGATED, grant, now)
        return grant

    return ports.store.write(actor.tenant_id, work)


def set_scopes(ports: Ports, actor: Actor, grant_id: str, scopes: tuple[str, ...]) -> None:
    """Replace the permissions of a grant; what is left out ends. Raises NotPermitted, NotFound, InvalidValue."""
    actor.require(APP_WRITING_ROLES, *WRITE_GRANTS)

    def work(tx: Transaction) -> None:
        now = ports.clock.now()
        before = _grant(tx, grant_id)
        wanted = _offered_scopes(tx, require_principal(tx, before.resource_id), scopes)
        tx.applications.put_grant(replace(before, scopes=wanted))
        _note_grant(ports, tx, actor, audit.UPDATE_DELEGATED, before, now)
        if not set(before.scopes) <= set(wanted):
            _end_tokens(tx, before, now)

    ports.store.write(actor.tenant_id, work)


def withdraw_grant(ports: Ports, actor: Actor, grant_id: str, scope: str | None = None) -> None:
    """Take a grant back, or one permission of it. Raises NotPermitted, NotFound."""
    actor.require(APP_WRITING_ROLES, *WRITE_GRANTS)

    def work(tx: Transaction) -> None:
        now = ports.clock.now()
        grant = _grant(tx, grant_id)
        left = tuple(each for each in grant.scopes if scope is not None and each != scope)
        if scope is not None and len(left) == len(grant.scopes):
            raise NotFound("Permission", scope)
        if left:
            tx.applications.put_grant(replace(grant, scopes=left))
        else:
            tx.applications.remove_grant(grant.id)
        activity = audit.UPDATE_DELEGATED if left else audit.REMOVE_DELEGATED
        _note_grant(ports, tx, actor, activity, grant, now)
        _end_tokens(tx, grant, now)

    ports.store.write(actor.tenant_id, work)


# --- application permissions ------------------------------------------------------------------------


def app_roles_of(ports: Ports, actor: Actor, principal_id: ObjectId) -> tuple[AppRoleAssignment, ...]:
    """Roles this app holds at others. Raises NotPermitted, NotFound."""
    _require_reader(actor, _READ_APP_PERMISSIONS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.assignments_of(require_principal(tx, principal_id).id)


def withdraw_app_role(ports: Ports, actor: Actor, principal_id: ObjectId, assignment_id: str) -> None:
    """Take an application permission of this app back. Raises NotPermitted, NotFound."""
    actor.require(APP_WRITING_ROLES, *WRITE_APP_PERMISSIONS)

    def work(tx: Transaction) -> None:
        now = ports.clock.now()
        client = require_principal(tx, principal_id)
        found = tx.applications.find_assignment(assignment_id)
        if found is None or found.principal_id != client.id:
            raise NotFound("Resource", assignment_id)
        tx.applications.remove_assignment(assignment_id)
        resource = tx.applications.find_service_principal(found.resource_id)
        targets = (principal_target(each) for each in (resource, client) if each is not None)
        note(tx, ports.entropy.guid(), audit.REMOVE_APP_PERMISSION, actor, now, *targets)

    ports.store.write(actor.tenant_id, work)


def guard_graph_role(actor: Actor, resource: ServicePrincipal) -> None:
    """Application permissions of Graph are a Global Administrator's to give. Raises NotPermitted."""
    if resource.app_id == GRAPH_APP_ID and not actor.is_app_only and not actor.holds_any(_GLOBAL):
        raise NotPermitted(GLOBAL_ADMINISTRATOR.name)


def _guard_graph_roles(tx: Transaction, actor: Actor, items: Iterable[ConsentItem]) -> None:
    for item in items:
        resource = tx.applications.find_service_principal(item.resource_id) if item.role_id else None
        if resource is not None:
            guard_graph_role(actor, resource)


def _require_reader(actor: Actor, permissions: tuple[str, ...]) -> None:
    if not actor.may(*permissions):
        raise NotPermitted(permissions[0])


def _grant(tx: Transaction, grant_id: str) -> DelegatedGrant:
    found = tx.applications.find_grant(grant_id)
    if found is None:
        raise NotFound("Resource", grant_id)
    return found


def _offered_scopes(tx: Transaction, resource: ServicePrincipal, scopes: Iterable[str]) -> tuple[str, ...]:
    """In the resource's own spelling. Raises InvalidValue for one it does not offer."""
    application = tx.applications.find_by_app_id(resource.app_id)
    offered = {fold(scope.value): scope.value for scope in application.scopes} if application else {}
    unknown = next((scope for scope in scopes if fold(scope) not in offered), None)
    if unknown is not None:
        raise InvalidValue("scope", f"{resource.display_name} offers no delegated permission '{unknown}'.")
    return tuple(dict.fromkeys(offered[fold(scope)] for scope in scopes))


def _end_tokens(tx: Transaction, grant: DelegatedGrant, now: datetime) -> None:
    client = tx.applications.find_service_principal(grant.client_id)
    if client is not None:
        tx.sign_ins.revoke_families_by(client.app_id, grant.principal_id, now)


def _note_grant(
    ports: Ports,
    tx: Transaction,
    actor: Actor,
    activity: audit.Activity,
    grant: DelegatedGrant,
    now: datetime,
) -> None:
    found = (tx.applications.find_service_principal(each) for each in (grant.resource_id, grant.client_id))
    targets = (principal_target(principal) for principal in found if principal is not None)
    note(tx, ports.entropy.guid(), activity, actor, now, *targets)


def _stored_filter(condition: Filter) -> Filter:
    """The same question to the columns: who a grant is for says what type it is of. Raises InvalidValue."""
    match condition:
        case And(items):
            return And(tuple(_stored_filter(item) for item in items))
        case Compare("consent_type", "eq", value):
            op = "eq" if fold(str(value)) == fold(FOR_EVERYBODY) else "ne"
            return Compare("principal_id", op, "")
        case Compare("principal_id", "eq", None):
            return Compare("principal_id", "eq", "")
        case Compare(_, "eq", _):
            return condition
    raise InvalidValue("$filter", "Only eq, joined by and, is supported for oAuth2PermissionGrant.")


def _held_roles(tx: Transaction, client: ServicePrincipal) -> Iterable[HeldPermission]:
    for given in tx.applications.assignments_of(client.id):
        resource, application = _resource(tx, given.resource_id)
        roles = application.app_roles if application is not None else ()
        role = next((each for each in roles if each.id == given.app_role_id), None)
        name = resource.display_name if resource is not None else given.resource_id
        value = (role.value if role is not None else None) or "Default Access"
        title = role.display_name if role is not None else "Default Access"
        yield HeldPermission(name, value, title, True, given.id, None)


def _held_scopes(tx: Transaction, client: ServicePrincipal) -> Iterable[HeldPermission]:
    for grant in tx.applications.grants_of(client.id):
        resource, application = _resource(tx, grant.resource_id)
        titles = {
            each.value: each.admin_consent_display_name
            for each in (application.scopes if application else ())
        }
        user = tx.users.find(grant.principal_id) if grant.principal_id else None
        name = resource.display_name if resource is not None else grant.resource_id
        for value in grant.scopes:
            yield HeldPermission(
                name,
                value,
                titles.get(value) or value,
                False,
                grant.id,
                grant.principal_id,
                user.display_name if user is not None else "",
            )


def _resource(tx: Transaction, principal_id: ObjectId) -> tuple[ServicePrincipal | None, Application | None]:
    principal = tx.applications.find_service_principal(principal_id)
    return principal, tx.applications.find_by_app_id(principal.app_id) if principal is not None else None
