"""Everything an administrator's page about one user shows, read in one transaction.

Owns the gathering. What of it an ordinary person or an app may see is ``read_directory``'s affair; this is for
people who hold a directory role. Must not write.
"""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.credentials import AuthenticatorApp
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE
from xenia.core.directory.roles import ALL_ROLES, INVITING_ROLES, DirectoryRole
from xenia.core.directory.user import User
from xenia.core.errors import NotPermitted
from xenia.core.guest_access import DIRECTORY_READING_ROLES
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.invitation import Invitation
from xenia.core.mail import MailState
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.invitations.redemption_ticket import redeem_url
from xenia.usecases.users.read_directory import sight_of
from xenia.usecases.users.user_protection import require_user


class AssignedApp(Record):
    """An application somebody may use."""

    principal_id: ObjectId
    name: str
    role_name: str


class UserDossier(Record):
    """One user with all that hangs on it."""

    user: User
    sponsors: tuple[User, ...]
    manager: User | None
    roles: tuple[DirectoryRole, ...]
    has_password: bool
    authenticator_apps: tuple[AuthenticatorApp, ...]
    """Proven ones only; a registration that was begun and not finished protects nobody."""
    apps: tuple[AssignedApp, ...]
    invitation: Invitation | None
    """The newest usable one."""
    redeem_url: str | None
    """Its link, for those who may hand it on."""
    mail_under_way: bool
    """Whether a mail about an invitation of this user still waits for the mail server."""


def read_user_dossier(ports: Ports, actor: Actor, user_id: ObjectId) -> UserDossier:
    """The dossier of a user that is not deleted. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        user = require_user(tx, user_id)
        manager_id = tx.users.manager(user.id)
        invitations = tx.invitations.of_user(user.id)
        usable = next((each for each in invitations if each.is_usable), None)
        mails = [mail for each in invitations for mail in tx.outbox.of_subject(each.id)]
        held = tx.users.roles(user.id)
        shares_link = usable is not None and actor.holds_any(INVITING_ROLES)
        return UserDossier(
            user=user,
            sponsors=tx.users.sponsors(user.id),
            manager=tx.users.find(manager_id) if manager_id else None,
            roles=tuple(role for role in ALL_ROLES if role.template_id in held),
            has_password=tx.credentials.password(user.id) is not None,
            authenticator_apps=tuple(
                app for app in tx.credentials.authenticator_apps(user.id) if app.confirmed_at is not None
            ),
            apps=_apps(tx, user.id),
            invitation=usable,
            redeem_url=redeem_url(ports, usable) if shares_link and usable is not None else None,
            mail_under_way=any(mail.state in (MailState.PENDING, MailState.SENDING) for mail in mails),
        )


def find_person(ports: Ports, actor: Actor, text: str) -> User | None:
    """The one user meant by an object ID, user principal name or mail address; None when none or several fit.

    Nobody is found beyond what the actor may see: a guest who owns an app learns no addresses by trying them.
    """
    wanted = text.strip()
    with ports.store.read(actor.tenant_id) as tx:
        guid, sight = parse_guid(wanted), sight_of(tx, actor)
        if guid is not None:
            return tx.users.find(guid) if sight.others or guid == actor.user_id else None
        if "@" not in wanted or not sight.looks_up_names:
            return None
        found = tx.users.find_by_upn(wanted)
        holders = tx.users.find_by_address(wanted) if found is None else ()
        return found or (holders[0] if len(holders) == 1 else None)


def _require_reader(actor: Actor) -> None:
    if not actor.holds_any(DIRECTORY_READING_ROLES):
        raise NotPermitted("directory role")


def _apps(tx: Transaction, user_id: ObjectId) -> tuple[AssignedApp, ...]:
    found: dict[AssignedApp, None] = {}
    for assignment in tx.applications.assignments_held(user_id):
        principal = tx.applications.find_service_principal(assignment.resource_id)
        if principal is None:
            continue
        application = tx.applications.find_by_app_id(principal.app_id)
        names = {role.id: role.display_name for role in (application.app_roles if application else ())}
        names[DEFAULT_ACCESS_ROLE] = "Default Access"
        found[AssignedApp(principal.id, principal.display_name, names.get(assignment.app_role_id, "–"))] = (
            None
        )
    return tuple(found)
