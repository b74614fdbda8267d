"""Apps talking to the protocol endpoints of a whole server in process, as client libraries do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

import xenia.oidc
import xenia.ui.account
import xenia.ui.signin
from tests.support import kept
from tests.support.platform import VERIFIER, Contoso, RunningServer, challenge, make_platform, start
from tests.support.stores import filled_sqlite_store
from tests.support.walker import BASE, Walker
from xenia.core.directory.application import (
    Application,
    AppRole,
    AppRoleAssignment,
    Audience,
    ClientSecret,
    DelegatedGrant,
    Platform,
    RedirectUri,
    Scope,
    ServicePrincipal,
)
from xenia.core.directory.user import (
    CreationType,
    ExternalUserState,
    User,
    UserType,
    guest_upn,
    mail_identity,
    upn_identity,
)
from xenia.core.signin.answer import SignedIn
from xenia.core.signin.facts import Factor, Proof
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Transaction
from xenia.storage.store import SqlStore
from xenia.usecases.tokens.app_sign_in_journal import AppSignInJournal
from xenia.usecases.tokens.authenticate_client import client_secret_hash
from xenia.usecases.tokens.issue_tokens import plan_answer, sign_answer
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.routing import Router, Surface

SECRET = "orders~secret.value-1_0123456789abcdefgh"
WEB = "https://orders.example/signed-in"
SPA = "https://spa.example/"
NATIVE = "http://localhost/cb"
API_SCOPE, API_ROLE = "access_as_user", "Stock.Read.All"


@dataclass
class Protocol:
    """The server, one guest, and an API with a scope and an app role beside the app "Orders"."""

    server: RunningServer
    router: Router
    journal: AppSignInJournal
    guest: User
    api: Application

    @property
    def tenant_id(self) -> str:
        return self.server.tenant.id

    @property
    def app(self) -> Application:
        return self.server.app

    def send(
        self,
        method: str,
        path: str,
        query: dict[str, str] | str = "",
        form: dict[str, str] | list[tuple[str, str]] | None = None,
        **headers: str,
    ) -> HttpResponse:
        """One request from a program."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = b""
        if form is not None:
            body = urlencode(form).encode()
            sent["content-type"] = "application/x-www-form-urlencoded"
        return self.router(
            HttpRequest(
                method=method,
                path=path,
                base_url=BASE,
                query_string=query if isinstance(query, str) else urlencode(query),
                headers=sent,
                body=body,
                client_address="192.0.2.77",
                correlation_id="c0ffee00-0000-4000-8000-00000000000c",
                request_id="c0ffee00-0000-4000-8000-00000000000d",
            )
        )

    def authorize(self, segment: str | None = None, **changes: str | None) -> HttpResponse:
        """An authorization request of Orders; a parameter set to None is left out."""
        query = {
            "client_id": self.app.app_id,
            "response_type": "code",
            "redirect_uri": WEB,
            "scope": "openid profile",
            "state": "s-1",
            "nonce": "n-1",
            **changes,
        }
        sent = {name: value for name, value in query.items() if value is not None}
        return self.send("GET", f"/{segment or self.tenant_id}/oauth2/v2.0/authorize", sent)

    def token(self, **form: str | None) -> HttpResponse:
        """A token request; ``segment``, ``version`` and ``origin`` are no fields of it."""
        segment, version = form.pop("segment", None), form.pop("version", "/v2.0")
        headers = {"origin": form.pop("origin") or ""} if "origin" in form else {}
        sent = {name: value for name, value in form.items() if value is not None}
        return self.send("POST", f"/{segment or self.tenant_id}/oauth2{version}/token", form=sent, **headers)

    def client_credentials(self, **changes: str | None) -> HttpResponse:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.app.app_id,
            "client_secret": SECRET,
            "scope": f"api://{self.api.app_id}/.default",
            **changes,
        }
        return self.token(**form)

    def sign_in(
        self,
        user: User | None = None,
        *,
        proof: Proof | None = None,
        sid: str = "5e55104e-0000-4000-8000-000000000000",
        **request: Any,
    ) -> dict[str, str]:
        """What an app receives when this person (the guest) has signed in; answer parameters by name."""
        now = self.server.clock.now()
        person = user or self.guest
        issuer = "mail" if person.is_external else self.server.tenant.initial_domain
        way = ("email_passcode", "otp") if person.is_external else ("password", "pwd")
        first = proof or Proof(way[0], Factor.FIRST, now, (way[1],), issuer, person.mail or "")
        asked = AuthorizeRequest(
            **{
                "app_id": self.app.app_id,
                "redirect_uri": WEB,
                "platform": Platform.WEB,
                "response_types": ("code",),
                "response_mode": "query",
                "scopes": ("openid", "profile"),
                "nonce": "n-1",
                "state": "s-1",
                "code_challenge": challenge(),
                "client_info": True,
                **request,
            }
        )

        def work(tx: Transaction) -> Any:
            client = tx.applications.find_by_app_id(asked.app_id)
            principal = tx.applications.service_principal(asked.app_id)
            assert client is not None
            assert principal is not None
            signed_in = SignedIn(
                tenant=self.server.tenant,
                user=person,
                client=client,
                principal=principal,
                proofs=(first,),
                sid=sid,
                is_persistent=False,
                base_url=BASE,
                ip_address="192.0.2.10",
            )
            return plan_answer(self.server.ports, tx, signed_in, asked, now)

        planned = self.server.ports.store.write(self.tenant_id, work)
        return dict(sign_answer(self.server.ports, planned).params)

    def redeem(self, code: str, **changes: str | None) -> HttpResponse:
        """Redeem a code as the confidential web app does."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.app.app_id,
            "client_secret": SECRET,
            "code": code,
            "redirect_uri": WEB,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.token(**form)

    def refresh(self, token: str, **changes: str | None) -> HttpResponse:
        """Use a refresh token as the confidential web app does."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.app.app_id,
            "client_secret": SECRET,
            "refresh_token": token,
            **changes,
        }
        return self.token(**form)

    def write(self, work: Any) -> Any:
        return self.server.ports.store.write(self.tenant_id, work)

    def read(self, ask: Any) -> Any:
        with self.server.ports.store.read(self.tenant_id) as tx:
            return ask(tx)

    def change_app(self, **changes: Any) -> None:
        def work(tx: Transaction) -> None:
            stored = tx.applications.find_by_app_id(self.app.app_id)
            assert stored is not None
            tx.applications.replace(replace(stored, **changes))

        self.write(work)

    def change_principal(self, app_id: str, **changes: Any) -> None:
        def work(tx: Transaction) -> None:
            stored = tx.applications.service_principal(app_id)
            assert stored is not None
            tx.applications.replace_service_principal(replace(stored, **changes))

        self.write(work)

    def grant(self, resource_app_id: str, *scopes: str, user: User | None = None) -> None:
        """Consent of an administrator for everybody, or of one person."""

        def work(tx: Transaction) -> None:
            client = tx.applications.service_principal(self.app.app_id)
            resource = tx.applications.service_principal(resource_app_id)
            assert client is not None
            assert resource is not None
            tx.applications.put_grant(
                DelegatedGrant(
                    self.server.ports.entropy.guid(),
                    client.id,
                    "Principal" if user else "AllPrincipals",
                    user.id if user else None,
                    resource.id,
                    scopes,
                )
            )

        self.write(work)

    def assign(self, holder_id: str, kind: str, app_id: str, role_id: str) -> None:
        """Give a user or app a role of an application."""
        now = self.server.clock.now()

        def work(tx: Transaction) -> None:
            resource = tx.applications.service_principal(app_id)
            assert resource is not None
            guid = self.server.ports.entropy.guid()
            tx.applications.add_assignment(
                AppRoleAssignment(guid, holder_id, kind, resource.id, role_id, now)
            )

        self.write(work)

    def principal(self, app_id: str) -> ServicePrincipal:
        found = self.read(lambda tx: tx.applications.service_principal(app_id))
        assert isinstance(found, ServicePrincipal)
        return found

    def walker(self) -> Walker:
        return Walker(self.router)


