"""Custom user attributes and API connectors in the portal, with the test bench asking a real server."""

from __future__ import annotations

from datetime import timedelta

from tests.support.connector_server import CONTINUE, answer, connector_server
from tests.ui.portal.office import Desktop, Office
from tests.usecases.test_manage_api_connectors import pfx
from xenia.core.actor import Actor, system_actor
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication
from xenia.core.user_attributes import DataType, UserAttribute
from xenia.core.user_flow import AttributeAssignment, Hook
from xenia.usecases.self_service.manage_api_connectors import (
    NewConnector,
    create_connector,
    get_connector,
    list_connectors,
    update_connector,
)
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute, list_attributes
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow

ATTRIBUTES = "external-identities/user-attributes"
CONNECTORS = "external-identities/api-connectors"
PASSWORD = "p4ss of the connector"


def operator(office: Office) -> Actor:
    return system_actor(office.platform.tenant.id, office.platform.ports.entropy.guid())


def attribute(office: Office, name: str = "Supplier number") -> UserAttribute:
    return create_attribute(office.platform.ports, operator(office), NewAttribute(name))


def custom(office: Office) -> list[UserAttribute]:
    found = list_attributes(office.platform.ports, operator(office))
    return [each for each in found if each.tenant_id is not None]


def connector(office: Office, url: str = "https://approve.contoso.example/check") -> ApiConnector:
    order = NewConnector("Supplier approval", url, username="xenia", password=PASSWORD)
    return create_connector(office.platform.ports, operator(office), order)


def stored(office: Office, found: ApiConnector) -> ApiConnector:
    return get_connector(office.platform.ports, operator(office), found.id)


def at(office: Office, found: ApiConnector, section: str = "") -> Desktop:
    desktop = office.sit()
    assert desktop.open(f"{CONNECTORS}/{found.id}{section}").status == 200
    return desktop


# --- attributes ---------------------------------------------------------------------------------


def test_attribute_is_added_and_shows_its_property(office: Office) -> None:
    desktop = office.sit()
    assert "Attributes of your own show up here" in desktop.open(ATTRIBUTES).text
    desktop.open(f"{ATTRIBUTES}/new")
    page = desktop.send("/new", name="Agrees to terms", type="boolean", description="Of 2026")
    assert "The attribute was added." in page.text
    made = custom(office)[0]
    assert made.data_type is DataType.BOOLEAN
    assert made.id.startswith("extension_")
    assert made.id.endswith("_Agreestoterms")
    assert made.id in page.text
    desktop.open(f"{ATTRIBUTES}/{made.id}")
    assert "Saved." in desktop.send(f"/{made.id}", description="Of 2027").text
    assert custom(office)[0].description == "Of 2027"


def test_attribute_that_cannot_be_keeps_what_was_typed(office: Office) -> None:
    attribute(office)
    desktop = office.sit()
    for name, words in (
        ("", "Enter a text"),
        ("4 ever", "begins with a letter"),
        ("Supplier Number", "called"),
    ):
        desktop.open(f"{ATTRIBUTES}/new")
        page = desktop.send("/new", name=name, type="int64", description="Why")
        assert page.status in (409, 422)
        assert words in page.text
        assert 'href="#field-name"' in page.source
        assert dict(desktop.fields("/new")) | {"form_token": ""} == {
            "form_token": "",
            "name": name,
            "type": "int64",
            "description": "Why",
        }
    assert desktop.send("/new", name="Ok", type="dateTime").status == 422
    assert len(custom(office)) == 1


def test_attribute_in_use_says_where_instead_of_being_deleted(office: Office) -> None:
    made = attribute(office)
    flow = NewFlow("suppliers", attributes=(AttributeAssignment(made.id, "No."),))
    create_flow(office.platform.ports, operator(office), flow)
    free = attribute(office, "Badge")
    desktop = office.sit()
    page = desktop.open(f"{ATTRIBUTES}/{made.id}/delete")
    assert page.status == 409
    assert "is asked for in B2X_1_suppliers" in page.text
    desktop.open(f"{ATTRIBUTES}/{free.id}/delete")
    assert "The attribute was deleted." in desktop.send("/delete").text
    assert [each.id for each in custom(office)] == [made.id]
    assert desktop.open(f"{ATTRIBUTES}/city").status == 404


def test_attribute_needs_its_role(office: Office) -> None:
    made = attribute(office)
    desktop = office.sit("useradmin")
    assert "You need External ID User Flow Attribute Administrator" in desktop.open(ATTRIBUTES).text
    token = dict(desktop.fields("/sign-out"))["form_token"]
    for path in ("new", made.id, f"{made.id}/delete"):
        sent = [("form_token", token), ("name", "Badge"), ("type", "string")]
        assert desktop.post(f"{ATTRIBUTES}/{path}", sent).status == 403
    assert len(custom(office)) == 1


