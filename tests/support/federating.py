"""Two tenants of one server, and what a person does to get from one to the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from tests.support.platform import PASSWORD, VERIFIER, RunningServer
from tests.support.walker import Page, Walker, query_of
from xenia.core.actor import system_actor
from xenia.core.directory.identity_provider import IdentityProvider
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.query import Query
from xenia.ports import Transaction
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, create_member

FABRIKAM = "fabrikam.example"
BERTA = f"berta@{FABRIKAM}"


@dataclass
class Home:
    """Another tenant of the server, with one member."""

    server: RunningServer
    tenant: Tenant
    member: User

    def change_member(self, **changes: object) -> None:
        """As its administrator would."""

        def work(tx: Transaction) -> None:
            found = tx.users.find(self.member.id)
            assert found is not None
            tx.users.replace(replace(found, **changes))  # type: ignore[arg-type]

        self.server.ports.store.write(self.tenant.id, work)


def make_home(server: RunningServer, domain: str = FABRIKAM, name: str = "berta") -> Home:
    """A tenant that owns *domain*; nobody needs a second factor anywhere."""
    short = domain.partition(".")[0]
    tenant = create_tenant(server.ports, None, NewTenant(short.title(), short, domains=(domain,)))
    operator = system_actor(tenant.id, server.ports.entropy.guid())
    created = create_member(
        server.ports,
        operator,
        NewMember(f"{name}@{domain}", "Berta Beispiel", password=PASSWORD),
    )
    for tenant_id in (tenant.id, server.tenant.id):
        without_second_factor(server, tenant_id)
    return Home(server, tenant, created.user)


def without_second_factor(server: RunningServer, tenant_id: str) -> None:
    """Security defaults off."""

    def work(tx: Transaction) -> None:
        stored = tx.tenants.policies(tenant_id)
        changed = replace(stored, security_defaults=False, offer_stay_signed_in=False)
        tx.tenants.replace_policies(tenant_id, changed)

    server.ports.store.write(None, work)


def add_provider(server: RunningServer, provider: IdentityProvider) -> IdentityProvider:
    """Enter a provider in the tenant, its secret sealed as the verbs do."""
    server.ports.store.write(server.tenant.id, lambda tx: tx.identity_providers.add(provider))
    return provider


def seal_secret(server: RunningServer, secret: str) -> str:
    """As a provider's record holds it."""
    return server.ports.sealer.seal(secret.encode(), "identity-provider")


def guest(server: RunningServer, address: str) -> User:
    """The user with this mail address."""
    with server.ports.store.read(server.tenant.id) as tx:
        return tx.users.find_by_address(address)[0]


def sign_in_errors(server: RunningServer) -> list[tuple[int, str]]:
    """Number and reason of each failed sign-in, oldest first."""
    with server.ports.store.read(server.tenant.id) as tx:
        rows = tx.logs.list_sign_ins(Query()).items
    return [(row.error_code, row.failure_reason) for row in reversed(rows) if row.error_code]


def id_token_of(server: RunningServer, page: Page) -> dict[str, object]:
    """Redeem the code that the app got, and read the ID token."""
    target = page.response.header("Location") or page.refresh or ""
    code = query_of(target)["code"]
    app = Walker(server.router)
    response = app.send(
        "POST",
        f"/{server.tenant.id}/oauth2/v2.0/token",
        form={
            "client_id": server.app.app_id,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://localhost/cb",
            "code_verifier": VERIFIER,
        },
    )
    import json

    answer = json.loads(response.body)
    assert "id_token" in answer, answer
    claims = server.ports.keys.verify(answer["id_token"])
    assert claims is not None
    return claims


def state_in(url: str) -> str:
    """The state parameter of an address."""
    return parse_qs(urlsplit(url).query)["state"][0]
