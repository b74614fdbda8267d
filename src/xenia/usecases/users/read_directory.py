"""Reading users, organisation and policies as far as the actor may: one rule for Graph and portal.

Two things narrow what is seen: the permission of the token (``User.Read`` reaches oneself only,
``User.ReadBasic.All`` a few properties) and, where a person acts, the guest access level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord, SignInRecord
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.roles import GLOBAL_READER, LOG_READING_ROLES, USER_WRITING_ROLES
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.directory.user import User
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.guest_access import EVERYTHING, NOTHING, DirectorySight, directory_sight
from xenia.core.ids import ObjectId, fold, parse_guid
from xenia.core.query import And, Filter, Not, Or, Page, Query
from xenia.core.user_attributes import EXTENSION_PREFIX
from xenia.ports import Ports, Transaction
from xenia.record import Record, defaults_of, names_of, replace

READ_USERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
READ_USERS_BASIC = ("User.ReadBasic.All",)
READ_SELF = ("User.Read", "User.ReadWrite", *READ_USERS_BASIC, *READ_USERS)
READ_LOGS = ("AuditLog.Read.All",)
READ_APPLICATIONS = (
    *("Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
    *("Directory.Read.All", "Directory.ReadWrite.All"),
)
READ_ORGANIZATION = (
    *("Organization.Read.All", "Organization.ReadWrite.All", "User.Read"),
    *("Directory.Read.All", "Directory.ReadWrite.All"),
)
BASIC_VIEW = frozenset({"id", "display_name", "given_name", "surname", "mail", "user_principal_name"})
"""What ``User.ReadBasic.All`` shows of a user."""
SIGN_IN_ACTIVITY = frozenset({"last_sign_in_at"})
DELETED_READERS = USER_WRITING_ROLES | {GLOBAL_READER.template_id}


class SeenUser(Record):
    """A user as the actor sees it: what is hidden is blank in ``user`` and absent from ``visible``."""

    user: User
    visible: frozenset[str]

    def shows(self, attribute: str) -> bool:
        """Whether this attribute of ``User`` may be told."""
        return attribute in self.visible


class SeenTenant(Record):
    """The organisation as the actor sees it; guests learn its name and domains only."""

    tenant: Tenant
    whole: bool


def get_me(ports: Ports, actor: Actor) -> SeenUser:
    """The signed-in person's own object. Raises NotPermitted, NotFound."""
    if actor.user_id is None or not actor.may(*READ_SELF):
        raise NotPermitted(READ_SELF[0])
    with ports.store.read(actor.tenant_id) as tx:
        user = tx.users.find(actor.user_id)
        if user is None:
            raise NotFound("Resource", actor.user_id)
        return _seen(tx, user, _own_view(actor))


def get_user(ports: Ports, actor: Actor, key: str) -> SeenUser:
    """A user by object id or user principal name, oneself included.

    Raises NotPermitted (also instead of NotFound where existence may not be probed) and NotFound.
    """
    with ports.store.read(actor.tenant_id) as tx:
        return _get_user(tx, actor, key)


def list_users(ports: Ports, actor: Actor, query: Query) -> Page[SeenUser]:
    """Users of the tenant. Raises NotPermitted, also for filters over properties that are hidden."""
    with ports.store.read(actor.tenant_id) as tx:
        sight = sight_of(tx, actor)
        view = view_of_others(actor, sight)
        if not view or not sight.lists_users:
            raise NotPermitted(READ_USERS[0])
        refuse_probing(query, view)
        return _page(tx, tx.users.list(query), view)


def withdrawn_among(ports: Ports, actor: Actor, users: Iterable[User]) -> frozenset[ObjectId]:
    """Ids of those pending guests whose invitations were all withdrawn: they cannot come in until invited again."""
    pending = tuple(user.id for user in users if user.is_pending)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.invitations.without_usable(pending)


def list_deleted_users(ports: Ports, actor: Actor, query: Query) -> Page[SeenUser]:
    """Deleted users, restorable for 30 days. Raises NotPermitted, also for filters over properties that are hidden."""
    actor.require(DELETED_READERS, *READ_USERS)
    view = EVERYTHING - _hidden(actor)
    refuse_probing(query, view)
    with ports.store.read(actor.tenant_id) as tx:
        return _page(tx, tx.users.list(query, deleted=True), view)


def get_deleted_user(ports: Ports, actor: Actor, user_id: ObjectId) -> SeenUser:
    """One deleted user. Raises NotPermitted, NotFound."""
    actor.require(DELETED_READERS, *READ_USERS)
    key = parse_guid(user_id)
    with ports.store.read(actor.tenant_id) as tx:
        user = tx.users.find(key, deleted=True) if key else None
        if user is None or user.deleted_at is None:
            raise NotFound("Resource", user_id)
        return _seen(tx, user, EVERYTHING - _hidden(actor))


