"""Home realm discovery: the address alone decides, in the published order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from xenia.core.directory.identity_provider import (
    ENTRA_PROVIDER_ID,
    FACEBOOK_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.directory.tenant import Domain, Tenant
from xenia.core.signin.facts import Realm
from xenia.core.signin.home_realm import PASSCODE_HOME, PASSWORD_HOME, Home, hint_of, home_of_hint, home_realm

NOW = datetime(2026, 7, 1, tzinfo=UTC)
CONTOSO = Tenant("t1", "Contoso", (Domain("contoso.example", is_initial=True, is_default=True),), NOW, "00")


def provider(provider_id: str, kind: ProviderKind, **changes: object) -> IdentityProvider:
    values: dict[str, object] = {"client_id": "c", **changes}
    return IdentityProvider(provider_id, "t1", kind, provider_id, NOW, **values)  # type: ignore[arg-type]


GOOGLE = provider(GOOGLE_PROVIDER_ID, ProviderKind.GOOGLE, issuer="https://accounts.google.com")
FACEBOOK = provider(FACEBOOK_PROVIDER_ID, ProviderKind.FACEBOOK)
MICROSOFT = provider(MICROSOFT_ACCOUNT_PROVIDER_ID, ProviderKind.MICROSOFT_ACCOUNT)
PARTNER = provider(
    "partner", ProviderKind.OPENID_CONNECT, domains=("partner.example",), issuer="https://id.partner.example"
)
ALL = (GOOGLE, FACEBOOK, MICROSOFT, PARTNER)


def at(provider_id: str) -> Home:
    return Home(Realm.FEDERATED, provider_id)


@pytest.mark.parametrize(
    ("login", "owner", "home"),
    [
        ("mia", None, PASSWORD_HOME),
        ("mia@contoso.example", None, PASSWORD_HOME),
        ("MIA@CONTOSO.example", None, PASSWORD_HOME),
        ("x_y.example#EXT#@contoso.example", None, PASSWORD_HOME),
        ("berta@fabrikam.example", "t2", at(ENTRA_PROVIDER_ID)),
        ("pia@partner.example", "t2", at(ENTRA_PROVIDER_ID)),
        ("pia@partner.example", None, at("partner")),
        ("pia@PARTNER.example", None, at("partner")),
        ("pia@sub.partner.example", None, PASSCODE_HOME),
        ("pia@notpartner.example", None, PASSCODE_HOME),
        ("pia@gmail.com", None, at(GOOGLE_PROVIDER_ID)),
        ("pia@GoogleMail.com", None, at(GOOGLE_PROVIDER_ID)),
        ("pia@outlook.com", None, at(MICROSOFT_ACCOUNT_PROVIDER_ID)),
        ("pia@Hotmail.com", None, at(MICROSOFT_ACCOUNT_PROVIDER_ID)),
        ("pia@live.com", None, at(MICROSOFT_ACCOUNT_PROVIDER_ID)),
        ("pia@msn.com", None, at(MICROSOFT_ACCOUNT_PROVIDER_ID)),
        ("pia@live.com", "t2", at(ENTRA_PROVIDER_ID)),
        ("pia@facebook.com", None, PASSCODE_HOME),
        ("pia@anywhere.example", None, PASSCODE_HOME),
    ],
)
def test_the_order(login: str, owner: str | None, home: Home) -> None:
    assert home_realm(login, CONTOSO, owner, ALL) == home


def test_a_provider_without_client_is_passed_over() -> None:
    unfinished = (provider(GOOGLE_PROVIDER_ID, ProviderKind.GOOGLE, client_id=""),)
    assert home_realm("pia@gmail.com", CONTOSO, None, unfinished) == PASSCODE_HOME
    assert home_of_hint("google.com", CONTOSO, None, unfinished) is None
    unfinished = (replace(MICROSOFT, client_id=""),)
    assert home_realm("pia@outlook.com", CONTOSO, None, unfinished) == PASSCODE_HOME


def test_a_domain_that_was_entered_comes_before_one_that_is_known() -> None:
    """Some organization has its people's mail at a provider of everybody."""
    own = replace(PARTNER, domains=("gmail.com",))
    assert home_realm("pia@gmail.com", CONTOSO, None, (GOOGLE, own)) == at("partner")


@pytest.mark.parametrize(
    ("hint", "owner", "home"),
    [
        ("google.com", None, at(GOOGLE_PROVIDER_ID)),
        ("facebook.com", None, at(FACEBOOK_PROVIDER_ID)),
        ("live.com", None, at(MICROSOFT_ACCOUNT_PROVIDER_ID)),
        ("consumers", None, at(MICROSOFT_ACCOUNT_PROVIDER_ID)),
        ("organizations", None, None),
        ("https://id.partner.example", None, at("partner")),
        ("partner.example", None, at("partner")),
        ("fabrikam.example", "t2", at(ENTRA_PROVIDER_ID)),
        ("contoso.example", None, None),
        ("nowhere.example", None, None),
        ("not a domain", None, None),
    ],
)
def test_hints(hint: str, owner: str | None, home: Home | None) -> None:
    assert home_of_hint(hint, CONTOSO, owner, ALL) == home


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.id)
def test_the_hint_of_a_provider_leads_to_it(entry: IdentityProvider) -> None:
    assert home_of_hint(hint_of(entry), CONTOSO, None, ALL) == at(entry.id)
