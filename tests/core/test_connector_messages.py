"""What connectors are asked and what their answers mean: each documented answer, and everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.connector_messages import (
    LARGEST_ANSWER,
    Continue,
    Failed,
    Failure,
    HookQuestion,
    ShowBlockPage,
    ValidationError,
    encoded,
    question_body,
    verdict_of,
    with_claims,
)
from xenia.core.directory.identity_provider import ExternalAccount, ProviderKind
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, AttributeKind, DataType, UserAttribute
from xenia.core.user_flow import Hook

APP = "0123456789abcdef0123456789abcdef"
SHOE = UserAttribute(f"extension_{APP}_ShoeSize", "Shoe size", "", DataType.INTEGER, AttributeKind.CUSTOM)
NEWS = UserAttribute(f"extension_{APP}_News", "News", "", DataType.BOOLEAN, AttributeKind.CUSTOM)
KNOWN = (*BUILT_IN_ATTRIBUTES, SHOE, NEWS)
FIRST, SECOND = Hook.AFTER_FEDERATION, Hook.BEFORE_CREATION


def verdict(answer: Any, status: int = 200, hook: Hook = SECOND) -> Any:
    return verdict_of(
        hook, status, answer if isinstance(answer, bytes) else json.dumps(answer).encode(), KNOWN
    )


def go_on(**claims: Any) -> dict[str, Any]:
    return {"version": "1.0.0", "action": "Continue", **claims}


class TestQuestion:
    def test_it_tells_address_account_and_every_value_there_is(self) -> None:
        account = ExternalAccount("Google-OAUTH", ProviderKind.GOOGLE, "google.com", "0123456789")
        values = (
            ("displayName", "John Smith"),
            ("surname", "Smith"),
            ("city", ""),
            (SHOE.id, 0),
            (NEWS.id, False),
        )
        body = question_body(SECOND, HookQuestion("john@fabrikam.example", values, account, "el-GR"))
        assert body == {
            "email": "john@fabrikam.example",
            "identities": [
                {"signInType": "federated", "issuer": "google.com", "issuerAssignedId": "0123456789"}
            ],
            "displayName": "John Smith",
            "surname": "Smith",
            SHOE.id: 0,
            NEWS.id: False,
            "ui_locales": "el-GR",
        }

    def test_the_first_hook_spells_the_surname_twice(self) -> None:
        body = question_body(FIRST, HookQuestion("a@b.example", (("surname", "Smith"),)))
        assert (body["surname"], body["lastName"]) == ("Smith", "Smith")

    @pytest.mark.parametrize(
        ("kind", "idp", "told"),
        [
            (ProviderKind.FACEBOOK, "facebook.com", True),
            (ProviderKind.EMAIL_PASSCODE, "mail", True),
            (ProviderKind.ENTRA, "https://login.test/t/v2.0", False),
            (ProviderKind.MICROSOFT_ACCOUNT, "live.com", False),
            (ProviderKind.OPENID_CONNECT, "https://idp.example", False),
        ],
    )
    def test_subjects_of_other_providers_stay_here(self, kind: ProviderKind, idp: str, told: bool) -> None:
        account = ExternalAccount("x", kind, idp, "subject-1")
        body = question_body(SECOND, HookQuestion("a@b.example", account=account))
        assert ("subject-1" in encoded(body).decode()) is told

    @pytest.mark.parametrize("locales", ["", "en US", "x\r\ny", '"', "e" * 99])
    def test_a_language_is_always_named(self, locales: str) -> None:
        body = question_body(SECOND, HookQuestion("a@b.example", ui_locales=locales))
        assert body["ui_locales"] in ("en", "en-US")

    def test_claims_take_the_place_of_values(self) -> None:
        assert with_claims(
            (("city", "Rome"), ("state", "X")), (("city", "Athens"), ("country", "Greece"))
        ) == (
            ("city", "Athens"),
            ("state", "X"),
            ("country", "Greece"),
        )


class TestDocumentedAnswers:
    def test_continue_with_claims_by_any_of_their_names(self) -> None:
        answer = go_on(
            city="Athens", lastName="Smith", **{f"extension_{APP}_ShoeSize": 42, "extension_News": True}
        )
        assert verdict(answer) == Continue(
            (("city", "Athens"), ("surname", "Smith"), (SHOE.id, 42), (NEWS.id, True))
        )

    def test_the_address_is_nobody_elses_to_change_and_unknown_claims_are_ignored(self) -> None:
        answer = go_on(
            email="evil@x.example",
            mail="evil@x.example",
            userType="Member",
            accountEnabled=False,
            roles=["Global Administrator"],
            identities=[{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "evil@x.example"}],
            extension_00000000000040008000000000000000_ShoeSize=1,
            City=" Athens ",
            state=None,
            jobTitle="",
        )
        assert verdict(answer) == Continue(
            (("city", "Athens"),),
            (
                "email",
                "mail",
                "userType",
                "accountEnabled",
                "roles",
                "identities",
                "extension_00000000000040008000000000000000_ShoeSize",
            ),
        )

    def test_block(self) -> None:
        blocked = {
            "version": "1.0.0",
            "action": "ShowBlockPage",
            "userMessage": " Not\x00 you.\r\n<b>Bye</b> ",
        }
        for hook in Hook:
            assert verdict(blocked, hook=hook) == ShowBlockPage("Not  you.\n<b>Bye</b>")

    @pytest.mark.parametrize("status", [400, "400"])
    def test_validation_error(self, status: Any) -> None:
        wrong = {
            "version": "1.0.0",
            "status": status,
            "action": "ValidationError",
            "userMessage": "Ten digits.",
        }
        assert verdict(wrong, 400) == ValidationError("Ten digits.")
        assert verdict(wrong, 400, FIRST).reason is Failure.NOT_ALLOWED_HERE
        assert verdict(wrong, 200).reason is Failure.STATUS

    def test_values_are_those_of_their_attributes(self) -> None:
        assert verdict(go_on(extension_ShoeSize="43", country="GR")).claims == (
            (SHOE.id, 43),
            ("country", "Greece"),
        )
        for claims in (
            {"extension_ShoeSize": "big"},
            {"extension_News": 1},
            {"city": 5},
            {"city": "x" * 129},
            {"city": "a\x1bb"},
            {"city": {"a": 1}},
            {"city": "Athens", "City": "Patras"},
            {"surname": "Smith", "lastName": "Jones"},
            {"extension_ShoeSize": 42, f"extension_{APP}_ShoeSize": 43},
        ):
            assert verdict(go_on(**claims)).reason is Failure.CLAIM, claims
        assert verdict(go_on(surname="Smith", lastName="Smith")).claims == (("surname", "Smith"),)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"", 200, Failure.NOT_JSON),
        (b"<html>", 200, Failure.NOT_JSON),
        (b"[1]", 200, Failure.NOT_JSON),
        (b'"Continue"', 200, Failure.NOT_JSON),
        (b"\xff\xfe", 200, Failure.NOT_JSON),
        (b'{"version":"1.0.0","action":"Continue","a":NaN}', 200, Failure.NOT_JSON),
        (b'{"version":"1.0.0","action":"ShowBlockPage","action":"Continue"}', 200, Failure.NOT_JSON),
        ('{"version":"1.0.0","action":"Continue"}'.encode("utf-16"), 200, Failure.NOT_JSON),
        (b'{"version":"1.0.0","action":"Continue","city":"Z\xfcrich"}', 200, Failure.NOT_JSON),
        (
            b'{"version":"1.0.0","action":"Continue","a":' + b"[" * 40 + b"]" * 40 + b"}",
            200,
            Failure.NOT_JSON,
        ),
        (b"[" * 60_000, 200, Failure.NOT_JSON),
        (b'{"a":' * 10_000, 200, Failure.NOT_JSON),
        (b" " * (LARGEST_ANSWER + 1), 200, Failure.TOO_LARGE),
        ({"action": "Continue"}, 200, Failure.INCOMPLETE),
        ({"version": "1.0.0"}, 200, Failure.INCOMPLETE),
        ({"version": 1, "action": "Continue"}, 200, Failure.INCOMPLETE),
        (go_on() | {"action": "continue"}, 200, Failure.INCOMPLETE),
        (go_on() | {"action": ["Continue"]}, 200, Failure.INCOMPLETE),
        (go_on() | {"action": "ShowBlockPage"}, 200, Failure.INCOMPLETE),
        (go_on() | {"action": "ShowBlockPage", "userMessage": " "}, 200, Failure.INCOMPLETE),
        (go_on() | {"action": "ValidationError", "userMessage": "x"}, 400, Failure.INCOMPLETE),
        (go_on() | {"action": "ValidationError", "status": 400}, 400, Failure.INCOMPLETE),
        (go_on(), 400, Failure.STATUS),
        (go_on(), 201, Failure.STATUS),
        (go_on(), 302, Failure.STATUS),
        (go_on(), 500, Failure.STATUS),
        (go_on(), 401, Failure.CREDENTIALS_REFUSED),
        (go_on(), 403, Failure.CREDENTIALS_REFUSED),
    ],
)
def test_everything_else_fails_with_a_reason(answer: Any, status: int, reason: Failure) -> None:
    found = verdict(answer, status)
    assert isinstance(found, Failed)
    assert (found.reason, bool(found.detail)) == (reason, True)


def test_a_long_message_is_cut() -> None:
    blocked = {"version": "1.0.0", "action": "ShowBlockPage", "userMessage": "x" * 50_000}
    assert len(verdict(blocked).message) == 1_000


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
_names = st.sampled_from(
    ["version", "action", "status", "userMessage", "city", "country", SHOE.id, NEWS.id]
) | st.text(max_size=9)
_actions = st.sampled_from(["Continue", "ShowBlockPage", "ValidationError", "x"])


@given(
    st.binary(max_size=200)
    | st.dictionaries(_names, _json, max_size=6).map(lambda answer: json.dumps(answer).encode()),
    st.integers(100, 599),
    st.sampled_from(Hook),
)
def test_no_answer_raises(body: bytes, status: int, hook: Hook) -> None:
    verdict(body, status, hook)


@given(st.dictionaries(_names, _json, max_size=6), _actions, st.sampled_from([200, 400]))
def test_only_values_an_attribute_can_hold_go_on(claims: dict[str, Any], action: str, status: int) -> None:
    found = verdict(claims | {"version": "1.0.0", "action": action}, status)
    if isinstance(found, Continue):
        assert status == 200
        types = {entry.id: {"string": str, "boolean": bool, "int64": int}[entry.data_type] for entry in KNOWN}
        assert all(type(value) is types[name] for name, value in found.claims)
