"""Identity providers as administrators enter them: what is known, what is refused, and where secrets stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_PROVIDER_ID,
    FACEBOOK_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
    identity_at,
)
from xenia.core.directory.roles import (
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_READER,
    USER_FLOW_ADMINISTRATOR,
)
from xenia.core.directory.tenant import Toggle
from xenia.core.directory.user import Identity
from xenia.core.endpoints import callback_of
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.ports import Transaction
from xenia.usecases.self_service.manage_api_connectors import NewConnector, create_connector
from xenia.usecases.self_service.manage_identity_providers import (
    NewProvider,
    create_provider,
    get_provider,
    list_providers,
    provider_reliance,
    remove_provider,
    update_provider,
)
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow, remove_provider_from
from xenia.usecases.tenants.manage_tenant import update_policies

SECRET = "s3cr3t-of-the-client"
ISSUER = "https://id.nordwind.example/realms/staff"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path, allows_private=False) as running:
        yield running


def partner(server: RunningServer, **order: object) -> IdentityProvider:
    values: dict[str, object] = {
        "kind": ProviderKind.OPENID_CONNECT,
        "client_id": "xenia",
        "client_secret": SECRET,
        "display_name": "Nordwind",
        "well_known_url": f"{ISSUER}/.well-known/openid-configuration",
        **order,
    }
    return create_provider(server.ports, server.actor(), NewProvider(**values))  # type: ignore[arg-type]


def google(server: RunningServer) -> IdentityProvider:
    return create_provider(
        server.ports, server.actor(), NewProvider(ProviderKind.GOOGLE, "4711.apps", SECRET)
    )


def secret_of(server: RunningServer, provider: IdentityProvider) -> str:
    return server.ports.sealer.open(provider.sealed_secret, "identity-provider").decode()


def audits(server: RunningServer, activity: str) -> list[AuditRecord]:
    with server.ports.store.read(server.tenant.id) as tx:
        return [row for row in tx.logs.list_audit(Query(limit=200)).items if row.activity == activity]


def test_built_in_providers_come_first_and_cannot_be_removed(server: RunningServer) -> None:
    google(server)
    listed = list_providers(server.ports, server.actor())
    assert [one.id for one in listed] == [
        ENTRA_PROVIDER_ID,
        EMAIL_PASSCODE_PROVIDER_ID,
        MICROSOFT_ACCOUNT_PROVIDER_ID,
        GOOGLE_PROVIDER_ID,
    ]
    assert get_provider(server.ports, server.actor(), "aadsignup-oauth") == listed[0]
    for built_in in listed[:3]:
        with pytest.raises(InvalidValue):
            remove_provider(server.ports, server.actor(), built_in.id)
    for built_in in listed[:2]:
        with pytest.raises(InvalidValue):
            update_provider(server.ports, server.actor(), built_in.id, {"client_id": "x"})
    for kind in (ProviderKind.ENTRA, ProviderKind.EMAIL_PASSCODE):
        with pytest.raises(InvalidValue):
            create_provider(server.ports, server.actor(), NewProvider(kind, "x", SECRET))


def test_a_social_provider_is_known_but_for_its_client(server: RunningServer) -> None:
    stored = google(server)
    assert stored.issuer == "https://accounts.google.com"
    assert stored.well_known_url.startswith("https://accounts.google.com/")
    assert secret_of(server, stored) == SECRET
    assert SECRET not in repr(stored)
    with pytest.raises(Conflict):
        google(server)
    facebook = create_provider(server.ports, server.actor(), NewProvider(ProviderKind.FACEBOOK, "1", SECRET))
    assert (facebook.id, facebook.claims.subject) == (FACEBOOK_PROVIDER_ID, "id")
    assert facebook.endpoints.profile.startswith("https://graph.facebook.com/")


def test_the_microsoft_account_is_entered_where_it_stands(server: RunningServer) -> None:
    actor = server.actor()
    changes = {"client_id": "msa", "client_secret": SECRET}
    update_provider(server.ports, actor, MICROSOFT_ACCOUNT_PROVIDER_ID, changes)
    listed = list_providers(server.ports, actor)
    assert [one.kind for one in listed].count(ProviderKind.MICROSOFT_ACCOUNT) == 1
    assert listed[2].client_id == "msa"
    remove_provider(server.ports, actor, MICROSOFT_ACCOUNT_PROVIDER_ID)
    assert get_provider(server.ports, actor, MICROSOFT_ACCOUNT_PROVIDER_ID).client_id == ""


def test_the_issuer_follows_from_the_discovery_address_and_back(server: RunningServer) -> None:
    assert partner(server).issuer == ISSUER
    other = partner(server, display_name="Other", well_known_url="", issuer="https://id.other.example/")
    assert other.issuer == "https://id.other.example/"
    assert other.well_known_url == "https://id.other.example/.well-known/openid-configuration"
    assert other.scope == "openid profile email"
    assert other.client_authentication is ClientAuthentication.SECRET_POST


@pytest.mark.parametrize(
    ("field", "order"),
    [
        ("client_id", {"client_id": " "}),
        ("client_secret", {"client_secret": ""}),
        ("scope", {"scope": "profile email"}),
        ("scope", {"scope": 'openid "x"'}),
        ("response_type", {"response_type": "id_token"}),
        ("response_type", {"response_type": "code id_token"}),
        ("well_known_url", {"well_known_url": "http://id.nordwind.example/.well-known/openid-configuration"}),
        ("well_known_url", {"well_known_url": "http://127.0.0.1:9/.well-known/openid-configuration"}),
        ("well_known_url", {"well_known_url": "https://u:p@id.example/.well-known/openid-configuration"}),
        ("well_known_url", {"well_known_url": "https://id.example/.well-known/openid-configuration#x"}),
        ("issuer", {"well_known_url": "https://id.example/metadata"}),
        ("issuer", {"issuer": f"{ISSUER}?realm=1"}),
        ("issuer", {"issuer": f"{ISSUER}#x"}),
        ("issuer", {"issuer": "google.com"}),
        ("issuer", {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        ("issuer", {"issuer": "https://login.test/common/v2.0"}),
        ("client_authentication", {"client_authentication": "client_secret_jwt"}),
        ("claims", {"claims": ClaimMapping(subject="email")}),
        ("claims", {"claims": ClaimMapping(subject="")}),
        ("claims", {"claims": ClaimMapping(email="")}),
        ("claims", {"claims": ClaimMapping(display_name="a b")}),
        ("domains", {"domains": ("not a domain",)}),
        ("domains", {"domains": ("contoso.onxenia.localhost",)}),
        ("endpoints", {"endpoints": ProviderEndpoints(token="http://id.example/token")}),
    ],
)
def test_what_an_openid_connect_provider_may_not_be(
    server: RunningServer, field: str, order: dict[str, object]
) -> None:
    with pytest.raises(InvalidValue) as refused:
        partner(server, **order)
    assert refused.value.field == field
    assert len(list_providers(server.ports, server.actor())) == 3


def test_plain_http_is_for_this_machine_where_private_addresses_are_reached(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8080/.well-known/openid-configuration"
    with platform(tmp_path, allows_private=True) as server:
        assert partner(server, well_known_url=url).issuer == "http://127.0.0.1:8080"
        with pytest.raises(InvalidValue):
            partner(server, well_known_url="http://192.168.1.1/.well-known/openid-configuration")


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        (ProviderKind.GOOGLE, {"subject": "given_name"}),
        (ProviderKind.GOOGLE, {"email": "name"}),
        (ProviderKind.GOOGLE, {"email_verified": "given_name"}),
        (ProviderKind.FACEBOOK, {"subject": "first_name"}),
    ],
)
def test_who_somebody_is_at_a_social_provider_is_published_too(
    server: RunningServer, kind: ProviderKind, claims: dict[str, str]
) -> None:
    """A name anybody may call themselves, taken for the subject, would make every guest of Google one's own."""
    order = NewProvider(kind, "client", SECRET)
    stored = create_provider(server.ports, server.actor(), order)
    with pytest.raises(InvalidValue) as refused:
        update_provider(server.ports, server.actor(), stored.id, {"claims": replace(stored.claims, **claims)})
    assert refused.value.field == "claims"
    remove_provider(server.ports, server.actor(), stored.id)
    with pytest.raises(InvalidValue):
        create_provider(server.ports, server.actor(), replace(order, claims=replace(stored.claims, **claims)))
    stored = create_provider(server.ports, server.actor(), order)
    renamed = replace(stored.claims, display_name="nickname")
    assert update_provider(server.ports, server.actor(), stored.id, {"claims": renamed}).claims == renamed


