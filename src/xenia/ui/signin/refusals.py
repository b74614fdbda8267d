"""Pages for what cannot go on: each says what happened, what to do, and gives the IDs support will ask for."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from xenia.core import errors as e
from xenia.core.aadsts import aadsts_of
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import XeniaError
from xenia.core.ids import parse_guid
from xenia.core.wording import say
from xenia.ports import Ports
from xenia.record import Record
from xenia.ui.signin.refusal_words import Refusal, words_of
from xenia.ui.signin.speech import spoken, words_for
from xenia.ui.signin.views import chosen_theme, host_in, host_of
from xenia.usecases.sign_in import Situation
from xenia.web.form_guard import FormRefused
from xenia.web.http import HttpRequest, HttpResponse, html
from xenia.web.pages import Pages

log = logging.getLogger("xenia.signin")


class WayOn(Record):
    """A form that is a button: what else this very person can do now."""

    text: str
    action: str
    form: Mapping[str, str]
    form_token: str


class Refusals:
    """Renders refusals of this surface; unknown errors tell nothing but their IDs."""

    def __init__(self, ports: Ports, pages: Pages) -> None:
        self._ports = ports
        self._pages = pages

    def of_situation(
        self,
        request: HttpRequest,
        situation: Situation,
        *,
        way_on: WayOn | None = None,
        way_back: WayOn | None = None,
    ) -> HttpResponse:
        """The step is a refusal: somebody proven, whom directory or policy turn away."""
        error: XeniaError = situation.interrupt.silent_error if situation.interrupt else e.ServerError()
        name = situation.tenant.display_name
        words = spoken(self._ports, request, situation)
        refusal = words_of(
            error, name, situation.tenant.technical_contact or name, situation.client.display_name, words
        )
        ctx = situation.interaction.id
        switch = None if situation.interaction.redeem else f"/{situation.tenant.id}/signin?ctx={ctx}&other=1"
        return self._page(
            request, error, refusal, host_in(situation, words), switch, way_on=way_on, way_back=way_back
        )

    def cancelled(self, request: HttpRequest, situation: Situation) -> HttpResponse:
        """Cancel on *Review permissions*: nothing happened, the invitation stays open."""
        name = situation.tenant.display_name
        page = self._pages.render(
            "signin/cancelled.html",
            spoken(self._ports, request, situation),
            theme=chosen_theme(request),
            host=host_of(situation.tenant),
            tenant=situation.tenant,
            back_url=f"/{situation.tenant.id}/signin?ctx={situation.interaction.id}",
            organization=name,
        )
        return html(page)

    def render(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Any error of this surface."""
        tenant = self._tenant(request)
        if isinstance(error, FormRefused):
            words = words_for(self._ports, request, tenant)
            refusal = Refusal(
                say(words, "This page is out of date"),
                say(words, error.message),
                say(words, "Go back to the app and start again."),
                words,
            )
            return self._page(request, e.InteractionGone(), refusal, _host(tenant), None, detail=error.detail)
        if not isinstance(error, XeniaError):
            log.error("unexpected error", exc_info=error, extra={"correlation_id": request.correlation_id})
            error = e.ServerError()
        return self.of_tenant(request, error, tenant)

    def of_tenant(self, request: HttpRequest, error: XeniaError, tenant: Tenant | None) -> HttpResponse:
        """A refusal in the name of this organization, or of none when it must not be named."""
        words = words_for(self._ports, request, tenant)
        name = tenant.display_name if tenant else say(words, "the organization")
        contact = (tenant.technical_contact if tenant else None) or name
        refusal = words_of(error, name, contact, say(words, "the app"), words)
        return self._page(request, error, refusal, _host(tenant), None)

    def _tenant(self, request: HttpRequest) -> Tenant | None:
        tenant_id = parse_guid(request.args.get("tenant"))
        if tenant_id is None:
            return None
        with self._ports.store.read(None) as tx:
            return tx.tenants.find(tenant_id)

    def _page(
        self,
        request: HttpRequest,
        error: XeniaError,
        refusal: Refusal,
        host: Mapping[str, object],
        switch_url: str | None,
        *,
        detail: str = "",
        way_on: WayOn | None = None,
        way_back: WayOn | None = None,
    ) -> HttpResponse:
        row = aadsts_of(error)
        log.info(
            "refused",
            extra={
                "error_code": row.code,
                "detail": detail or error.detail,
                "correlation_id": request.correlation_id,
            },
        )
        page = self._pages.render(
            "signin/refused.html",
            refusal.words,
            theme=chosen_theme(request),
            host=host,
            refusal=refusal,
            switch_url=switch_url,
            way_on=way_on,
            way_back=way_back,
            code=f"AADSTS{row.code}",
            message=error.message,
            correlation_id=request.correlation_id,
            request_id=request.request_id,
            now=self._ports.clock.now(),
        )
        return html(page, status=row.status)


def _host(tenant: Tenant | None) -> Mapping[str, object]:
    return host_of(tenant) if tenant else {"name": "Xenia"}
