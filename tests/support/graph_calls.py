"""Calls of the Graph API through the real router, with access tokens signed by the server's own keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from tests.support import kept
from tests.support.clock import SetClock
from tests.support.outgoing import outgoing
from tests.support.stores import filled_sqlite_store
from xenia import graph
from xenia.core.actor import system_actor
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR, DirectoryRole
from xenia.core.directory.tenant import GuestAccess, Tenant
from xenia.core.directory.user import (
    CreationType,
    ExternalUserState,
    User,
    UserType,
    mail_identity,
    upn_identity,
)
from xenia.core.query import Query
from xenia.outside.ambient import SystemEntropy
from xenia.outside.assertions import JwtAssertions
from xenia.outside.mail.render import MailRenderer
from xenia.outside.passwords import Argon2Hasher
from xenia.outside.sealing import AesSealer
from xenia.outside.totp import AuthenticatorTotp
from xenia.outside.words import Wordbook
from xenia.ports import Ports, ServerInfo, Store, Transaction
from xenia.usecases.sessions.first_party import ensure_first_party
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, add_role, create_member
from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.routing import Router, Surface

BASE = "https://login.test"
ALL_SCOPES = (
    "User.ReadWrite.All Directory.ReadWrite.All User.Invite.All AuditLog.Read.All Policy.Read.All "
    "Policy.ReadWrite.Authorization Policy.ReadWrite.SecurityDefaults Policy.ReadWrite.AuthenticationMethod "
    "Application.Read.All Organization.ReadWrite.All Policy.ReadWrite.AuthenticationFlows"
    " Policy.ReadWrite.PermissionGrant Policy.ReadWrite.ConsentRequest ConsentRequest.Read.All"
)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its body read."""

    status: int
    body: Any
    response: HttpResponse

    @property
    def code(self) -> str:
        """``error.code``."""
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        """``error.message``."""
        return str(self.body["error"]["message"])

    def header(self, name: str) -> str:
        """A response header."""
        return self.response.header(name) or ""


@dataclass
class GraphWorld:
    """A server with Contoso, and short ways to call its Graph API as somebody."""

    ports: Ports
    clock: SetClock
    router: Router
    tenant: Tenant
    admin: User
    app: Application

    @property
    def tenant_id(self) -> str:
        """Contoso."""
        return self.tenant.id

    def token(self, user: User | None = None, permissions: str = ALL_SCOPES, **claims: object) -> str:
        """An access token for Graph: delegated for *user*, else of the app "Orders" itself."""
        ports, now = self.ports, int(self.clock.now().timestamp())
        with ports.store.read(self.tenant_id) as tx:
            principal = tx.applications.service_principal(self.app.app_id)
        assert principal is not None
        subject = (
            {"oid": user.id, "scp": permissions}
            if user
            else {"oid": principal.id, "roles": permissions.split()}
        )
        return ports.keys.sign(
            {
                "aud": "https://graph.microsoft.com",
                "iss": f"{BASE}/{self.tenant_id}/",
                "tid": self.tenant_id,
                "appid": self.app.app_id,
                "iat": now,
                "nbf": now - 300,
                "exp": now + 3600,
                **subject,
                **claims,
            }
        )

    def call(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        eventual: bool = False,
    ) -> Answered:
        """Call as the administrator unless another token is given ("" sends none). *url* may be absolute."""
        address = url.removeprefix(BASE) if url.startswith(BASE) else f"/v1.0/{url.lstrip('/')}"
        path, _, query = address.partition("?")
        given = self.token(self.admin) if token is None else token
        sent = {"authorization": f"Bearer {given}"} if given else {}
        if body is not None:
            sent["content-type"] = "application/json"
        if eventual:
            sent["consistencylevel"] = "eventual"
        request = HttpRequest(
            method,
            unquote(path),
            BASE,
            query_string=query,
            headers={**sent, **(headers or {})},
            body=b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            client_address="192.0.2.33",
            correlation_id="c0ffee00-0000-4000-8000-00000000000c",
            request_id="aaaaaaaa-0000-4000-8000-00000000000c",
        )
        response = self.router(request)
        kind = response.header("content-type") or ""
        read = json.loads(response.body) if response.body and "json" in kind else response.body.decode()
        return Answered(response.status, read, response)

    def get(self, url: str, **how: Any) -> Answered:
        """GET."""
        return self.call("GET", url, **how)

    def pages(self, url: str, **how: Any) -> list[list[dict[str, Any]]]:
        """Every page, following ``@odata.nextLink`` without the first request's headers, as SDKs do."""
        answer = self.get(url, **how)
        assert answer.status == 200, answer.body
        found = [answer.body["value"]]
        while link := answer.body.get("@odata.nextLink"):
            assert urlsplit(link).netloc == urlsplit(BASE).netloc
            answer = self.get(link, token=how.get("token"))
            assert answer.status == 200, answer.body
            found.append(answer.body["value"])
        return found

    def add(self, name: str, *roles: DirectoryRole, guest: bool = False, **attributes: Any) -> User:
        """Another user, stored as it is."""
        ports = self.ports
        initial = self.tenant.initial_domain
        upn = f"{name}_nordwind.example#EXT#@{initial}" if guest else f"{name}@{initial}"
        address = f"{name}@nordwind.example"
        user = User(
            id=ports.entropy.guid(),
            tenant_id=self.tenant_id,
            user_principal_name=upn,
            display_name=name.capitalize(),
            user_type=UserType.GUEST if guest else UserType.MEMBER,
            created_at=ports.clock.now(),
            mail_nickname=upn.partition("@")[0],
            mail=address if guest else upn,
            identities=(upn_identity(upn, initial), *((mail_identity(address),) if guest else ())),
        )
        if guest:
            user = replace(
                user,
                other_mails=(address,),
                proxy_addresses=(f"SMTP:{address}",),
                creation_type=CreationType.INVITATION,
                external_user_state=ExternalUserState.ACCEPTED,
                external_user_state_changed_at=ports.clock.now(),
            )
        user = replace(user, **attributes)

        def work(tx: Transaction) -> None:
            tx.users.add(user)
            for role in roles:
                tx.users.add_role(user.id, role.template_id)

        ports.store.write(self.tenant_id, work)
        return user

    def user(self, user_id: str) -> User | None:
        """The stored user."""
        with self.ports.store.read(self.tenant_id) as tx:
            return tx.users.find(user_id)

    def activities(self) -> list[str]:
        """Audited activities, oldest first."""
        with self.ports.store.read(self.tenant_id) as tx:
            return [record.activity for record in reversed(tx.logs.list_audit(Query(limit=500)).items)]

    def guests_see(self, level: GuestAccess) -> None:
        """Set the guest access level."""

        def work(tx: Transaction) -> None:
            stored = tx.tenants.policies(self.tenant_id)
            tx.tenants.replace_policies(self.tenant_id, replace(stored, guest_access=level))

        self.ports.store.write(None, work)

    def later(self, step: timedelta) -> None:
        """Turn the clock."""
        self.clock.advance(step)


