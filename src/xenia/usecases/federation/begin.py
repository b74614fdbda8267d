"""The way to a provider: **Continue to …** was pressed.

The endpoints may have to be fetched, so the press starts an errand; its last act stores the hand-over and the
address to continue to. Each press makes a new hand-over: ``state``, ``nonce`` and PKCE verifier are used once.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

from xenia.core.directory.identity_provider import IdentityProvider
from xenia.core.endpoints import callback_of
from xenia.core.ids import TenantId
from xenia.core.networks import network_of
from xenia.core.signin.facts import Errand, ErrandKind, Facts
from xenia.core.signin.federation import FEDERATION_LIFETIME, Federation
from xenia.core.signin.interrupts import Step
from xenia.ports import FetchFailed, FetchRefused, Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.federation.discovered import EndpointsRefused, endpoints_of
from xenia.usecases.federation.freshness import demands_of
from xenia.usecases.federation.partner import host_of, partner_of
from xenia.usecases.federation.trouble import HandOverFailed, with_trouble
from xenia.usecases.sign_in.errands import Waiting, launch, settle
from xenia.usecases.sign_in.realm import at_home
from xenia.usecases.sign_in.situation import Situation
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn

SEALED_FOR = "federation"
HAND_OVERS_PER_NETWORK = 100
HAND_OVER_WINDOW = timedelta(minutes=10)
"""Each may make this server ask another one: nobody floods a provider in our name."""


class _Leaving(Record):
    """What the errand needs to know, as it was when the button was pressed."""

    partner: IdentityProvider
    login: str | None
    demands: dict[str, str]


def state_hash(ports: Ports, state: str) -> str:
    """The stored form of a ``state`` parameter."""
    return ports.sealer.mac("federation-state", state)


def tenant_of_state(state: str) -> TenantId:
    """The tenant a ``state`` of ours begins with. A forged one finds nothing there."""
    return state.partition(".")[0]


def hand_over_url(ports: Ports, facts: Facts) -> str | None:
    """The address at the provider to continue to, once it is known."""
    return None if facts.hand_over is None else _opened(ports, facts.hand_over)["url"]


def hand_over_state(ports: Ports, facts: Facts) -> str | None:
    """The ``state`` of the hand-over under way; answers to older ones say nothing any more."""
    return None if facts.hand_over is None else _opened(ports, facts.hand_over)["state"]


def _opened(ports: Ports, sealed: str) -> dict[str, str]:
    opened: dict[str, str] = json.loads(ports.sealer.open(sealed, SEALED_FOR))
    return opened


def begin_federation(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Continue to {provider}**. Raises InteractionGone."""
    errand_id, begun = ports.entropy.guid(), list[tuple[Errand, _Leaving]]()

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        begun.clear()
        request, facts = situation.interaction.authorize, situation.facts
        partner = partner_of(tx, situation.tenant, facts, request, ports.server.at(posted.browser.base_url))
        if partner is None:
            # Removed since the page was drawn. An invitation is accepted where its address leads now.
            invitation = situation.invitation
            return (
                Rejected("no-home") if invitation is None else at_home(tx, situation.tenant, invitation.email)
            )
        wait = tx.limits.hit(
            f"federation-network:{network_of(posted.browser.ip_address)}",
            HAND_OVERS_PER_NETWORK * ports.server.signin_limit_scale,
            HAND_OVER_WINDOW,
            now,
        )
        if wait is not None:
            return Rejected("limit", wait=wait)
        errand = Errand(errand_id, ErrandKind.PROVIDER, host_of(partner), now)
        demands = demands_of(partner.kind, situation.interaction)
        begun.append((errand, _Leaving(partner, facts.login, demands)))
        return replace(facts, errand=errand, hand_over=None, trouble=None)

    outcome = take_step(ports, posted, (Step.FEDERATE,), apply)
    if begun:
        errand, leaving = begun[0]
        waiting = Waiting(posted.tenant_id, posted.interaction_id, errand, posted.browser)
        launch(ports, waiting, lambda: _find_the_way(ports, waiting, leaving))
    return outcome


def _find_the_way(ports: Ports, waiting: Waiting, leaving: _Leaving) -> None:
    """The errand: endpoints, then the hand-over and its address in one transaction."""
    partner, record_id = leaving.partner, ports.entropy.guid()
    try:
        authorization = endpoints_of(ports, partner).authorization
    except (FetchFailed, FetchRefused, EndpointsRefused) as error:
        failed = failure_of(error)
        settle(
            ports,
            waiting,
            lambda tx, situation, now: with_trouble(
                tx, situation, failed, partner.display_name, waiting.browser, record_id, now
            ),
        )
        return
    state = f"{waiting.tenant_id}.{ports.entropy.token()}"
    nonce, verifier = ports.entropy.token(), ports.entropy.token(48)
    redirect_uri = callback_of(waiting.browser.base_url, partner)
    asked = _parameters(leaving, redirect_uri, state, nonce, verifier)
    joint = "&" if "?" in authorization else "?"
    sealed = ports.sealer.seal(
        json.dumps({"url": f"{authorization}{joint}{urlencode(asked)}", "state": state}).encode(), SEALED_FOR
    )
    sealed_verifier = ports.sealer.seal(verifier.encode(), SEALED_FOR)

    def store(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        tx.sign_ins.add_federation(
            Federation(
                state_hash=state_hash(ports, state),
                tenant_id=waiting.tenant_id,
                interaction_id=waiting.interaction_id,
                provider_id=partner.id,
                nonce=nonce,
                sealed_verifier=sealed_verifier,
                redirect_uri=redirect_uri,
                created_at=now,
                expires_at=now + FEDERATION_LIFETIME,
            )
        )
        return replace(situation.facts, hand_over=sealed)

    settle(ports, waiting, store)


def failure_of(error: Exception) -> HandOverFailed:
    """What went wrong on the way to their server, as a key of the page's sentences."""
    if isinstance(error, EndpointsRefused):
        return HandOverFailed(*error.args)
    return HandOverFailed("unreachable" if isinstance(error, FetchRefused) else "down", str(error))


def _parameters(
    leaving: _Leaving, redirect_uri: str, state: str, nonce: str, verifier: str
) -> dict[str, str]:
    """The authentication request (OpenID Connect Core section 3.1.2.1, PKCE of RFC 7636 always)."""
    partner = leaving.partner
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": partner.client_id,
        "response_type": "code",
        "scope": partner.scope,
        "redirect_uri": redirect_uri,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if leaving.login is not None:
        asked["login_hint"] = leaving.login
    return asked | leaving.demands
