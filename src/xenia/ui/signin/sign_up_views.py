"""The steps of a sign-up as pages: the template of each, and the values it shows."""

from __future__ import annotations

from collections.abc import Callable

from xenia.core.directory.identity_provider import EMAIL_PASSCODE_PROVIDER_ID
from xenia.core.flow_languages import FlowPage, in_language
from xenia.core.signin.interrupts import Step
from xenia.core.user_flow import PageText, UserFlow
from xenia.core.wording import Words, say
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.ui.signin.drawn import Drawn
from xenia.usecases.sign_in import Rejected, Situation
from xenia.usecases.sign_up.details import details_page
from xenia.usecases.sign_up.standing import account_of, offered_flow
from xenia.usecases.sign_up.start import WaysIn, ways_in
from xenia.web.sign_up_pages import (
    DETAILS_PAGE,
    REVIEW_PAGE,
    WAYS_PAGE,
    details_model,
    picture_of,
    review_model,
    ways_model,
)

Model = dict[str, object]
_PAGES = {WAYS_PAGE: FlowPage.WAYS, DETAILS_PAGE: FlowPage.DETAILS}
"""The pages of which an organisation may change the texts."""


class Shown(Record):
    """What a view may look at."""

    ports: Ports
    tx: Transaction
    situation: Situation
    rejected: Rejected | None
    flow: UserFlow | None
    """The flow of this sign-up in the language of the page, as far as it exists."""
    words: Words

    @property
    def text(self) -> PageText:
        """Its own words."""
        return self.flow.text if self.flow is not None else PageText()


def is_open_to_sign_up(tx: Transaction, situation: Situation) -> bool:
    """Whether the first page says *No account? Create one*."""
    if situation.interaction.authorize is None:
        return False
    return offered_flow(tx, situation.policies, situation.client.app_id) is not None


def offers_sign_up(ports: Ports, situation: Situation) -> bool:
    """The same, where nothing else is read."""
    with ports.store.read(situation.tenant.id) as tx:
        return is_open_to_sign_up(tx, situation)


def sign_up_page(
    ports: Ports, situation: Situation, words: Words, *, step: Step, rejected: Rejected | None
) -> Drawn:
    """The page of a step of a sign-up."""
    template, view = SIGN_UP_VIEWS[step]
    flow = situation.standing.flow if situation.standing is not None else None
    if flow is not None and template in _PAGES:
        flow, words = in_language(flow, _PAGES[template], words)
    with ports.store.read(situation.tenant.id) as tx:
        model = view(Shown(ports, tx, situation, rejected, flow, words))
    return Drawn(template, {"organization": situation.tenant.display_name, "intro": [], **model}, words)


def logo_url(tenant_id: str, flow: UserFlow | None) -> str | None:
    """Address of the flow's logo: its own, so that pages stay small and browsers keep it."""
    if flow is None or picture_of(flow.text.logo) is None:
        return None
    return f"/{tenant_id}/signin/logo/{flow.id}?v={flow.version}"


def _ways(shown: Shown) -> Model:
    flow, situation = shown.flow, shown.situation
    ways = ways_in(shown.tx, situation.policies, flow) if flow is not None else WaysIn(False, ())
    request = situation.interaction.authorize
    hint = request.login_hint if request is not None else None
    return ways_model(
        shown.text,
        takes_address=ways.takes_address,
        buttons=((button.provider_id, button.name) for button in ways.buttons),
        address=(shown.rejected and shown.rejected.typed("address")) or situation.facts.login or hint or "",
    )


def _details(shown: Shown) -> Model:
    standing, facts = shown.situation.standing, shown.situation.facts
    assert standing is not None
    in_words = replace(standing, flow=shown.flow)
    page = details_page(shown.tx, in_words, facts, shown.ports.clock.now(), shown.rejected, shown.words)
    fresh = shown.rejected is None
    return details_model(
        shown.text,
        page.fields,
        shown.words,
        address=page.address,
        provider_name=_provider_name(shown),
        from_provider=page.from_provider,
        message=standing.progress.invalid_message if fresh else None,
        message_source=standing.progress.block_source,
    )


def _provider_name(shown: Shown) -> str:
    account = account_of(shown.situation.facts)
    if account is None or account.provider_id == EMAIL_PASSCODE_PROVIDER_ID:
        return ""
    provider = shown.tx.identity_providers.find(account.provider_id)
    return provider.display_name if provider is not None else say(shown.words, "your work account")


def _review(shown: Shown) -> Model:
    return review_model(shown.situation.tenant)


def _blocked(shown: Shown) -> Model:
    facts = shown.situation.facts
    progress = facts.sign_up
    message = progress.block_message if progress is not None else None
    return {
        "message": (message or "").splitlines(),
        "source": progress.block_source if progress is not None else None,
        "correlation_id": shown.situation.interaction.correlation_id,
    }


def _request(shown: Shown) -> Model:
    standing, account = shown.situation.standing, account_of(shown.situation.facts)
    request = standing.request if standing is not None else None
    told = account is not None and account.email_verified
    return {
        "asked_at": request.created_at if request is not None else None,
        "reason": request.reason if request is not None else "",
        "address": account.email if account is not None and told else None,
        "contact": shown.situation.tenant.technical_contact,
    }


def _plain(shown: Shown) -> Model:
    return {
        "contact": shown.situation.tenant.technical_contact,
        "correlation_id": shown.situation.interaction.correlation_id,
    }


SIGN_UP_VIEWS: dict[Step, tuple[str, Callable[[Shown], Model]]] = {
    Step.SIGN_UP: (WAYS_PAGE, _ways),
    Step.SIGN_UP_CLOSED: ("signin/sign_up_closed.html", _plain),
    Step.REVIEW: (REVIEW_PAGE, _review),
    Step.DETAILS: (DETAILS_PAGE, _details),
    Step.PROCEED: ("signin/sign_up_proceed.html", _plain),
    Step.PENDING: ("signin/sign_up_pending.html", _request),
    Step.DENIED: ("signin/sign_up_denied.html", _request),
    Step.BLOCKED: ("signin/sign_up_blocked.html", _blocked),
    Step.SIGN_UP_FAILED: ("signin/sign_up_failed.html", _plain),
}
