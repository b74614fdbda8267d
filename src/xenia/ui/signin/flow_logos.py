"""Logos of user flows and of apps, at addresses of their own. Everybody may see them: they stand on the first pages."""

from __future__ import annotations

from xenia.core.ids import parse_guid
from xenia.ports import Ports
from xenia.usecases.applications.application_logos import shown_logo
from xenia.web.http import HttpRequest, HttpResponse, text
from xenia.web.sign_up_pages import picture_of


class FlowLogos:
    """Answers with the picture as it was entered."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def show(self, request: HttpRequest) -> HttpResponse:
        """The picture, kept by browsers: its address carries the flow's version."""
        tenant_id, flow_id = parse_guid(request.args["tenant"]), request.args["flow"]
        picture = None
        if tenant_id is not None:
            with self._ports.store.read(tenant_id) as tx:
                flow = tx.user_flows.find(flow_id)
            picture = picture_of(flow.text.logo) if flow is not None else None
        if picture is None:
            return text("There is no picture at this address.", status=404)
        return _shown(*picture)


class AppLogos:
    """The logo of an app, as the consent page and My Apps show it."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def show(self, request: HttpRequest) -> HttpResponse:
        """The picture, kept by browsers: its address tells one from the next."""
        tenant_id, app = parse_guid(request.args["tenant"]), parse_guid(request.args["app"])
        logo = shown_logo(self._ports, tenant_id, app) if tenant_id and app else None
        if logo is None:
            return text("There is no picture at this address.", status=404)
        return _shown(logo.media_type, logo.content)


def _shown(media_type: str, content: bytes) -> HttpResponse:
    return HttpResponse(
        200,
        content,
        (
            ("Content-Type", media_type),
            ("Cache-Control", "public, max-age=86400"),
            ("X-Content-Type-Options", "nosniff"),
            # Opened by itself a picture still runs nothing and loads nothing.
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
        ),
    )
