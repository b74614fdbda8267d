"""The first pages of a sign-up: choosing how, changing one's mind, agreeing, going on after a wait, leaving."""

from __future__ import annotations

from datetime import datetime

from xenia.core.addresses import parse_address
from xenia.core.directory.identity_provider import EMAIL_PASSCODE_PROVIDER_ID, ENTRA_PROVIDER_ID
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.errors import ConsentDeclined
from xenia.core.sign_up import SignUpProgress
from xenia.core.signin.facts import Factor, Facts, Realm
from xenia.core.signin.home_realm import PASSCODE_HOME, Home, home_of_provider, is_usable
from xenia.core.signin.interrupts import Step
from xenia.core.user_flow import UserFlow
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.federation.begin import begin_federation
from xenia.usecases.sign_in.realm import realm_of
from xenia.usecases.sign_in.situation import Situation, assess, find_session, load_interaction
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn
from xenia.usecases.sign_up import funnel_events
from xenia.usecases.sign_up.standing import account_of, first_facts, offered_flow


class ProviderButton(Record):
    """A provider that is chosen by itself, without an address."""

    provider_id: str
    name: str


class WaysIn(Record):
    """What the first page offers."""

    takes_address: bool
    """An address is asked: its home decides between a work account, a provider's domain and a code by mail."""
    buttons: tuple[ProviderButton, ...]
    """In the flow's order."""


def ways_in(tx: Transaction, policies: TenantPolicies, flow: UserFlow) -> WaysIn:
    """The flow's providers as far as they can be used now."""
    configured = {entry.id: entry for entry in tx.identity_providers.list() if is_usable(entry)}
    codes = EMAIL_PASSCODE_PROVIDER_ID in flow.provider_ids and policies.email_passcode_enabled
    return WaysIn(
        takes_address=codes or ENTRA_PROVIDER_ID in flow.provider_ids,
        buttons=tuple(
            ProviderButton(name, configured[name].display_name)
            for name in flow.provider_ids
            if name in configured
        ),
    )


def start_sign_up(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Create one**, before anything is known, or by somebody proven who is no guest here yet.

    What was proven stays: the mailbox need not be shown twice. Raises InteractionGone.
    """

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del now
        facts = situation.facts
        if situation.interaction.authorize is None:
            return facts
        fresh = first_facts(offered_flow(tx, situation.policies, situation.client.app_id))
        if situation.user is not None or account_of(facts) is None:
            return fresh
        first = tuple(proof for proof in facts.proofs if proof.factor is Factor.FIRST)
        # Whoever they were before is over, and so is that one's second factor and agreement.
        return replace(
            fresh,
            login=facts.login,
            realm=facts.realm,
            provider_id=facts.provider_id,
            account=facts.account,
            proofs=first,
        )

    return take_step(ports, posted, (), apply)


def leave_sign_up(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Already have an account? Sign in**. Raises InteractionGone."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        if situation.facts.sign_up is None:
            return situation.facts
        funnel_events.record_leaving(ports, tx, situation, funnel_events.SIGNED_IN_INSTEAD, now)
        return Facts()

    return take_step(ports, posted, (), apply)


def enter_address(ports: Ports, posted: Posted, typed: str) -> Turn | Rejected:
    """The address was typed. Also **Change email**, at every page before the guest exists."""
    address, sent = parse_address(typed), {"address": (typed,)}
    if address is None:
        return Rejected("address", posted=sent)

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        del now
        progress, flow = _under_way(tx, situation)
        if progress is None or flow is None:
            return situation.facts
        if parse_address(address, allow_plus=situation.policies.allow_plus_addresses) is None:
            return Rejected("address", posted=sent)
        home = home_in_flow(tx, situation.tenant, situation.policies, flow, address)
        if home is None:
            return Rejected("address-way", posted=sent)
        return _at(home, address, progress)

    return take_step(ports, posted, (), apply)


def _under_way(tx: Transaction, situation: Situation) -> tuple[SignUpProgress | None, UserFlow | None]:
    """The sign-up of this interaction and its flow, as far as there are such."""
    progress = situation.facts.sign_up
    return progress, tx.user_flows.find(progress.flow_id) if progress is not None else None


def _at(home: Home, address: str | None, progress: SignUpProgress) -> Facts:
    """The same sign-up begun with this account, wherever it proves itself."""
    chosen = Facts().with_account(address, home.realm, provider_id=home.provider_id)
    return replace(chosen, sign_up=progress.again())


def home_in_flow(
    tx: Transaction, tenant: Tenant, policies: TenantPolicies, flow: UserFlow, address: str
) -> Home | None:
    """Where this address proves itself, among the flow's providers; None when it has no way in here.

    An address of the tenant's own domains is a member's, who signs in with the password as always.
    """
    home = realm_of(tx, tenant, address)
    if home.realm is Realm.PASSWORD:
        return home
    if home.realm is Realm.FEDERATED and home.provider_id in flow.provider_ids:
        return home
    codes = EMAIL_PASSCODE_PROVIDER_ID in flow.provider_ids and policies.email_passcode_enabled
    return PASSCODE_HOME if codes else None


def choose_provider(ports: Ports, posted: Posted, provider_id: str) -> Turn | Rejected:
    """A provider's button was pressed: chosen and handed over by one press."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        del now
        progress, flow = _under_way(tx, situation)
        if progress is None or flow is None:
            return situation.facts
        offered = {button.provider_id for button in ways_in(tx, situation.policies, flow).buttons}
        if provider_id not in offered:
            return Rejected("address-way")
        return _at(home_of_provider(provider_id), None, progress)

    outcome = take_step(ports, posted, (), apply)
    if isinstance(outcome, Rejected):
        return outcome
    return begin_federation(ports, replace(posted, version=posted.version + 1))


def accept_review(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Accept** on *Review permissions* of a sign-up."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del tx, now
        return replace(situation.facts, accepted=True)

    return take_step(ports, posted, (Step.REVIEW,), apply)


def proceed(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Continue**, **Check again** and **Try again**: whatever stood in the way is asked anew."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del tx, now
        progress = situation.facts.sign_up
        if progress is None:
            return situation.facts
        return replace(situation.facts, sign_up=replace(progress, failed=False))

    return take_step(ports, posted, (Step.PROCEED, Step.PENDING, Step.SIGN_UP_FAILED), apply)


def cancel_sign_up(ports: Ports, posted: Posted) -> Turn:
    """**Cancel**, and **Back to the app** where the way ends. The interaction is over.

    Raises ConsentDeclined (the app is told ``access_denied``), InteractionGone.
    """

    def work(tx: Transaction) -> None:
        now = ports.clock.now()
        interaction = load_interaction(ports, tx, posted.interaction_id, posted.browser, now)
        session = find_session(ports, tx, posted.browser.session_secret, now)
        situation = assess(ports, tx, interaction, session, now)
        funnel_events.record_leaving(ports, tx, situation, funnel_events.CANCELLED, now)
        tx.sign_ins.finish_interaction(interaction, now)

    ports.store.write(posted.tenant_id, work)
    raise ConsentDeclined