def test_addresses_of_social_providers_are_published(server: RunningServer, tmp_path: Path) -> None:
    elsewhere = {
        "well_known_url": "https://evil.example/.well-known/openid-configuration",
        "client_secret": SECRET,
    }
    stored = google(server)
    with pytest.raises(InvalidValue):
        update_provider(server.ports, server.actor(), stored.id, elsewhere)
    assert get_provider(server.ports, server.actor(), stored.id) == stored
    (tmp_path / "rehearsal").mkdir()
    with platform(tmp_path / "rehearsal", allows_private=True) as rehearsal:
        google(rehearsal)
        changed = update_provider(rehearsal.ports, rehearsal.actor(), GOOGLE_PROVIDER_ID, elsewhere)
        assert changed.well_known_url == elsewhere["well_known_url"]


def test_an_issuer_and_a_domain_belong_to_one_provider(server: RunningServer) -> None:
    partner(server, domains=("Nordwind.Example", "nordwind.example"))
    with pytest.raises(Conflict) as refused:
        partner(server, display_name="Twin")
    assert refused.value.field == "issuer"
    with pytest.raises(Conflict) as refused:
        partner(server, issuer="https://other.example", domains=("nordwind.example",))
    assert refused.value.field == "domains"
    google_with_domain = NewProvider(ProviderKind.GOOGLE, "1", SECRET, domains=("nordwind.example",))
    with pytest.raises(InvalidValue):
        create_provider(server.ports, server.actor(), google_with_domain)


