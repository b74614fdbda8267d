"""The guest that a sign-up creates: identity, names, address and what the page collected, with its records.

Owns the shape of such a user. Must not decide whether one is created: ``going_on`` and the approval do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.attribute_rules import attribute_value
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE, AppRoleAssignment, ServicePrincipal
from xenia.core.directory.identity_provider import ExternalAccount, identity_at
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import CreationType, User, UserType, upn_identity
from xenia.core.errors import InvalidValue
from xenia.core.sign_up import TEST_GUEST
from xenia.core.user_attributes import AttributeValue, AttributeValues, UserAttribute
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.invitations.invited_user import free_upn
from xenia.usecases.sign_up.standing import all_attributes, proven_address
from xenia.usecases.users.user_protection import user_target

STORED_AS: Mapping[str, str] = {
    "city": "city",
    "country": "country",
    "displayName": "display_name",
    "givenName": "given_name",
    "jobTitle": "job_title",
    "postalCode": "postal_code",
    "state": "state",
    "streetAddress": "street_address",
    "surname": "surname",
}
"""Built-in attributes by where they are kept. The address is the account's and never comes from a page."""
_LONGEST_NAME = 256


class GuestOrder(Record):
    """Who becomes a guest, by which account, with what was collected."""

    tenant: Tenant
    principal: ServicePrincipal
    """Of the application that was signed up for."""
    flow_id: str
    account: ExternalAccount
    details: AttributeValues
    passing: tuple[str, ...] = ()
    """Attributes among them that are not kept."""
    is_test: bool = False


def add_guest(ports: Ports, tx: Transaction, order: GuestOrder, actor: Actor, now: datetime) -> User:
    """Create the guest with its audit records, in the caller's transaction.

    An *actor* who is nobody yet is the guest itself. Raises Conflict when the account became somebody at
    this very moment.
    """
    user = _guest(tx, order, ports.entropy.guid(), now)
    tx.users.add(user)
    by = _acting(actor, user)
    details = (("UserFlow", order.flow_id), ("IdentityProvider", order.account.idp))
    target = replace(user_target(user), changes=_profile(user))
    tx.logs.audit(
        audit.audit_record(ports.entropy.guid(), audit.ADD_USER, by, now, targets=(target,), details=details)
    )
    if order.principal.assignment_required:
        _assign(ports, tx, order, user, by, now)
    return user


def _acting(actor: Actor, user: User) -> Actor:
    if actor.user_id is not None or actor.app_id is not None or actor.is_system:
        return actor
    return replace(
        actor,
        user_id=user.id,
        display_name=user.display_name,
        upn=user.sign_in_name,
        mail=user.mail,
        is_guest=True,
    )


def _guest(tx: Transaction, order: GuestOrder, user_id: str, now: datetime) -> User:
    account, tenant = order.account, order.tenant
    mail = proven_address(account)
    # Without a proven mailbox the name must not show somebody else's address.
    upn = free_upn(tx, mail, tenant.initial_domain) if mail else f"{user_id}#EXT#@{tenant.initial_domain}"
    collected = _still_defined(tx, order.details)
    details = tuple((name, value) for name, value in collected if name not in order.passing)
    known = dict(details)
    user = User(
        id=user_id,
        tenant_id=tenant.id,
        user_principal_name=upn,
        display_name=_display_name(account, known),
        user_type=UserType.GUEST,
        created_at=now,
        mail=mail,
        mail_nickname=upn.rpartition("@")[0],
        other_mails=(mail,) if mail else (),
        proxy_addresses=(f"SMTP:{mail}",) if mail else (),
        identities=(
            upn_identity(upn, tenant.initial_domain),
            identity_at(account.kind, account.idp, account.subject),
        ),
        creation_type=CreationType.SELF_SERVICE_SIGN_UP,
        employee_type=TEST_GUEST if order.is_test else None,
    )
    return with_details(user, details)


def _still_defined(tx: Transaction, details: AttributeValues) -> AttributeValues:
    """Without what attributes cannot hold any more that were deleted, or made anew, while somebody waited.

    Values must not outlive their definition: tokens and programs would read them as something else.
    """
    attributes = {attribute.id: attribute for attribute in all_attributes(tx)}
    return tuple(
        (name, value) for name, value in details if name in attributes and _holds(attributes[name], value)
    )


def _holds(attribute: UserAttribute, value: AttributeValue) -> bool:
    try:
        attribute_value(attribute, value)
    except InvalidValue:
        return False
    return True


def with_details(user: User, details: AttributeValues) -> User:
    """The user with what was collected: built-in attributes in their places, custom ones as extensions."""
    built_in = {STORED_AS[name]: str(value) for name, value in details if name in STORED_AS and value != ""}
    if not built_in.get("display_name", "x").strip():
        del built_in["display_name"]
    extensions = tuple((name, value) for name, value in details if name.startswith("extension_"))
    return replace(user, **built_in, extensions=extensions)  # type: ignore[arg-type]


def _display_name(account: ExternalAccount, known: Mapping[str, AttributeValue]) -> str:
    """The name given, else the provider's, else both names together, else the address."""
    claims = dict(account.claims)
    both = " ".join(
        str(part) for name in ("givenName", "surname") if (part := known.get(name) or claims.get(name))
    )
    local = (proven_address(account) or "").partition("@")[0]
    found = known.get("displayName") or both or claims.get("displayName") or local or "Guest"
    return str(found)[:_LONGEST_NAME]


def _assign(ports: Ports, tx: Transaction, order: GuestOrder, user: User, by: Actor, now: datetime) -> None:
    """An application that requires assignment gives it to whom its own flow lets in: they could not use it else."""
    tx.applications.add_assignment(
        AppRoleAssignment(ports.entropy.guid(), user.id, "User", order.principal.id, DEFAULT_ACCESS_ROLE, now)
    )
    app = audit.Target(order.principal.id, "ServicePrincipal", order.principal.display_name)
    tx.logs.audit(
        audit.audit_record(
            ports.entropy.guid(), audit.ASSIGN_APP_ROLE, by, now, targets=(app, user_target(user))
        )
    )


def _profile(user: User) -> tuple[audit.Change, ...]:
    values = {
        "UserPrincipalName": user.user_principal_name,
        "DisplayName": user.display_name,
        "Mail": user.mail or "",
        "UserType": user.user_type.value,
        "CreationType": CreationType.SELF_SERVICE_SIGN_UP.value,
    }
    return tuple(audit.Change(name, "[]", json.dumps([value])) for name, value in values.items() if value)
