"""The logo of a user flow, at an address of its own. Everybody may see it: it stands on the first page."""

from __future__ import annotations

from xenia.core.ids import parse_guid
from xenia.ports import Ports
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
        media_type, content = picture
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
