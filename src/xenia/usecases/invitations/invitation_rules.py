"""May this actor invite this person? The checks in their documented order, asked once for two readers.

Owns the decision: ``invite_guest`` obeys it inside its write transaction, ``preflight`` shows it beforehand,
so a forecast cannot differ from the outcome. Reads the directory, must not write to it.

Order: guest invite setting, permission and role of the caller, domain list, the address, the other fields,
the tenant's own domains, people who exist already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from xenia.core.actor import Actor
from xenia.core.addresses import address_key, domain_of, parse_address
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE
from xenia.core.directory.roles import (
    APP_WRITING_ROLES,
    GLOBAL_ADMINISTRATOR,
    GUEST_SUPPORT_ROLES,
    INVITING_ROLES,
    USER_WRITING_ROLES,
)
from xenia.core.directory.tenant import InvitesFrom, Tenant, TenantPolicies
from xenia.core.directory.user import MAIL_ISSUER, User, UserType
from xenia.core.errors import (
    AddressNotOnUser,
    DomainNotAllowed,
    InvalidValue,
    InvitationsNotAllowed,
    InviteeExists,
    InviteeIsMember,
    NotFound,
    NotPermitted,
    ResetNotPermitted,
    XeniaError,
)
from xenia.ports import Transaction
from xenia.record import Record
from xenia.usecases.invitations.invitation_order import (
    Finding,
    InvitationOrder,
    checked_address,
    checked_fields,
)

INVITE_PERMISSIONS = ("User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
WRITE_PERMISSIONS = ("User.ReadWrite.All", "Directory.ReadWrite.All")
ASSIGN_PERMISSIONS = ("AppRoleAssignment.ReadWrite.All",)
COLLABORATION_SETTINGS = "external-identities/collaboration-settings"


class Course(Enum):
    """What an invitation does to the directory."""

    NEW = "new"
    AGAIN = "again"
    RESET = "reset"
    CONVERT = "convert"


class Plan(Record):
    """An invitation that nothing speaks against, with its order in normal form."""

    order: InvitationOrder
    tenant: Tenant
    policies: TenantPolicies
    course: Course
    user: User | None
    """The existing user; None when one is to be created."""


class Verdict(Record):
    """The outcome of all checks: either a plan or the first refusal, and a line about each check."""

    findings: tuple[Finding, ...]
    plan: Plan | None
    refusal: XeniaError | None

    def required_plan(self) -> Plan:
        """The plan. Raises the refusal when there is one."""
        if self.plan is None:
            assert self.refusal is not None
            raise self.refusal
        return self.plan


@dataclass(slots=True)
class _Case:
    tx: Transaction
    actor: Actor
    order: InvitationOrder
    tenant: Tenant
    policies: TenantPolicies
    course: Course = Course.NEW
    user: User | None = None


_Step = Callable[[_Case], "Finding | None"]


def judge(tx: Transaction, actor: Actor, order: InvitationOrder) -> Verdict:
    """Run all checks. Those after a refusal still speak, except where they would tell what the caller may not know."""
    tenant = tx.tenants.find(actor.tenant_id)
    if tenant is None:
        raise NotFound("Tenant", actor.tenant_id)
    case = _Case(tx, actor, order, tenant, tx.tenants.policies(tenant.id))
    findings: list[Finding] = []
    refusal: XeniaError | None = None
    for steps in (_ABOUT_THE_CALLER, _ABOUT_THE_ORDER, _ABOUT_PEOPLE):
        for step in steps:
            try:
                finding = step(case)
            except XeniaError as error:
                refusal = refusal or error
                finding = Finding("bad", error.message, _where_to_change(error))
            if finding is not None:
                findings.append(finding)
        if refusal is not None:
            return Verdict(tuple(findings), None, refusal)
    plan = Plan(case.order, tenant, case.policies, case.course, case.user)
    return Verdict(tuple(findings), plan, None)


# --- about the caller ---------------------------------------------------------------------------


def _setting_admits(case: _Case) -> Finding:
    setting = case.policies.allow_invites_from
    if not _is_admitted(setting, case.actor, reset=case.order.reset_redemption):
        raise InvitationsNotAllowed
    return Finding("ok", "The guest invite settings let you invite.", COLLABORATION_SETTINGS)


def _is_admitted(setting: InvitesFrom, actor: Actor, *, reset: bool) -> bool:
    """``none`` stops administrators too. An app counts as administrator by a user-writing role only.

    A permission granted to an app never overrides the setting, and Guest Inviter on a service
    principal does not help, as in the field. Whoever supports guests may reset under any setting but ``none``.
    """
    if actor.is_system:
        return True
    if setting is InvitesFrom.NONE:
        return False
    if actor.is_app_only:
        return setting is not InvitesFrom.ADMINS or actor.holds_any(USER_WRITING_ROLES)
    roles = INVITING_ROLES | GUEST_SUPPORT_ROLES if reset else INVITING_ROLES
    if actor.holds_any(roles):
        return True
    return setting is InvitesFrom.EVERYONE or (setting is InvitesFrom.MEMBERS and not actor.is_guest)


def _permission_held(case: _Case) -> None:
    actor = case.actor
    if not actor.may(*INVITE_PERMISSIONS):
        raise NotPermitted(INVITE_PERMISSIONS[0])
    if case.order.reset_redemption and not _writes(actor, GUEST_SUPPORT_ROLES):
        raise ResetNotPermitted
    if case.order.user_id is not None and not case.order.reset_redemption:
        _require(actor, USER_WRITING_ROLES, "Only a User Administrator can invite an existing user by ID.")


def _extras_permitted(case: _Case) -> None:
    """What goes beyond a plain guest needs a role of its own."""
    actor, order = case.actor, case.order
    if order.user_type is UserType.MEMBER:
        _require(
            actor, USER_WRITING_ROLES, "Only an administrator can invite somebody as Member. Choose Guest."
        )
    if order.properties or order.manager is not None:
        _require(
            actor,
            INVITING_ROLES,
            "Properties can be set by a Guest Inviter or User Administrator. Leave them empty.",
        )
    if order.app_assignments and not (
        actor.may(*ASSIGN_PERMISSIONS)
        and (actor.is_app_only or actor.holds_any(APP_WRITING_ROLES | USER_WRITING_ROLES))
    ):
        raise NotPermitted(
            ASSIGN_PERMISSIONS[0],
            "Apps can be assigned by a User or Cloud Application Administrator. Remove the assignments.",
        )


def _writes(actor: Actor, roles: frozenset[str]) -> bool:
    return actor.may(*WRITE_PERMISSIONS) and (actor.is_app_only or actor.holds_any(roles))


def _require(actor: Actor, roles: frozenset[str], message: str) -> None:
    if not _writes(actor, roles):
        raise NotPermitted(WRITE_PERMISSIONS[0], message)


# --- about the order ----------------------------------------------------------------------------


def _domain_permitted(case: _Case) -> Finding | None:
    address = parse_address(case.order.email)
    if address is None:
        return None
    restrictions = case.policies.domain_restrictions
    if not restrictions.permits(address):
        raise DomainNotAllowed(domain_of(address), restrictions.rule.value)
    return Finding("ok", f"Invitations to {domain_of(address)} are allowed.", COLLABORATION_SETTINGS)


def _address_fits(case: _Case) -> None:
    case.order = checked_address(case.order, allow_plus=case.policies.allow_plus_addresses)


def _fields_fit(case: _Case) -> None:
    case.order = checked_fields(case.order)
    for sponsor in case.order.sponsors or ():
        if case.tx.users.find(sponsor) is None:
            raise InvalidValue("sponsors", f"No user has the ID {sponsor}. Choose another sponsor.")
    if case.order.manager is not None and case.tx.users.find(case.order.manager) is None:
        raise InvalidValue("manager", f"No user has the ID {case.order.manager}. Choose another manager.")
    for principal_id, role_id in case.order.app_assignments:
        _assignable(case.tx, principal_id, role_id)


def _assignable(tx: Transaction, principal_id: str, role_id: str) -> None:
    principal = tx.applications.find_service_principal(principal_id)
    if principal is None:
        raise InvalidValue(
            "app_assignments", f"No enterprise app has the ID {principal_id}. Choose another app."
        )
    application = tx.applications.find_by_app_id(principal.app_id)
    roles = () if application is None else application.app_roles
    usable = {role.id for role in roles if role.is_enabled and "User" in role.allowed_member_types}
    if role_id != DEFAULT_ACCESS_ROLE and role_id not in usable:
        raise InvalidValue(
            "app_assignments",
            f"{principal.display_name} has no role {role_id} for users. Choose one of its roles.",
        )


def _not_of_this_directory(case: _Case) -> None:
    if parse_address(case.order.email) is not None and case.tenant.owns(case.order.email):
        raise InviteeIsMember


# --- about people who exist ---------------------------------------------------------------------


def _person_fits(case: _Case) -> Finding:
    if case.order.user_id is not None:
        return _addressed_user(case, case.order.user_id)
    holder = holder_of(case.tx, case.order.email)
    if holder is None:
        return Finding(
            "ok", f"Nobody here has this address yet. A new {case.order.user_type.lower()} is added."
        )
    _refuse_unless_open(holder)
    if not holder.is_external:
        raise InviteeExists(holder.id)
    return _invited_again(case, holder)


def holder_of(tx: Transaction, email: str) -> User | None:
    """The user who holds this address as a way in, or None.

    An identity counts most, then ``mail``, then a proxy address. An alternative address
    (``otherMails``) counts for external users only: on an employee it is a private note, not an account.
    """
    key = address_key(email)
    known = tx.users.find_by_identity(MAIL_ISSUER, key)
    if known is not None:
        return known
    ranked = [
        (rank, user) for user in tx.users.find_by_address(email) if (rank := _claim(user, key)) is not None
    ]
    return min(ranked, key=lambda claim: claim[0])[1] if ranked else None


def _claim(user: User, key: str) -> int | None:
    if user.mail is not None and address_key(user.mail) == key:
        return 0
    if any(address_key(proxy.partition(":")[2] or proxy) == key for proxy in user.proxy_addresses):
        return 1
    return 2 if user.is_external and _is_listed(user.other_mails, key) else None


def _is_listed(addresses: Iterable[str], key: str) -> bool:
    return any(address_key(address) == key for address in addresses)


def _refuse_unless_open(user: User) -> None:
    if not user.account_enabled:
        raise InviteeExists(user.id, blocked=True)


def _invited_again(case: _Case, user: User) -> Finding:
    case.course, case.user = Course.AGAIN, user
    state = (
        "has not accepted yet"
        if user.is_pending
        else "has accepted already: the link leads straight to sign-in"
    )
    return Finding(
        "info",
        f"{user.display_name} is in this directory already and {state}. "
        "The same account is invited again; its properties and sponsors stay as they are.",
        f"users/{user.id}",
    )


def _addressed_user(case: _Case, user_id: str) -> Finding:
    """A reset, the conversion of an internal user, or one more invitation of a guest named by ID."""
    user = case.tx.users.find(user_id)
    if user is None:
        raise NotFound("User", user_id)
    key = address_key(case.order.email)
    own = (user.mail, *user.other_mails) if user.is_external else (user.mail,)
    if not _is_listed((address for address in own if address), key):
        raise AddressNotOnUser
    _refuse_unless_open(user)
    _refuse_escalation(case, user)
    _refuse_other_holder(case, user, key)
    if case.order.reset_redemption:
        if not user.is_external:
            raise InvalidValue("user_id", "This user was never invited, so there is no redemption to reset.")
        case.course, case.user = Course.RESET, user
        return Finding(
            "info",
            f"{user.display_name} has to accept again, with {case.order.email}. Older links and all sessions end. "
            "Object ID, apps and roles stay.",
            f"users/{user.id}",
        )
    if user.is_external:
        return _invited_again(case, user)
    case.course, case.user = Course.CONVERT, user
    return Finding(
        "info",
        f"{user.display_name} will sign in with {case.order.email} from outside. Object ID, apps and roles stay.",
        f"users/{user.id}",
    )


def _refuse_escalation(case: _Case, user: User) -> None:
    """Whoever re-binds an account gains what it may do, so accounts with roles are for Global Administrators.

    Apps cannot do it at all, as in the field.
    """
    if not (case.order.reset_redemption or not user.is_external) or not case.tx.users.roles(user.id):
        return
    if case.actor.is_app_only or not case.actor.holds_any(frozenset({GLOBAL_ADMINISTRATOR.template_id})):
        raise ResetNotPermitted


def _refuse_other_holder(case: _Case, user: User, key: str) -> None:
    """Two users must not be able to redeem with one mailbox: the second redemption would find it taken."""
    others = [case.tx.users.find_by_identity(MAIL_ISSUER, key)]
    others += [
        other for other in case.tx.users.find_by_address(case.order.email) if _claim(other, key) in (0, 1)
    ]
    for other in others:
        if other is not None and other.id != user.id:
            raise InviteeExists(other.id, blocked=not other.account_enabled)


def _where_to_change(error: XeniaError) -> str | None:
    match error:
        case InvitationsNotAllowed() | DomainNotAllowed():
            return COLLABORATION_SETTINGS
        case InviteeIsMember():
            return "users/new"
        case InviteeExists(object_id=object_id):
            return f"users/{object_id}"
        case _:
            return None


_ABOUT_THE_CALLER: tuple[_Step, ...] = (_setting_admits, _permission_held, _extras_permitted)
_ABOUT_THE_ORDER: tuple[_Step, ...] = (_domain_permitted, _address_fits, _fields_fit, _not_of_this_directory)
_ABOUT_PEOPLE: tuple[_Step, ...] = (_person_fits,)
