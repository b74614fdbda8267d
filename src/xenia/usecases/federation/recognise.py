"""Whose account it is that was just proven at a provider. By issuer and subject, and by nothing else.

The one exception is written down here in full: an invitation that nobody has accepted yet names an address
instead of a subject, and the provider that the address leads to may vouch for it.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core.addresses import address_key
from xenia.core.directory.identity_provider import ExternalAccount, ProviderKind, identity_at
from xenia.core.directory.user import User
from xenia.core.signin.facts import Factor, Facts, Proof, Realm
from xenia.core.signin.federation import FEDERATED
from xenia.core.signin.home_realm import home_of_provider
from xenia.ports import Transaction
from xenia.record import replace
from xenia.usecases.sign_in.realm import realm_of
from xenia.usecases.sign_in.situation import Situation


def recognise(tx: Transaction, situation: Situation, account: ExternalAccount, now: datetime) -> Facts:
    """Facts with the proof, and with the user it belongs to when there is one."""
    tx.identity_providers.record_outcome(account.provider_id, now)
    account = _within_its_say(tx, situation, account)
    identity = identity_at(account.kind, account.idp, account.subject)
    user = tx.users.find_by_identity(identity.issuer, identity.subject or "")
    if user is None:
        user = _invited(tx, situation, account)
    proof = Proof(FEDERATED, Factor.FIRST, now, ("fed",), account.idp, account.subject, account.provider_id)
    fresh = replace(
        situation.facts,
        login=account.email or situation.facts.login or account.subject,
        user_id=None,
        sid=None,
        account=account,
        hand_over=None,
        trouble=None,
    )
    return fresh.with_proof(proof, user.id if user is not None else None)


def _within_its_say(tx: Transaction, situation: Situation, account: ExternalAccount) -> ExternalAccount:
    """The account with an address that counts only if no other provider speaks for the people of its domain.

    Else whoever is trusted for some people could make guests with the addresses of everybody else's.
    """
    if account.email is None or not account.email_verified:
        return account
    home = realm_of(tx, situation.tenant, account.email)
    if home.realm is not Realm.FEDERATED or home == home_of_provider(account.provider_id):
        return account
    return replace(account, email_verified=False)


def _invited(tx: Transaction, situation: Situation, account: ExternalAccount) -> User | None:
    """The guest whose open invitation this account may accept.

    The provider must be the one that the invited address leads to, and vouch for exactly that address: so no
    provider speaks for people whom somebody else speaks for. Facebook never accepts an invitation.
    """
    email = account.email
    if account.kind is ProviderKind.FACEBOOK or email is None or not account.email_verified:
        return None
    if realm_of(tx, situation.tenant, email) != home_of_provider(account.provider_id):
        return None
    invitation = situation.invitation
    if invitation is None:
        waiting = [user for user in tx.users.find_by_address(email) if user.is_pending]
        return waiting[0] if len(waiting) == 1 else None
    if address_key(invitation.email) != address_key(email):
        return None
    user = tx.users.find(invitation.user_id)
    return user if user is not None and user.is_pending else None