@contextmanager
def graph_world(directory: Path) -> Iterator[GraphWorld]:
    """Contoso with an administrator and the app "Orders", on a SQLite file below *directory*."""
    with filled_sqlite_store(directory, "graph", _fill) as (store, filled):
        yield _start(store, filled)


def make_graph_world(store: Store) -> GraphWorld:
    """The same on any empty store."""
    return _start(store, _fill(store))


_Filled: TypeAlias = tuple[Tenant, User, Application]


def _start(store: Store, filled: _Filled) -> GraphWorld:
    ports, clock = _adapters(store)
    surface = graph.routes(ports)
    router = Router([surface], Surface("none", (), surface.render_error))
    return GraphWorld(ports, clock, router, *filled)


def _fill(store: Store) -> _Filled:
    ports, _ = _adapters(store)
    ensure_first_party(ports)
    tenant = create_tenant(ports, None, NewTenant("Contoso", "contoso"))
    operator = system_actor(tenant.id, ports.entropy.guid())
    order = NewMember(
        f"admin@{tenant.initial_domain}", "Nikos Pappas", properties={"mail": "nikos@contoso.example"}
    )
    admin = create_member(ports, operator, order).user
    add_role(ports, operator, admin.id, GLOBAL_ADMINISTRATOR.template_id)
    return tenant, admin, _orders(ports, tenant)


def _adapters(store: Store) -> tuple[Ports, SetClock]:
    server = ServerInfo(BASE, ("login.test",), False, False, True, "t", mail_from="invites@login.test")
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
        **outgoing(clock),
        mail_queued=lambda: None,
        logout_queued=lambda: None,
    )
    return ports, clock


def _orders(ports: Ports, tenant: Tenant) -> Application:
    now = ports.clock.now()
    app = Application(ports.entropy.guid(), tenant.id, ports.entropy.guid(), "Orders", now)
    principal = ServicePrincipal(ports.entropy.guid(), tenant.id, app.app_id, "Orders", tenant.id, now)

    def work(tx: Transaction) -> None:
        tx.applications.add(app)
        tx.applications.add_service_principal(principal)

    ports.store.write(tenant.id, work)
    return app
