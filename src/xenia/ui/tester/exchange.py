"""Requests to a token endpoint on behalf of the test: code redemption with a secret, and client credentials.

Everything goes through the guarded fetcher, which answers our own endpoint in process.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import msgspec

from xenia.ports import Fetcher, FetchFailed, FetchRefused, FetchRequest
from xenia.ui.tester.flow import Flow
from xenia.ui.tester.form import TesterForm

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The answer of a token endpoint, or why there is none."""

    status: int
    values: dict[str, object]
    problem: str = ""

    def text(self, name: str) -> str:
        """A string member of the answer, else empty."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    @property
    def raw(self) -> str:
        """The whole answer, indented."""
        return msgspec.json.format(msgspec.json.encode(self.values), indent=2).decode()


def redemption(flow: Flow, code: str) -> dict[str, str]:
    """The form of the code's redemption (RFC 6749 section 4.1.3), without scope: that of the request counts."""
    form = flow.form
    values = {
        "grant_type": "authorization_code",
        "client_id": form.client_id,
        "code": code,
        "redirect_uri": form.redirect_uri,
    }
    if flow.verifier:
        values["code_verifier"] = flow.verifier
    if form.client_secret:
        values["client_secret"] = form.client_secret
    return values


def redeem(fetcher: Fetcher, flow: Flow, code: str) -> Exchange:
    """Redeem the code. When it belongs to a single-page application, once more as a browser would: with Origin."""
    body = redemption(flow, code)
    first = _post(fetcher, flow.form.token_endpoint, body, {})
    if "AADSTS9002327" not in first.text("error_description"):
        return first
    parts = urlsplit(flow.form.redirect_uri)
    return _post(fetcher, flow.form.token_endpoint, body, {"Origin": f"{parts.scheme}://{parts.netloc}"})


def client_credentials(fetcher: Fetcher, form: TesterForm) -> Exchange:
    """A token for the app itself (RFC 6749 section 4.4)."""
    body = form.extra() | {
        "grant_type": "client_credentials",
        "client_id": form.client_id,
        "client_secret": form.client_secret,
        "scope": form.scope,
    }
    return _post(fetcher, form.token_endpoint, body, {})


def _post(fetcher: Fetcher, url: str, body: dict[str, str], headers: dict[str, str]) -> Exchange:
    request = FetchRequest(
        "POST",
        url,
        {"Content-Type": _FORM, "Accept": "application/json", **headers},
        urlencode(body).encode(),
    )
    try:
        fetched = fetcher.fetch(request)
    except (FetchFailed, FetchRefused) as error:
        return Exchange(0, {}, str(error))
    try:
        values = msgspec.json.decode(fetched.body)
    except (msgspec.DecodeError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return Exchange(fetched.status, {}, f"The Token Endpoint answered {fetched.status}, and not in JSON.")
    return Exchange(fetched.status, values)
