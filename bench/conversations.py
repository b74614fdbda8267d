"""What the load says: token requests, public documents, and complete sign-ins of both servers."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from bench.passcodes import Passcodes
from bench.wire import Conversation, Response, Unexpected

_VERIFIER = "v" * 43
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_ACTION = re.compile(r'<form[^>]* action="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_REFRESH = re.compile(r'http-equiv="refresh" content="[^"]*url=([^"]+)"')


def of_job(job: dict[str, Any]) -> Callable[[int], Conversation]:
    """The conversations of a job, by its kind."""
    kind = job["kind"]
    if kind == "tokens":
        return _repeat(_form_post(job, job["path"], job["form"]), b'"access_token"')
    if kind == "document":
        return _repeat(_request(job, "GET", job["path"]), b"{")
    if kind == "guest":
        passcodes = Passcodes(job["database"], job["data_key"])
        return lambda number: _guest_sign_in(job, _guest(job, number), passcodes)
    return lambda number: _neighbour_sign_in(job, _guest(job, number))


def _guest(job: dict[str, Any], number: int) -> str:
    return str(job["guests"]).format((job["first_guest"] + number) % job["guest_count"])


def _repeat(request: bytes, expected: bytes) -> Callable[[int], Conversation]:
    def talk(_: int) -> Conversation:
        response = yield request
        if response.status != 200 or expected not in response.body:
            raise _unexpected(response)

    return talk


def _request(job: dict[str, Any], method: str, path: str, headers: str = "", body: bytes = b"") -> bytes:
    length = f"content-length: {len(body)}\r\n" if method == "POST" else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: {job['authority']}\r\nuser-agent: bench\r\n{headers}{length}\r\n"
    )
    return head.encode() + body


def _form_post(job: dict[str, Any], path: str, form: dict[str, str], headers: str = "") -> bytes:
    kind = "content-type: application/x-www-form-urlencoded\r\n"
    return _request(job, "POST", path, kind + headers, urlencode(form).encode())


class _Browser:
    """Cookies and the page in front of a person; each step is one request, redirects are followed."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._origin = f"https://{job['authority']}"
        self._cookies: dict[str, str] = {}
        self.page = ""
        self.callback: dict[str, str] = {}
        """What the app was sent, once the browser left for its redirect URI."""

    def open(self, path: str) -> Conversation:
        """Type an address."""
        response = yield self._headed("GET", path)
        yield from self._arrive(response)

    def submit(self, action_part: str, **values: str) -> Conversation:
        """Fill in the form whose action contains *action_part* and post it."""
        for part in self.page.split("<form")[1:]:
            form = "<form" + part.partition("</form>")[0]
            found = _ACTION.search(form)
            if found is not None and action_part in found[1]:
                break
        else:
            raise Unexpected(f"no form {action_part!r} on: {self.page[:2000]}")
        fields = {name: html.unescape(value) for name, value in _HIDDEN.findall(form)} | values
        response = yield self._headed("POST", html.unescape(found[1]), urlencode(fields).encode())
        yield from self._arrive(response)

    def _headed(self, method: str, url: str, body: bytes = b"") -> bytes:
        path = url.removeprefix(self._origin)
        headers = ""
        if self._cookies:
            headers += (
                "cookie: " + "; ".join(f"{name}={value}" for name, value in self._cookies.items()) + "\r\n"
            )
        if method == "POST":
            headers += f"origin: {self._origin}\r\nsec-fetch-mode: navigate\r\n"
            headers += "content-type: application/x-www-form-urlencoded\r\n"
        return _request(self._job, method, path, headers, body)

    def _arrive(self, response: Response) -> Conversation:
        for _ in range(8):
            for cookie in response.all(b"set-cookie"):
                name, _, rest = cookie.partition("=")
                value = rest.partition(";")[0]
                if value:
                    self._cookies[name] = value
                else:
                    self._cookies.pop(name, None)
            self.page = response.body.decode()
            refresh = _REFRESH.search(self.page)
            target = response.header(b"location") or (html.unescape(refresh[1]) if refresh else None)
            if target is None:
                if response.status != 200:
                    raise _unexpected(response)
                return
            if target.startswith(self._job["redirect_uri"]):
                self.callback = dict(parse_qsl(urlsplit(target).query))
                return
            response = yield self._headed("GET", target)
        raise Unexpected("too many redirects")


def _authorize_path(job: dict[str, Any]) -> str:
    query = {
        "client_id": job["client_id"],
        "response_type": "code",
        "redirect_uri": job["redirect_uri"],
        "scope": "openid profile",
        "state": "s",
        "nonce": "n",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{job['authorize']}?{urlencode(query, quote_via=quote)}"


def _redeem(job: dict[str, Any], browser: _Browser) -> Conversation:
    form = {
        "grant_type": "authorization_code",
        "client_id": job["client_id"],
        "client_secret": job["client_secret"],
        "redirect_uri": job["redirect_uri"],
        "code": browser.callback.get("code", ""),
        "code_verifier": _VERIFIER,
    }
    response = yield _form_post(job, job["token"], form)
    if response.status != 200 or "id_token" not in json.loads(response.body):
        raise _unexpected(response)


def _guest_sign_in(job: dict[str, Any], address: str, passcodes: Passcodes) -> Conversation:
    """Authorize, identify, have a code sent, enter it, redeem the authorization code."""
    browser = _Browser(job)
    yield from browser.open(_authorize_path(job))
    yield from browser.submit("/identify", login=address)
    yield from browser.submit("/send")
    yield from browser.submit("/code", code=passcodes.sent_to(address))
    yield from _redeem(job, browser)


def _neighbour_sign_in(job: dict[str, Any], name: str) -> Conversation:
    """The development pages of oidc-provider: any login, consent, redeem the authorization code."""
    browser = _Browser(job)
    yield from browser.open(_authorize_path(job))
    yield from browser.submit("/interaction/", login=name, password="any")
    yield from browser.submit("/interaction/")
    yield from _redeem(job, browser)


def _unexpected(response: Response) -> Unexpected:
    return Unexpected(f"{response.head[:600]!r} {response.body[:600]!r}")
