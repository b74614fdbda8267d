"""The answer of a test, made ready for its page: parameters, tokens, checks, errors, and the code's redemption.

Everything a sender sent is shown as text and nowhere kept.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from xenia.core.directory.tenant import Tenant
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Fetcher, FetchFailed, FetchRefused, Ports
from xenia.record import Record, field, replace
from xenia.ui.tester.exchange import Exchange, redeem, redemption, shown_parameters
from xenia.ui.tester.explanations import Explanation, explain
from xenia.ui.tester.flow import Flow
from xenia.ui.tester.form import IMPORT
from xenia.ui.tester.importing import fetch_json
from xenia.ui.tester.kinds import REFRESH_TOKEN, Goes
from xenia.ui.tester.meanings import MEANINGS, TIMES
from xenia.ui.tester.readiness import Directory
from xenia.ui.tester.tokens import Expected, checks_of, decode, issuer_of, rows_of
from xenia.web.http import HttpRequest, Params

_LABELS = {"id_token": "ID token", "access_token": "Access token", "refresh_token": "Refresh token"}
_OWN_FIELDS = ("received_by",)


class Token(Record):
    """A token and the way it came; ``c_hash`` and ``at_hash`` count in the authorization endpoint's answer."""

    name: str
    label: str
    value: str
    is_front: bool = True


class Answer(Record):
    """What came back, and to which request."""

    flow: Flow | None
    parameters: dict[str, str] = field(default_factory=dict)
    mode: str = ""
    exchange: Exchange | None = None
    was_redeemed_here: bool = False
    redeems_in_browser: bool = False

    @property
    def tokens(self) -> list[Token]:
        """All tokens that came: from the authorization endpoint, then from the token endpoint."""
        front = [
            Token(name, _LABELS[name], self.parameters[name]) for name in _LABELS if self.parameters.get(name)
        ]
        if self.exchange is None:
            return front
        back = [
            Token(name, f"{_LABELS[name]} from the Token Endpoint", self.exchange.text(name), is_front=False)
            for name in _LABELS
            if self.exchange.text(name)
        ]
        return front + back

    @property
    def device(self) -> dict[str, str] | None:
        """What a device shows to its person (RFC 8628 section 3.2), where that was asked for."""
        if self.exchange is None or not self.exchange.text("user_code"):
            return None
        given = self.exchange.text("verification_uri")
        # Shown as a link, so nothing but a web address.
        url = given if given.startswith(("https://", "http://")) else ""
        values = {name: self.exchange.text(name) for name in ("user_code", "device_code")}
        return {"url": url, **values}

    @property
    def refresh_token(self) -> str:
        """The refresh token that came, for the next request."""
        return self.exchange.text("refresh_token") if self.exchange is not None else ""

    @property
    def error(self) -> tuple[str, str] | None:
        """Name and description of the error, wherever it came from."""
        if self.exchange is not None and self.exchange.problem:
            return "no answer", self.exchange.problem
        if self.exchange is not None and "error" in self.exchange.values:
            return self.exchange.text("error"), self.exchange.text("error_description")
        if "error" in self.parameters:
            return self.parameters["error"], self.parameters.get("error_description", "")
        return None