def get_sponsors(ports: Ports, actor: Actor, key: str) -> tuple[SeenUser, ...]:
    """Who answers for a user, each as far as visible. Raises NotPermitted, NotFound."""
    with ports.store.read(actor.tenant_id) as tx:
        subject = _related(tx, actor, key)
        return tuple(seen_user(user, view_of(tx, actor, user)) for user in tx.users.sponsors(subject.id))


def get_manager(ports: Ports, actor: Actor, key: str) -> SeenUser:
    """The manager of a user. Raises NotPermitted, and NotFound when none is set."""
    with ports.store.read(actor.tenant_id) as tx:
        subject = _related(tx, actor, key)
        manager_id = tx.users.manager(subject.id)
        manager = tx.users.find(manager_id) if manager_id else None
        if manager is None:
            raise NotFound("Resource", "manager")
        return seen_user(manager, view_of(tx, actor, manager))


def seen_as_related(tx: Transaction, actor: Actor, users: list[User]) -> tuple[SeenUser, ...]:
    """People that a relation names, each as far as visible: of those who are hidden, the id alone."""
    return tuple(seen_user(user, view_of(tx, actor, user)) for user in users)


def get_organization(ports: Ports, actor: Actor) -> SeenTenant:
    """The organisation. Raises NotPermitted."""
    if not actor.may(*READ_ORGANIZATION):
        raise NotPermitted(READ_ORGANIZATION[0])
    with ports.store.read(actor.tenant_id) as tx:
        tenant = tx.tenants.find(actor.tenant_id)
        if tenant is None:
            raise NotFound("Resource", actor.tenant_id)
        return SeenTenant(tenant, sight_of(tx, actor).reads_tenant)


def get_policies(ports: Ports, actor: Actor, *permissions: str) -> TenantPolicies:
    """The tenant-wide settings; guests see none. *permissions*: what a token needs. Raises NotPermitted."""
    if not actor.may(*permissions):
        raise NotPermitted(permissions[0])
    with ports.store.read(actor.tenant_id) as tx:
        if not sight_of(tx, actor).reads_tenant:
            raise NotPermitted("directory role")
        return tx.tenants.policies(actor.tenant_id)


