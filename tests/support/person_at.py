"""A person with a browser without scripts, in front of a running server, sent there by an unmodified client."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import requests

from tests.support.running import RunningXenia
from tests.support.walker import Page, Walker
from xenia.web.http import HttpRequest, HttpResponse


def browser_at(server: RunningXenia) -> Walker:
    """A browser that talks to the running server."""

    def send(request: HttpRequest) -> HttpResponse:
        answer = requests.request(
            request.method,
            f"{server.base}{request.path}?{request.query_string}",
            data=request.body,
            headers=dict(request.headers),
            allow_redirects=False,
            timeout=30,
            verify=server.ca_file,
        )
        raw = answer.raw.headers
        headers = tuple((name, value) for name in raw for value in raw.getlist(name))
        return HttpResponse(answer.status_code, answer.content, headers)

    return Walker(send, base=server.base)


def sign_in_at(server: RunningXenia, url: str, login: str, password: str) -> dict[str, str]:
    """A member follows the client's address, signs in and consents; what the browser is sent back with."""
    page = sign_in_with(browser_at(server), url, login, password)
    return dict(parse_qsl(urlsplit(sent_to(page)).query))


def sign_in_with(walker: Walker, url: str, login: str, password: str) -> Page:
    """The same in a browser that goes on afterwards; the last page of ours."""
    walker.open(url)
    walker.submit("/identify", login=login)
    if walker.submit("/password", password=password).has_form("/consent"):
        walker.submit("/consent", button="Accept")
    return walker.submit("/stay", button="No")


def sent_to(page: Page) -> str:
    """Where a page sends the browser on to, away from this server."""
    return page.refresh or page.response.header("Location") or ""
