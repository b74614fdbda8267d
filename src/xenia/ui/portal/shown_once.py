"""Values that a page shows one single time: a generated password, a client secret.

They travel from the form's answer (303) to the page that shows them in a sealed cookie, bound to the session
and to that page's address, and are stored nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from xenia.ports import Ports
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest, HttpResponse, redirect

_KIND = "portal-once"
_LIFETIME = timedelta(minutes=5)


class ShownOnce:
    """Hands values to the next page."""

    def __init__(self, ports: Ports, cookies: Cookies) -> None:
        self._ports = ports
        self._cookies = cookies

    def hand_over(self, binding: str, path: str, values: Mapping[str, str]) -> HttpResponse:
        """303 to *path*, whose page can read the values. ``binding`` is a secret of this browser."""
        until = self._ports.clock.now() + _LIFETIME
        kept = {"path": path, "until": until.isoformat(), "values": dict(values)}
        sealed = self._ports.sealer.seal(json.dumps(kept).encode(), self._purpose(binding))
        return self._cookies.set_round_trip(redirect(path), _KIND, sealed)

    def read(self, request: HttpRequest, binding: str) -> dict[str, str]:
        """The values handed to this very page, or nothing."""
        sealed = self._cookies.round_trip(request, _KIND)
        try:
            kept = json.loads(self._ports.sealer.open(sealed or "", self._purpose(binding)))
        except ValueError:
            return {}
        is_current = kept["until"] > self._ports.clock.now().isoformat()
        return dict(kept["values"]) if is_current and kept["path"] == request.path else {}

    def forget(self, response: HttpResponse) -> HttpResponse:
        """The values were shown."""
        return self._cookies.clear_round_trip(response, _KIND)

    def _purpose(self, binding: str) -> str:
        # A cookie copied into another person's browser opens nothing there.
        return f"{_KIND}:{self._ports.sealer.mac(_KIND, binding)}"