@dataclass(frozen=True)
class _Furnished:
    """Contoso with a guest, an API and a secret of Orders, as stored."""

    contoso: Contoso
    guest: User
    api: Application


@contextmanager
def protocol(directory: Path) -> Iterator[Protocol]:
    """The whole, on a SQLite file below *directory*."""
    with (
        filled_sqlite_store(directory, "protocol", _furnish) as (store, furnished),
        _opened(store, furnished) as made,
    ):
        yield made


@contextmanager
def protocol_on(store: SqlStore) -> Iterator[Protocol]:
    """The whole, on an empty store, which is closed at the end."""
    try:
        with _opened(store, _furnish(store)) as made:
            yield made
    finally:
        store.close()


def _furnish(store: SqlStore) -> _Furnished:
    server = make_platform(store)
    furnished = _Furnished(Contoso(server.tenant, server.admin, server.app), _guest(server), _api(server))
    _add_secret(server)
    return furnished


@contextmanager
def _opened(store: SqlStore, furnished: _Furnished) -> Iterator[Protocol]:
    server = start(store, furnished.contoso)
    journal = AppSignInJournal(server.ports)
    try:
        yield Protocol(server, _router(server, journal), journal, furnished.guest, furnished.api)
    finally:
        journal.stop()


def _router(server: RunningServer, journal: AppSignInJournal) -> Router:
    pages = kept.pages()
    cookies, guard = Cookies("t"), FormGuard(server.ports.sealer, server.ports.entropy)
    oidc = xenia.oidc.routes(server.ports, pages, cookies, journal)
    signin = xenia.ui.signin.routes(server.ports, pages, cookies, guard)
    return Router([oidc, signin], Surface("none", (), oidc.render_error))


