"""Signing in a device that cannot show a page: the code it shows is typed here (RFC 8628 section 3.3).

Whoever talks somebody into typing a code gets that person's tokens (section 5.4). So the code comes by hand and by
no link, the page says which app asks, who registered it, from where and when, nothing goes on without a POST
from this very page, and the account is picked anew. A code that was let through here binds its confirmation to
this browser: guessing is possible at the first form alone, where it is counted.
"""

from __future__ import annotations

from xenia.core import errors as e
from xenia.core.aadsts import aadsts_of
from xenia.core.directory.tenant import Tenant
from xenia.core.networks import same_network
from xenia.core.wording import Words, mark, say
from xenia.ports import Ports
from xenia.ui.signin.browser import browser_of
from xenia.ui.signin.speech import words_for
from xenia.ui.signin.views import Model, chosen_theme, host_of
from xenia.ui.signin.words import waiting
from xenia.usecases.devices.device_approval import decline_device
from xenia.usecases.devices.device_sign_in import (
    WaitingDevice,
    approval_request,
    find_waiting_device,
)
from xenia.usecases.sign_in import BrowserContext, begin_authorize
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.alias_requests import claim_device
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import Pages

_PURPOSE = "device"
NO_ORGANIZATION = mark(
    "No organization here has accounts of this address. Enter a work or school account; guests sign in where they were "
    "invited, so the app must name that organization."
)


class Devices:
    """``/device``: takes the code, shows what it is for, and begins the sign-in."""

    def __init__(
        self, ports: Ports, tenants: TenantDirectory, pages: Pages, cookies: Cookies, guard: FormGuard
    ) -> None:
        self._ports = ports
        self._tenants = tenants
        self._pages = pages
        self._cookies = cookies
        self._guard = guard

    def show(self, request: HttpRequest) -> HttpResponse:
        """The empty form. What an address may carry is not filled in: a code comes from a device, not from a link."""
        segment = request.args.get("tenant")
        tenant = self._tenants.find(segment) if segment is not None else None
        return self._ask(request, tenant)

    def enter(self, request: HttpRequest) -> HttpResponse:
        """The code was typed: show what waits under it. Decides nothing."""
        self._guard.check(request, self._cookies.browser(request) or "", _PURPOSE)
        typed, now = request.form.get("user_code")[:64], self._ports.clock.now()
        try:
            waiting_device = find_waiting_device(self._ports, typed, request.client_address, now)
        except (
            e.UserCodeMissing,
            e.UserCodeUnknown,
            e.UserCodeExpired,
            e.UserCodeDecided,
            e.LimitReached,
        ) as error:
            return self._ask(request, None, error)
        return self._confirm(request, waiting_device, typed)

    def decide(self, request: HttpRequest) -> HttpResponse:
        """**Continue** or **Cancel** on the page that says what waits."""
        typed, now = request.form.get("user_code")[:64], self._ports.clock.now()
        self._guard.check(request, self._cookies.browser(request) or "", _confirmation(typed))
        device = find_waiting_device(self._ports, typed, request.client_address, now)
        if request.form.get("decision") != "continue":
            decline_device(self._ports, device.tenant.id, device.code.code_hash, now)
            return self._pages_of(device).declined(request)
        login = None
        if not device.is_claimed:
            login = request.form.get("login").strip()[:254]
            home = self._tenants.find_by_hint(login)
            if home is None:
                return self._confirm(request, device, typed, login=login)
            device = claim_device(self._ports, device, home, now)
        browser = self._browser(request, device.tenant)
        turn = begin_authorize(self._ports, device.tenant, approval_request(device, login), browser)
        response = redirect(f"/{device.tenant.id}/signin?ctx={turn.interaction_id}")
        return self._cookies.set_browser(response, turn.browser_secret) if turn.browser_secret else response

    def _pages_of(self, device: WaitingDevice) -> DeviceEnd:
        return DeviceEnd(self._ports, self._pages, device.tenant, device.application.display_name)

    def _ask(
        self, request: HttpRequest, tenant: Tenant | None, error: e.XeniaError | None = None
    ) -> HttpResponse:
        secret = self._cookies.browser(request)
        fresh = None if secret else self._ports.entropy.token()
        words = words_for(self._ports, request, tenant)
        page = self._pages.render(
            "signin/device.html",
            words,
            theme=chosen_theme(request),
            host=host_of(tenant) if tenant is not None else {"name": "Xenia"},
            errors=[] if error is None else [{"field": "user_code", "text": _sentence(error, words)}],
            form_token=self._guard.token(secret or fresh or "", _PURPOSE),
        )
        response = html(page, status=200 if error is None else _status(error))
        return self._cookies.set_browser(response, fresh) if fresh else response

    def _confirm(
        self, request: HttpRequest, device: WaitingDevice, typed: str, login: str | None = None
    ) -> HttpResponse:
        """What waits. *login*: an address that was named, and belongs to no organization of this server."""
        code, app = device.code, device.application
        here = same_network(code.ip_address, request.client_address)
        words = words_for(self._ports, request, device.tenant)
        page = self._pages.render(
            "signin/device_confirm.html",
            words,
            theme=chosen_theme(request),
            # Not the look of the organization that will approve: it would vouch for a stranger's app (RFC 8628 section 5.4).
            host={"name": "Xenia"},
            tenant=device.tenant,
            app_name=app.display_name,
            publisher=_publisher(device, words),
            address=code.ip_address,
            same_network=here,
            program=code.user_agent,
            asked_ago=waiting(self._ports.clock.now() - code.created_at, words),
            form={"user_code": typed},
            asks_account=not device.is_claimed,
            login=login or "",
            errors=[] if login is None else [{"field": "login", "text": say(words, NO_ORGANIZATION)}],
            form_token=self._guard.token(self._cookies.browser(request) or "", _confirmation(typed)),
        )
        return html(page, status=200 if login is None else 422)

    def _browser(self, request: HttpRequest, tenant: Tenant) -> BrowserContext:
        return browser_of(request, self._cookies, tenant.id)


class DeviceEnd:
    """The last page: what became of the device."""

    def __init__(self, ports: Ports, pages: Pages, tenant: Tenant, app_name: str) -> None:
        self._ports = ports
        self._pages = pages
        self._tenant = tenant
        self._model: Model = {"host": host_of(tenant), "tenant": tenant, "app_name": app_name}

    def signed_in(self, request: HttpRequest) -> HttpResponse:
        """The device fetches its tokens now."""
        return self._show(request, approved=True)

    def declined(self, request: HttpRequest) -> HttpResponse:
        """The device is told so."""
        return self._show(request, approved=False)

    def _show(self, request: HttpRequest, *, approved: bool) -> HttpResponse:
        words, theme = words_for(self._ports, request, self._tenant), chosen_theme(request)
        return html(
            self._pages.render("signin/device_end.html", words, **self._model, theme=theme, approved=approved)
        )


def _confirmation(typed: str) -> str:
    return f"{_PURPOSE}:{typed}"


def _publisher(device: WaitingDevice, words: Words) -> str:
    owner = device.publisher
    return f"{owner.display_name} ({owner.default_domain})" if owner is not None else say(words, "unknown")


def _status(error: e.XeniaError) -> int:
    return 429 if isinstance(error, e.LimitReached) else 422


def _sentence(error: e.XeniaError, words: Words) -> str:
    """What happened and what to do, with the number that support knows."""
    return f"{say(words, error.message)} (AADSTS{aadsts_of(error).code})"
