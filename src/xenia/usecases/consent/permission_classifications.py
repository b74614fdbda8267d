"""Which delegated permissions of an API the tenant holds to be of low impact: what people may agree to themselves.

Takes effect where the setting of user consent asks for it (``UserConsent.LOW``).
"""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import fold
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_rules import note, principal_target
from xenia.usecases.applications.role_assignments import READ_ASSIGNMENTS, local_principal

READ_CLASSIFICATIONS = (*READ_ASSIGNMENTS, "Policy.ReadWrite.PermissionGrant")
WRITE_CLASSIFICATIONS = ("Policy.ReadWrite.PermissionGrant",)
RECOMMENDED = ("User.Read", "offline_access", "openid", "profile", "email")
"""Permissions of Graph that every sign-in asks for."""
_ROLES = frozenset({GLOBAL_ADMINISTRATOR.template_id})


class Classification(Record):
    """One permission of low impact; named by the id of the permission."""

    id: str
    permission_name: str


def list_low(ports: Ports, actor: Actor, key: str) -> tuple[Classification, ...]:
    """Of this API, in the order they were classified. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_CLASSIFICATIONS):
        raise NotPermitted(READ_CLASSIFICATIONS[0])
    with ports.store.read(actor.tenant_id) as tx:
        principal = local_principal(tx, key)
        names = _names(tx, principal)
        return tuple(Classification(each, names.get(each, "")) for each in principal.low_permissions)


def classify(ports: Ports, actor: Actor, key: str, permission: str) -> Classification:
    """Hold a permission, named by id or value, to be of low impact.

    Raises NotPermitted, NotFound, InvalidValue (the API has no such permission, or only administrators may agree
    to it), Conflict (classified already).
    """
    actor.require(_ROLES, *WRITE_CLASSIFICATIONS)

    def work(tx: Transaction) -> Classification:
        principal = local_principal(tx, key)
        application = tx.applications.find_by_app_id(principal.app_id)
        scope = next(
            (
                each
                for each in (application.scopes if application else ())
                if permission.lower() == each.id or fold(permission) == fold(each.value)
            ),
            None,
        )
        if scope is None:
            raise InvalidValue("permissionId", f"{principal.display_name} has no such delegated permission.")
        if scope.type == "Admin":
            raise InvalidValue(
                "permissionId", f"{scope.value} takes an administrator: it cannot be of low impact."
            )
        if scope.id in principal.low_permissions:
            raise Conflict("permissionId", f"{scope.value} is classified already.")
        _store(ports, tx, actor, replace(principal, low_permissions=(*principal.low_permissions, scope.id)))
        return Classification(scope.id, scope.value)

    return ports.store.write(actor.tenant_id, work)


def unclassify(ports: Ports, actor: Actor, key: str, permission_id: str) -> None:
    """No longer of low impact; what was agreed to stays. Raises NotPermitted, NotFound."""
    actor.require(_ROLES, *WRITE_CLASSIFICATIONS)

    def work(tx: Transaction) -> None:
        principal = local_principal(tx, key)
        left = tuple(each for each in principal.low_permissions if each != permission_id.lower())
        if len(left) == len(principal.low_permissions):
            raise NotFound("Resource", permission_id)
        _store(ports, tx, actor, replace(principal, low_permissions=left))

    ports.store.write(actor.tenant_id, work)


def _store(ports: Ports, tx: Transaction, actor: Actor, principal: ServicePrincipal) -> None:
    tx.applications.replace_service_principal(principal)
    target = principal_target(principal)
    note(tx, ports.entropy.guid(), audit.UPDATE_POLICY, actor, ports.clock.now(), target)


def _names(tx: Transaction, principal: ServicePrincipal) -> dict[str, str]:
    application = tx.applications.find_by_app_id(principal.app_id)
    return {scope.id: scope.value for scope in (application.scopes if application else ())}
