"""The workshop's tools (tester, mailbox, labs) beside the surfaces of the in-process server."""

from __future__ import annotations

from collections.abc import Callable

import xenia.ui.lab
import xenia.ui.mailbox
import xenia.ui.portal
import xenia.ui.tester
from tests.support import kept
from tests.support.platform import RunningServer
from tests.support.walker import BASE, Walker
from xenia.outside.fetcher import FetchPolicy, GuardedFetcher
from xenia.ports import Fetched, FetchRefused, FetchRequest
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.in_process import in_process
from xenia.web.routing import Router
from xenia.web.tools import Tools

ACCESS_TOKEN = "workshop-token"


class Wires:
    """A fetcher whose other end is written by the test; our own origin is answered by the real router."""

    def __init__(self, own: GuardedFetcher) -> None:
        self._own = own
        self.answers: dict[str, Callable[[FetchRequest], Fetched]] = {}
        self.sent: list[FetchRequest] = []

    def fetch(self, request: FetchRequest) -> Fetched:
        if request.url.startswith(f"{BASE}/"):
            return self._own.fetch(request)
        self.sent.append(request)
        answer = self.answers.get(request.url)
        if answer is None:
            raise FetchRefused("This test knows no such server.")
        return answer(request)


class Workshop:
    """The server with its tools, as ``xenia up`` offers them on an address that other machines reach."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        ports = server.ports
        pages = kept.pages()
        cookies, guard = Cookies("t"), FormGuard(ports.sealer, ports.entropy)
        tools = Tools(ports, pages, cookies, guard, access_token=ACCESS_TOKEN)
        policy = FetchPolicy(frozenset({BASE}), in_process(self._answer, ports.entropy))
        self.wires = Wires(GuardedFetcher(policy))
        tester = xenia.ui.tester.routes(ports, tools, cookies, self.wires)
        self.tools = Router(
            [
                tester,
                xenia.ui.mailbox.routes(ports, tools),
                xenia.ui.lab.routes(ports, tools),
                xenia.ui.portal.routes(ports, pages, cookies, guard),
            ],
            tester,
        )

    def _answer(self, request: HttpRequest) -> HttpResponse:
        inside = ("/tester", "/mailbox", "/labs", "/admin")
        return (self.tools if request.path.startswith(inside) else self.server.router)(request)

    def walker(self, *, admitted: bool = True) -> Walker:
        """A browser; *admitted* ones have opened the address with the access token once."""
        walker = Walker(self._answer)
        if admitted:
            walker.open(f"/labs?token={ACCESS_TOKEN}")
        return walker