def test_one_provider_alone_has_the_shared_redirect_uri(server: RunningServer) -> None:
    """Shared by two, one could be sent the codes of the other (mix-up)."""

    def callback(number: int, **order: object) -> str:
        made = partner(server, issuer=f"https://id-{number}.example", **order)
        return callback_of("", made).replace(made.id, "ID")

    shared, own = f"/{server.tenant.id}/federation/oauth2", f"/{server.tenant.id}/federation/oauth2/ID"
    assert callback(1) == shared
    assert [callback(2), callback(3, kind=ProviderKind.ENTRA_TENANT)] == [own, own]
    first = next(
        one for one in list_providers(server.ports, server.actor()) if one.issuer.endswith("1.example")
    )
    remove_provider(server.ports, server.actor(), first.id)
    assert callback(4, has_own_callback=True) == own
    assert callback(5) == shared
    fixed = "11111111-fede-4000-8000-00000000000A"
    assert partner(server, issuer="https://id-6.example", id=fixed).id == fixed.lower()
    with pytest.raises(InvalidValue):
        partner(server, issuer="https://id-7.example", id="../oauth2")
    assert not google(server).has_own_callback


def test_the_secret_stays_unless_it_is_changed(server: RunningServer) -> None:
    stored = partner(server)
    for unchanged in ("******", None):
        changes = {"client_secret": unchanged, "display_name": f"Nordwind {unchanged}"}
        assert secret_of(server, update_provider(server.ports, server.actor(), stored.id, changes)) == SECRET
    changed = update_provider(server.ports, server.actor(), stored.id, {"client_secret": "next"})
    assert secret_of(server, changed) == "next"
    with pytest.raises(InvalidValue):
        update_provider(server.ports, server.actor(), stored.id, {"client_secret": " "})
    text = repr(
        [
            row.targets
            for row in (
                *audits(server, "Update identity provider"),
                *audits(server, "Create identity provider"),
            )
        ]
    )
    assert "******" in text
    assert SECRET not in text
    assert stored.sealed_secret not in text


def test_no_secret_is_on_the_disk_as_it_was_typed(server: RunningServer, tmp_path: Path) -> None:
    order = NewConnector("Check", "https://api.example/", username="u", password=f"{SECRET}-of-a-connector")
    partner(server)
    create_connector(server.ports, server.actor(), order)
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert any(b"https://api.example/" in data for data in files)
    assert not any(SECRET.encode() in data for data in files)


def test_a_secret_does_not_follow_to_another_server(server: RunningServer) -> None:
    stored = partner(server)
    elsewhere: dict[str, object] = {"endpoints": ProviderEndpoints(token="https://evil.example/token")}
    with pytest.raises(InvalidValue) as refused:
        update_provider(server.ports, server.actor(), stored.id, elsewhere)
    assert refused.value.field == "client_secret"
    update_provider(server.ports, server.actor(), stored.id, {**elsewhere, "client_secret": "new"})


def test_a_save_based_on_an_older_version_is_refused(server: RunningServer) -> None:
    stored = partner(server)
    update_provider(
        server.ports, server.actor(), stored.id, {"display_name": "A"}, expected_version=stored.version
    )
    with pytest.raises(Conflict):
        update_provider(
            server.ports, server.actor(), stored.id, {"display_name": "B"}, expected_version=stored.version
        )
    for name in ("kind", "id", "tenant_id", "sealed_secret", "nonsense"):
        with pytest.raises(InvalidValue):
            update_provider(server.ports, server.actor(), stored.id, {name: "x"})


