"""Requests that this server makes to itself: handed to the router in process, never over a connection.

A tool that talks to this server's own token endpoint thereby gets exactly what an app would get, and an
address of ours can not be used to reach behind the edge.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from xenia.ports import Entropy, Fetched, FetchRequest
from xenia.web.http import HttpRequest
from xenia.web.routing import Handler


def in_process(handler: Handler, entropy: Entropy) -> Callable[[FetchRequest], Fetched]:
    """A function that answers an outgoing request by our own *handler*. Cookies are not carried along."""

    def answer(request: FetchRequest) -> Fetched:
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() != "cookie"}
        response = handler(
            HttpRequest(
                method=request.method,
                path=parts.path or "/",
                base_url=f"{parts.scheme}://{parts.netloc}",
                query_string=parts.query,
                headers=headers,
                body=request.body,
                client_address="",  # nobody: being in process must not open what only this computer may see
                correlation_id=entropy.guid(),
                request_id=entropy.guid(),
            )
        )
        return Fetched(response.status, {n.lower(): v for n, v in response.headers}, response.body)

    return answer
