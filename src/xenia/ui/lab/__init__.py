"""Guided labs: steps in the words of published how-tos, success checked live from real state; and an authenticator in the browser."""

from __future__ import annotations

from pathlib import Path

from xenia.ports import Ports
from xenia.ui.lab.authenticator import AuthenticatorPage
from xenia.ui.lab.handlers import LabPages
from xenia.web.routing import Route, Surface
from xenia.web.tools import Tools

TEMPLATES = Path(__file__).parent / "templates"


def routes(ports: Ports, tools: Tools) -> Surface:
    """The labs' surface."""
    pages, authenticator = LabPages(ports, tools), AuthenticatorPage(ports, tools)
    return Surface(
        "labs",
        (
            Route("GET", "/labs", tools.gated(pages.list)),
            Route("GET POST", "/labs/authenticator", tools.gated(authenticator.show)),
            Route("GET", "/labs/{lab}", tools.gated(pages.show)),
        ),
        tools.render_error,
    )
