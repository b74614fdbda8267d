"""What foreign ID tokens and profiles may say, and what of it is believed. For arbitrary claims, nothing raises otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.directory.identity_provider import (
    ClaimMapping,
    IdentityProvider,
    ProviderKind,
    identity_at,
)
from xenia.core.signin.foreign_claims import AccountRefused, account_of, claim
from xenia.core.signin.foreign_id_token import Expected, IdTokenRefused, check_id_token

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
STAMP = int(NOW.timestamp())
EXPECTED = Expected("https://id.example", "client", "nonce")
GOOD = {
    "iss": "https://id.example", "aud": "client", "nonce": "nonce", "sub": "s", "iat": STAMP, "exp": STAMP + 300,
}  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "sub", "oid", "id", "email", "email_verified", "name", "given_name", "address", "preferred_username", "idp", "upn",
)  # fmt: skip


def provider(kind: ProviderKind = ProviderKind.OPENID_CONNECT, **changes: object) -> IdentityProvider:
    values: dict[str, object] = {"issuer": "https://id.example", **changes}
    return IdentityProvider("p", "t", kind, "P", NOW, **values)  # type: ignore[arg-type]


def test_the_right_token_passes() -> None:
    check_id_token(GOOD, EXPECTED, NOW)
    check_id_token({**GOOD, "aud": ["client"]}, EXPECTED, NOW)
    check_id_token({**GOOD, "aud": ["client", "other"], "azp": "client"}, EXPECTED, NOW)
    check_id_token({**GOOD, "nbf": STAMP + 200}, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": "https://id.example/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": []}, "audience"),
        ({"aud": {"client": 1}}, "audience"),
        ({"aud": ["client", "other"]}, "audience"),
        ({"aud": ["client", "other"], "azp": "other"}, "audience"),
        ({"azp": "other"}, "audience"),
        ({"nonce": "Nonce"}, "nonce"),
        ({"exp": STAMP - 301}, "time"),
        ({"exp": True}, "time"),
        ({"exp": float("inf")}, "time"),
        ({"iat": STAMP + 301}, "time"),
        ({"iat": STAMP - 3600}, "time"),
        ({"nbf": STAMP + 301}, "time"),
        ({"nbf": "soon"}, "time"),
        ({"sub": "s" * 256}, "subject"),
        ({"sub": ["s"]}, "subject"),
    ],
)
def test_each_lie_is_named(change: dict[str, object], reason: str) -> None:
    with pytest.raises(IdTokenRefused) as refused:
        check_id_token({**GOOD, **change}, EXPECTED, NOW)
    assert refused.value.reason == reason


@given(st.dictionaries(st.sampled_from([*GOOD, "azp", "nbf", "auth_time"]), json_values))
def test_arbitrary_claims_pass_only_when_they_say_the_right_things(claims: dict[str, object]) -> None:
    fresh = Expected(EXPECTED.issuer, EXPECTED.client_id, EXPECTED.nonce, NOW - timedelta(hours=1))
    try:
        check_id_token(claims, fresh, NOW)
    except IdTokenRefused:
        return
    assert claims["iss"] == EXPECTED.issuer
    assert claims["nonce"] == EXPECTED.nonce


@given(st.dictionaries(st.sampled_from(NAMES), json_values), st.sampled_from(ProviderKind))
def test_arbitrary_profiles_give_short_plain_text_or_nothing(
    claims: dict[str, object], kind: ProviderKind
) -> None:
    try:
        account = account_of(provider(kind), "idp", claims, login="a@b.example")
    except AccountRefused:
        return
    assert 0 < len(account.subject) <= 255
    for _, value in account.claims:
        assert value
        assert value.isprintable()
        assert len(value) <= 256
    if account.email is not None:
        assert account.email.count("@") == 1


def test_nested_names_are_looked_up_and_dotted_names_found() -> None:
    claims = {"address": {"locality": "Bremen"}, "https://id.example/dept": "Sales", "a": "text"}
    assert claim(claims, "address.locality") == "Bremen"
    assert claim(claims, "https://id.example/dept") == "Sales"
    assert claim(claims, "a.b") is None
    assert claim(claims, "") is None
    account = account_of(provider(), "i", {"sub": "1", **claims}, login=None)
    assert account.claims == (("city", "Bremen"),)


def test_two_spellings_of_a_subject_are_two_people() -> None:
    subjects = {
        account_of(provider(), "i", {"sub": sub}, login=None).subject for sub in ("a", "A", "a ", " a")
    }
    assert len(subjects) == 4


@pytest.mark.parametrize(
    ("kind", "claims", "vouched"),
    [
        (ProviderKind.OPENID_CONNECT, {"email": "a@x.example", "email_verified": True}, True),
        (ProviderKind.OPENID_CONNECT, {"email": "a@x.example", "email_verified": "true"}, True),
        (ProviderKind.OPENID_CONNECT, {"email": "a@x.example", "email_verified": 1}, False),
        (ProviderKind.OPENID_CONNECT, {"email": "a@x.example"}, False),
        (ProviderKind.OPENID_CONNECT, {"email": "a@own.example"}, True),
        (ProviderKind.OPENID_CONNECT, {"email": "a@own.example", "email_verified": False}, False),
        (ProviderKind.FACEBOOK, {"email": "a@own.example", "email_verified": True}, False),
        (ProviderKind.ENTRA_TENANT, {"oid": "1", "email": "a@x.example", "email_verified": True}, False),
        (ProviderKind.ENTRA_TENANT, {"oid": "1", "preferred_username": "a@own.example"}, True),
        (ProviderKind.ENTRA_TENANT, {"oid": "1", "preferred_username": "a@outlook.com"}, False),
        (ProviderKind.MICROSOFT_ACCOUNT, {"email": "a@outlook.com"}, True),
        (ProviderKind.MICROSOFT_ACCOUNT, {"email": "a@outlook.com", "email_verified": False}, False),
        (ProviderKind.MICROSOFT_ACCOUNT, {"email": "a@x.example"}, False),
        (ProviderKind.GOOGLE, {"email": "a@outlook.com"}, False),
    ],
)
def test_who_may_vouch_for_which_address(
    kind: ProviderKind, claims: dict[str, object], vouched: bool
) -> None:
    account = account_of(provider(kind, domains=("own.example",)), "i", {"sub": "1", **claims}, login=None)
    assert account.email_verified is vouched


def test_the_address_they_came_with_is_preferred_among_those_vouched_for() -> None:
    claims = {"oid": "1", "preferred_username": "upn@own.example", "email": "mail@own.example"}
    asked = provider(ProviderKind.ENTRA, domains=("own.example",), claims=ClaimMapping(subject="oid"))
    assert account_of(asked, "i", claims, login="MAIL@own.example").email == "mail@own.example"
    assert account_of(asked, "i", claims, login="upn@own.example").email == "upn@own.example"


def test_guests_of_a_tenant_are_refused() -> None:
    with pytest.raises(AccountRefused):
        account_of(provider(ProviderKind.ENTRA_TENANT), "i", {"oid": "1", "idp": "mail"}, login=None)


def test_equal_object_ids_of_two_homes_are_two_people_and_a_new_address_of_this_server_is_the_same_home() -> (
    None
):
    def identity(idp: str) -> str | None:
        return identity_at(ProviderKind.ENTRA, idp, "oid").subject

    assert (
        identity("https://a.example/t1/")
        == identity("https://b.example:9443/t1/")
        != identity("https://a.example/t2/")
    )
