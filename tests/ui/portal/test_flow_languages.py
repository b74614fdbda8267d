"""**Languages** of a user flow in the portal, without scripts: switches, own texts, files; each success beside its refusals."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.ui.portal.office import Desktop, Office
from tests.ui.portal.test_user_flows import FLOW, HOME, NAMES, make_flow, operator, stored
from xenia.core.flow_languages import FlowPage
from xenia.core.own_words import PageWords, checked_words
from xenia.core.user_flow import (
    AttributeAssignment,
    Choice,
    FlowLanguage,
    InputType,
    OwnOption,
    OwnText,
    UserFlow,
)
from xenia.core.wording import LANGUAGES
from xenia.record import replace
from xenia.ui.portal.user_flows import words_draft
from xenia.usecases.self_service import manage_flow_languages, manage_user_flows

LIST = f"{HOME}/{FLOW}/languages"
GREEK = f"{LIST}/el"
DETAILS = "attributecollection"
MARKUP = "<b>Στοιχεία</b> & άλλα"


@pytest.fixture
def desktop(office: Office) -> Desktop:
    """An administrator, and a flow that asks for a name and a choice."""
    choices = (Choice("Chess", "chess"), Choice("Go", "go"))
    title = AttributeAssignment("jobTitle", "Favourite game", InputType.RADIO, choices=choices)
    make_flow(office, attributes=(*NAMES, title))
    return office.sit()


def _heading(text: str) -> bytes:
    entry = {
        "ElementType": "UxElement",
        "ElementId": None,
        "StringId": "heading",
        "Override": True,
        "Value": text,
    }
    return json.dumps({"LocalizedStrings": [entry]}).encode()


def _option(attribute: str, value: str) -> str:
    """The field of an option."""
    return f"own-option-{attribute}-{sha256(value.encode()).hexdigest()[:16]}"


def test_languages_are_switched_off_and_on(office: Office, desktop: Desktop) -> None:
    page = desktop.open(LIST)
    assert "Ελληνικά" in page.text
    assert "Configured" not in page.text
    assert sorted(value for name, value in desktop.fields("/languages") if name == "on") == sorted(LANGUAGES)
    desktop.send("/languages", {"on": [name for name in LANGUAGES if name != "fr"]})
    assert stored(office).languages == (FlowLanguage("fr", is_enabled=False),)
    desktop.open(LIST)
    refused = desktop.send("/languages", {"on": []})
    assert (refused.status, "last language" in refused.text) == (422, True)
    assert stored(office).languages == (FlowLanguage("fr", is_enabled=False),)


def test_own_texts_are_typed_shown_and_taken_back(office: Office, desktop: Desktop) -> None:
    page = desktop.open(GREEK)
    assert "Default: Surname" not in page.text
    assert "Default: Favourite game" in page.text
    values: dict[str, str | list[str]] = {
        f"own-{DETAILS}-heading": MARKUP,
        f"own-{DETAILS}-DisplayName-surname": "Επώνυμο",
        _option("jobTitle", "go"): "Γκο",
    }
    desktop.send("/languages/el", values)
    texts = (
        OwnText(DETAILS, "heading", MARKUP),
        OwnText(DETAILS, "DisplayName", "Επώνυμο", "surname"),
    )
    assert stored(office).languages == (
        FlowLanguage("el", texts=texts, options=(OwnOption("jobTitle", "go", "Γκο"),)),
    )
    assert "Configured" in desktop.open(LIST).text
    # The preview is the page people get: own words as text, the rest in the language itself.
    shown = desktop.open(f"{HOME}/{FLOW}/preview?page=details&language=el")
    assert MARKUP in shown.text
    assert "<b>Στοιχεία" not in shown.source
    assert "Γκο" in shown.text
    assert "Add details" not in shown.text
    assert MARKUP not in desktop.open(f"{HOME}/{FLOW}/preview?page=details&language=fr").text
    desktop.open(GREEK)
    assert dict(desktop.fields("/languages/el"))[f"own-{DETAILS}-heading"] == MARKUP
    desktop.send("/languages/el", dict.fromkeys(values, ""))
    assert stored(office).languages == ()


def test_the_preview_follows_what_is_typed(office: Office, desktop: Desktop) -> None:
    desktop.open(GREEK)
    typed = {
        f"own-{DETAILS}-heading": "Τα στοιχεία σας",
        _option("jobTitle", "chess"): "a\u202eb",
        "page": "details",
    }
    url = f"{desktop.root}/{HOME}/{FLOW}/preview"
    shown = desktop.send("/languages/el", typed, to=url)
    assert "Τα στοιχεία σας" in shown.text
    assert "Chess" in shown.text
    assert stored(office).languages == ()


def test_the_preview_begins_with_a_language_that_is_on(desktop: Desktop) -> None:
    layouts = f"{HOME}/{FLOW}/page-layouts"
    assert '<option value="en" selected>' in desktop.open(layouts).source
    desktop.open(LIST)
    desktop.send("/languages", {"on": ["de", "el"]})
    source = desktop.open(layouts).source
    assert '<option value="de" selected>' in source
    assert "preview?page=sign-up&amp;language=de" in source
    assert 'value="en"' not in source


def test_what_cannot_be_shown_is_said_beside_its_field_and_kept(office: Office, desktop: Desktop) -> None:
    desktop.open(GREEK)
    name = f"own-{DETAILS}-DisplayName-surname"
    refused = desktop.send("/languages/el", {name: "Ε\u202eπ", f"own-{DETAILS}-heading": "Στοιχεία"})
    assert refused.status == 422
    assert "cannot be seen" in refused.text
    assert dict(desktop.fields("/languages/el"))[f"own-{DETAILS}-heading"] == "Στοιχεία"
    assert stored(office).languages == ()


def test_somebody_who_saved_meanwhile_is_shown_beside_what_was_typed(
    office: Office, desktop: Desktop
) -> None:
    desktop.open(GREEK)
    manage_flow_languages.switch_language(
        office.platform.ports, operator(office), FLOW, "de", is_enabled=False
    )
    refused = desktop.send("/languages/el", {f"own-{DETAILS}-heading": "Στοιχεία"})
    assert refused.status == 409
    assert dict(desktop.fields("/languages/el"))[f"own-{DETAILS}-heading"] == "Στοιχεία"
    assert stored(office).languages == (FlowLanguage("de", is_enabled=False),)
    desktop.send("/languages/el")
    assert [each.id for each in stored(office).languages] == ["de", "el"]


def test_files_go_down_and_up(office: Office, desktop: Desktop) -> None:
    defaults = desktop.open(f"{GREEK}/{DETAILS}/defaults.json")
    document = json.loads(defaults.source)
    assert {entry["Override"] for entry in document["LocalizedStrings"]} == {False}
    desktop.open(GREEK)
    desktop.upload(f"/{DETAILS}/upload", {"file": _heading("Στοιχεία")})
    assert stored(office).languages == (FlowLanguage("el", texts=(OwnText(DETAILS, "heading", "Στοιχεία"),)),)
    overrides = json.loads(desktop.open(f"{GREEK}/{DETAILS}/overrides.json").source)
    assert overrides["LocalizedStrings"] == json.loads(_heading("Στοιχεία"))["LocalizedStrings"]
    desktop.open(GREEK)
    for data, reason in ((b"{", "This is no JSON"), (b"", "Choose a JSON file")):
        refused = desktop.upload(f"/{DETAILS}/upload", {"file": data})
        assert (refused.status, reason in refused.text) == (422, True)
    assert stored(office).languages[0].texts[0].value == "Στοιχεία"


def test_who_may_only_read_sees_and_downloads_and_changes_nothing(office: Office, desktop: Desktop) -> None:
    reader = office.sit("reader")
    page = reader.open(LIST)
    assert (page.status, reader.has_form("/languages")) == (200, False)
    assert reader.open(GREEK).status == 200
    assert not reader.has_form("/languages/el")
    assert reader.open(f"{GREEK}/{DETAILS}/defaults.json").status == 200
    desktop.open(GREEK)
    assert desktop.open(f"{LIST}/tlh").status == 404
    assert desktop.open(f"{GREEK}/phonefactor/defaults.json").status == 404


def test_a_form_drawn_before_an_option_went_names_the_others_as_meant(
    office: Office, desktop: Desktop
) -> None:
    """Fields were once known by their place: what was typed for one option then stood under another."""
    desktop.open(GREEK)
    before = stored(office)
    (title,) = (each for each in before.attributes if each.attribute_id == "jobTitle")
    kept = (*NAMES, replace(title, choices=title.choices[1:]))
    manage_user_flows.update_flow(office.platform.ports, operator(office), FLOW, {"attributes": kept})
    page = desktop.send(
        "/languages/el", {_option("jobTitle", "chess"): "Σκάκι", _option("jobTitle", "go"): "Γκο"}
    )
    assert page.status == 409
    fields = dict(desktop.fields("/languages/el"))
    assert fields[_option("jobTitle", "go")] == "Γκο"
    assert "Σκάκι" not in fields.values()


def test_a_preview_does_not_look_at_thousands_of_stored_options_one_by_one(
    office: Office, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each such look costs as much as all of them: a preview would hold a process for as long as its author likes."""
    many = tuple(Choice(str(number), str(number)) for number in range(250))
    radios = tuple(
        AttributeAssignment(each, each, InputType.RADIO, choices=many) for each in ("jobTitle", "city")
    )
    ports, actor = office.platform.ports, operator(office)
    manage_user_flows.update_flow(ports, actor, FLOW, {"attributes": radios})
    named = PageWords((), tuple(OwnOption("city", each.value, f"Π{each.name}") for each in many))
    manage_flow_languages.put_words(ports, actor, FLOW, "el", {FlowPage.DETAILS: named})
    looks: list[PageWords] = []

    def counted(flow: UserFlow, page: FlowPage, words: PageWords) -> PageWords:
        looks.append(words)
        return checked_words(flow, page, words)

    monkeypatch.setattr(words_draft, "checked_words", counted)
    desktop.open(GREEK)
    typed = {f"own-{DETAILS}-heading": "Τα στοιχεία σας", "page": "details"}
    shown = desktop.send("/languages/el", typed, to=f"{desktop.root}/{HOME}/{FLOW}/preview")
    assert "Τα στοιχεία σας" in shown.text
    assert "Π249" in shown.text
    assert len(looks) == 1


def test_more_options_than_a_form_can_hold_stay_as_they_are_and_are_named_in_files(
    office: Office, desktop: Desktop
) -> None:
    many = tuple(Choice(str(number), str(number)) for number in range(250))
    radios = tuple(
        AttributeAssignment(name, name, InputType.RADIO, choices=many) for name in ("jobTitle", "city")
    )
    ports, actor = office.platform.ports, operator(office)
    manage_user_flows.update_flow(ports, actor, FLOW, {"attributes": radios})
    named = PageWords((), (OwnOption("city", "7", "Επτά"),))
    manage_flow_languages.put_words(ports, actor, FLOW, "el", {FlowPage.DETAILS: named})
    page = desktop.open(GREEK)
    assert "too many options for a form" in page.text
    assert len(desktop.fields("/languages/el")) < 100
    assert desktop.send("/languages/el", {f"own-{DETAILS}-heading": "Στοιχεία"}).status == 200
    (greek,) = stored(office).languages
    assert greek.options == named.options
    assert greek.texts == (OwnText(DETAILS, "heading", "Στοιχεία"),)
