"""The groups and app roles a token tells of somebody. Reading only; nothing is asked where no application wants groups."""

from __future__ import annotations

from xenia.core.claims import Claims
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.user import User
from xenia.core.group_claims import Membership, group_claims, wanted_groups
from xenia.core.signin.answer import SignedIn
from xenia.ports import Transaction
from xenia.record import Record
from xenia.usecases.tokens.access import assigned_roles

ID_TOKEN, ACCESS_TOKEN = "idToken", "accessToken"


class Standing(Record):
    """What somebody is at an application: its roles they hold, and claims about their groups."""

    roles: tuple[str, ...]
    groups: Claims


def standing_at(
    tx: Transaction,
    signed_in: SignedIn,
    application: Application,
    principal: ServicePrincipal,
    token: str,
    *,
    in_fragment: bool = False,
) -> Standing:
    """Roles and groups for a token of the kind *token*, by the registration of the application it is for."""
    wanted = wanted_groups(application, token)
    roles = (
        () if wanted and wanted.as_roles else assigned_roles(tx, signed_in.user.id, application, principal)
    )
    if wanted is None:
        return Standing(roles, {})
    values = _memberships(tx, signed_in.user, principal, wanted.membership, by_name=wanted.by_name)
    base_url, user_id = signed_in.base_url, signed_in.user.id
    return Standing(roles, group_claims(wanted, values, base_url, user_id, in_fragment=in_fragment))


def _memberships(
    tx: Transaction, user: User, principal: ServicePrincipal, membership: Membership, *, by_name: bool
) -> tuple[str, ...]:
    if membership is Membership.APPLICATION:
        assigned = tx.groups.assigned_containing(user.id, principal.id)
        return tuple(group.display_name if by_name else group.id for group in assigned)
    return tx.groups.ids_containing(user.id, security_only=membership is Membership.SECURITY)
