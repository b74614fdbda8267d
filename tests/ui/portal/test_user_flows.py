"""User flows in the portal, without scripts: list, new, sections of the editor; each success beside its refusals."""

from __future__ import annotations

import base64
import re

import pytest

from tests.ui.portal.office import Desktop, Office
from xenia.core.actor import Actor, system_actor
from xenia.core.api_connector import ConnectorAuthentication
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    ProviderKind,
)
from xenia.core.directory.tenant import Toggle
from xenia.core.user_attributes import UserAttribute
from xenia.core.user_flow import AttributeAssignment, Choice, Hook, InputType, PageText, UserFlow
from xenia.usecases.applications.manage_applications import NewApplication, register_application
from xenia.usecases.self_service import manage_user_flows
from xenia.usecases.self_service.manage_api_connectors import NewConnector, create_connector
from xenia.usecases.self_service.manage_identity_providers import NewProvider, create_provider
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute
from xenia.usecases.self_service.manage_user_flows import NewFlow

FLOW = "B2X_1_suppliers"
HOME = "external-identities/user-flows"
NAMES = (AttributeAssignment("givenName", "Given Name"), AttributeAssignment("surname", "Surname"))
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def operator(office: Office) -> Actor:
    """Who sets the stage."""
    return system_actor(office.platform.tenant.id, office.platform.ports.entropy.guid())


def make_flow(office: Office, name: str = "suppliers", **order: object) -> UserFlow:
    """A flow of the app "Orders" that asks for a name."""
    given: dict[str, object] = {"attributes": NAMES, "app_ids": (office.platform.app.app_id,), **order}
    flow = NewFlow(name, **given)  # type: ignore[arg-type]
    return manage_user_flows.create_flow(office.platform.ports, operator(office), flow)


def custom(office: Office, name: str = "Supplier number", **order: object) -> UserAttribute:
    """An attribute of this tenant's own."""
    wanted = NewAttribute(name, **order)  # type: ignore[arg-type]
    return create_attribute(office.platform.ports, operator(office), wanted)


def stored(office: Office, name: str = FLOW) -> UserFlow:
    """The flow as it is now."""
    return manage_user_flows.get_flow(office.platform.ports, operator(office), name)


def meanwhile(office: Office, **changes: object) -> None:
    """Somebody else saves."""
    manage_user_flows.update_flow(office.platform.ports, operator(office), FLOW, changes)


def at(office: Office, section: str = "", name: str = "admin") -> Desktop:
    """A section, opened by this person."""
    desktop = office.sit(name)
    assert desktop.open(f"{HOME}/{FLOW}{section}").status == 200
    return desktop


# --- list and new -------------------------------------------------------------------------------


def test_list_says_while_flows_do_nothing(office: Office) -> None:
    desktop = office.sit()
    assert "User flows show up here." in desktop.open(HOME).text
    make_flow(office, display_name="Suppliers of the north")
    page = desktop.open(HOME)
    assert "Suppliers of the north" in page.text
    assert "Self-service sign-up is off" in page.text
    assert "collaboration-settings#field-sign_up" in page.source
    office.platform.policies(self_service_sign_up=True)
    assert "Self-service sign-up is off" not in desktop.open(HOME).text


def test_new_flow_has_the_prefix_the_providers_and_the_attributes_chosen(office: Office) -> None:
    supplier = custom(office)
    desktop = office.sit("useradmin")
    assert "B2X_1_" in desktop.open(f"{HOME}/new").text
    page = desktop.send(
        "/new", name="Partner_1", provider=[EMAIL_PASSCODE_PROVIDER_ID], attribute=["surname", supplier.id]
    )
    assert "The user flow was created." in page.text
    flow = stored(office, "B2X_1_Partner_1")
    assert flow.provider_ids == (ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)
    assert [each.attribute_id for each in flow.attributes] == ["surname", supplier.id]


