"""Pages around a hand-over to another provider: before it, while its server is asked, and the way back.

What is decided about an answer is decided in ``usecases.federation``; here are only words, links and addresses.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from xenia.core.directory.first_party import GUEST_SIGN_IN_CALLBACK
from xenia.core.errors import InteractionGone
from xenia.core.signin.federation import ANOTHER_ACCOUNT
from xenia.core.wording import Words, mark, say
from xenia.ports import Ports
from xenia.ui.signin.browser import browser_of
from xenia.usecases.federation.answer import receive_answer
from xenia.usecases.federation.begin import hand_over_url
from xenia.usecases.federation.ways import hand_over_of
from xenia.usecases.sign_in import BrowserContext, Situation
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest, HttpResponse, redirect

Model = dict[str, object]
BUSY_REFRESH = "2"
"""Seconds until the busy page looks again, by a header: no script is needed."""

_TROUBLES = {
    "declined": mark(
        "%(provider)s did not let you in, or you cancelled there. Try again, or use a different account."
    ),
    "down": mark("%(provider)s did not answer. Nothing is lost: try again in a minute."),
    "busy": mark("Many people are waiting for %(provider)s at the moment. Try again in a minute."),
    "unreachable": mark("This server may not reach %(provider)s. %(host)s must correct its settings."),
    "code": mark(
        "%(provider)s did not confirm your sign-in. Try again; if it happens again, %(host)s must check its settings."
    ),
    "issuer": mark(
        "The answer came from somebody else than %(provider)s, so it was not accepted. %(host)s must check its settings."
    ),
    "not-fresh": mark(
        "%(provider)s did not ask you to sign in again, which %(host)s requires here. Sign out there, then try again."
    ),
    ANOTHER_ACCOUNT: mark("Choose the account that you want to use at %(provider)s."),
    "not-home": mark("You are a guest at %(provider)s yourself. Use the account of your own organization."),
    "gone": mark("%(host)s does not use this way to sign in any more. Use a different account."),
}
_UNTRUSTED = mark(
    "What %(provider)s answered could not be trusted, so it was not accepted. Try again; if it happens again, tell %(host)s."
)


def trouble_sentence(key: str, provider: str | None, host: str, words: Words) -> str:
    """What happened at the provider and what to do, for people."""
    name = provider or say(words, "The provider")
    sentence = say(words, _TROUBLES.get(key, _UNTRUSTED), provider=name, host=host)
    return sentence[:1].upper() + sentence[1:]


def federate_model(ports: Ports, situation: Situation, base_url: str, words: Words) -> Model:
    """Values of the page **Continue to {provider}**."""
    hand_over = hand_over_of(ports, situation, base_url)
    trouble = situation.facts.trouble or (
        "gone" if not hand_over.provider and not hand_over.asks_address else None
    )
    name = situation.tenant.display_name
    return {
        "provider": hand_over.provider,
        "asks_address": hand_over.asks_address,
        "offers_code": hand_over.offers_code,
        "trouble": trouble_sentence(trouble, hand_over.provider, name, words) if trouble else None,
        "chooses": trouble == ANOTHER_ACCOUNT,
        "can_cancel": situation.interaction.authorize is not None,
    }


def wait_model(situation: Situation, *, has_lapsed: bool) -> Model:
    """Values of the busy page."""
    errand = situation.facts.errand
    return {"asked": errand.host if errand is not None else "", "has_lapsed": has_lapsed}


def on_the_way(ports: Ports, situation: Situation) -> str | None:
    """Where the browser goes to now, when a hand-over is prepared."""
    return hand_over_url(ports, situation.facts)


class Callback:
    """``/{tenant}/federation/oauth2`` and its like: what browsers bring back from providers."""

    def __init__(self, ports: Ports, cookies: Cookies, tenants: TenantDirectory) -> None:
        self._ports = ports
        self._cookies = cookies
        self._tenants = tenants

    def receive(self, request: HttpRequest) -> HttpResponse:
        """Take the answer and go on with the sign-in. Raises InteractionGone.

        A cross-site GET that changes something. Its defence: ``state`` names one hand-over of this browser, is
        spent by its first use, and the proof still depends on the code that only the provider can have issued.
        """
        if request.query.duplicated() is not None:
            raise InteractionGone
        params = {name: request.query.get(name) for name in request.query}
        answered = receive_answer(self._ports, params, self._came_to(request), self._browser(request, params))
        return redirect(f"/{answered.tenant_id}/signin/progress?ctx={answered.interaction_id}")

    def _came_to(self, request: HttpRequest) -> str:
        """The redirect URI as we sent it: providers may have registered the tenant's domain instead of its id."""
        segment = request.args.get("tenant")
        if segment is None:
            return f"{request.base_url}{GUEST_SIGN_IN_CALLBACK}"
        tenant = self._tenants.find(segment)
        return f"{request.base_url}{request.path.replace(f'/{segment}/', f'/{tenant.id}/', 1)}"

    def _browser(self, request: HttpRequest, params: dict[str, str]) -> BrowserContext:
        tenant_id = params.get("state", "").partition(".")[0]
        return browser_of(request, self._cookies, tenant_id)


def provider_host(url: str) -> str:
    """The host a person is sent to, for the page that says so."""
    return urlsplit(url).hostname or ""
