"""A browser without scripts, in process: keeps cookies, follows redirects, fills in and posts the page's own forms.

It talks to a handler (any ``Handler``) through the real request and response values, so what works here
works for somebody whose scripts are off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.routing import Handler

BASE = "https://login.test"


@dataclass
class Form:
    """A form of a page: where it goes and what it holds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """(name, value, text)"""
    formactions: dict[str, str] = field(default_factory=dict)
    """Where a button sends the form instead, by the button's text."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.refresh: str | None = None
        self.text: list[str] = []
        self._form: Form | None = None
        self._link: str | None = None
        self._button: tuple[str, str] | None = None
        self._formaction = ""
        self._textarea: str | None = None
        self._select: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and values.get("name"):
            kind = values.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in values:
                self._form.fields[values["name"]] = values.get("value", "on" if kind == "checkbox" else "")
        elif tag == "button" and self._form is not None:
            self._button = (values.get("name", ""), values.get("value", ""))
            self._formaction = values.get("formaction", "")
        elif tag == "textarea" and self._form is not None:
            self._textarea = values.get("name")
        elif tag == "select" and self._form is not None:
            self._select = values.get("name")
        elif tag == "option" and self._form is not None and self._select:
            if "selected" in values or self._select not in self._form.fields:
                self._form.fields[self._select] = values.get("value", "")
        elif tag == "a":
            self._link = values.get("href")
        elif tag == "meta" and values.get("http-equiv") == "refresh":
            self.refresh = values["content"].partition("url=")[2]
        elif tag in {"script", "style", "title", "noscript"}:
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in {"script", "style", "title", "noscript"}:
            self._hidden -= 1
        elif tag == "a":
            self._link = None
        elif tag == "button":
            self._button = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        text = data.strip()
        if self._textarea is not None and self._form is not None:
            self._form.fields[self._textarea] = data
        if not text:
            return
        self.text.append(text)
        if self._link is not None:
            self.links.append((text, self._link))
        if self._button is not None and self._form is not None:
            self._form.buttons.append((*self._button, text))
            if self._formaction:
                self._form.formactions[text] = self._formaction


@dataclass
class Page:
    """What is on the screen."""

    url: str
    status: int
    response: HttpResponse
    forms: list[Form]
    links: list[tuple[str, str]]
    refresh: str | None
    text: str

    @property
    def source(self) -> str:
        """The page's HTML."""
        return self.response.body.decode()

    def form(self, part_of_action: str) -> Form:
        """The first form whose action contains this."""
        return next(form for form in self.forms if part_of_action in form.action)

    def has_form(self, part_of_action: str) -> bool:
        """Whether such a form is there."""
        return any(part_of_action in form.action for form in self.forms)


class Walker:
    """One browser profile: its cookies, and the page it is on."""

    def __init__(self, router: Handler, base: str = BASE, address: str = "192.0.2.10") -> None:
        self.router = router
        self.base = base
        self.address = address
        self.agent = "Walker/1"
        self.languages = ""
        """What it sends as Accept-Language."""
        self.cookies: dict[str, str] = {}
        self.page: Page | None = None

    def send(
        self,
        method: str,
        url: str,
        *,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        """One request, without following anything."""
        parts = urlsplit(url)
        sent = {"user-agent": self.agent, **(headers or {})}
        if self.languages:
            sent["accept-language"] = self.languages
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = b""
        if form is not None:
            body = urlencode(form).encode()
            sent["content-type"] = "application/x-www-form-urlencoded"
        response = self.router(
            HttpRequest(
                method=method,
                path=parts.path or "/",
                base_url=self.base,
                query_string=parts.query,
                headers=sent,
                body=body,
                client_address=self.address,
                correlation_id="c0ffee00-0000-4000-8000-00000000000c",
                request_id="c0ffee00-0000-4000-8000-00000000000d",
            )
        )
        self._keep_cookies(response)
        return response

    def _keep_cookies(self, response: HttpResponse) -> None:
        for name, value in response.headers:
            if name.lower() == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    if morsel["max-age"] == "0":
                        self.cookies.pop(key, None)
                    else:
                        self.cookies[key] = morsel.value

    def open(self, url: str) -> Page:
        """Type an address; redirects and meta refreshes within our own origin are followed."""
        return self._arrive("GET", urljoin(self.base, url))

    def _arrive(self, method: str, url: str, form: dict[str, str] | None = None) -> Page:
        headers = {"origin": self.base, "sec-fetch-mode": "navigate"} if method == "POST" else {}
        for _ in range(12):
            response = self.send(method, url, form=form, headers=headers)
            target = response.header("Location")
            page = read_page(url, response)
            if target is None and page.refresh:
                target = page.refresh
            if target is None or not urljoin(url, target).startswith(self.base):
                self.page = page
                return page
            method, url, form, headers = "GET", urljoin(url, target), None, {}
        raise AssertionError(f"too many redirects at {url}")

    def submit(self, part_of_action: str, *, button: str | None = None, **values: str) -> Page:
        """Fill in and post the form of the page whose action contains *part_of_action*."""
        assert self.page is not None, "no page is open"
        form = self.page.form(part_of_action)
        unknown = set(values) - set(form.fields)
        assert not unknown, f"the form has no {unknown}: {sorted(form.fields)}"
        fields = {**form.fields, **values}
        if button is not None:
            name, value, _ = next(entry for entry in form.buttons if entry[2] == button)
            fields |= {name: value} if name else {}
        url = urljoin(self.page.url, form.formactions.get(button or "", form.action))
        if form.method == "get":
            return self._arrive("GET", f"{url.partition('?')[0]}?{urlencode(fields)}")
        return self._arrive("POST", url, fields)

    def follow(self, text: str) -> Page:
        """Press the link with this text."""
        assert self.page is not None, "no page is open"
        href = next(href for label, href in self.page.links if label == text)
        return self._arrive("GET", urljoin(self.page.url, href))


def read_page(url: str, response: HttpResponse) -> Page:
    """Take a response apart."""
    reader = _Reader()
    if (response.header("Content-Type") or "").startswith("text/html"):
        reader.feed(response.body.decode())
    return Page(
        url, response.status, response, reader.forms, reader.links, reader.refresh, " ".join(reader.text)
    )


def query_of(url: str) -> dict[str, str]:
    """Parameters of a URL's query or fragment."""
    parts = urlsplit(url)
    return dict(parse_qsl(parts.query or parts.fragment))