def test_what_cannot_be_used_yet_cannot_be_chosen_and_says_why(office: Office) -> None:
    make_flow(office, provider_ids=(ENTRA_PROVIDER_ID,))
    office.platform.policies(email_passcode=Toggle.DISABLED)
    desktop = office.sit("useradmin")
    for page in (desktop.open(f"{HOME}/new"), desktop.open(f"{HOME}/{FLOW}/identity-providers")):
        assert re.search(rf'value="{MICROSOFT_ACCOUNT_PROVIDER_ID}"[^>]* disabled', page.source)
        assert ("Configure Microsoft Account", new_provider(office)) in page.links
        assert re.search(rf'value="{EMAIL_PASSCODE_PROVIDER_ID}"[^>]* disabled', page.source)
        assert "Switched off." in page.text
    order = NewProvider(ProviderKind.MICROSOFT_ACCOUNT, "client", "secret")
    create_provider(office.platform.ports, operator(office), order)
    office.platform.policies(email_passcode=Toggle.DEFAULT)
    for page in (desktop.open(f"{HOME}/new"), desktop.open(f"{HOME}/{FLOW}/identity-providers")):
        assert "Configure Microsoft Account" not in page.text
        assert not re.search(rf'value="{MICROSOFT_ACCOUNT_PROVIDER_ID}"[^>]* disabled', page.source)


def test_a_provider_of_no_use_any_more_can_be_taken_out(office: Office) -> None:
    make_flow(office, provider_ids=(ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID))
    office.platform.policies(email_passcode=Toggle.DISABLED)
    page = office.sit().open(f"{HOME}/{FLOW}/identity-providers")
    assert re.search(rf'value="{EMAIL_PASSCODE_PROVIDER_ID}" checked aria-describedby', page.source)
    assert "Switched off." in page.text


def new_provider(office: Office) -> str:
    domain = office.platform.tenant.initial_domain
    return f"/admin/{domain}/external-identities/identity-providers/new/microsoft-account"


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "1 to 64 letters"), ("a b", "1 to 64 letters"), ("Suppliers", "There is a user flow called")],
)
def test_new_flow_keeps_what_was_chosen_when_the_name_is_refused(
    office: Office, name: str, words: str
) -> None:
    make_flow(office)
    desktop = office.sit()
    desktop.open(f"{HOME}/new")
    page = desktop.send("/new", name=name, provider=[], attribute=["city"])
    assert page.status in (409, 422)
    assert words in page.text
    assert 'href="#field-name"' in page.source
    sent = desktop.fields("/new")
    assert ("attribute", "city") in sent
    assert ("attribute", "surname") not in sent
    assert ("provider", EMAIL_PASSCODE_PROVIDER_ID) not in sent


def test_readers_see_flows_and_change_nothing(office: Office) -> None:
    make_flow(office)
    desktop = at(office, name="reader")
    assert "You need External ID User Flow Administrator to change this." in desktop.page.text
    for section in ("", "/identity-providers", "/user-attributes", "/page-layouts", "/applications"):
        assert not at(office, section, "reader").has_form(f"{FLOW}{section}")
    token = dict(desktop.fields("/sign-out"))["form_token"]
    answer = desktop.post(f"{HOME}/{FLOW}", [("form_token", token), ("version", "0"), ("display_name", "x")])
    assert answer.status == 403
    assert office.sit("inviter").open(f"{HOME}/{FLOW}").status == 403
    assert stored(office).display_name == ""


def test_flow_of_another_tenant_is_not_there(office: Office) -> None:
    make_flow(office)
    desktop = office.sit(tenant=office.other)
    assert desktop.open(f"{HOME}/{FLOW}").status == 404
    assert FLOW not in desktop.open(HOME).text


def test_deleting_names_the_applications_that_lose_sign_up(office: Office) -> None:
    make_flow(office)
    desktop = office.sit()
    assert "1 application loses self-service sign-up" in desktop.open(f"{HOME}/{FLOW}/delete").text
    page = desktop.send("/delete")
    assert "The user flow was deleted." in page.text
    assert FLOW not in page.text


# --- overview -----------------------------------------------------------------------------------


def test_overview_saves_names_and_switches(office: Office) -> None:
    make_flow(office)
    desktop = at(office)
    page = desktop.send(f"/{FLOW}", display_name="Suppliers", approval="yes", allowed="no")
    assert "Saved." in page.text
    flow = stored(office)
    assert (flow.display_name, flow.requires_approval, flow.is_sign_up_allowed) == ("Suppliers", True, False)
    assert "Approval" in page.text


