"""A portal with people of every standing in front of it, on real adapters; only the clock is turned by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import xenia.ui.account
import xenia.ui.portal
import xenia.ui.signin
from tests.support import kept
from tests.support.platform import PASSWORD, Contoso, RunningServer, make_platform, start
from tests.support.stores import filled_sqlite_store
from tests.support.walker import BASE, Page, Walker, read_page
from xenia import oidc
from xenia.core.actor import system_actor
from xenia.core.directory.roles import (
    CLOUD_APPLICATION_ADMINISTRATOR,
    GLOBAL_READER,
    GUEST_INVITER,
    HELPDESK_ADMINISTRATOR,
    USER_ADMINISTRATOR,
    DirectoryRole,
)
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.session import PortalSession
from xenia.ports import Store
from xenia.usecases.tenants.manage_tenant import NewTenant, OpenedTenant, open_tenant
from xenia.usecases.users.manage_users import NewMember, add_role, create_member
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest
from xenia.web.routing import Router, Surface

__all__ = ["BASE", "PASSWORD", "Desktop", "Office", "open_office"]
ROLES: dict[str, DirectoryRole] = {
    "reader": GLOBAL_READER,
    "useradmin": USER_ADMINISTRATOR,
    "inviter": GUEST_INVITER,
    "helpdesk": HELPDESK_ADMINISTRATOR,
    "appadmin": CLOUD_APPLICATION_ADMINISTRATOR,
}


_BOUNDARY = "----of-the-desktop"


def _multipart(fields: list[tuple[str, str]], files: dict[str, bytes]) -> bytes:
    """The fields and files as one body (RFC 7578)."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{{}}"'
    parts = [f"{head.format(name)}\r\n\r\n{value}\r\n".encode() for name, value in fields]
    for name, data in files.items():
        start = (
            f'{head.format(name)}; filename="{name}.bin"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        parts.append(start.encode() + data + b"\r\n")
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


class _Controls(HTMLParser):
    """What each POST form of a page would send, select boxes and repeated names included."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, str]]]] = []
        self._fields: list[tuple[str, str]] | None = None
        self._select: str | None = None
        self._text: str | None = None
        self._disabled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = []
            self.forms.append((values.get("action", ""), self._fields))
        elif tag == "fieldset" and "disabled" in values:
            self._disabled = True
        if self._fields is None or self._disabled:
            return
        if tag == "input" and values.get("name") and "disabled" not in values:
            kind = values.get("type", "text")
            if kind not in {"checkbox", "radio", "file"} or "checked" in values:
                self._fields.append((values["name"], values.get("value", "")))
        elif tag == "select":
            self._select = values.get("name")
            self._fields.append((self._select or "", ""))
        elif tag == "option" and self._select and "selected" in values:
            self._fields[-1] = (self._select, values.get("value", ""))
        elif tag == "textarea" and values.get("name"):
            self._text = values["name"]
            self._fields.append((self._text, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None
        elif tag == "fieldset":
            self._disabled = False

    def handle_data(self, data: str) -> None:
        if self._text is not None and self._fields is not None:
            self._fields[-1] = (self._text, self._fields[-1][1] + data)


@dataclass
class Desktop:
    """One person's browser at the portal."""

    walker: Walker
    root: str
    page: Page = field(init=False)

    def open(self, path: str = "") -> Page:
        """A page of the portal, or an absolute path."""
        url = path if path.startswith("/") else f"{self.root}/{path}".rstrip("/")
        self.page = self.walker.open(url)
        return self.page

    def fields(self, action: str) -> list[tuple[str, str]]:
        """What the form whose action ends so would send."""
        reader = _Controls()
        reader.feed(self.page.source)
        return next(fields for found, fields in reader.forms if found.partition("?")[0].endswith(action))

    def has_form(self, action: str) -> bool:
        """Whether such a form is there."""
        return any(form.action.partition("?")[0].endswith(action) for form in self.page.forms)

    def send(
        self, action: str, values: dict[str, str | list[str]] | None = None, to: str = "", **more: str
    ) -> Page:
        """Fill in the form whose action ends so, and post it (to another address of it when asked)."""
        changes: dict[str, str | list[str]] = {**(values or {}), **more}
        url = next(f.action for f in self.page.forms if f.action.partition("?")[0].endswith(action))
        fields = [(name, value) for name, value in self.fields(action) if name not in changes]
        for name, value in changes.items():
            fields += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        return self.post(to or url, fields)

    def upload(self, action: str, files: dict[str, bytes], to: str = "", **values: str) -> Page:
        """Fill in a form that takes files, and post it (to another address of it when asked)."""
        url = next(f.action for f in self.page.forms if f.action.partition("?")[0].endswith(action))
        fields = [(name, value) for name, value in self.fields(action) if name not in values]
        return self.post(to or url, [*fields, *values.items()], files=files)

    def post(
        self,
        url: str,
        fields: list[tuple[str, str]],
        *,
        origin: str | None = None,
        files: dict[str, bytes] | None = None,
    ) -> Page:
        """A POST as a browser sends it; redirects are followed."""
        url = urljoin(self.walker.base, url if url.startswith("/") else f"{self.root}/{url}")
        body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        if files is not None:
            body, kind = _multipart(fields, files), f"multipart/form-data; boundary={_BOUNDARY}"
        headers = {
            "origin": origin if origin is not None else self.walker.base,
            "sec-fetch-mode": "navigate",
            "content-type": kind,
        }
        response = self.walker.router(
            HttpRequest(
                method="POST",
                path=urlsplit(url).path,
                base_url=self.walker.base,
                query_string=urlsplit(url).query,
                headers=headers | {"cookie": "; ".join(f"{k}={v}" for k, v in self.walker.cookies.items())},
                body=body,
                client_address=self.walker.address,
                correlation_id="c0ffee00-0000-4000-8000-00000000000c",
            )
        )
        self.walker._keep_cookies(response)
        target = response.header("Location")
        self.page = self.walker.open(target) if target else read_page(url, response)
        return self.page


@dataclass
class Office:
    """The platform with the portal on it."""

    platform: RunningServer
    people: dict[str, User]
    other: Tenant
    other_user: User

    @property
    def root(self) -> str:
        """The portal's address of Contoso."""
        return f"/admin/{self.platform.tenant.initial_domain}"

    def sit(self, name: str = "admin", tenant: Tenant | None = None) -> Desktop:
        """A browser in which this person is signed in to the portal."""
        place = tenant or self.platform.tenant
        walker = Walker(self.platform.router)
        ports, now = self.platform.ports, self.platform.clock.now()
        secret = ports.entropy.token()
        session = PortalSession(
            secret_hash=ports.sealer.mac("surface-session", "portal", secret),
            tenant_id=place.id,
            user_id=self.people[name].id if tenant is None else self.other_user.id,
            surface="portal",
            sid=ports.entropy.guid(),
            created_at=now,
            expires_at=now + timedelta(hours=8),
        )
        ports.store.write(place.id, lambda tx: tx.sign_ins.add_portal_session(session))
        walker.cookies[f"__Host-xenia-portal-{place.id}-t"] = secret
        return Desktop(walker, f"/admin/{place.initial_domain}")


@dataclass(frozen=True)
class _Staffed:
    """Contoso with people of every role, and Fabrikam beside it, as stored."""

    contoso: Contoso
    people: dict[str, User]
    fabrikam: OpenedTenant


@contextmanager
def open_office(directory: Path, **server: object) -> Iterator[Office]:
    """Contoso with people of every role, and Fabrikam beside it."""
    what = ("office", *sorted(server.items()))
    with filled_sqlite_store(directory, what, lambda store: _staff(store, server)) as (store, staffed):
        built = start(store, staffed.contoso, **server)
        built.router = _router(built)
        fabrikam = staffed.fabrikam
        yield Office(built, dict(staffed.people), fabrikam.tenant, fabrikam.administrator.user)


def _staff(store: Store, server: Mapping[str, object]) -> _Staffed:
    built = make_platform(store, **server)
    ports, operator = built.ports, system_actor(built.tenant.id, built.ports.entropy.guid())
    people = {"admin": built.admin}
    for name in (*ROLES, "member"):
        order = NewMember(f"{name}@{built.tenant.initial_domain}", name.capitalize(), password=PASSWORD)
        people[name] = create_member(ports, operator, order).user
        if name in ROLES:
            add_role(ports, operator, people[name].id, ROLES[name].template_id)
    fabrikam = open_tenant(ports, None, NewTenant("Fabrikam", "fabrikam"))
    return _Staffed(Contoso(built.tenant, built.admin, built.app), people, fabrikam)


def _router(built: RunningServer) -> Router:
    pages, ports = kept.pages(), built.ports
    cookies, guard = Cookies("t"), FormGuard(ports.sealer, ports.entropy)
    portal = xenia.ui.portal.routes(ports, pages, cookies, guard)
    surfaces = [
        oidc.routes(ports, pages, cookies),
        xenia.ui.signin.routes(ports, pages, cookies, guard),
        xenia.ui.account.routes(ports, pages, cookies, guard),
        portal,
    ]
    return Router(surfaces, Surface("none", (), portal.render_error))