def test_a_provider_in_a_flow_stays(server: RunningServer) -> None:
    stored = partner(server)
    create_flow(server.ports, server.actor(), NewFlow("Supplier", provider_ids=(stored.id,)))
    with pytest.raises(Conflict) as refused:
        remove_provider(server.ports, server.actor(), stored.id)
    assert "B2X_1_Supplier" in refused.value.message
    remove_provider_from(server.ports, server.actor(), "B2X_1_Supplier", stored.id)
    remove_provider(server.ports, server.actor(), stored.id.upper())
    with pytest.raises(NotFound):
        get_provider(server.ports, server.actor(), stored.id)
    assert len(audits(server, "Delete identity provider")) == 1


def test_who_relies_on_a_provider(server: RunningServer) -> None:
    home = partner(server, kind=ProviderKind.ENTRA_TENANT, issuer="https://a.example/t", display_name="A")
    partner(server, display_name="B", issuer="https://b.example")
    accounts = [
        ("g@gmail.example", identity_at(ProviderKind.GOOGLE, "google.com", "1")),
        ("a@a.example", identity_at(ProviderKind.ENTRA_TENANT, "https://a.example/t", "2")),
        ("e@e.example", identity_at(ProviderKind.ENTRA, "https://login.test/x/", "3")),
        ("m@m.example", identity_at(ProviderKind.EMAIL_PASSCODE, "mail", "m@m.example")),
    ]
    google(server)
    for address, identity in accounts:
        _guest(server, address, identity)
    counts = {
        one.id: provider_reliance(server.ports, server.actor(), one.id)
        for one in list_providers(server.ports, server.actor())
    }
    assert counts[GOOGLE_PROVIDER_ID] == counts[home.id] == counts[ENTRA_PROVIDER_ID] == 1
    assert counts[EMAIL_PASSCODE_PROVIDER_ID] == 1
    assert counts[MICROSOFT_ACCOUNT_PROVIDER_ID] == 0
    assert sum(counts.values()) == 4


def test_who_may(server: RunningServer) -> None:
    administrator = replace(
        server.actor(), roles=frozenset({EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR.template_id})
    )
    create_provider(server.ports, administrator, NewProvider(ProviderKind.GOOGLE, "1", SECRET))
    reader = replace(server.actor(), roles=frozenset({GLOBAL_READER.template_id}))
    other = replace(server.actor(), roles=frozenset({USER_FLOW_ADMINISTRATOR.template_id}))
    daemon = Actor(
        server.tenant.id, "c", app_id="a", app_permissions=frozenset({"IdentityProvider.Read.All"})
    )
    for actor in (reader, other, daemon):
        assert len(list_providers(server.ports, actor)) == 4
        with pytest.raises(NotPermitted):
            update_provider(server.ports, actor, GOOGLE_PROVIDER_ID, {"client_id": "2"})
        with pytest.raises(NotPermitted):
            remove_provider(server.ports, actor, GOOGLE_PROVIDER_ID)
    with pytest.raises(NotPermitted):
        list_providers(server.ports, replace(server.actor(), roles=frozenset()))


def test_lesser_administrators_turn_their_own_switch_only(server: RunningServer) -> None:
    flows = replace(server.actor(), roles=frozenset({USER_FLOW_ADMINISTRATOR.template_id}))
    providers = replace(
        server.actor(), roles=frozenset({EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR.template_id})
    )
    with server.ports.store.read(server.tenant.id) as tx:
        stored = tx.tenants.policies(server.tenant.id)
    sign_up = replace(stored, self_service_sign_up=True)
    passcode = replace(stored, email_passcode=Toggle.DISABLED)
    both = replace(sign_up, email_passcode=Toggle.DISABLED)
    for actor, wanted in ((flows, passcode), (flows, both), (providers, sign_up), (providers, both)):
        with pytest.raises(NotPermitted):
            update_policies(server.ports, actor, wanted)
    turned = update_policies(server.ports, flows, sign_up)
    assert turned.self_service_sign_up
    turned = update_policies(server.ports, providers, replace(turned, email_passcode=Toggle.DISABLED))
    assert not turned.email_passcode_enabled
    targets = {row.targets[0].id for row in audits(server, "Update policy")}
    assert targets == {"authenticationFlowsPolicy", "B2BManagementPolicy"}


def _guest(server: RunningServer, address: str, identity: Identity) -> None:
    invited = server.invite(address).user.id

    def work(tx: Transaction) -> None:
        user = tx.users.find(invited)
        assert user is not None
        tx.users.replace(replace(user, identities=(*user.identities, identity)))

    server.ports.store.write(server.tenant.id, work)
