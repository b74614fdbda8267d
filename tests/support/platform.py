"""A whole server in process on real adapters: a tenant, people, apps, and every surface that exists.

Only the clock is turned by hand; everything else is what runs in production. What every test begins with is made once
in each test process, and copied.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import xenia.ui.account
import xenia.ui.signin
from tests.support import kept
from tests.support.clock import SetClock
from tests.support.outgoing import outgoing
from tests.support.stores import filled_sqlite_store
from tests.support.walker import BASE, Walker
from xenia import oidc
from xenia.core.actor import Actor, system_actor
from xenia.core.directory.application import Application, Platform, RedirectUri, ServicePrincipal
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.mail import Mail
from xenia.outside.ambient import SystemEntropy
from xenia.outside.assertions import JwtAssertions
from xenia.outside.fetcher import Answer
from xenia.outside.mail.render import MailRenderer
from xenia.outside.passwords import Argon2Hasher
from xenia.outside.sealing import AesSealer
from xenia.outside.totp import AuthenticatorTotp
from xenia.outside.words import Wordbook
from xenia.ports import Ports, ServerInfo, Store, Transaction
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import InvitationResult, invite_guest
from xenia.usecases.sessions.first_party import ensure_first_party
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.tenants.queue_mail import open_mail
from xenia.usecases.users.manage_users import NewMember, create_member
from xenia.usecases.users.user_roles import add_role
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.in_process import in_process
from xenia.web.routing import Route, Router, Surface

PASSWORD = "Correct-horse-battery-9"


@dataclass
class RunningServer:
    """The running server and short ways to act on it."""

    ports: Ports
    clock: SetClock
    router: Router
    tenant: Tenant
    admin: User
    app: Application

    def walker(self, address: str = "192.0.2.10") -> Walker:
        """A fresh browser."""
        return Walker(self.router, address=address)

    def actor(self) -> Actor:
        """The administrator in the portal."""
        return Actor(
            self.tenant.id,
            "c0ffee00-0000-4000-8000-000000000001",
            user_id=self.admin.id,
            display_name=self.admin.display_name,
            upn=self.admin.user_principal_name,
            mail="admin@contoso.example",
            roles=frozenset({GLOBAL_ADMINISTRATOR.template_id}),
        )

    def invite(self, email: str = "maria@nordwind.example", **order: object) -> InvitationResult:
        """An invitation by the administrator."""
        order.setdefault("redirect_url", f"{BASE}/myapps?tenantId={self.tenant.id}")
        return invite_guest(self.ports, self.actor(), InvitationOrder(email, **order))  # type: ignore[arg-type]

    def mails_to(self, address: str) -> list[Mail]:
        """Outgoing mail to this address, oldest first (claimed from the outbox, not delivered)."""
        return [mail for _, mail in self._dated_mails_to(address)]

    def code_for(self, address: str) -> str:
        """The newest passcode mailed to this address. Of two from the same instant nobody can say which is newer."""
        dated = [
            (sent, mail.data["code"]) for sent, mail in self._dated_mails_to(address) if "code" in mail.data
        ]
        newest = [code for sent, code in dated if sent == dated[-1][0]]
        assert len(newest) == 1, "turn the clock between two codes"
        return newest[0]

    def _dated_mails_to(self, address: str) -> list[tuple[datetime, Mail]]:
        now = self.clock.now()
        claimed = self.ports.store.write(None, lambda tx: tx.outbox.claim(200, now, timedelta(0)))
        mails = [(row.created_at, open_mail(self.ports.sealer, row.sealed_mail)) for row in claimed]
        return sorted((pair for pair in mails if pair[1].to == address), key=lambda pair: pair[0])

    def policies(self, **changes: object) -> None:
        """Change tenant-wide settings."""
        from dataclasses import replace

        def work(tx: Transaction) -> None:
            stored = tx.tenants.policies(self.tenant.id)
            tx.tenants.replace_policies(self.tenant.id, replace(stored, **changes))  # type: ignore[arg-type]

        self.ports.store.write(None, work)

    def authorize_url(self, **changes: str) -> str:
        """An authorization request of the app "Orders" (code with PKCE unless said otherwise)."""
        query = {
            "client_id": self.app.app_id,
            "response_type": "code",
            "redirect_uri": "https://orders.example/signed-in",
            "scope": "openid profile",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{BASE}/{self.tenant.id}/oauth2/v2.0/authorize?{urlencode(query)}"


VERIFIER = "v" * 43


def challenge() -> str:
    """The S256 challenge of VERIFIER."""
    return base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Contoso:
    """What every server begins with, as stored."""

    tenant: Tenant
    admin: User
    app: Application


@contextmanager
def platform(directory: Path, *, tenant_id: str | None = None, **server: Any) -> Iterator[RunningServer]:
    """A server on a SQLite file below *directory*."""
    what = ("platform", tenant_id, *sorted(server.items()))
    with filled_sqlite_store(directory, what, lambda store: fill(store, tenant_id, **server)) as (
        store,
        contoso,
    ):
        yield start(store, contoso, **server)


def make_platform(store: Store, *, tenant_id: str | None = None, **server: object) -> RunningServer:
    """Contoso with an administrator and the app "Orders" on any empty store."""
    return start(store, fill(store, tenant_id, **server), **server)


def fill(store: Store, tenant_id: str | None = None, **server: object) -> Contoso:
    """Make Contoso with an administrator and the app "Orders"."""
    ports, _ = _adapters(store, server)
    ensure_first_party(ports)
    tenant = create_tenant(ports, None, NewTenant("Contoso", "contoso", id=tenant_id))
    operator = system_actor(tenant.id, ports.entropy.guid())
    created = create_member(
        ports, operator, NewMember(f"admin@{tenant.initial_domain}", "Nikos Pappas", password=PASSWORD)
    )
    add_role(ports, operator, created.user.id, GLOBAL_ADMINISTRATOR.template_id)
    return Contoso(tenant, created.user, _orders(ports, tenant))


def start(store: Store, contoso: Contoso, **server: object) -> RunningServer:
    """The server on a store that holds Contoso."""
    answer: list[Answer] = []
    ports, clock = _adapters(store, server, answer_own=lambda request: answer[0](request))
    router = make_router(ports)
    answer.append(in_process(router, ports.entropy))
    return RunningServer(ports, clock, router, contoso.tenant, contoso.admin, contoso.app)


def _adapters(
    store: Store, changes: Mapping[str, object], answer_own: Answer | None = None
) -> tuple[Ports, SetClock]:
    info = {
        "base_url": BASE,
        "hosts": ("login.test",),
        "is_loopback": False,
        "mail_leaves": False,
        "tools": True,
        "instance": "t",
        "mail_from": "codes@login.test",
        "allows_private": True,
        **changes,
    }
    server = ServerInfo(**info)  # type: ignore[arg-type]
    clock, entropy = SetClock(), SystemEntropy()
    ports = Ports(
        store=store,
        clock=clock,
        entropy=entropy,
        sealer=AesSealer(kept.DATA_KEY, entropy),
        passwords=Argon2Hasher(),
        totp=AuthenticatorTotp(),
        keys=kept.signing_keys(store, clock),
        assertions=JwtAssertions(),
        preview=MailRenderer(server),
        wordbook=Wordbook(),
        server=server,
        **outgoing(clock, own_origins=(server.base_url,), answer_own=answer_own),
        mail_queued=lambda: None,
        logout_queued=lambda: None,
    )
    return ports, clock


def _orders(ports: Ports, tenant: Tenant) -> Application:
    now = ports.clock.now()
    app = Application(
        id=ports.entropy.guid(),
        tenant_id=tenant.id,
        app_id=ports.entropy.guid(),
        display_name="Orders",
        created_at=now,
        redirect_uris=(
            RedirectUri("https://orders.example/signed-in", Platform.WEB),
            RedirectUri("http://localhost/cb", Platform.PUBLIC),
            RedirectUri("https://spa.example/", Platform.SPA),
        ),
        id_token_issuance=True,
    )
    principal = ServicePrincipal(ports.entropy.guid(), tenant.id, app.app_id, "Orders", tenant.id, now)

    def work(tx: Transaction) -> None:
        tx.applications.add(app)
        tx.applications.add_service_principal(principal)

    ports.store.write(tenant.id, work)
    return app


def make_router(ports: Ports) -> Router:
    """Sign-in, My Apps and the protocol endpoints, as wiring puts them together."""
    pages = kept.pages()
    cookies, guard = Cookies("t"), FormGuard(ports.sealer, ports.entropy)
    account = xenia.ui.account.routes(ports, pages, cookies, guard)
    surfaces = [oidc.routes(ports, pages, cookies), xenia.ui.signin.routes(ports, pages, cookies, guard)]
    return Router(
        [*surfaces, account],
        Surface("none", (Route("GET", "/none", account.routes[0].handler),), account.render_error),
    )
