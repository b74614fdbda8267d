"""One provider for all modules; each test has a client of its own variant and a browser of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.conformance.plans import BASIC, Variant
from tests.conformance.relying_party import AFTER_LOGOUT, CALLBACK, RelyingParty
from tests.support.platform import PASSWORD
from tests.support.protocol import Protocol, protocol
from tests.support.sign_out import registered_app
from xenia.core.actor import system_actor
from xenia.core.directory.application import Application, ClientSecret, Platform, RedirectUri
from xenia.core.directory.user import User
from xenia.usecases.tokens.authenticate_client import client_secret_hash
from xenia.usecases.users.manage_users import NewMember, create_member

SECRET = "suite~secret.value-1_0123456789abcdef"


@dataclass
class Provider:
    """The provider under test with two registered clients and one person."""

    idp: Protocol
    clients: tuple[Application, Application]
    person: User


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Static clients, as an administrator registers them."""
    with protocol(tmp_path_factory.mktemp("op")) as idp:
        idp.server.policies(security_defaults=False)
        operator = system_actor(idp.tenant_id, idp.server.ports.entropy.guid())
        member = NewMember(f"buffy@{idp.server.tenant.initial_domain}", "Buffy Summers", password=PASSWORD)
        person = create_member(idp.server.ports, operator, member).user
        yield Provider(idp, (_client(idp, "First"), _client(idp, "Second")), person)


def _client(idp: Protocol, name: str) -> Application:
    app = registered_app(
        idp.server,
        name,
        redirect_uris=(RedirectUri(CALLBACK, Platform.WEB), RedirectUri(AFTER_LOGOUT, Platform.WEB)),
        id_token_issuance=True,
        access_token_issuance=True,
    )
    ports, now = idp.server.ports, idp.server.clock.now()
    secret = ClientSecret(
        key_id=ports.entropy.guid(),
        application_id=app.id,
        display_name="suite",
        hint=SECRET[:3],
        secret_hash=client_secret_hash(ports, app.id, SECRET),
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=600),
    )
    idp.write(lambda tx: tx.applications.add_secret(secret))
    return app


@pytest.fixture
def client(provider: Provider) -> Callable[..., RelyingParty]:
    """Make a client of a variant; ``number`` 1 is the second client."""
    # So that what limits people who mistype does not add up over tests.
    provider.idp.server.clock.advance(timedelta(minutes=11))

    def make(variant: Variant = BASIC, number: int = 0) -> RelyingParty:
        return RelyingParty(provider.idp, provider.clients[number].app_id, SECRET, provider.person, variant)

    return make
