"""Requests of the test that go from server to server: code redemption, every other grant, and device codes.

Everything goes through the guarded fetcher, which answers our own endpoint in process.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import msgspec

from xenia.ports import Fetcher, FetchFailed, FetchRefused, FetchRequest
from xenia.record import Record
from xenia.ui.tester import kinds
from xenia.ui.tester.flow import Flow
from xenia.ui.tester.form import TesterForm
from xenia.ui.tester.kinds import Goes

_FORM = "application/x-www-form-urlencoded"


class Exchange(Record):
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
    """Redeem the code."""
    return _ask(fetcher, flow.form, flow.form.token_endpoint, redemption(flow, code))


def grant_parameters(form: TesterForm) -> dict[str, str]:
    """The form of a request without a browser, as it goes out (RFC 6749 sections 4.3, 4.4 and 6, RFC 8628 section 3)."""
    kind = form.kind
    values = {"client_id": form.client_id, **dict(kind.constants)}
    if form.client_secret:
        values["client_secret"] = form.client_secret
    if kind.grant_type:
        values["grant_type"] = kind.grant_type
    if kind.has_scope and form.scope:
        values["scope"] = form.scope
    values |= {kinds.PARAMETERS.get(name, name): getattr(form, name) for name in kind.fields}
    return form.extra() | values


def shown_parameters(form: TesterForm) -> dict[str, str]:
    """The same, without the secrets themselves: for the page that tells what was sent."""
    secret = {kinds.PARAMETERS.get(name, name) for name in kinds.SECRETS}
    return {name: "(not shown)" if name in secret else text for name, text in grant_parameters(form).items()}


def request_grant(fetcher: Fetcher, form: TesterForm) -> Exchange:
    """Send a request that needs no browser to the endpoint of its kind."""
    is_device = form.kind.goes is Goes.TO_DEVICE_ENDPOINT
    url = form.device_code_endpoint if is_device else form.token_endpoint
    return _ask(fetcher, form, url, grant_parameters(form))


def _ask(fetcher: Fetcher, form: TesterForm, url: str, body: dict[str, str]) -> Exchange:
    """What belongs to a single-page application is asked for once more as a browser would: with Origin."""
    first = _post(fetcher, url, body, {})
    if "AADSTS9002327" not in first.text("error_description"):
        return first
    parts = urlsplit(form.redirect_uri)
    return _post(fetcher, url, body, {"Origin": f"{parts.scheme}://{parts.netloc}"})


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
