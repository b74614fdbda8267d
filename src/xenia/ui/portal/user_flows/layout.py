"""**Page layouts** of a flow: logo, name and intro text; and the frame in which its pages are previewed."""

from __future__ import annotations

import base64

from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.core.user_flow import PageText, UserFlow
from xenia.record import replace
from xenia.ui.portal.changed_meanwhile import version_of
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.user_flows.frame import (
    BASE,
    GRAPH,
    READ,
    flow_of,
    flow_page,
    flow_path,
    stale_rows,
)
from xenia.usecases.self_service import manage_user_flows
from xenia.usecases.self_service.user_flow_rules import LONGEST_INTRO, LONGEST_LOGO
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

LONGEST_NAME = 120
_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def logo_from(data: bytes) -> str:
    """The picture as a ``data:`` address. Raises InvalidValue for anything that is no small picture.

    The kind is read from the bytes, never from what the browser says: an SVG could hold links and styles.
    """
    if len(data) > LONGEST_LOGO:
        kilobytes = -(-len(data) // 1000)
        raise InvalidValue("logo", f"This picture has {kilobytes} kB. Use one of at most 20 kB.")
    kind = next((kind for mark, kind in _PICTURES if data.startswith(mark)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise InvalidValue("logo", "This is not a PNG, JPEG, GIF or WebP picture.")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


class FlowLayout:
    """The section that says how the pages look."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/page-layouts"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.save)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """As stored."""
        flow = flow_of(self._desk, visit)
        return self._draw(visit, flow, flow.text, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**. Without a new file the logo stays as it is, unless it is to be removed."""
        flow = flow_of(self._desk, visit)
        typed = PageText(
            visit.form("organization_name").strip(),
            visit.form("intro").replace("\r\n", "\n").strip(),
            "" if "remove_logo" in visit.request.form else flow.text.logo,
        )
        try:
            data = visit.request.files.get("logo", b"")
            if data:
                typed = replace(typed, logo=logo_from(data))
            manage_user_flows.update_flow(
                self._desk.ports, visit.actor, flow.id, {"text": typed}, expected_version=version_of(visit)
            )
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._draw(visit, flow_of(self._desk, visit), typed, error)
        return self._desk.back(visit, flow_path(flow, "/page-layouts"), "saved")

    def _draw(self, visit: Visit, flow: UserFlow, typed: PageText, error: XeniaError | None) -> HttpResponse:
        rows = [
            ("Organization name", flow.text.organization_name, typed.organization_name),
            ("Intro text", flow.text.intro, typed.intro),
        ]
        if flow.text.logo != typed.logo:
            rows.append(("Logo", "Another picture" if flow.text.logo else "None", ""))
        return flow_page(
            self._desk,
            visit,
            "user_flow_layout.html",
            "Page layouts",
            flow,
            error=error,
            typed=typed,
            version=flow.version,
            longest_name=LONGEST_NAME,
            longest_intro=LONGEST_INTRO,
            stored=stale_rows(self._desk, visit, error, rows),
            step="sign-up",
            api=call(visit, "GET", f"{GRAPH}/{flow.id}", permission=READ),
        )
