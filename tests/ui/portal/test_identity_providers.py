"""Identity providers in the portal, without scripts: both tabs, configure, test, delete; refusals beside successes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.connector_server import answer, connector_server
from tests.ui.portal.office import Desktop, Office, open_office
from xenia.core.actor import Actor, system_actor
from xenia.core.directory.identity_provider import (
    GOOGLE_PROVIDER_ID,
    IdentityProvider,
    ProviderKind,
    identity_at,
)
from xenia.core.directory.user import User, UserType
from xenia.core.signin.foreign_claims import idp_of
from xenia.ports import Transaction
from xenia.record import replace
from xenia.usecases.self_service.manage_identity_providers import (
    NewProvider,
    create_provider,
    get_provider,
    list_providers,
    update_provider,
)
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow
from xenia.web.pages import format_time

LIST = "external-identities/identity-providers"
SECRET = "s3cret of the provider"
KINDS = ("google", "facebook", "microsoft-account", "openid-connect", "organization")


def operator(office: Office) -> Actor:
    return system_actor(office.platform.tenant.id, office.platform.ports.entropy.guid())


def configured(office: Office) -> dict[str, IdentityProvider]:
    """Providers with credentials, by name."""
    found = list_providers(office.platform.ports, operator(office))
    return {each.display_name: each for each in found if each.client_id}


def make(office: Office, kind: ProviderKind = ProviderKind.GOOGLE, **order: object) -> IdentityProvider:
    wanted = NewProvider(kind, client_id="4711", client_secret=SECRET, **order)  # type: ignore[arg-type]
    return create_provider(office.platform.ports, operator(office), wanted)


def nordwind(office: Office, base: str = "https://id.nordwind.example") -> IdentityProvider:
    address = f"{base}/.well-known/openid-configuration"
    return make(office, ProviderKind.OPENID_CONNECT, display_name="Nordwind", well_known_url=address)


def at(office: Office, provider: IdentityProvider, name: str = "admin") -> Desktop:
    desktop = office.sit(name)
    assert desktop.open(f"{LIST}/configured/{provider.id}").status == 200
    return desktop


def rely(office: Office, provider: IdentityProvider) -> None:
    """A guest who signs in there."""
    built = office.platform
    guest = User(
        id=built.ports.entropy.guid(),
        tenant_id=built.tenant.id,
        user_principal_name=f"maria_gmail.com#EXT#@{built.tenant.initial_domain}",
        display_name="Maria",
        user_type=UserType.GUEST,
        created_at=built.clock.now(),
        identities=(identity_at(provider.kind, idp_of(provider), "104"),),
    )
    built.ports.store.write(built.tenant.id, lambda tx: tx.users.add(guest))


def test_both_tabs_say_what_is_ready(office: Office) -> None:
    desktop = office.sit()
    page = desktop.open(LIST)
    for name in ("Microsoft Entra ID", "Email one-time passcode", "Google", "Facebook", "Microsoft Account"):
        assert name in page.text
    assert page.text.count("Not configured") == 3
    assert "Providers that you add show up here." in desktop.open(f"{LIST}?view=custom").text
    make(office)
    provider = nordwind(office)
    assert desktop.open(LIST).text.count("Not configured") == 2
    assert f"{LIST}/configured/{provider.id}" in desktop.open(f"{LIST}?view=custom").source


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_form_with_its_redirect_uri(office: Office, kind: str) -> None:
    page = office.sit().open(f"{LIST}/new/{kind}")
    assert page.status == 200
    path = "federation/oauth2" if kind in ("openid-connect", "organization") else "oauth2/authresp"
    assert f"{office.platform.tenant.id}/{path}" in page.source
    assert office.sit().open(f"{LIST}/new/carrier-pigeon").status == 404


def test_google_needs_a_client_only_and_the_secret_is_never_shown(office: Office) -> None:
    desktop = office.sit()
    page = desktop.open(f"{LIST}/new/google")
    assert "https://accounts.google.com/.well-known/openid-configuration" in page.source
    page = desktop.send("/new/google", client_id="4711", client_secret=SECRET)
    assert "The identity provider was added." in page.text
    provider = configured(office)["Google"]
    assert (provider.id, provider.client_id) == (GOOGLE_PROVIDER_ID, "4711")
    sealed = office.platform.ports.sealer.open(provider.sealed_secret, "identity-provider")
    assert sealed.decode() == SECRET
    assert SECRET not in page.source
    assert provider.sealed_secret not in page.source
    page = desktop.send("/configured/Google-OAUTH", client_id="4712")
    assert "Saved." in page.text
    assert configured(office)["Google"].client_id == "4712"
    assert configured(office)["Google"].sealed_secret == provider.sealed_secret


def test_openid_connect_takes_endpoints_claims_and_domains(office: Office) -> None:
    desktop = office.sit()
    desktop.open(f"{LIST}/new/openid-connect")
    page = desktop.send(
        "/new/openid-connect",
        {"claim-email": "mail", "domains": "Nordwind.example\r\n\r\n @partner.example"},
        display_name="Nordwind",
        client_id="xenia",
        client_secret=SECRET,
        well_known_url="https://id.nordwind.example/.well-known/openid-configuration",
        scope="openid email",
        client_authentication="client_secret_basic",
    )
    assert "The identity provider was added." in page.text
    provider = configured(office)["Nordwind"]
    assert provider.issuer == "https://id.nordwind.example"
    assert provider.domains == ("nordwind.example", "partner.example")
    assert (provider.claims.email, provider.claims.subject) == ("mail", "sub")
    assert (provider.scope, provider.client_authentication.value) == ("openid email", "client_secret_basic")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"well_known_url": "ftp://id.nordwind.example/"}, "well_known_url"),
        ({"domains": "not a domain"}, "domains"),
        ({"domains": "contoso.onxenia.localhost"}, "domains"),
        ({"scope": "email"}, "scope"),
        ({"claim-subject": "email"}, "claim-subject"),
        ({"client_authentication": "nothing"}, "client_authentication"),
        ({"issuer": "https://id.nordwind.example/?a=b"}, "issuer"),
    ],
)
def test_what_is_refused_is_said_at_its_field_and_the_rest_is_kept(
    office: Office, changes: dict[str, str], field: str
) -> None:
    desktop = office.sit()
    desktop.open(f"{LIST}/new/openid-connect")
    given = {
        "display_name": "Nordwind",
        "client_id": "xenia",
        "client_secret": SECRET,
        "well_known_url": "https://id.nordwind.example/.well-known/openid-configuration",
        **changes,
    }
    page = desktop.send("/new/openid-connect", {**given})
    assert page.status == 422, page.text
    assert f'href="#field-{field}"' in page.source
    assert f'id="field-{field}"' in page.source
    assert SECRET not in page.source
    assert dict(desktop.fields("/new/openid-connect"))["display_name"] == "Nordwind"
    assert not configured(office)


def test_second_provider_of_an_issuer_or_domain_is_refused(office: Office) -> None:
    nordwind(office)
    desktop = office.sit()
    desktop.open(f"{LIST}/new/openid-connect")
    page = desktop.send(
        "/new/openid-connect",
        client_id="x",
        client_secret="y",
        well_known_url="https://id.nordwind.example/.well-known/openid-configuration",
    )
    assert page.status == 409
    assert "Nordwind has the same issuer." in page.text
    make(office)
    desktop.open(f"{LIST}/new/google")
    page = desktop.send("/new/google", client_id="4712", client_secret=SECRET)
    assert page.status == 409
    assert "Google is set up already." in page.text


def test_a_second_provider_has_a_redirect_uri_of_its_own_from_the_start(office: Office) -> None:
    nordwind(office)
    desktop = office.sit()
    page = desktop.open(f"{LIST}/new/openid-connect")
    own = parse_qs(urlsplit(page.url).query)["id"][0]
    assert f"federation/oauth2/{own}" in page.source
    given = {"client_id": "x", "client_secret": "y", "display_name": "Second"}
    address = "https://id.second.example/.well-known/openid-configuration"
    page = desktop.send("/new/openid-connect", scope="email", well_known_url=address, **given)
    assert page.status == 422
    assert f"federation/oauth2/{own}" in page.source, "a refusal keeps it"
    page = desktop.send("/new/openid-connect", scope="openid email", well_known_url=address, **given)
    assert configured(office)["Second"].id == own
    assert f"federation/oauth2/{own}" in at(office, configured(office)["Second"]).page.source


def test_what_somebody_else_saved_meanwhile_is_shown(office: Office) -> None:
    provider = nordwind(office)
    desktop = at(office, provider)
    update_provider(office.platform.ports, operator(office), provider.id, {"client_id": "theirs"})
    page = desktop.send(f"/{provider.id}", client_id="mine")
    assert page.status == 409
    assert "Somebody else saved while this page was open" in page.text
    assert "theirs" in page.text
    assert "Saved." in desktop.send(f"/{provider.id}").text
    assert get_provider(office.platform.ports, operator(office), provider.id).client_id == "mine"


def test_addresses_of_social_providers_are_read_only_where_private_ones_are_refused(tmp_path: Path) -> None:
    with open_office(tmp_path, allows_private=False) as office:
        page = office.sit().open(f"{LIST}/new/google")
        assert "The addresses of this provider are published" in page.text
        assert re.search(r'id="field-issuer"[^>]* readonly', page.source)


def test_last_success_and_failure_are_told_in_the_list_and_with_their_reason(office: Office) -> None:
    provider = nordwind(office)
    desktop = at(office, provider)
    assert "Nobody has signed in with it yet." in desktop.page.text
    ports, tenant_id, now = office.platform.ports, office.platform.tenant.id, office.platform.clock.now()

    def work(tx: Transaction) -> None:
        tx.identity_providers.record_outcome(provider.id, now)
        tx.identity_providers.record_outcome(provider.id, now + timedelta(hours=3), "<b>iss</b> is wrong")

    ports.store.write(tenant_id, work)
    page = desktop.open(f"{LIST}?view=custom")
    for moment in (now, now + timedelta(hours=3)):
        assert format_time(moment) in page.source
    page = desktop.open(f"{LIST}/configured/{provider.id}")
    assert "<b>iss</b> is wrong" in page.text
    assert "<b>iss" not in page.source
    assert format_time(now) not in office.sit(tenant=office.other).open(LIST).source


def test_test_shows_every_check(office: Office) -> None:
    with connector_server() as server:
        provider = nordwind(office, server.url)
        server.will(answer({"issuer": "https://somebody.else.example"}))
        desktop = at(office, provider)
        page = desktop.send("/test")
        assert page.status == 200
        assert "A check did not pass" in page.text
        assert page.text.count("Problem:") >= 2
        assert dict(desktop.fields(f"/{provider.id}"))["client_id"] == "4711"


def test_what_could_not_be_seen_is_not_called_passed(office: Office) -> None:
    with connector_server() as server:
        provider = nordwind(office, server.url)
        document = {"issuer": server.url, "jwks_uri": f"{server.url}/keys"}
        document |= {f"{name}_endpoint": f"{server.url}/{name}" for name in ("authorization", "token")}
        keys = {"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]}
        server.will(answer(document), answer(keys), answer({"error": "invalid_request"}, 400))
        page = at(office, provider).send("/test")
        assert "Whether the client credentials are right can only be seen by signing in." in page.text
        assert "No check failed, but something is left to look at" in page.text
        assert "Every check passed" not in page.text


def test_a_sign_in_with_it_can_be_tried_in_the_tester(office: Office) -> None:
    page = at(office, make(office)).page
    (link,) = [href for text, href in page.links if text.startswith("Sign in in the tester")]
    query = parse_qs(urlsplit(link).query)
    assert query["additionalparameters"] == ["prompt=login&domain_hint=google.com"]
    assert query["tenant"] == [office.platform.tenant.initial_domain]


def test_moving_to_another_issuer_names_the_guests_who_lose_their_sign_in(office: Office) -> None:
    provider = nordwind(office)
    rely(office, provider)
    moved = {"well_known_url": "https://id.elsewhere.example/.well-known/openid-configuration"}
    desktop = at(office, provider)
    page = desktop.send(f"/{provider.id}", {"claim-email": "mail"}, issuer="", client_secret="new", **moved)
    assert "1 guest signs in at https://id.nordwind.example" in page.text
    assert "Nothing is saved yet." in page.text
    assert configured(office)["Nordwind"].issuer == "https://id.nordwind.example"
    assert dict(desktop.fields(f"/{provider.id}"))["claim-email"] == "mail"
    page = desktop.send(f"/{provider.id}", client_secret="new")
    assert "Saved." in page.text
    assert configured(office)["Nordwind"].issuer == "https://id.elsewhere.example"
    # Without anybody who would lose anything, nothing is asked.
    page = desktop.send(f"/{provider.id}", issuer="https://id.elsewhere.example/x")
    assert "Saved." in page.text


def test_names_of_claims_without_a_control_are_kept(office: Office) -> None:
    """Scripts set them through Graph."""
    provider = nordwind(office)
    claims = replace(provider.claims, phone_number="tel")
    update_provider(office.platform.ports, operator(office), provider.id, {"claims": claims})
    assert "Saved." in at(office, provider).send(f"/{provider.id}", {"claim-email": "mail"}).text
    assert configured(office)["Nordwind"].claims == replace(claims, email="mail")


def test_deleting_counts_the_guests_who_lose_their_sign_in(office: Office) -> None:
    provider = make(office)
    rely(office, provider)
    desktop = office.sit()
    page = desktop.open(f"{LIST}/configured/{provider.id}/delete")
    assert "1 guest signs in with it and will not be able to" in page.text
    assert desktop.send("/delete", confirmation="Goggle").status == 422
    assert configured(office)
    page = desktop.send("/delete", confirmation="Google")
    assert "The identity provider was deleted." in page.text
    assert not configured(office)


def test_provider_that_a_flow_offers_stays(office: Office) -> None:
    provider = make(office)
    create_flow(office.platform.ports, operator(office), NewFlow("suppliers", provider_ids=(provider.id,)))
    desktop = office.sit()
    desktop.open(f"{LIST}/configured/{provider.id}/delete")
    page = desktop.send("/delete")
    assert page.status == 409
    assert "Remove it from these user flows first: B2X_1_suppliers." in page.text
    assert configured(office)


def test_readers_see_no_form_and_no_secret(office: Office) -> None:
    provider = nordwind(office)
    desktop = at(office, provider, "reader")
    assert "You need External Identity Provider Administrator to change this." in desktop.page.text
    assert not desktop.has_form(f"/{provider.id}")
    assert SECRET not in desktop.page.source
    token = dict(desktop.fields("/sign-out"))["form_token"]
    address = f"{LIST}/configured/{provider.id}"
    for path in ("", "/test", "/delete"):
        assert desktop.post(address + path, [("form_token", token)]).status in (403, 422)
    assert office.sit("inviter").open(address).status == 403
    assert office.sit(tenant=office.other).open(address).status == 404
    assert configured(office)