# --- connectors ---------------------------------------------------------------------------------


def test_connector_is_added_changed_and_keeps_its_password_to_itself(office: Office) -> None:
    desktop = office.sit("useradmin")
    assert "API connectors show up here." in desktop.open(CONNECTORS).text
    desktop.open(f"{CONNECTORS}/new")
    page = desktop.send(
        "/new",
        display_name="Supplier approval",
        target_url="https://approve.contoso.example/check?key=1",
        username="xenia",
        password=PASSWORD,
    )
    assert "The API connector was added." in page.text
    assert PASSWORD not in page.source
    made = list_connectors(office.platform.ports, operator(office))[0]
    page = desktop.send(f"/{made.id}", display_name="Approval")
    assert "Saved." in page.text
    now = stored(office, made)
    assert (now.display_name, now.sealed_password) == ("Approval", made.sealed_password)
    page = desktop.send(f"/{made.id}", target_url="https://elsewhere.example/check")
    assert page.status == 422
    assert "enter the password anew" in page.text
    assert 'href="#field-password"' in page.source


def test_connector_refusals_keep_what_was_typed(office: Office) -> None:
    desktop = office.sit()
    good = {"display_name": "A", "target_url": "https://a.example/", "username": "u", "password": "p"}
    for changes, field in (
        ({"display_name": ""}, "display_name"),
        ({"target_url": "http://a.example/"}, "target_url"),
        ({"username": ""}, "username"),
        ({"password": ""}, "password"),
        ({"authentication": "certificate"}, "certificate"),
        ({"authentication": "smile"}, "authentication"),
    ):
        desktop.open(f"{CONNECTORS}/new")
        page = desktop.send("/new", {**good, **changes})
        assert page.status == 422, field
        assert f'href="#field-{field}"' in page.source, page.text
        sent = dict(desktop.fields("/new"))
        assert sent["target_url"] == {**good, **changes}["target_url"]
        assert sent["password"] == ""
    assert not list_connectors(office.platform.ports, operator(office))


def test_certificate_is_uploaded_and_presented(office: Office) -> None:
    made = connector(office)
    desktop = at(office, made)
    page = desktop.upload("/certificate", {"certificate": b"not a certificate"})
    assert page.status == 422
    assert 'href="#field-certificate"' in page.source
    assert desktop.upload("/certificate", {"certificate": b""}).status == 422
    data = pfx(office.platform.clock.now(), password="open sesame")
    assert desktop.upload("/certificate", {"certificate": data}, certificate_password="wrong").status == 422
    page = desktop.upload("/certificate", {"certificate": data}, certificate_password="open sesame")
    assert "The certificate was added." in page.text
    now = stored(office, made)
    assert now.authentication is ConnectorAuthentication.CERTIFICATE
    assert now.certificates[0].thumbprint in page.text
    assert "Presented" in page.text
    assert "open sesame" not in page.source


def test_a_certificate_is_removed_and_the_last_one_in_use_stays(office: Office) -> None:
    made = connector(office)
    desktop = at(office, made)
    for days in (20, 30):
        data = pfx(office.platform.clock.now(), days=days)
        desktop.upload("/certificate", {"certificate": data})
    first, last = (each.thumbprint for each in stored(office, made).certificates)
    page = desktop.send("/certificate/remove", thumbprint=first)
    assert "The certificate was removed." in page.text
    assert [each.thumbprint for each in stored(office, made).certificates] == [last]
    page = desktop.send("/certificate/remove", thumbprint=first)
    assert (page.status, len(stored(office, made).certificates)) == (200, 1)
    page = desktop.send("/certificate/remove", thumbprint=last)
    assert page.status == 422
    assert "Upload the next certificate first" in page.text
    assert 'href="#field-certificate"' in page.source
    desktop.send(f"/{made.id}", authentication="basic", username="u", password="p")
    assert "The certificate was removed." in desktop.send("/certificate/remove", thumbprint=last).text
    assert stored(office, made).certificates == ()


def test_connector_with_a_certificate_from_the_start(office: Office) -> None:
    desktop = office.sit()
    desktop.open(f"{CONNECTORS}/new")
    data = pfx(office.platform.clock.now())
    page = desktop.upload(
        "/new",
        {"certificate": data},
        display_name="Approval",
        target_url="https://a.example/",
        authentication="certificate",
    )
    assert "The API connector was added." in page.text
    assert "Certificate" in desktop.open(CONNECTORS).text


def test_connector_saved_meanwhile(office: Office) -> None:
    made = connector(office)
    desktop = at(office, made)
    update_connector(office.platform.ports, operator(office), made.id, {"display_name": "Theirs"})
    page = desktop.send(f"/{made.id}", display_name="Mine")
    assert page.status == 409
    assert "Theirs" in page.text
    assert "Saved." in desktop.send(f"/{made.id}").text
    assert stored(office, made).display_name == "Mine"


