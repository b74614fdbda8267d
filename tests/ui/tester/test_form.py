"""The request form: query strings of how-tos, defaults, import, links, and what is refused before anything is sent."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.walker import BASE
from tests.support.workshop import Workshop
from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.ports import Fetched, FetchFailed, FetchRequest

EXAMPLE = (
    "requesttype=OpenIdConnect&scope=openid+profile&responsetype=id_token&responsemode=form_post"
    "&additionalparameters=prompt%3dlogin&importtype=AzureAD&tenant=contoso.onxenia.localhost"
)


def test_a_link_of_a_how_to_fills_the_form(workshop: Workshop) -> None:
    walker = workshop.walker()
    app_id = workshop.server.app.app_id
    form = walker.open(f"/tester/?{EXAMPLE}&clientid={app_id}").form("/tester/")
    assert form.fields["scope"] == "openid profile"
    assert form.fields["additionalparameters"].strip() == "prompt=login"
    assert form.fields["clientid"] == app_id
    authority = f"{BASE}/contoso.onxenia.localhost/oauth2/v2.0"
    assert form.fields["authorizationendpoint"] == f"{authority}/authorize"
    assert form.fields["tokenendpoint"] == f"{authority}/token"
    assert form.fields["redirecturi"] == f"{BASE}/tester/"


def test_names_of_the_query_come_in_any_case(workshop: Workshop) -> None:
    page = workshop.walker().open(
        "/tester/?ClientID=abc&ResponseType=CODE+id_token&requestType=openidconnect"
    )
    assert page.form("/tester/").fields["clientid"] == "abc"


def test_nothing_given_means_the_published_defaults(workshop: Workshop) -> None:
    fields = workshop.walker().open("/tester/").form("/tester/").fields
    assert fields["requesttype"] == "OpenIdConnect"
    assert (fields["scope"], fields["responsetype"], fields["responsemode"]) == (
        "openid",
        "id_token",
        "form_post",
    )
    assert fields["tenant"] == "contoso.onxenia.localhost"
    assert "usepkce" not in fields


@pytest.mark.parametrize("pasted", ["  {id} ", "{{{id}}}", '"{id}"', "{id}\u200b", "<{id}>"])
def test_a_pasted_client_id_is_cleaned(workshop: Workshop, pasted: str) -> None:
    app_id = workshop.server.app.app_id
    query = urlencode({"clientid": pasted.format(id=app_id.upper())})
    assert workshop.walker().open(f"/tester/?{query}").form("/tester/").fields["clientid"] == app_id


def test_import_button_fills_the_endpoints_without_scripts(workshop: Workshop) -> None:
    walker = workshop.walker()
    walker.open("/tester/")
    page = walker.submit(
        "/tester/", button="Import", tenant="fabrikam", authorizationendpoint="", clientid=""
    )
    assert page.status == 200
    assert page.form("/tester/").fields["authorizationendpoint"] == f"{BASE}/fabrikam/oauth2/v2.0/authorize"
    assert "No tenant of this server is called fabrikam." in page.text


@pytest.mark.parametrize(
    ("query", "endpoint"),
    [
        (
            "importtype=AzureADB2C&tenant=fabrikam.onmicrosoft.com&policyid=B2C_1_si",
            "https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/B2C_1_si/oauth2/v2.0/authorize",
        ),
        (
            "importtype=MicrosoftEntraExternalId&tenant=fabrikam",
            "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com/oauth2/v2.0/authorize",
        ),
        ("authorizationendpoint=https%3A%2F%2Fidp.example%2Fauth", "https://idp.example/auth"),
    ],
)
def test_other_identity_services(workshop: Workshop, query: str, endpoint: str) -> None:
    fields = workshop.walker().open(f"/tester/?{query}").form("/tester/").fields
    assert fields["authorizationendpoint"] == endpoint


def metadata(request: FetchRequest) -> Fetched:
    body = (
        b'{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/auth",'
        b'"token_endpoint":"https://idp.example/token","jwks_uri":"https://idp.example/keys"}'
    )
    return Fetched(200, {"content-type": "application/json"}, body)


def test_metadata_is_fetched_on_demand_only(workshop: Workshop) -> None:
    url = "https://idp.example/.well-known/openid-configuration"
    workshop.wires.answers[url] = metadata
    walker = workshop.walker()
    walker.open(f"/tester/?{urlencode({'importtype': 'Metadata', 'openidconnectmetadataurl': url})}")
    assert workshop.wires.sent == [], "a link alone makes this server ask nobody"
    page = walker.submit("/tester/", button="Import")
    assert page.form("/tester/").fields["tokenendpoint"] == "https://idp.example/token"


def test_a_failing_download_is_said_at_the_field(workshop: Workshop) -> None:
    def fails(request: FetchRequest) -> Fetched:
        raise FetchFailed("idp.example did not answer within 10 seconds.")

    workshop.wires.answers["https://idp.example/m"] = fails
    walker = workshop.walker()
    walker.open("/tester/?importtype=Metadata&openidconnectmetadataurl=https://idp.example/m")
    page = walker.submit("/tester/", button="Import")
    assert page.status == 422
    assert "idp.example did not answer" in page.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clientid": ""}, "Enter the Client ID."),
        ({"scope": "profile"}, "OpenID Connect needs the scope openid."),
        ({"tenant": ""}, "Enter the Authorization Endpoint"),
        (
            {"importtype": "None", "authorizationendpoint": "javascript:alert(1)"},
            "Enter the Authorization Endpoint",
        ),
        ({"requesttype": "ClientCredentials"}, "Client credentials need the Client Secret"),
        ({"redirecturi": "tester"}, "Enter an absolute Redirect URI."),
    ],
)
def test_what_is_missing_is_said_before_sending(
    workshop: Workshop, changes: dict[str, str], sentence: str
) -> None:
    walker = workshop.walker()
    walker.open(f"/tester/?{EXAMPLE}&clientid={workshop.server.app.app_id}")
    page = walker.submit("/tester/", button="Submit", **changes)
    assert page.status == 422
    assert sentence in page.text
    assert page.source.count("<title>Error: ") == 1


def test_generate_link_repeats_the_request(workshop: Workshop) -> None:
    walker = workshop.walker()
    walker.open(f"/tester/?{EXAMPLE}&clientid={workshop.server.app.app_id}")
    page = walker.submit("/tester/", button="Generate Link", clientsecret="s3cret")
    link = next(part for part in page.source.split('"') if part.startswith(f"{BASE}/tester/?"))
    query = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    assert query["scope"] == ["openid profile"]
    assert query["importtype"] == ["AzureAD"]
    assert query["clientsecret"] == ["s3cret"]
    assert "authorizationendpoint" not in query
    assert "Whoever has the link has the secret." in page.text


def test_the_typed_secret_is_never_sent_back_into_the_field(workshop: Workshop) -> None:
    walker = workshop.walker()
    walker.open("/tester/")
    page = walker.submit("/tester/", button="Import", clientsecret="s3cret")
    assert "s3cret" not in page.source


def test_values_are_escaped(workshop: Workshop) -> None:
    page = workshop.walker().open("/tester/?clientid=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&tenant=%3Cb%3Ex")
    assert "<script>alert" not in page.source
    assert "<b>x" not in page.source


class TestWillThisWork:
    def test_unregistered_redirect_uri_is_foreseen(self, workshop: Workshop) -> None:
        page = workshop.walker().open(f"/tester/?{EXAMPLE}&clientid={workshop.server.app.app_id}")
        assert "The app is Orders." in page.text
        assert "The Redirect URI is not registered for the app." in page.text
        assert "Register this Redirect URI now" not in page.text, (
            "only who may change the app is offered the button"
        )

    def test_the_built_in_client_works_at_once(self, workshop: Workshop) -> None:
        page = workshop.walker().open(f"/tester/?{EXAMPLE}&clientid={TESTER_APP_ID}")
        assert "The Redirect URI is registered (Single-page application)." in page.text
        assert "Problem:" not in page.text

    def test_unknown_client_and_missing_client(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        unknown = walker.open(f"/tester/?{EXAMPLE}&clientid=00000000-0000-4000-8000-00000000beef")
        assert "No app with this Client ID is known in Contoso." in unknown.text
        assert "Enter the Client ID." in walker.open(f"/tester/?{EXAMPLE}").text

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("responsetype=code&usepkce=false", "Tick Use PKCE"),
            ("responsetype=code&clientsecret=x", "Leave Client Secret empty"),
            ("responsetype=id_token&responsemode=query", "Tokens may not travel in a query string"),
        ],
    )
    def test_contradictions_are_foreseen(self, workshop: Workshop, query: str, sentence: str) -> None:
        page = workshop.walker().open(f"/tester/?tenant=contoso&clientid={TESTER_APP_ID}&{query}")
        assert sentence in page.text

    def test_the_block_is_served_alone(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        response = walker.send("GET", f"{BASE}/tester/?part=readiness&{EXAMPLE}&clientid={TESTER_APP_ID}")
        assert response.status == 200
        assert b"<html" not in response.body
        assert b"The Redirect URI is registered" in response.body
