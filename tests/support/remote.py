"""The script-less browser against a real server: the same walker, its requests sent over TLS."""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit

from tests.support.walker import Walker
from xenia.web.http import HttpRequest, HttpResponse


class Wire:
    """Sends the walker's requests to a running server and brings back its answers."""

    def __init__(self, base: str, ca_file: str) -> None:
        self._host = urlsplit(base).netloc
        self._context = ssl.create_default_context(cafile=ca_file)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request on a connection of its own. Raises OSError when the server is gone."""
        connection = http.client.HTTPSConnection(self._host, context=self._context, timeout=30)
        path = request.path + (f"?{request.query_string}" if request.query_string else "")
        try:
            connection.request(request.method, path, body=request.body or None, headers=dict(request.headers))
            answer = connection.getresponse()
            return HttpResponse(answer.status, answer.read(), tuple(answer.getheaders()))
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from None
        finally:
            connection.close()


def remote_walker(base: str, ca_file: str) -> Walker:
    """A browser without scripts at a running server."""
    return Walker(Wire(base, ca_file), base=base)