class AnswerReader:
    """Reads answers and prepares their page."""

    def __init__(self, ports: Ports, fetcher: Fetcher, directory: Directory) -> None:
        self._ports = ports
        self._fetcher = fetcher
        self._directory = directory

    def of_parameters(self, request: HttpRequest, flow: Flow | None, values: Params) -> Answer:
        """An answer of an authorization endpoint. A code is redeemed at once, here or by the page's script."""
        parameters = {name: values.get(name) for name in values if name not in _OWN_FIELDS}
        posted = "form_post" if request.method == "POST" else "query"
        mode = "fragment" if values.get("received_by") == "fragment" else posted
        code = parameters.get("code")
        if flow is None or not code or flow.redeemed or "error" in parameters:
            return Answer(flow, parameters, mode)
        if not flow.form.client_secret and flow.form.token_endpoint.startswith(f"{request.base_url}/"):
            return Answer(flow, parameters, mode, redeems_in_browser=True)
        exchange = redeem(self._fetcher, flow, code)
        return Answer(flow, parameters, mode, exchange, was_redeemed_here=True)

    def of_exchange(self, request: HttpRequest, flow: Flow, exchange: Exchange) -> Answer:
        """An answer of a token endpoint alone."""
        code = request.form.get("code")
        parameters = {"code": code} if code else {}
        return Answer(flow, parameters, "token endpoint", exchange, was_redeemed_here=bool(code))

    def application_id(self, tenant: Tenant | None, client_id: str) -> ObjectId | None:
        """Object ID of the tenant's own app with this client ID, for links into the portal."""
        app_id = parse_guid(client_id)
        if tenant is None or app_id is None:
            return None
        with self._ports.store.read(tenant.id) as tx:
            found = tx.applications.find_by_app_id(app_id)
        return found.id if found and found.tenant_id == tenant.id else None

    def model(self, request: HttpRequest, answer: Answer) -> dict[str, object]:
        """The page's model; ``data`` is the block its script reads."""
        flow, now = answer.flow, self._ports.clock.now()
        tenant = self._directory.find_tenant(flow.form.tenant) if flow else None
        is_own = flow is not None and _is_own(request, flow.metadata_url)
        issuer, keys = ("", None) if flow is None or is_own else self._foreign(flow)
        expected = self._expected(request, answer, tenant if is_own else None, issuer)
        tokens = [
            {
                "name": token.name,
                "label": token.label,
                "value": token.value,
                "front": token.is_front,
                **self._read(request, token, expected),
            }
            for token in answer.tokens
        ]
        return {
            "answer": answer,
            "flow": flow,
            "started_here": flow is not None,
            "explanation": self._explanation(answer, tenant),
            "tokens": tokens,
            "again": f"/tester/?{flow.form.link_query(secret=False)}" if flow else "/tester/",
            "raw": list(answer.parameters.items()),
            **_sent(flow),
            "next_request": lambda kind, name, value: _next_request(flow, kind, name, value),
            "data": {
                "tokens": [{key: one[key] for key in ("name", "label", "value", "front")} for one in tokens],
                "expected": {
                    "audience": expected.audience,
                    "nonce": expected.nonce,
                    "issuer": issuer,
                    "metadata": flow.metadata_url if flow and is_own else "",
                    "code": expected.code,
                    "accessToken": answer.parameters.get("access_token"),
                },
                "keys": keys,
                "redeem": self._redeem_data(answer),
                "explain": {"tenant": flow.form.tenant, "client_id": flow.form.client_id} if flow else None,
                "meanings": MEANINGS,
                "times": sorted(TIMES),
                "now": int(now.timestamp()),
            },
        }

    def _redeem_data(self, answer: Answer) -> dict[str, object] | None:
        if not answer.redeems_in_browser or answer.flow is None:
            return None
        body = redemption(answer.flow, answer.parameters["code"])
        return {"endpoint": answer.flow.form.token_endpoint, "body": body}

    def _expected(self, request: HttpRequest, answer: Answer, tenant: Tenant | None, issuer: str) -> Expected:
        flow = answer.flow
        if flow is None:
            return Expected()
        own = issuer_of(self._ports.server.at(request.base_url).issuing, tenant.id, "2.0") if tenant else None
        return Expected(
            audience=flow.form.client_id,
            nonce=flow.nonce,
            issuer=issuer or own,
            code=answer.parameters.get("code"),
            access_token=answer.parameters.get("access_token"),
        )

    def _read(self, request: HttpRequest, token: Token, expected: Expected) -> dict[str, object]:
        """Decoded parts and checks for people without scripts; an access token is for its API to judge."""
        decoded = decode(token.value)
        if decoded is None:
            return {"header": [], "claims": [], "checks": []}
        now = self._ports.clock.now()
        wanted = expected if token.name == "id_token" else Expected()
        if not token.is_front:
            wanted = replace(wanted, code=None, access_token=None)
        return {
            "header": rows_of(decoded.header, now),
            "claims": rows_of(decoded.claims, now),
            "checks": checks_of(
                token.value,
                decoded,
                wanted,
                self._ports.keys,
                self._ports.server.at(request.base_url).issuing,
                now,
            ),
        }

    def _explanation(self, answer: Answer, tenant: Tenant | None) -> Explanation | None:
        if answer.error is None:
            return None
        error, description = answer.error
        client_id = answer.flow.form.client_id if answer.flow else ""
        application_id = self.application_id(tenant, client_id)
        return explain(
            description, error, tenant_id=tenant.id if tenant else None, application_id=application_id
        )

    def _foreign(self, flow: Flow) -> tuple[str, list[object] | None]:
        """Issuer and keys of another server, fetched for the check in the browser; nothing when it does not answer."""
        issuer, keys_url = flow.issuer, flow.keys_url
        try:
            if flow.metadata_url and not keys_url:
                document = fetch_json(self._fetcher, flow.metadata_url)
                issuer, keys_url = str(document.get("issuer", "")), str(document.get("jwks_uri", ""))
            keys = fetch_json(self._fetcher, keys_url).get("keys") if keys_url else None
        except (FetchFailed, FetchRefused):
            return issuer, None
        return issuer, keys if isinstance(keys, list) else None


def _sent(flow: Flow | None) -> dict[str, object]:
    """Where a request without a browser went, and what it said."""
    if flow is None or flow.form.is_browser_flow:
        return {}
    form = flow.form
    is_device = form.kind.goes is Goes.TO_DEVICE_ENDPOINT
    return {
        "sent_to": form.device_code_endpoint if is_device else form.token_endpoint,
        "sent": shown_parameters(form),
    }


def _next_request(flow: Flow | None, kind: str, name: str, value: str) -> dict[str, str]:
    """The fields of a form that opens the tester with the request that follows this answer, not yet sent."""
    if flow is None:
        return {}
    form = replace(flow.form, request_type=kind)
    kept = dict(parse_qsl(form.link_query(secret=False)))
    if not form.kind.has_scope or kind == REFRESH_TOKEN.name:
        kept["scope"] = ""
    return {**kept, name: value, "requestaction": IMPORT}


def _is_own(request: HttpRequest, url: str) -> bool:
    own, other = urlsplit(request.base_url), urlsplit(url)
    return (own.scheme, own.netloc) == (other.scheme, other.netloc)
