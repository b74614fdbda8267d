"""What the browser brings back from a provider (the authorization response, RFC 6749 section 4.1.2).

It counts for one hand-over of one interaction of this very browser, once. Everything else in it is checked by
the errand that redeems it.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.directory.identity_provider import IdentityProvider
from xenia.core.errors import InteractionGone
from xenia.core.ids import TenantId, parse_guid
from xenia.core.signin.facts import Errand, ErrandKind
from xenia.core.signin.federation import Federation
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.federation.begin import hand_over_state, state_hash, tenant_of_state
from xenia.usecases.federation.exchange import Returned, redeem_answer
from xenia.usecases.federation.freshness import demanded_since
from xenia.usecases.federation.partner import host_of, partner_of
from xenia.usecases.federation.trouble import HandOverFailed, with_trouble
from xenia.usecases.sign_in.errands import Waiting, launch
from xenia.usecases.sign_in.realm import at_home
from xenia.usecases.sign_in.situation import (
    BrowserContext,
    Situation,
    assess,
    find_session,
    load_interaction,
)

_LONGEST_CODE = 8_192


class Answered(Record):
    """The interaction the browser goes on with."""

    tenant_id: TenantId
    interaction_id: str


class _Received(Record):
    answered: Answered
    waiting: Waiting | None = None
    partner: IdentityProvider | None = None
    federation: Federation | None = None
    situation: Situation | None = None


def receive_answer(
    ports: Ports, params: Mapping[str, str], came_to: str, browser: BrowserContext
) -> Answered:
    """Take an answer that came to the address *came_to*. Raises InteractionGone for one that is not ours to take.

    Unknown ``state``, another browser (login CSRF), another redirect URI (mix-up) and a finished sign-in are one
    refusal. A second copy of an answer just leads to where the sign-in stands.
    """
    state = params.get("state", "")
    tenant_id = parse_guid(tenant_of_state(state))
    if tenant_id is None or len(state) > 256:
        raise InteractionGone
    errand_id, record_id = ports.entropy.guid(), ports.entropy.guid()

    def work(tx: Transaction) -> _Received:
        now = ports.clock.now()
        federation = tx.sign_ins.find_federation(state_hash(ports, state))
        if federation is None or federation.redirect_uri != came_to:
            raise InteractionGone
        interaction = load_interaction(ports, tx, federation.interaction_id, browser, now)
        answered = Answered(tenant_id, interaction.id)
        is_current = hand_over_state(ports, interaction.facts) == state
        if not tx.sign_ins.consume_federation(federation.state_hash, now) or not is_current:
            return _Received(answered)
        session = find_session(ports, tx, browser.session_secret, now)
        situation = assess(ports, tx, interaction, session, now)
        partner = partner_of(
            tx, situation.tenant, interaction.facts, interaction.authorize, ports.server.at(browser.base_url)
        )
        failed = _refusal(params, partner)
        if partner is None or failed is not None:
            name = partner.display_name if partner else federation.provider_id
            failed = failed or HandOverFailed("gone", "the provider was removed meanwhile")
            facts = with_trouble(tx, situation, failed, name, browser, record_id, now)
            if partner is None and situation.invitation is not None:
                # The invitation stays: it is accepted where its address leads now.
                facts = at_home(tx, situation.tenant, situation.invitation.email)
            tx.sign_ins.advance_interaction(replace(interaction, facts=facts))
            return _Received(answered)
        errand = Errand(errand_id, ErrandKind.PROVIDER, host_of(partner), now)
        facts = replace(interaction.facts, hand_over=None, trouble=None, errand=errand)
        tx.sign_ins.advance_interaction(replace(interaction, facts=facts))
        waiting = Waiting(tenant_id, interaction.id, errand, browser)
        return _Received(answered, waiting, partner, federation, situation)

    received = ports.store.write(tenant_id, work)
    _start(ports, received, params)
    return received.answered


def _start(ports: Ports, received: _Received, params: Mapping[str, str]) -> None:
    if received.waiting is None or received.partner is None or received.federation is None:
        return
    interaction = received.situation.interaction if received.situation else None
    returned = Returned(
        received.partner,
        received.federation,
        params.get("code", ""),
        params.get("iss"),
        interaction.facts.login if interaction else None,
        demanded_since(interaction) if interaction else None,
    )
    waiting = received.waiting
    launch(ports, waiting, lambda: redeem_answer(ports, waiting, returned))


def _refusal(params: Mapping[str, str], partner: IdentityProvider | None) -> HandOverFailed | None:
    """An error response (RFC 6749 section 4.1.2.1), or one without a code."""
    error = params.get("error")
    name = partner.display_name if partner else "the provider"
    if error is not None:
        known = {"access_denied": "declined", "temporarily_unavailable": "down", "server_error": "down"}
        return HandOverFailed(known.get(error, "code"), f"{name} answered {ascii(error)[:80]}")
    if not 0 < len(params.get("code", "")) <= _LONGEST_CODE:
        return HandOverFailed("code", f"{name} sent no code")
    return None
