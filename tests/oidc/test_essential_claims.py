"""The ``claims`` parameter is no way around consent: what it calls essential is asked for as its scope would be."""

from __future__ import annotations

import json

import pytest

from tests.support.journeys import administrator_signs_in
from tests.support.protocol import Protocol, params_of
from xenia.core.claims_request import ClaimsRequest


@pytest.mark.parametrize("where", ["id_token", "userinfo"])
def test_an_essential_claim_needs_the_consent_of_its_scope(idp: Protocol, where: str) -> None:
    walker = idp.walker()
    administrator_signs_in(idp.server, walker, idp.server.authorize_url(scope="openid"))
    plain = {"scope": "openid", "prompt": "none"}
    assert "code" in params_of(walker.send("GET", idp.server.authorize_url(**plain)))
    voluntary = json.dumps({where: {"email": None}})
    assert "code" in params_of(walker.send("GET", idp.server.authorize_url(**plain, claims=voluntary)))
    essential = json.dumps({where: {"email": {"essential": True}}})
    answer = params_of(walker.send("GET", idp.server.authorize_url(**plain, claims=essential)))
    assert answer["error"] == "consent_required"


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (None, ()),
        ('{"id_token":{"auth_time":{"essential":true}}}', ()),
        ('{"userinfo":{"name":{"essential":true},"email":{"essential":true}}}', ("profile", "email")),
        ('{"userinfo":{"name":{"essential":"true"}}}', ()),
        ('{"userinfo":["name"],"id_token":7}', ()),
    ],
)
def test_scopes_that_essential_claims_imply(text: str | None, scopes: tuple[str, ...]) -> None:
    assert ClaimsRequest.parse(text).implied_scopes == scopes
