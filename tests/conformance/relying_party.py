"""A relying party as the conformance suite is one: independent of our code, strict about every answer."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import jwt

from tests.conformance.plans import BASIC, Variant
from tests.support.platform import PASSWORD
from tests.support.protocol import Protocol
from tests.support.walker import BASE, Page, Walker
from xenia.core.directory.user import User
from xenia.web.http import HttpResponse

CALLBACK = "https://suite.example/test/a/xenia/callback"
AFTER_LOGOUT = "https://suite.example/test/a/xenia/post_logout_redirect"
ALLOWED_IN_ERRORS = {"error", "error_description", "error_uri", "state", "session_state", "iss"}


@dataclass
class Answer:
    """What came to the redirect URI."""

    params: dict[str, str]
    was_prompted: bool
    """Whether the person saw a page that wanted a proof."""
    pages: int
    """How many pages of any kind they saw."""


@dataclass
class Tokens:
    """A token response."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class RelyingParty:
    """One client of one variant, with one browser."""

    idp: Protocol
    client_id: str
    secret: str
    person: User
    variant: Variant = BASIC
    walker: Walker = field(init=False)
    sent: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.walker = self.idp.walker()
        self.metadata = self.document(f"{self.issuer}/.well-known/openid-configuration")

    @property
    def issuer(self) -> str:
        return f"{BASE}/{self.idp.tenant_id}/v2.0"

    def document(self, url: str) -> dict[str, Any]:
        """A JSON document of the provider."""
        response = self.idp.send("GET", urlsplit(url).path, urlsplit(url).query)
        assert response.status == 200
        assert (response.header("Content-Type") or "").startswith("application/json")
        found = json.loads(response.body)
        assert isinstance(found, dict)
        return found

    # --- authorization -------------------------------------------------------------------------

    def request(self, **changes: str | None) -> dict[str, str]:
        """An authorization request; what is None is left out."""
        query: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "response_type": self.variant.response_type,
            "response_mode": "form_post" if self.variant.response_mode == "form_post" else None,
            **changes,
        }
        self.sent = {name: value for name, value in query.items() if value is not None}
        return self.sent

    def authorize(self, *, by_post: bool = False, **changes: str | None) -> Answer:
        """Send the browser through; whatever pages come are filled in as the person would."""
        query = self.request(**changes)
        url = self.metadata["authorization_endpoint"]
        if by_post:
            page = self.walker._arrive("POST", url, query)
        else:
            page = self.walker.open(f"{url}?{urlencode(query, quote_via=quote)}")
        return self._through(page)

    def _through(self, page: Page) -> Answer:
        prompted = False
        steps = (
            ("/identify", {"login": self.person.user_principal_name}, None),
            ("/password", {"password": PASSWORD}, None),
            ("/consent", {}, "Accept"),
            ("/stay", {}, "No"),
        )
        for pages in range(8):
            params = self._delivered(page)
            if params is not None:
                return Answer(params, prompted, pages)
            step = next((each for each in steps if page.has_form(each[0])), None)
            assert step is not None, f"{page.status} {page.url} {page.text[:500]}"
            part, values, button = step
            prompted |= part in ("/identify", "/password")
            page = self.walker.submit(part, button=button, **values)
        raise AssertionError("the sign-in does not end")

    def _delivered(self, page: Page) -> dict[str, str] | None:
        """Parameters at the redirect URI, proven to have come by the way they must; None: still on the way."""
        target = self.sent.get("redirect_uri", CALLBACK)
        if any(form.action == target for form in page.forms):
            form = page.form(target)
            assert form.method == "post"
            assert self.variant.response_mode == "form_post"
            return form.fields
        location = page.response.header("Location") or page.refresh or ""
        if not location.startswith(target):
            return None
        parts = urlsplit(location)
        assert self.variant.response_mode != "form_post", location
        if self.variant.has_token or self.variant.has_id_token:
            assert not parts.query, "OIDC Core 3.3.2.5, OAuth 2.0 Multiple Response Types 5"
            return dict(parse_qsl(parts.fragment))
        assert not parts.fragment
        return dict(parse_qsl(parts.query))

    def success(self, **changes: Any) -> Answer:
        """An authorization that must succeed: every part of its answer checked."""
        answer = self.authorize(**changes)
        params = answer.params
        assert "error" not in params, params
        assert params.get("state") == self.sent.get("state")
        assert ("code" in params) is self.variant.has_code
        assert ("access_token" in params) is self.variant.has_token
        assert ("id_token" in params) is self.variant.has_id_token
        if self.variant.has_token:
            assert params["token_type"].lower() == "bearer"
            assert int(params["expires_in"]) > 0
        if self.variant.has_id_token:
            claims = self.id_token(params["id_token"])
            if self.variant.has_code:
                assert claims["c_hash"] == half_hash(params["code"])
            if self.variant.has_token:
                assert claims["at_hash"] == half_hash(params["access_token"])
        return answer

    def refused(self, response: Answer | dict[str, str], *errors: str) -> None:
        """An error response with one of these codes, in the shape of RFC 6749 section 4.1.2.1."""
        params = response.params if isinstance(response, Answer) else response
        assert params.get("error") in errors, params
        assert params.get("state") == self.sent.get("state")
        assert set(params) <= ALLOWED_IN_ERRORS, params
        assert "code" not in params
        assert "access_token" not in params
        text = params.get("error_description", "")
        assert all(character in " !" or "#" <= character <= "~" for character in text), text
        assert not set(text) & set("\r\n\t\\")

    # --- tokens --------------------------------------------------------------------------------

    def token(self, form: dict[str, str], *, auth: str | None = None) -> Tokens:
        """The token endpoint, with the variant's client authentication."""
        headers = {}
        if (auth or self.variant.client_auth) == "client_secret_basic":
            pair = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form = {**form, "client_id": self.client_id, "client_secret": self.secret}
        path = urlsplit(self.metadata["token_endpoint"]).path
        response = self.idp.send("POST", path, form=form, **headers)
        names = {name.lower(): value for name, value in response.headers}
        assert names["content-type"].startswith("application/json")
        assert "no-store" in names["cache-control"]
        return Tokens(response.status, json.loads(response.body), names)

    def exchange(self, code: str, *, auth: str | None = None, **changes: str) -> Tokens:
        """The code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
        return self.token(form, auth=auth)

    def exchanged(self, code: str, **changes: str) -> dict[str, Any]:
        """The code for tokens, which must succeed."""
        answer = self.exchange(code, **changes)
        assert answer.status == 200, answer.body
        body = answer.body
        assert body["token_type"].lower() == "bearer"
        assert isinstance(body["expires_in"], int)
        assert body["expires_in"] > 0
        self.id_token(body["id_token"])
        return body

    def everything(self, answer: Answer) -> tuple[dict[str, Any], str | None]:
        """Claims of the ID token and the newest access token, from wherever the variant gives them."""
        params = answer.params
        access = params.get("access_token")
        found = self.id_token(params["id_token"]) if "id_token" in params else None
        if "code" in params:
            body = self.exchanged(params["code"])
            later, access = self.id_token(body["id_token"]), body["access_token"]
            if found is not None:
                assert (found["iss"], found["sub"]) == (later["iss"], later["sub"]), "OIDC Core 3.3.3.6"
            found = found or later
        assert found is not None
        return found, access

    def id_token(self, token: str, *, nonce: str | None = None) -> dict[str, Any]:
        """Verified as OIDC Core section 3.1.3.7 and 2 demand, with the published keys."""
        header = jwt.get_unverified_header(token)
        assert header["alg"] == "RS256"
        keys = self.document(self.metadata["jwks_uri"])["keys"]
        (key,) = (one for one in keys if one["kid"] == header["kid"])
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(key),
            algorithms=["RS256"],
            audience=self.client_id,
            issuer=self.issuer,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        now = self.idp.server.clock.now().timestamp()
        assert claims["exp"] > now
        assert now - 300 <= claims["iat"] <= now + 1, "not more than five minutes old"
        assert isinstance(claims["sub"], str)
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        wanted = nonce or self.sent.get("nonce")
        if wanted is not None:
            assert claims.get("nonce") == wanted
        assert claims.get("azp", self.client_id) == self.client_id
        return claims

    # --- userinfo ------------------------------------------------------------------------------

    def userinfo(self, access_token: str, how: str = "get") -> HttpResponse:
        """The UserInfo endpoint, asked in one of three ways."""
        path = urlsplit(self.metadata["userinfo_endpoint"]).path
        if how == "post-body":
            return self.idp.send("POST", path, form={"access_token": access_token})
        method = "GET" if how == "get" else "POST"
        return self.idp.send(method, path, authorization=f"Bearer {access_token}")

    def claims_of(self, access_token: str, how: str = "get") -> dict[str, Any]:
        """Claims from there, which must come."""
        response = self.userinfo(access_token, how)
        assert response.status == 200, response.body
        assert (response.header("Content-Type") or "").startswith("application/json")
        found = json.loads(response.body)
        assert isinstance(found, dict)
        return found

    # --- time and logout -----------------------------------------------------------------------

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.idp.server.clock.advance(timedelta(seconds=seconds))

    def end_session(self, **query: str | None) -> Page:
        """The browser at the end-session endpoint."""
        sent = {name: value for name, value in query.items() if value is not None}
        return self.walker.open(f"{self.metadata['end_session_endpoint']}?{urlencode(sent)}")

    def is_signed_in(self) -> bool:
        """Whether ``prompt=none`` still succeeds; any other answer must be an error OIDC names."""
        answer = self.authorize(prompt="none")
        if "error" in answer.params:
            self.refused(answer, "login_required", "interaction_required", "account_selection_required")
        return "error" not in answer.params


def half_hash(value: str) -> str:
    """``at_hash`` and ``c_hash`` for RS256 (OIDC Core section 3.3.2.11)."""
    digest = hashlib.sha256(value.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