def test_what_somebody_else_saved_meanwhile_is_shown_beside_what_was_typed(office: Office) -> None:
    make_flow(office)
    desktop = at(office)
    meanwhile(office, display_name="Theirs")
    page = desktop.send(f"/{FLOW}", display_name="Mine")
    assert page.status == 409
    assert "Somebody else saved while this page was open" in page.text
    assert "Theirs" in page.text
    assert dict(desktop.fields(f"/{FLOW}"))["display_name"] == "Mine"
    assert "Saved." in desktop.send(f"/{FLOW}").text
    assert stored(office).display_name == "Mine"


def test_display_name_of_another_flow_is_refused_at_its_field(office: Office) -> None:
    make_flow(office, "drivers", display_name="Drivers", app_ids=())
    make_flow(office)
    page = at(office).send(f"/{FLOW}", display_name="drivers")
    assert page.status == 409
    assert 'href="#field-display_name"' in page.source
    assert "Somebody else saved" not in page.text


# --- identity providers -------------------------------------------------------------------------


def google(office: Office) -> None:
    order = NewProvider(ProviderKind.GOOGLE, client_id="4711", client_secret="s3cret")
    create_provider(office.platform.ports, operator(office), order)


def test_providers_are_chosen_and_ordered_with_buttons(office: Office) -> None:
    make_flow(office, provider_ids=(EMAIL_PASSCODE_PROVIDER_ID,))
    google(office)
    desktop = at(office, "/identity-providers")
    desktop.send(
        "/identity-providers",
        provider=[EMAIL_PASSCODE_PROVIDER_ID, GOOGLE_PROVIDER_ID],
        move=f"top:{GOOGLE_PROVIDER_ID}",
    )
    rows = [value for name, value in desktop.fields("/identity-providers") if name == "row"]
    assert rows[:2] == [GOOGLE_PROVIDER_ID, ENTRA_PROVIDER_ID]
    assert f'value="top:{GOOGLE_PROVIDER_ID}"' in desktop.page.source
    assert stored(office).provider_ids == (ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)
    page = desktop.send("/identity-providers")
    assert "Saved." in page.text
    assert stored(office).provider_ids == (GOOGLE_PROVIDER_ID, ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)


def test_provider_without_credentials_is_refused_and_nothing_is_stored(office: Office) -> None:
    make_flow(office)
    desktop = at(office, "/identity-providers")
    page = desktop.send("/identity-providers", provider=["MSASignup-OAUTH"])
    assert page.status == 422
    assert "needs a client ID and a client secret first" in page.text
    sent = desktop.fields("/identity-providers")
    assert ("provider", "MSASignup-OAUTH") not in sent, "the next Save goes through"
    assert stored(office).provider_ids == (ENTRA_PROVIDER_ID,)


# --- user attributes ----------------------------------------------------------------------------


def order_of(desktop: Desktop) -> list[str]:
    """The rows of the draft, from top to bottom."""
    return [value for name, value in desktop.fields("/user-attributes") if name == "attribute"]


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        ("down:givenName", ["surname", "givenName", "city"]),
        ("up:city", ["givenName", "city", "surname"]),
        ("top:city", ["city", "givenName", "surname"]),
        ("bottom:givenName", ["surname", "city", "givenName"]),
        ("up:givenName", ["givenName", "surname", "city"]),
        ("bottom:city", ["givenName", "surname", "city"]),
        ("sideways:city", ["givenName", "surname", "city"]),
        ("up:nothing", ["givenName", "surname", "city"]),
    ],
)
def test_rows_move_in_the_draft_and_are_stored_by_save(
    office: Office, move: str, expected: list[str]
) -> None:
    make_flow(office, attributes=(*NAMES, AttributeAssignment("city", "City")))
    desktop = at(office, "/user-attributes")
    desktop.send("/user-attributes", {"label-city": "Town"}, move=move)
    assert order_of(desktop) == expected
    assert dict(desktop.fields("/user-attributes"))["label-city"] == "Town"
    assert "Unsaved changes:" in desktop.page.text
    assert stored(office).attributes[2].label == "City"
    assert "Saved." in desktop.send("/user-attributes").text
    flow = stored(office)
    assert [each.attribute_id for each in flow.attributes] == expected
    assert {each.attribute_id: each.label for each in flow.attributes}["city"] == "Town"