def list_applications(ports: Ports, actor: Actor, query: Query) -> Page[Application]:
    """App registrations; every person of the directory may see them. Raises NotPermitted."""
    _require_any(actor, READ_APPLICATIONS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list(query)


def get_application(ports: Ports, actor: Actor, key: str, *, by_app_id: bool = False) -> Application:
    """An app registration of this tenant by object id or application id. Raises NotPermitted, NotFound."""
    _require_any(actor, READ_APPLICATIONS)
    guid = parse_guid(key)
    with ports.store.read(actor.tenant_id) as tx:
        find = tx.applications.find_by_app_id if by_app_id else tx.applications.find
        found = find(guid) if guid else None
        # The lookup by application id is platform-wide: another tenant's registration is none of ours.
        if found is None or found.tenant_id != actor.tenant_id:
            raise NotFound("Resource", key)
        return found


def list_service_principals(ports: Ports, actor: Actor, query: Query) -> Page[ServicePrincipal]:
    """Apps as this tenant knows them. Raises NotPermitted."""
    _require_any(actor, READ_APPLICATIONS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list_service_principals(query)


def get_service_principal(
    ports: Ports, actor: Actor, key: str, *, by_app_id: bool = False
) -> ServicePrincipal:
    """A service principal by object id or application id. Raises NotPermitted, NotFound."""
    _require_any(actor, READ_APPLICATIONS)
    guid = parse_guid(key)
    with ports.store.read(actor.tenant_id) as tx:
        find = tx.applications.service_principal if by_app_id else tx.applications.find_service_principal
        found = find(guid) if guid else None
        if found is None:
            raise NotFound("Resource", key)
        return found


def list_audit(ports: Ports, actor: Actor, query: Query) -> Page[AuditRecord]:
    """The audit log. Raises NotPermitted."""
    actor.require(LOG_READING_ROLES, *READ_LOGS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.logs.list_audit(query)


def get_audit(ports: Ports, actor: Actor, record_id: str) -> AuditRecord:
    """One audit record. Raises NotPermitted, NotFound."""
    actor.require(LOG_READING_ROLES, *READ_LOGS)
    with ports.store.read(actor.tenant_id) as tx:
        found = tx.logs.find_audit(record_id)
    if found is None:
        raise NotFound("Resource", record_id)
    return found


def list_sign_ins(ports: Ports, actor: Actor, query: Query) -> Page[SignInRecord]:
    """The sign-in log. Raises NotPermitted."""
    actor.require(LOG_READING_ROLES, *READ_LOGS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.logs.list_sign_ins(query)


def get_sign_in(ports: Ports, actor: Actor, record_id: str) -> SignInRecord:
    """One sign-in. Raises NotPermitted, NotFound."""
    actor.require(LOG_READING_ROLES, *READ_LOGS)
    with ports.store.read(actor.tenant_id) as tx:
        found = tx.logs.find_sign_in(record_id)
    if found is None:
        raise NotFound("Resource", record_id)
    return found


def fields_of(condition: Filter | None) -> frozenset[str]:
    """The record attributes a filter looks at."""
    if condition is None:
        return NOTHING
    if isinstance(condition, (And, Or)):
        return frozenset().union(*(fields_of(item) for item in condition.items))
    if isinstance(condition, Not):
        return fields_of(condition.item)
    return frozenset({condition.field})


def refuse_probing(query: Query, view: frozenset[str]) -> None:
    """What is hidden must not be guessed by asking who has it. Raises NotPermitted."""
    asked = fields_of(query.filter) | {order.field for order in query.order}
    # Custom attributes are seen or hidden together.
    if not {"extensions" if name.startswith(EXTENSION_PREFIX) else name for name in asked} <= view:
        raise NotPermitted(READ_USERS[0])


def _require_any(actor: Actor, permissions: tuple[str, ...]) -> None:
    if not actor.may(*permissions):
        raise NotPermitted(permissions[0])


def _get_user(tx: Transaction, actor: Actor, key: str) -> SeenUser:
    guid = parse_guid(key)
    if actor.user_id is not None and (guid == actor.user_id or (actor.upn and fold(key) == fold(actor.upn))):
        user = tx.users.find(actor.user_id)
        if user is not None and actor.may(*READ_SELF):
            return _seen(tx, user, _own_view(actor))
        raise NotPermitted(READ_SELF[0])
    sight = sight_of(tx, actor)
    view = view_of_others(actor, sight)
    if not view or (guid is None and not sight.looks_up_names):
        # The same answer whether or not the user exists.
        raise NotPermitted(READ_USERS[0])
    user = tx.users.find(guid) if guid else tx.users.find_by_upn(key)
    if user is None:
        raise NotFound("Resource", key)
    return _seen(tx, user, view)


def _related(tx: Transaction, actor: Actor, key: str) -> User:
    """The user whose relations are asked for."""
    subject = _get_user(tx, actor, key).user
    if subject.id != actor.user_id and not (actor.may(*READ_USERS) and sight_of(tx, actor).sees_relations):
        raise NotPermitted(READ_USERS[0])
    return subject


def sight_of(tx: Transaction, actor: Actor) -> DirectorySight:
    """What the guest access level and roles let the actor see."""
    level = tx.tenants.policies(actor.tenant_id).guest_access
    return directory_sight(level, actor.roles, is_guest=actor.is_guest and not actor.is_system)


def view_of(tx: Transaction, actor: Actor, user: User) -> frozenset[str]:
    """Attributes of this user that may be told to the actor."""
    if user.id == actor.user_id:
        return _own_view(actor)
    # A relation tells at least that somebody is there; what they are is told only as far as visible.
    return view_of_others(actor, sight_of(tx, actor)) | {"id"}


def view_of_others(actor: Actor, sight: DirectorySight) -> frozenset[str]:
    """Attributes of other users that the permission and the sight show."""
    if actor.may(*READ_USERS):
        return sight.others - _hidden(actor)
    return sight.others & BASIC_VIEW if actor.may(*READ_USERS_BASIC) else NOTHING


def _own_view(actor: Actor) -> frozenset[str]:
    if not actor.may("User.Read", "User.ReadWrite", *READ_USERS):
        return BASIC_VIEW
    return EVERYTHING - _hidden(actor)


def _hidden(actor: Actor) -> frozenset[str]:
    """When somebody last signed in is log data."""
    permitted = actor.may(*READ_LOGS) and (actor.is_app_only or actor.holds_any(LOG_READING_ROLES))
    return NOTHING if permitted else SIGN_IN_ACTIVITY


def _page(tx: Transaction, page: Page[User], view: frozenset[str]) -> Page[SeenUser]:
    known = _with_activity(tx, page.items, view)
    return Page(tuple(seen_user(user, view) for user in known), page.next, page.total)


def _seen(tx: Transaction, user: User, view: frozenset[str]) -> SeenUser:
    (known,) = _with_activity(tx, (user,), view)
    return seen_user(known, view)


def _with_activity(tx: Transaction, users: Sequence[User], view: frozenset[str]) -> Sequence[User]:
    """The users with their last sign-in out of the log, where that may be told."""
    if not view >= SIGN_IN_ACTIVITY:
        return users
    last = tx.logs.last_sign_ins([user.id for user in users])
    return [replace(user, last_sign_in_at=last.get(user.id, user.last_sign_in_at)) for user in users]


def seen_user(user: User, view: frozenset[str]) -> SeenUser:
    """The user with everything outside *view* blank."""
    hidden = set(names_of(User)) - view - {"id"}
    blank: dict[str, Any] = {name: value for name, value in defaults_of(User).items() if name in hidden}
    # Names have no default; created_at and user_type stay, and only ``visible`` says they may not be told.
    blank |= {name: "" for name in hidden if name in ("display_name", "user_principal_name")}
    return SeenUser(replace(user, **blank) if blank else user, view)