def _guest(server: RunningServer) -> User:
    address = "maria@nordwind.example"
    upn = guest_upn(address, server.tenant.initial_domain)
    guest = User(
        id=server.ports.entropy.guid(),
        tenant_id=server.tenant.id,
        user_principal_name=upn,
        display_name="Maria Sanna",
        given_name="Maria",
        surname="Sanna",
        user_type=UserType.GUEST,
        created_at=server.clock.now(),
        mail=address,
        identities=(upn_identity(upn, server.tenant.initial_domain), mail_identity(address)),
        creation_type=CreationType.INVITATION,
        external_user_state=ExternalUserState.ACCEPTED,
    )
    server.ports.store.write(server.tenant.id, lambda tx: tx.users.add(guest))
    return guest


def _api(server: RunningServer) -> Application:
    guid, now = server.ports.entropy.guid, server.clock.now()
    app_id = guid()
    api = Application(
        id=guid(),
        tenant_id=server.tenant.id,
        app_id=app_id,
        display_name="Stock API",
        created_at=now,
        identifier_uris=(f"api://{app_id}",),
        scopes=(Scope(guid(), API_SCOPE), Scope(guid(), "Orders.Read")),
        app_roles=(AppRole(guid(), API_ROLE, "Read stock", allowed_member_types=("Application", "User")),),
        requested_access_token_version=2,
    )

    def work(tx: Transaction) -> None:
        tx.applications.add(api)
        tx.applications.add_service_principal(
            ServicePrincipal(guid(), server.tenant.id, app_id, "Stock API", server.tenant.id, now)
        )

    server.ports.store.write(server.tenant.id, work)
    return api


def _add_secret(server: RunningServer) -> None:
    ports, now = server.ports, server.clock.now()
    secret = ClientSecret(
        key_id=ports.entropy.guid(),
        application_id=server.app.id,
        display_name="CI",
        hint=SECRET[:3],
        secret_hash=client_secret_hash(ports, server.app.id, SECRET),
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=180),
    )
    ports.store.write(server.tenant.id, lambda tx: tx.applications.add_secret(secret))


def other_app(made: Protocol, **changes: Any) -> Application:
    """A further registration with its principal, like Orders but for the changes."""
    ports, now = made.server.ports, made.server.clock.now()
    values = {"redirect_uris": (RedirectUri(WEB, Platform.WEB),), "audience": Audience.SINGLE, **changes}
    app = Application(ports.entropy.guid(), made.tenant_id, ports.entropy.guid(), "Other", now, **values)
    principal = ServicePrincipal(
        ports.entropy.guid(), made.tenant_id, app.app_id, "Other", made.tenant_id, now
    )

    def work(tx: Transaction) -> None:
        tx.applications.add(app)
        tx.applications.add_service_principal(principal)

    made.write(work)
    return app


def body_of(response: HttpResponse) -> dict[str, Any]:
    """A JSON object."""
    decoded = msgspec.json.decode(response.body)
    assert isinstance(decoded, dict)
    return decoded


def claims_of(token: str) -> dict[str, Any]:
    """Claims of a JWT, unverified: the verification has tests of its own."""
    segment = token.split(".")[1]
    decoded = msgspec.json.decode(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    assert isinstance(decoded, dict)
    return decoded


def header_of(token: str) -> dict[str, Any]:
    """The JOSE header."""
    segment = token.split(".", maxsplit=1)[0]
    decoded = msgspec.json.decode(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    assert isinstance(decoded, dict)
    return decoded


def params_of(response: HttpResponse) -> dict[str, str]:
    """Parameters of a redirect to an app."""
    parts = urlsplit(response.header("Location") or "")
    return dict(parse_qsl(parts.query or parts.fragment))
