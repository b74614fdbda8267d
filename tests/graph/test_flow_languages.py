"""Languages of a user flow through the API: switches, default texts, own texts; who may; refusals with their reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.graph.test_user_flows import _stored, flow, token
from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.directory.roles import EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, GLOBAL_READER
from xenia.core.user_flow import FlowLanguage, OwnText
from xenia.core.wording import LANGUAGES

__all__ = ["flow", "token"]
VERSIONS = pytest.mark.parametrize("version", ["v1.0", "beta"])
DETAILS, WAYS = "attributecollection", "idpselections"


def _file(**value: Any) -> bytes:
    entry = {"ElementType": "UxElement", "ElementId": None, "StringId": "heading", "Override": True}
    return json.dumps({"LocalizedStrings": [{**entry, **value}], "LocalizedCollections": []}).encode()


@VERSIONS
def test_all_languages_are_listed_and_on(world: GraphWorld, token: str, flow: str, version: str) -> None:
    root = f"{BASE}/{version}"
    listed = world.get(f"{root}/{flow}/languages", token=token).body
    assert listed["@odata.context"] == f"{root}/$metadata#identity/b2xUserFlows('B2X_1_Supplier')/languages"
    assert {item["id"]: item["displayName"] for item in listed["value"]} == dict(LANGUAGES)
    assert all(item["isEnabled"] for item in listed["value"])
    french = world.get(f"{root}/{flow}/languages/FR", token=token).body
    assert (french["id"], french["displayName"], french["isEnabled"]) == ("fr", "French", True)
    unknown = world.get(f"{root}/{flow}/languages/tlh", token=token)
    assert (unknown.status, unknown.code) == (404, "ResourceNotFound")
    expanded = world.get(f"{root}/{flow}?$expand=languages", token=token).body
    assert len(expanded["languages"]) == len(LANGUAGES)


@VERSIONS
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_language_is_switched_off_and_on(
    world: GraphWorld, token: str, flow: str, method: str, version: str
) -> None:
    path = f"{BASE}/{version}/{flow}/languages/fr"
    body = {"id": "fr", "isEnabled": False} if method == "PUT" else {"isEnabled": False}
    assert world.call(method, path, body, token=token).status == 204
    assert world.get(path, token=token).body["isEnabled"] is False
    assert _stored(world).languages == (FlowLanguage("fr", is_enabled=False),)
    assert world.call(method, path, {**body, "isEnabled": True}, token=token).status == 204
    assert _stored(world).languages == ()


def test_a_switch_that_makes_no_sense_is_refused(world: GraphWorld, token: str, flow: str) -> None:
    path = f"{flow}/languages/fr"
    for body in (
        {},
        {"id": "de", "isEnabled": True},
        {"isEnabled": None},
        {"isEnabled": "no"},
        {"displayName": "F"},
    ):
        assert world.call("PATCH", path, body, token=token).status == 400, body
    assert world.call("PATCH", f"{flow}/languages/tlh", {"isEnabled": True}, token=token).status == 404
    assert world.call("POST", f"{flow}/languages", {"id": "tlh"}, token=token).status == 405
    assert world.call("DELETE", path, token=token).status == 405
    for name in [name for name in LANGUAGES if name != "el"]:
        assert (
            world.call("PATCH", f"{flow}/languages/{name}", {"isEnabled": False}, token=token).status == 204
        )
    last = world.call("PATCH", f"{flow}/languages/el", {"isEnabled": False}, token=token)
    assert last.status == 400
    assert "last language" in last.message


@VERSIONS
def test_the_pages_of_a_language(world: GraphWorld, token: str, flow: str, version: str) -> None:
    language = f"{BASE}/{version}/{flow}/languages/el"
    for name in ("defaultPages", "overridesPages"):
        listed = world.get(f"{language}/{name}", token=token).body
        assert [item["id"] for item in listed["value"]] == [WAYS, DETAILS]
        assert listed["@odata.context"].endswith(f"b2xUserFlows('B2X_1_Supplier')/languages('el')/{name}")
        assert world.get(f"{language}/{name}/AttributeCollection", token=token).body["id"] == DETAILS
        assert world.get(f"{language}/{name}/phonefactor", token=token).status == 404
        assert world.get(f"{language}/{name}/phonefactor/$value", token=token).status == 404
        assert world.get(f"{BASE}/{version}/{flow}/languages/tlh/{name}", token=token).status == 404
    expanded = world.get(f"{language}?$expand=defaultPages,overridesPages", token=token).body
    assert [item["id"] for item in expanded["overridesPages"]] == [WAYS, DETAILS]


@VERSIONS
def test_own_texts_are_put_read_replaced_and_removed(
    world: GraphWorld, token: str, flow: str, version: str
) -> None:
    pages = f"{BASE}/{version}/{flow}/languages/el/overridesPages"
    value = f"{pages}/{DETAILS}/$value"
    empty = {"LocalizedStrings": [], "LocalizedCollections": []}
    assert world.get(value, token=token).body == empty
    binary = {"content-type": "application/octet-stream"}
    assert world.call("PUT", value, _file(Value="Στοιχεία"), token=token, headers=binary).status == 204
    told = world.get(value, token=token)
    assert told.header("content-type") == "application/json"
    assert told.header("x-content-type-options") == "nosniff"
    assert told.body["LocalizedStrings"] == json.loads(_file(Value="Στοιχεία"))["LocalizedStrings"]
    assert _stored(world).languages == (FlowLanguage("el", texts=(OwnText(DETAILS, "heading", "Στοιχεία"),)),)
    assert world.call("PUT", value, _file(Value="Άλλα"), token=token).status == 204
    # The other page keeps its own words, and the defaults stay what they were.
    assert world.call("PUT", f"{pages}/{WAYS}/$value", _file(Value="Εγγραφή"), token=token).status == 204
    default = world.get(
        f"{BASE}/{version}/{flow}/languages/el/defaultPages/{DETAILS}/$value", token=token
    ).body
    assert "Άλλα" not in [entry["Value"] for entry in default["LocalizedStrings"]]
    assert world.call("DELETE", f"{pages}/{DETAILS}", token=token).status == 204
    assert world.get(value, token=token).body == empty
    assert [text.page for text in _stored(world).languages[0].texts] == [WAYS]
    assert world.call("DELETE", f"{pages}/{WAYS}/$value", token=token).status == 204
    assert _stored(world).languages == ()


def test_files_that_cannot_be_used_are_refused_and_change_nothing(
    world: GraphWorld, token: str, flow: str
) -> None:
    value = f"{flow}/languages/el/overridesPages/{DETAILS}/$value"
    assert world.call("PUT", value, _file(Value="Στοιχεία"), token=token).status == 204
    before = _stored(world)
    for content, reason in (
        (b"{", "This is no JSON"),
        (_file(Value=None), "Value needs a text"),
        (_file(StringId="other", Value="x"), "no StringId 'other'"),
        (_file(ElementType="ClaimType", ElementId="surname", Value="x"), "attribute 'surname'"),
        (b"[" * 50_000, "nested too deeply"),
        (b"", "Empty Payload"),
    ):
        refused = world.call("PUT", value, content, token=token)
        assert (refused.status, reason in refused.message) == (400, True), refused.body
    assert _stored(world) == before
    default = value.replace("overridesPages", "defaultPages")
    for method in ("PUT", "DELETE"):
        refused = world.call(method, default, _file(Value="x"), token=token)
        assert (refused.status, refused.header("allow")) == (405, "GET")
    assert world.call("PUT", value.replace("/el/", "/tlh/"), _file(Value="x"), token=token).status == 404


def test_who_may_read_and_who_may_write(world: GraphWorld, flow: str) -> None:
    value = f"{flow}/languages/el/overridesPages/{WAYS}/$value"
    reader = world.token(None, "IdentityUserFlow.Read.All")
    global_reader = world.token(world.add("reader", GLOBAL_READER), "IdentityUserFlow.ReadWrite.All")
    other = world.token(
        world.add("providers", EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR), "IdentityUserFlow.ReadWrite.All"
    )
    for weak in (reader, global_reader):
        assert world.get(value, token=weak).status == 200
    for weak in (reader, global_reader, other):
        assert world.call("PUT", value, _file(Value="x"), token=weak).status == 403
        assert world.call("DELETE", value, token=weak).status == 403
        switch = world.call("PATCH", f"{flow}/languages/el", {"isEnabled": False}, token=weak)
        assert switch.status == 403
    stranger = world.token(None, "User.Read.All")
    for path in (value, f"{flow}/languages", f"{flow}/languages/el/defaultPages/{WAYS}/$value"):
        assert world.get(path, token=stranger).status == 403
    assert _stored(world).languages == ()