def test_moved_row_keeps_the_focus_on_its_button(office: Office) -> None:
    make_flow(office)
    desktop = at(office, "/user-attributes")
    page = desktop.send("/user-attributes", move="down:givenName")
    assert (
        'value="down:givenName" data-move="down" formnovalidate aria-label="Move Given Name down" autofocus'
        in page.source
    )
    assert page.source.count("autofocus") == 1


def test_attributes_are_added_and_removed_in_the_draft(office: Office) -> None:
    supplier = custom(office)
    make_flow(office)
    desktop = at(office, "/user-attributes")
    page = desktop.send("/user-attributes", add=supplier.id, insert="yes")
    assert order_of(desktop) == ["givenName", "surname", supplier.id]
    assert supplier.id in page.text
    desktop.send("/user-attributes", remove="givenName")
    assert order_of(desktop) == ["surname", supplier.id]
    assert stored(office).attributes == NAMES
    desktop.send("/user-attributes", {f"required-{supplier.id}": "true"})
    assert [(each.attribute_id, each.is_optional) for each in stored(office).attributes] == [
        ("surname", False),
        (supplier.id, False),
    ]


def test_label_help_input_type_required_options_and_first_value_are_stored(office: Office) -> None:
    make_flow(office)
    desktop = at(office, "/user-attributes")
    fields = [
        (name, value) for name, value in desktop.fields("/user-attributes") if name != "required-givenName"
    ]
    changes = {
        "label-givenName": "Department",
        "help-givenName": "Where you work",
        "input-givenName": "radioSingleSelect",
        "options-givenName": "Sales = s\r\n\r\nBuying",
        "default-givenName": "s",
    }
    kept = [(name, value) for name, value in fields if name not in changes]
    page = desktop.post(f"{HOME}/{FLOW}/user-attributes", [*kept, *changes.items()])
    assert "Saved." in page.text
    assert stored(office).attributes[0] == AttributeAssignment(
        "givenName",
        "Department",
        InputType.RADIO,
        is_optional=True,
        choices=(Choice("Sales", "s", True), Choice("Buying", "Buying")),
        help_text="Where you work",
    )
    again = dict(desktop.fields("/user-attributes"))
    assert again["options-givenName"].strip() == "Sales = s\nBuying"
    assert again["default-givenName"] == "s"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"input-surname": "dropdownSingleSelect"}, "options-surname", "needs at least one option"),
        ({"input-surname": "carrierPigeon"}, "input-surname", "Choose one of the input types."),
        ({"label-surname": "x" * 121}, "label-surname", "at most 120 characters"),
        ({"help-surname": "x" * 401}, "help-surname", "at most 400 characters"),
        ({"default-surname": "x" * 65}, "default-surname", "Shorten it to 64"),
        (
            {"input-surname": "checkboxMultiSelect", "options-surname": "a,b"},
            "options-surname",
            "without a comma",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field_and_kept(
    office: Office, changes: dict[str, str], field: str, words: str
) -> None:
    make_flow(office)
    desktop = at(office, "/user-attributes")
    page = desktop.send("/user-attributes", {**changes})
    assert page.status == 422
    assert words in page.text
    assert f'href="#field-{field}"' in page.source
    assert f'id="field-{field}"' in page.source
    sent = dict(desktop.fields("/user-attributes"))
    for name, value in changes.items():
        if name != "input-surname" or value != "carrierPigeon":
            assert sent[name].strip() == value
    assert stored(office).attributes == NAMES


def test_attributes_saved_meanwhile_are_shown_and_nothing_is_lost(office: Office) -> None:
    make_flow(office)
    desktop = at(office, "/user-attributes")
    meanwhile(office, attributes=(AttributeAssignment("city", "Town"),))
    page = desktop.send("/user-attributes", {"label-surname": "Family name"})
    assert page.status == 409
    assert "Town" in page.text
    assert order_of(desktop) == ["givenName", "surname"]
    assert "Saved." in desktop.send("/user-attributes").text
    assert stored(office).attributes[1].label == "Family name"


# --- page layouts and preview -------------------------------------------------------------------


def test_logo_name_and_intro_are_stored_and_shown(office: Office) -> None:
    make_flow(office)
    desktop = at(office, "/page-layouts")
    page = desktop.upload(
        "/page-layouts", {"logo": PIXEL}, organization_name="Contoso Suppliers", intro="Welcome.\r\nHello <b>"
    )
    assert "Saved." in page.text
    logo = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    assert stored(office).text == PageText("Contoso Suppliers", "Welcome.\nHello <b>", logo)
    assert f'src="{logo}"' in page.source
    preview = desktop.open(f"{HOME}/{FLOW}/preview?page=sign-up")
    assert "Contoso Suppliers" in preview.text
    assert "Hello &lt;b&gt;" in preview.source
    assert logo in preview.source
    desktop.open(f"{HOME}/{FLOW}/page-layouts")
    desktop.upload("/page-layouts", {"logo": b""}, remove_logo="true")
    assert stored(office).text.logo == ""
    assert stored(office).text.organization_name == "Contoso Suppliers"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "not a PNG, JPEG, GIF or WebP"),
        (PIXEL + b"\0" * 20_000, "at most 20 kB"),
    ],
)
def test_other_files_are_no_logo_and_the_texts_are_kept(office: Office, data: bytes, words: str) -> None:
    make_flow(office)
    desktop = at(office, "/page-layouts")
    page = desktop.upload("/page-layouts", {"logo": data}, intro="Typed with care")
    assert page.status == 422
    assert words in page.text
    assert 'href="#field-logo"' in page.source
    assert dict(desktop.fields("/page-layouts"))["intro"].strip() == "Typed with care"
    assert stored(office).text == PageText()