def test_connector_in_use_stays(office: Office) -> None:
    made = connector(office)
    flow = NewFlow("suppliers", connectors={Hook.BEFORE_CREATION: made.id})
    create_flow(office.platform.ports, operator(office), flow)
    free = connector(office)
    desktop = office.sit()
    page = desktop.open(f"{CONNECTORS}/{made.id}/delete")
    assert page.status == 409
    assert "is asked in B2X_1_suppliers" in page.text
    desktop.open(f"{CONNECTORS}/{free.id}/delete")
    assert "The API connector was deleted." in desktop.send("/delete").text
    assert [each.id for each in list_connectors(office.platform.ports, operator(office))] == [made.id]


def test_flow_asks_connectors_at_both_points(office: Office) -> None:
    made = connector(office)
    create_flow(office.platform.ports, operator(office), NewFlow("suppliers"))
    desktop = office.sit()
    address = "external-identities/user-flows/B2X_1_suppliers/api-connectors"
    page = desktop.open(address)
    assert "After federating with an identity provider during sign-up" in page.text
    assert "Before creating the user" in page.text
    page = desktop.send("/api-connectors", before_creation=made.id)
    assert "Saved." in page.text
    assert "Supplier approval" in desktop.open("external-identities/user-flows/B2X_1_suppliers").text
    desktop.open(address)
    page = desktop.send("/api-connectors", after_federation="74d13179-2c02-4ae7-bff3-82842d4e2f1f")
    assert page.status == 422
    assert dict(desktop.fields("/api-connectors"))["before_creation"] == made.id


# --- test bench ---------------------------------------------------------------------------------


def test_bench_sends_the_sample_and_shows_answer_and_verdict(office: Office) -> None:
    supplier = attribute(office)
    with connector_server() as server:
        made = connector(office, f"{server.url}/check")
        desktop = at(office, made, "/test")
        assert supplier.id in desktop.page.text
        claims = {"version": "1.0.0", "action": "Continue", "city": "Athens", "shoeSize": 42}
        server.will(answer(claims))
        page = desktop.send("/test")
        assert "Continue" in page.text
        assert "= Athens" in page.text
        assert "shoeSize" in page.text
        assert "HTTP 200" in page.text
        assert PASSWORD not in page.source
        sent = server.received[-1]
        assert sent.json["email"] == "john@fabrikam.example"
        assert sent.json[supplier.id] == "A-4711"
        server.will(answer({"version": "1.0.0", "action": "ShowBlockPage", "userMessage": "<b>No</b>"}))
        page = desktop.send("/test", sample='{"email": "eva@fabrikam.example"}', hook="postFederationSignup")
        assert "The sign-up ends with: <b>No</b>" in page.text
        assert dict(desktop.fields("/test"))["hook"] == "postFederationSignup"
        server.will(answer({"oops": True}, status=500))
        office.platform.clock.advance(timedelta(seconds=1))
        page = desktop.send("/test")
        assert "No usable answer" in page.text
        assert "nobody be created" in page.text
        told = desktop.open(f"{CONNECTORS}/{made.id}").text
        assert "95 % of the last 3 calls took at most" in told
        for words in ("ShowBlockPage", "Continue", "The status of the answer has no meaning here.", "Test"):
            assert words in told
        listed = desktop.open(CONNECTORS).text
        assert "Failed" in listed
        assert "The status of the answer has no meaning here." in listed


def test_bench_keeps_a_sample_that_is_no_json(office: Office) -> None:
    with connector_server() as server:
        made = connector(office, server.url)
        desktop = at(office, made, "/test")
        for sample in ("{", "[1]", '{"givenName": "Eva"}', '{"email": {"a": 1}}', "x" * 20_000):
            page = desktop.send("/test", sample=sample)
            assert page.status == 422, sample[:20]
            assert 'href="#field-sample"' in page.source
            assert dict(desktop.fields("/test"))["sample"].strip() == sample
        assert not server.received
        server.will(CONTINUE)


def test_bench_is_for_those_who_may_change_connectors(office: Office) -> None:
    made = connector(office)
    desktop = office.sit("reader")
    assert desktop.open(f"{CONNECTORS}/{made.id}/test").status == 200
    token = dict(desktop.fields("/sign-out"))["form_token"]
    sent = [("form_token", token), ("sample", '{"email": "eva@fabrikam.example"}')]
    assert desktop.post(f"{CONNECTORS}/{made.id}/test", sent).status == 403
    assert office.sit(tenant=office.other).open(f"{CONNECTORS}/{made.id}").status == 404
