"""Ways in besides typing an address: a provider's own button, and back to a code by mail."""

from __future__ import annotations

from datetime import datetime

from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID, IdentityProvider
from xenia.core.signin.facts import Facts, Realm
from xenia.core.signin.federation import ANOTHER_ACCOUNT
from xenia.core.signin.home_realm import home_of_provider, is_usable
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.federation.begin import begin_federation
from xenia.usecases.federation.partner import partner_of
from xenia.usecases.sign_in.realm import at_home
from xenia.usecases.sign_in.situation import Situation
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn


class HandOver(Record):
    """What the page of a hand-over shows."""

    provider: str | None
    """Its name; None when it is not known (any more) who should be asked."""
    asks_address: bool = False
    """A work account was chosen, and no address says whose."""
    offers_code: bool = False
    """Whoever used codes by mail before the provider was configured still can; it opens no invitation."""


def offered_providers(tx: Transaction) -> tuple[IdentityProvider, ...]:
    """Providers with a button on the sign-in page, for everybody to see.

    Those of certain domains have none: an address leads there, and strangers need not know who the partners are.
    """
    return tuple(entry for entry in tx.identity_providers.list() if is_usable(entry) and not entry.domains)


def hand_over_of(ports: Ports, situation: Situation, base_url: str) -> HandOver:
    """The hand-over that is due; changes nothing."""
    facts, request = situation.facts, situation.interaction.authorize
    with ports.store.read(situation.tenant.id) as tx:
        partner = partner_of(tx, situation.tenant, facts, request, ports.server.at(base_url))
    is_plain = situation.interaction.redeem is None and facts.sign_up is None
    return HandOver(
        provider=partner.display_name if partner is not None else None,
        asks_address=partner is None and facts.provider_id == ENTRA_PROVIDER_ID,
        offers_code=is_plain
        and facts.login is not None
        and "@" in facts.login
        and situation.policies.email_passcode_enabled,
    )


def continue_with(ports: Ports, posted: Posted, provider_id: str) -> Turn | Rejected:
    """**Continue with {provider}** on the sign-in page: chosen and handed over by one press."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        del now
        if provider_id not in {entry.id for entry in offered_providers(tx)}:
            return Rejected("no-home")
        home = home_of_provider(provider_id)
        return replace(
            Facts().with_account(None, home.realm, provider_id=home.provider_id),
            sign_up=situation.facts.sign_up,
        )

    outcome = take_step(ports, posted, (Step.IDENTIFY, Step.PICK), apply)
    if isinstance(outcome, Rejected):
        return outcome
    return begin_federation(ports, replace(posted, version=posted.version + 1))


def use_another_account(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Sign out and use another account**, after the wrong one came back: the provider asks which, by one press.

    A session at the provider would otherwise send the same account again and again.
    """

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del now
        invitation, facts = situation.invitation, situation.facts
        if invitation is not None:
            return replace(at_home(tx, situation.tenant, invitation.email), trouble=ANOTHER_ACCOUNT)
        chosen = Facts().with_account(None, Realm.FEDERATED, provider_id=facts.provider_id)
        return replace(chosen, sign_up=facts.sign_up, trouble=ANOTHER_ACCOUNT)

    outcome = take_step(ports, posted, (Step.REFUSED,), apply)
    if isinstance(outcome, Rejected):
        return outcome
    return begin_federation(ports, replace(posted, version=posted.version + 1))


def use_code(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Use a code sent by email** instead of the provider the address leads to.

    For guests who were bound to their mailbox before. An invitation is not accepted that way: the provider
    decides who its people are, also whom it has locked out.
    """

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del tx, now
        facts = situation.facts
        if situation.interaction.redeem is not None or facts.sign_up is not None or facts.login is None:
            return facts
        return Facts().with_account(facts.login, Realm.EMAIL_PASSCODE)

    return take_step(ports, posted, (Step.FEDERATE,), apply)
