"""A person with a browser without scripts, in front of a running server, sent there by an unmodified client."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import requests

from tests.support.running import RunningXenia
from tests.support.walker import Walker
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
    walker = browser_at(server)
    walker.open(url)
    walker.submit("/identify", login=login)
    if walker.submit("/password", password=password).has_form("/consent"):
        walker.submit("/consent", button="Accept")
    page = walker.submit("/stay", button="No")
    target = page.refresh or page.response.header("Location") or ""
    return dict(parse_qsl(urlsplit(target).query))
