"""A test under way, from the request that was sent to the answer that comes back.

The flow is sealed into a cookie of the browser that started it; the server stores nothing. A form_post
answer comes from another site, so the cookie is SameSite=None; what defends it is that an answer counts
only when its ``state`` is the one sealed there (RFC 9700 section 4.7), all others are shown and never redeemed.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import msgspec

from xenia.ports import Ports
from xenia.ui.tester import kinds
from xenia.ui.tester.form import TesterForm
from xenia.ui.tester.importing import Imported
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest, HttpResponse

_PURPOSE = "tester-flow"
_PREFIX = "flow:"
FLOW_LIFETIME = timedelta(hours=1)
_MOST_FLOWS = 4
_MOST_BYTES = 2800
"""Sealed and encoded it must fit into one cookie of 4096 bytes (RFC 6265 section 6.1)."""


class Flow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and what its answer must match."""

    state: str
    nonce: str
    started_at: int
    form: TesterForm
    verifier: str = ""
    metadata_url: str = ""
    issuer: str = ""
    keys_url: str = ""
    redeemed: bool = False

    @property
    def started(self) -> datetime:
        """When the browser was sent away."""
        return datetime.fromtimestamp(self.started_at, UTC)

    def parameters(self) -> dict[str, str]:
        """The parameters of the authorization request (OpenID Connect Core section 3.1.2.1)."""
        form = self.form
        values = {
            "client_id": form.client_id,
            "response_type": form.response_type,
            "redirect_uri": form.redirect_uri,
            "scope": form.scope,
            **({"response_mode": form.response_mode} if form.response_mode else {}),
            "state": self.state,
            **({"nonce": self.nonce} if form.kind is kinds.OPENID_CONNECT else {}),
        }
        if self.verifier:
            values |= {"code_challenge": challenge_of(self.verifier), "code_challenge_method": "S256"}
        # What we rely on to recognise the answer can not be replaced by hand.
        return form.extra() | values

    def request_url(self) -> str:
        """Where the browser is sent."""
        endpoint = self.form.authorization_endpoint
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(self.parameters())}"


def challenge_of(verifier: str) -> str:
    """``code_challenge`` by S256 (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def start_flow(ports: Ports, imported: Imported) -> Flow:
    """A new flow with fresh state, nonce and (when wanted) PKCE verifier."""
    entropy, form = ports.entropy, imported.form
    return Flow(
        state=f"{_PREFIX}{entropy.guid()}",
        nonce=entropy.token(32),
        started_at=int(ports.clock.now().timestamp()),
        form=form,
        verifier=entropy.token(48) if form.use_pkce and form.wants_code else "",
        metadata_url=imported.metadata_url,
        issuer=imported.issuer,
        keys_url=imported.keys_url,
    )


class Flows:
    """Flows in the browser's cookies."""

    def __init__(self, ports: Ports, cookies: Cookies) -> None:
        self._ports = ports
        self._cookies = cookies

    def keep(self, request: HttpRequest, response: HttpResponse, flow: Flow) -> HttpResponse | None:
        """The response with the flow in a cookie, or None when the request is too long for one."""
        plain = msgspec.json.encode(flow)
        if len(plain) > _MOST_BYTES:
            return None
        key = _key(flow.state)
        others = [name for name in self._cookies.tester_flows(request) if name != key]
        # Cookies of abandoned tests must not fill the browser's request header.
        for name in others[: max(0, len(others) - _MOST_FLOWS + 1)]:
            response = self._cookies.set_tester_flow(response, name, "", max_age=0)
        sealed = self._ports.sealer.seal(plain, _PURPOSE)
        return self._cookies.set_tester_flow(
            response, key, sealed, max_age=int(FLOW_LIFETIME.total_seconds())
        )

    def find(self, request: HttpRequest, state: str) -> Flow | None:
        """The flow of this browser that this state belongs to."""
        sealed = self._cookies.tester_flow(request, _key(state)) if state.startswith(_PREFIX) else None
        if not sealed:
            return None
        try:
            flow = msgspec.json.decode(self._ports.sealer.open(sealed, _PURPOSE), type=Flow)
        except (ValueError, msgspec.DecodeError):
            return None
        is_recent = flow.started + FLOW_LIFETIME > self._ports.clock.now()
        return flow if is_recent and self._ports.sealer.same(flow.state, state) else None


def _key(state: str) -> str:
    letters = state.removeprefix(_PREFIX)[:8]
    return letters if letters.isalnum() and letters.isascii() else "none"
