"""The mailbox's pages: list, one message in four views, deletion."""

from __future__ import annotations

from urllib.parse import urlencode

from xenia.core.errors import NotFound
from xenia.core.mail import CapturedMail, MailKind
from xenia.ports import Ports
from xenia.ui.mailbox.letters import (
    KIND_WORDS,
    framed_html,
    headers_of,
    invitation_link_of,
    passcode_of,
    source_of,
)
from xenia.web.http import BASE_CSP, HttpRequest, HttpResponse, html, redirect
from xenia.web.tools import Tools

_PAGE_SIZE = 25
_VIEWS = (("html", "HTML"), ("text", "Text"), ("headers", "Headers"), ("source", "Source"))
_FRAMING_CSP = f"{BASE_CSP}; frame-src 'self'"
MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)
"""Nothing runs and nothing is loaded from anywhere. Mail needs its inline styles; a page that it opens is a free one."""


class MailboxPages:
    """Handlers of the mailbox."""

    def __init__(self, ports: Ports, tools: Tools) -> None:
        self._ports = ports
        self._tools = tools

    def list(self, request: HttpRequest) -> HttpResponse:
        """``/mailbox``: newest first; ``?part=list`` is the block that the page refreshes."""
        search, before = request.query.get("search"), request.query.get("before") or None
        with self._ports.store.read(None) as tx:
            found = tx.mailbox.list(search, _PAGE_SIZE + 1, before)
            codes = () if before else tx.mailbox.list(search, _PAGE_SIZE)
        shown = found[:_PAGE_SIZE]
        newest = next((mail for mail in codes if mail.kind == MailKind.PASSCODE.value), None)
        more = {"search": search, "before": shown[-1].id} if len(found) > _PAGE_SIZE else None
        model: dict[str, object] = {
            "mails": [self._row(mail) for mail in shown],
            "search": search,
            "newest": newest and {"code": passcode_of(newest), "mail": newest},
            "next_url": f"/mailbox?{urlencode(more)}" if more else None,
            "first_url": f"/mailbox?{urlencode({'search': search})}" if before else None,
            "live_url": f"/mailbox?{urlencode({'part': 'list', 'search': search, 'before': before or ''})}",
            "mail_leaves": self._ports.server.mail_leaves,
        }
        if request.query.get("part") == "list":
            return self._tools.fragment(request, "mailbox/list.html", "list", "Mailbox", model)
        return self._tools.page(request, "mailbox/list.html", "Mailbox", model)

    def show(self, request: HttpRequest) -> HttpResponse:
        """One message. Opening it marks it as read, the one thing a GET changes here. Raises NotFound."""
        mail = self._find(request)
        wanted = request.query.get("view")
        view = wanted if wanted in dict(_VIEWS) else "html"
        if mail.read_at is None and request.method == "GET":
            now = self._ports.clock.now()
            self._ports.store.write(None, lambda tx: tx.mailbox.mark_read(mail.id, now))
        own = f"/mailbox/messages/{mail.id}"
        tabs = [{"label": label, "url": f"{own}?view={key}", "current": key == view} for key, label in _VIEWS]
        model: dict[str, object] = {
            "mail": mail,
            "row": self._row(mail),
            "view": view,
            "tabs": tabs,
            "headers": headers_of(mail) if view == "headers" else [],
            "source": source_of(mail) if view == "source" else "",
        }
        return self._tools.page(request, "mailbox/message.html", "Mailbox", model, csp=_FRAMING_CSP)

    def html(self, request: HttpRequest) -> HttpResponse:
        """The HTML part alone, in its sandbox. Raises NotFound."""
        return html(framed_html(self._find(request)), csp=MAIL_CSP)

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Remove one. Raises NotFound, FormRefused."""
        self._tools.check_form(request)
        if not self._ports.store.write(None, lambda tx: tx.mailbox.remove(request.args["id"])):
            raise NotFound("Message", request.args["id"])
        return redirect("/mailbox")

    def delete_all(self, request: HttpRequest) -> HttpResponse:
        """Ask first, then remove all. Raises FormRefused."""
        if request.method != "POST":
            return self._tools.page(request, "mailbox/delete_all.html", "Mailbox", {})
        self._tools.check_form(request)
        self._ports.store.write(None, lambda tx: tx.mailbox.remove_all())
        return redirect("/mailbox")

    def _find(self, request: HttpRequest) -> CapturedMail:
        with self._ports.store.read(None) as tx:
            mail = tx.mailbox.find(request.args["id"])
        if mail is None:
            raise NotFound("Message", request.args["id"])
        return mail

    def _row(self, mail: CapturedMail) -> dict[str, object]:
        return {
            "mail": mail,
            "kind": KIND_WORDS.get(mail.kind, "Mail"),
            "code": passcode_of(mail),
            "link": invitation_link_of(mail, self._ports.server.base_url),
            "url": f"/mailbox/messages/{mail.id}",
        }