def test_preview_shows_the_draft_and_stores_nothing(office: Office) -> None:
    make_flow(office)
    office.platform.policies(self_service_sign_up=True)
    desktop = at(office, "/user-attributes")
    before = stored(office)
    desktop.send(
        "/user-attributes",
        {"label-surname": "Family <name>", "input-surname": "nonsense"},
        to=f"{office.root}/{HOME}/{FLOW}/preview",
        page="details",
    )
    page = desktop.page
    assert page.status == 200
    assert "Given Name" in page.text
    assert "Family" not in page.text, "what cannot be asked yet is left out"
    policy = page.response.header("Content-Security-Policy") or ""
    assert "frame-ancestors 'self'" in policy
    assert "form-action 'none'" in policy
    assert "script-src 'none'" in policy
    assert "autofocus" not in page.source
    assert stored(office) == before


def test_preview_of_a_draft_that_asks_for_nothing_asks_for_nothing(office: Office) -> None:
    make_flow(office, attributes=NAMES[:1])
    desktop = at(office, "/user-attributes")
    desktop.send("/user-attributes", remove="givenName")
    desktop.send("/user-attributes", to=f"{office.root}/{HOME}/{FLOW}/preview", page="details")
    assert "Add details" in desktop.page.text
    assert "Given Name" not in desktop.page.text


def test_preview_is_the_page_itself(office: Office) -> None:
    """What somebody who signs up sees, but for tokens and addresses, is what the frame shows."""
    make_flow(
        office, provider_ids=(EMAIL_PASSCODE_PROVIDER_ID,), text=PageText("Contoso Suppliers", "Welcome.")
    )
    office.platform.policies(self_service_sign_up=True)
    desktop, walker = office.sit(), office.platform.walker()

    def shown(step: str) -> str:
        page = desktop.open(f"{HOME}/{FLOW}/preview?page={step}")
        assert "<script" not in page.source
        assert "autofocus" not in page.source
        return page.text

    assert shown("sign-up") == walker.open(office.platform.authorize_url(prompt="create")).text
    walker.submit("/sign-up-address", address="maria@partner.example")
    assert shown("code") == walker.submit("/send").text
    real = walker.submit("/signin/code", code=office.platform.code_for("maria@partner.example"))
    assert shown("permissions") == real.text
    assert shown("details") == walker.submit("/signin/review", button="Accept").text
    dark = desktop.open(f"{HOME}/{FLOW}/preview?page=code&dark=yes").source
    assert 'data-theme="dark"' in dark


