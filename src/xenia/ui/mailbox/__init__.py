"""The mailbox of the workshop: every mail this server sends, for people (``/mailbox``) and programs (``/mailbox/api``).

A mail is what somebody else wrote, so its HTML is only ever shown by an address of its own, in a sandbox that
runs nothing and loads nothing.
"""

from __future__ import annotations

from pathlib import Path

from xenia.ports import Ports
from xenia.ui.mailbox.api import MailboxApi
from xenia.ui.mailbox.handlers import MailboxPages
from xenia.web.routing import Route, Surface
from xenia.web.tools import Tools

TEMPLATES = Path(__file__).parent / "templates"


def routes(ports: Ports, tools: Tools) -> Surface:
    """The mailbox's surface."""
    pages, api = MailboxPages(ports, tools), MailboxApi(ports, tools)
    return Surface(
        "mailbox",
        tuple(
            Route(methods, pattern, tools.gated(handler))
            for methods, pattern, handler in (
                ("GET", "/mailbox", pages.list),
                ("GET POST", "/mailbox/delete-all", pages.delete_all),
                ("GET", "/mailbox/messages/{id}", pages.show),
                ("GET", "/mailbox/messages/{id}/html", pages.html),
                ("POST", "/mailbox/messages/{id}/delete", pages.delete),
                ("GET", "/mailbox/api/messages", api.list),
                ("DELETE", "/mailbox/api/messages", api.delete_all),
                ("GET", "/mailbox/api/messages/{id}", api.show),
                ("DELETE", "/mailbox/api/messages/{id}", api.delete),
            )
        ),
        tools.render_error,
    )
