"""Grants that need no browser: what each kind sends, what is missing, and the request that follows its answer."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import pytest

from tests.support.federating import without_second_factor
from tests.support.platform import PASSWORD, RunningServer
from tests.support.walker import BASE, Page, Walker
from tests.support.workshop import Workshop
from xenia.core.directory.application import GRAPH_APP_ID, DelegatedGrant, Platform, RedirectUri
from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.ports import Fetched, FetchRequest, Transaction
from xenia.usecases.users.manage_users import NewMember, create_member

FOREIGN = "https://idp.partner.example"
PASSWORD_GRANT = "ResourceOwnerPasswordCredentials"


def opened(workshop: Workshop, kind: str, **query: str) -> Walker:
    """The form with this request type, its endpoints imported."""
    walker = workshop.walker()
    values = {"requesttype": kind, "tenant": "contoso", "clientid": TESTER_APP_ID, **query}
    walker.open(f"/tester/?{urlencode(values)}")
    return walker


def at_a_foreign_server(
    workshop: Workshop, kind: str, **query: str
) -> tuple[Walker, list[dict[str, list[str]]]]:
    """The form pointed at a server whose every request is kept."""
    seen: list[dict[str, list[str]]] = []

    def answer(request: FetchRequest) -> Fetched:
        seen.append(parse_qs((request.body or b"").decode(), keep_blank_values=True))
        return Fetched(
            200, {"content-type": "application/json"}, b'{"access_token": "opaque", "token_type": "Bearer"}'
        )

    workshop.wires.answers[f"{FOREIGN}/token"] = answer
    return opened(workshop, kind, importtype="None", tokenendpoint=f"{FOREIGN}/token", **query), seen


@pytest.fixture
def member(server: RunningServer) -> str:
    """The name of a member who may sign in by password alone, to apps that may take it."""

    def allow(tx: Transaction) -> None:
        policies = tx.tenants.policies(server.tenant.id)
        tx.tenants.replace_policies(server.tenant.id, replace(policies, password_grant=True))
        app = tx.applications.find_by_app_id(server.app.app_id)
        assert app is not None
        uris = (*app.redirect_uris, RedirectUri(f"{BASE}/tester/", Platform.PUBLIC))
        tx.applications.replace(replace(app, is_fallback_public_client=True, redirect_uris=uris))
        client, graph = (tx.applications.service_principal(each) for each in (app.app_id, GRAPH_APP_ID))
        assert client is not None
        assert graph is not None
        scopes = ("openid", "profile", "offline_access")
        tx.applications.put_grant(DelegatedGrant("g1", client.id, "AllPrincipals", None, graph.id, scopes))

    without_second_factor(server, server.tenant.id)
    server.ports.store.write(server.tenant.id, allow)
    name = f"mia@{server.tenant.initial_domain}"
    create_member(server.ports, server.actor(), NewMember(name, "Mia", password=PASSWORD))
    return name


def token_names(page: Page) -> list[str]:
    return [
        name for name in ("id_token", "access_token", "refresh_token") if f'"name":"{name}"' in page.source
    ]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("RefreshToken", "Enter the Refresh Token."),
        ("DeviceToken", "Enter the Device Code."),
        ("OnBehalfOf", "Enter the Assertion"),
        ("OnBehalfOf", "On-behalf-of needs the Client Secret"),
        (PASSWORD_GRANT, "Enter the User Name."),
        (PASSWORD_GRANT, "Enter the Password."),
        ("OAuth2CustomGrant", "Enter the Grant Type."),
    ],
)
def test_what_a_grant_must_have_is_said_before_sending(workshop: Workshop, kind: str, sentence: str) -> None:
    page = opened(workshop, kind).submit("/tester/", button="Submit")
    assert page.status == 422
    assert sentence in page.text


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("RefreshToken", {"refreshtoken": "r1"}, {"grant_type": "refresh_token", "refresh_token": "r1"}),
        (
            "DeviceToken",
            {"devicecode": "d1"},
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "d1"},
        ),
        (
            "OnBehalfOf",
            {"assertion": "a1", "clientsecret": "s3cret", "scope": "api://x/.default"},
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": "a1",
                "client_secret": "s3cret",
                "requested_token_use": "on_behalf_of",
                "scope": "api://x/.default",
            },
        ),
        (
            PASSWORD_GRANT,
            {"username": "mia", "password": "pw", "scope": "openid"},
            {"grant_type": "password", "username": "mia", "password": "pw", "scope": "openid"},
        ),
        (
            "OAuth2CustomGrant",
            {"granttype": "urn:example:swap", "additionalparameters": "thing=1\r\ngrant_type=other"},
            {"grant_type": "urn:example:swap", "thing": "1"},
        ),
    ],
)
def test_what_each_kind_sends(
    workshop: Workshop, kind: str, given: dict[str, str], sent: dict[str, str]
) -> None:
    walker, seen = at_a_foreign_server(workshop, kind)
    page = walker.submit("/tester/", button="Submit", **given)
    assert page.status == 200
    assert seen == [{name: [value] for name, value in {"client_id": TESTER_APP_ID, **sent}.items()}]


def test_secrets_are_neither_told_again_nor_put_into_links(workshop: Workshop) -> None:
    walker, _ = at_a_foreign_server(workshop, PASSWORD_GRANT)
    page = walker.submit(
        "/tester/", button="Submit", username="mia", password="pa55word", clientsecret="s3cret"
    )
    assert "pa55word" not in page.source
    assert "s3cret" not in page.source
    assert "(not shown)" in page.text


def test_a_link_alone_makes_this_server_send_nothing(workshop: Workshop) -> None:
    walker, seen = at_a_foreign_server(
        workshop, PASSWORD_GRANT, username="mia", password="pw", requestaction="PerformRequest"
    )
    assert seen == []
    assert walker.page is not None
    assert walker.page.has_form("/tester/")


def test_tokens_by_password_are_renewed_by_the_request_that_follows(workshop: Workshop, member: str) -> None:
    walker = opened(workshop, PASSWORD_GRANT, clientid=workshop.server.app.app_id)
    page = walker.submit(
        "/tester/", button="Submit", username=member, password=PASSWORD, scope="openid profile offline_access"
    )
    assert "AADSTS" not in page.text
    assert token_names(page) == ["id_token", "access_token", "refresh_token"]
    prepared = walker.submit("/tester/")
    assert prepared.form("/tester/").fields["requesttype"] == "RefreshToken"
    renewed = walker.submit("/tester/", button="Submit")
    assert "Token received" in renewed.text
    assert "access_token" in token_names(renewed)


def test_a_device_is_asked_for_its_code_and_then_polled(workshop: Workshop, member: str) -> None:
    walker = opened(workshop, "DeviceCode", clientid=workshop.server.app.app_id)
    page = walker.submit("/tester/", button="Submit")
    assert "Device code received" in page.text
    assert f'href="{BASE}/' in page.source
    prepared = walker.submit("/tester/")
    fields = prepared.form("/tester/").fields
    assert fields["requesttype"] == "DeviceToken"
    assert len(fields["devicecode"].strip()) > 20
    waiting = walker.submit("/tester/", button="Submit")
    assert "AADSTS70016" in waiting.text
    assert "Nobody has entered the user code yet." in waiting.text


def test_a_verification_address_that_is_no_web_address_is_no_link(workshop: Workshop) -> None:
    workshop.wires.answers[f"{FOREIGN}/device"] = lambda _: Fetched(
        200,
        {"content-type": "application/json"},
        b'{"user_code": "AB", "device_code": "d", "verification_uri": "javascript:alert(1)"}',
    )
    walker = opened(workshop, "DeviceCode", importtype="None", devicecodeendpoint=f"{FOREIGN}/device")
    page = walker.submit("/tester/", button="Submit")
    assert "Device code received" in page.text
    assert 'href="javascript:' not in page.source