def test_the_way_of_a_sign_up_stands_beside_what_is_asked(office: Office) -> None:
    order = NewConnector("Check approval", "https://approve.contoso.example/", ConnectorAuthentication.NONE)
    connector = create_connector(office.platform.ports, operator(office), order)
    make_flow(office, connectors={Hook.AFTER_FEDERATION: connector.id}, requires_approval=True)
    for section in ("", "/user-attributes"):
        page = at(office, section).page
        assert "Identity provider Check approval Details Approval Guest" in " ".join(page.text.split())


# --- applications -------------------------------------------------------------------------------


def test_application_is_added_and_removed(office: Office) -> None:
    make_flow(office, app_ids=())
    desktop = at(office, "/applications")
    assert "Until then nobody can sign up." in desktop.page.text
    page = desktop.send("/applications", application=office.platform.app.app_id)
    assert "The application was added." in page.text
    assert stored(office).app_ids == (office.platform.app.app_id,)
    page = desktop.send("/remove")
    assert "The application was removed." in page.text
    assert stored(office).app_ids == ()


def test_application_of_another_flow_is_named_with_its_flow(office: Office) -> None:
    make_flow(office, "drivers")
    make_flow(office, app_ids=())
    order = NewApplication("Deliveries")
    other = register_application(office.platform.ports, operator(office), order).application
    desktop = at(office, "/applications")
    assert "In another user flow" in desktop.page.text
    assert "B2X_1_drivers" in desktop.page.text
    assert f'value="{office.platform.app.app_id}"' not in desktop.page.source
    page = desktop.send("/applications", application=office.platform.app.app_id)
    assert page.status == 422
    assert "is in B2X_1_drivers already" in page.text
    desktop.send("/applications", application=other.app_id)
    assert stored(office).app_ids == (other.app_id,)


def test_an_application_that_is_none_of_ours_is_refused(office: Office) -> None:
    make_flow(office)
    desktop = office.sit()
    desktop.open(f"{HOME}/{FLOW}/applications")
    token = dict(desktop.fields("/remove"))["form_token"]
    address = f"{HOME}/{FLOW}/applications"
    answer = desktop.post(
        address, [("form_token", token), ("application", "78656e69-6100-4000-8000-000000000001")]
    )
    assert answer.status == 422
    assert desktop.post(f"{address}/remove", [("form_token", token), ("application", "x")]).status == 422


# --- run ----------------------------------------------------------------------------------------


def test_run_opens_the_real_page_marked_as_a_test(office: Office) -> None:
    make_flow(office, provider_ids=(EMAIL_PASSCODE_PROVIDER_ID,))
    office.platform.policies(self_service_sign_up=True)
    desktop = at(office, "/run")
    link = next(href for text, href in desktop.page.links if text.startswith("Run user flow for"))
    assert "prompt=create" in link
    page = office.platform.walker().open(link)
    assert page.status == 200
    assert "Create account" in page.text


def test_run_without_application_says_what_to_do(office: Office) -> None:
    make_flow(office, app_ids=())
    desktop = at(office, "/run")
    assert "The flow has no application yet" in desktop.page.text
    page = desktop.open(f"{HOME}/{FLOW}/run?application=x")
    assert page.status == 422
    assert "Choose one of the applications" in page.text


# --- funnel -------------------------------------------------------------------------------------


def test_funnel_without_runs_and_with_wrong_days(office: Office) -> None:
    make_flow(office)
    assert "Nobody started a sign-up in these days." in at(office, "/funnel").page.text
    for query, field in (
        ("from=soon", "from"),
        ("from=2026-07-02&to=2026-07-01", "from"),
        ("to=0001-01-01", "to"),
    ):
        page = office.sit().open(f"{HOME}/{FLOW}/funnel?{query}")
        assert page.status == 422
        assert f'href="#field-{field}"' in page.source


def test_download_is_csv(office: Office) -> None:
    make_flow(office)
    page = office.sit().open(f"{HOME}/{FLOW}/funnel.csv")
    assert page.response.header("Content-Type") == "text/csv; charset=utf-8"
    assert "attachment" in (page.response.header("Content-Disposition") or "")
    assert page.source.splitlines()[0].startswith("station,people")
    assert len(page.source.splitlines()) == 7
