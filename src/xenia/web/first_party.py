"""How our own surfaces sign people in: as clients of the authorize endpoint, with PKCE and state.

The state of a round trip (verifier, nonce, where the person wanted to go) is sealed into a cookie of
its own, so nothing is stored and nobody else's answer can be fed into this browser (login CSRF). The
surface exchanges the code by a use case, in process.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

from xenia.core.endpoints import authorize_url
from xenia.core.errors import InteractionGone
from xenia.core.ids import AppId, TenantId
from xenia.ports import Ports
from xenia.record import Record
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest, HttpResponse, redirect

_ROUND_TRIP = timedelta(hours=1)
_PURPOSE = "first-party-state"


class Callback(Record):
    """A round trip that came back to the browser it started in."""

    tenant_id: TenantId
    code: str
    verifier: str
    redirect_uri: str
    return_to: str


class FirstPartySignIn:
    """Starts and receives the sign-in of one surface (``portal`` or ``account``)."""

    def __init__(
        self, ports: Ports, cookies: Cookies, surface: str, app_id: AppId, callback_path: str
    ) -> None:
        self._ports = ports
        self._cookies = cookies
        self._surface = surface
        self._app_id = app_id
        self._callback_path = callback_path

    def start(
        self, request: HttpRequest, tenant_id: TenantId, return_to: str, *, prompt: str | None = None
    ) -> HttpResponse:
        """Send the browser to sign in; afterwards it comes back to *return_to* (a path of this server)."""
        entropy = self._ports.entropy
        state, verifier = entropy.token(16), entropy.token(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self._app_id,
            "response_type": "code",
            "scope": "openid profile",
            "redirect_uri": request.base_url + self._callback_path,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"prompt": prompt} if prompt else {}),
        }
        until = self._ports.clock.now() + _ROUND_TRIP
        kept = {"s": state, "v": verifier, "t": tenant_id, "r": _own_path(return_to), "e": until.isoformat()}
        sealed = self._ports.sealer.seal(json.dumps(kept).encode(), f"{_PURPOSE}:{self._surface}")
        url = f"{authorize_url(request.base_url, tenant_id)}?{urlencode(query)}"
        return self._cookies.set_round_trip(redirect(url, status=302), self._surface, sealed)

    def receive(self, request: HttpRequest) -> Callback:
        """The answer, checked against the sealed state. Raises InteractionGone for anything else."""
        sealed = self._cookies.round_trip(request, self._surface)
        try:
            kept = json.loads(self._ports.sealer.open(sealed or "", f"{_PURPOSE}:{self._surface}"))
        except ValueError:
            raise InteractionGone from None
        expired = datetime.fromisoformat(kept["e"]) <= self._ports.clock.now()
        code = request.query.get("code")
        # Neither duplicates (RFC 6749 section 3.1) nor the answer to another trip are what we asked for.
        is_odd = request.query.duplicated() is not None
        if (
            is_odd
            or expired
            or not code
            or not self._ports.sealer.same(kept["s"], request.query.get("state"))
        ):
            raise InteractionGone
        return Callback(kept["t"], code, kept["v"], request.base_url + self._callback_path, kept["r"])

    def received(self, response: HttpResponse) -> HttpResponse:
        """Forget the round trip."""
        return self._cookies.clear_round_trip(response, self._surface)


def _own_path(path: str) -> str:
    """Only a path of this server: an address elsewhere would make us an open redirector."""
    is_path = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_path else "/"
