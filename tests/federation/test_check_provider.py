"""The Test button: what it finds at real providers, and what it says about wrong settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.federation.test_providers import PARTNER_ID, facebook, partner
from tests.support.federating import seal_secret
from tests.support.platform import RunningServer
from tests.support.providers import Provider
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_PROVIDER_ID,
    FACEBOOK_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    ClientAuthentication,
)
from xenia.core.errors import LimitReached, NotFound, NotPermitted
from xenia.usecases.federation.check import TESTS, check_provider

BASIC = ClientAuthentication.SECRET_BASIC


def test_right_settings_are_found_right(contoso: RunningServer, neighbour: Provider) -> None:
    partner(contoso, neighbour, client_authentication=BASIC)
    found = check_provider(contoso.ports, contoso.actor(), PARTNER_ID)
    assert found.is_usable, found.findings
    texts = [finding.text for finding in found.findings if finding.kind == "ok"]
    assert "Client ID and client credentials are accepted." in texts
    assert "Signing keys found: 1." in texts


def test_a_wrong_secret_is_seen_without_signing_in(contoso: RunningServer, neighbour: Provider) -> None:
    partner(contoso, neighbour, client_authentication=BASIC, sealed_secret=seal_secret(contoso, "wrong"))
    found = check_provider(contoso.ports, contoso.actor(), PARTNER_ID)
    assert not found.is_usable
    assert [finding.text for finding in found.findings if finding.kind == "bad"] == [
        "Client ID or client credentials are refused."
    ]


def test_another_issuer_is_told_apart(contoso: RunningServer, neighbour: Provider) -> None:
    partner(contoso, neighbour, issuer=f"{neighbour.issuer}/")
    found = check_provider(contoso.ports, contoso.actor(), PARTNER_ID)
    assert "names the issuer" in found.findings[0].detail


def test_a_changed_document_is_read_anew(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    assert check_provider(contoso.ports, contoso.actor(), PARTNER_ID).is_usable
    mock.lie(document={"issuer": "https://else.example"})
    assert not check_provider(contoso.ports, contoso.actor(), PARTNER_ID).is_usable


def test_a_provider_that_is_down_is_said_to_be(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock, well_known_url="http://localhost:9/.well-known/openid-configuration")
    found = check_provider(contoso.ports, contoso.actor(), PARTNER_ID)
    assert found.findings[0].text == "The provider cannot be reached."


def test_the_app_of_facebook_is_tried_by_a_token_for_itself(contoso: RunningServer, mock: Provider) -> None:
    facebook(contoso, mock)

    def found() -> list[tuple[str, str]]:
        findings = check_provider(contoso.ports, contoso.actor(), FACEBOOK_PROVIDER_ID).findings
        return [(finding.kind, finding.text) for finding in findings]

    assert found() == [("ok", "App ID and app secret are accepted.")]
    mock.lie(status=400, response={"error": {"message": "Error validating client secret.", "code": 1}})
    assert found() == [("bad", "App ID or app secret are refused.")]
    mock.lie(status=503)
    assert found() == [("info", "Nothing was proven.")]
    mock.lie(hang_up="/token")
    assert found() == [("bad", "The provider cannot be reached.")]


def test_built_in_providers_can_be_tested_too(contoso: RunningServer) -> None:
    actor = contoso.actor()
    assert check_provider(contoso.ports, actor, EMAIL_PASSCODE_PROVIDER_ID).is_usable
    assert check_provider(contoso.ports, actor, ENTRA_PROVIDER_ID).is_usable
    assert not check_provider(contoso.ports, actor, MICROSOFT_ACCOUNT_PROVIDER_ID).is_usable


def test_only_who_may_enter_providers_tests_them(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    with pytest.raises(NotPermitted):
        check_provider(contoso.ports, replace(contoso.actor(), roles=frozenset()), PARTNER_ID)
    with pytest.raises(NotFound):
        check_provider(contoso.ports, contoso.actor(), "22222222-fede-4000-8000-000000000001")
    before = mock.tell("/seen")["token"]
    for _ in range(TESTS):
        check_provider(contoso.ports, contoso.actor(), PARTNER_ID)
    with pytest.raises(LimitReached):
        check_provider(contoso.ports, contoso.actor(), PARTNER_ID)
    assert mock.tell("/seen")["token"] - before <= TESTS
