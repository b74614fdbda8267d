"""Attacks on the Graph API: batches in batches, costly texts, oracles, climbing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.graph_calls import BASE, GraphWorld, graph_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GraphWorld]:
    """A fresh server."""
    with graph_world(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    "url", ["$batch", "/$batch", "%24batch", "/%24BATCH/", f"{BASE}/v1.0//$batch", "//$batch", "%2F$batch"]
)
def test_a_batch_holds_no_batches(world: GraphWorld, url: str) -> None:
    """Each level would multiply the twenty requests by twenty."""
    leaf = {"id": "1", "method": "GET", "url": "/me"}
    inner = {
        "id": "1",
        "method": "POST",
        "url": url,
        "body": {"requests": [leaf]},
        "headers": {"content-type": "application/json"},
    }
    answer = world.call("POST", "$batch", {"requests": [inner]})
    assert answer.body["responses"][0]["status"] == 400, answer.body


def _hostile() -> list[str]:
    spaces = quote(" " * 30_000)
    return [
        f"users?$expand=manager($select={spaces}!",
        f"users?$expand={spaces}manager{spaces}!",
        "users?$orderby=" + ",".join(["displayName"] * 3000),
        "users?$select=" + ",".join(["id"] * 5000),
        "users?$orderby=" + ",".join(["displayName", "userPrincipalName"] * 3),
        "users?$top=" + "9" * 5000,
        "users?$filter=" + quote("(" * 4000),
        "users?$filter=" + quote(" or ".join(["id eq ''"] * 900)),
        "users?$search=" + quote('"displayName:' + "\\" * 1500),
        "users?" + "&".join(f"a{number}=1" for number in range(600)),
        "users?$skiptoken=" + "A" * 5000,
        "users/" + quote("x" * 5000),
        "users(userPrincipalName='" + quote("'" * 2001),
        "directory/deletedItems/" + quote("🜁" * 500),
    ]


@pytest.mark.parametrize("number", range(len(_hostile())))
def test_no_text_is_a_failure(world: GraphWorld, number: int) -> None:
    answer = world.get(_hostile()[number])
    assert 400 <= answer.status < 500, answer.body


def test_long_filters_that_are_allowed_are_answered(world: GraphWorld) -> None:
    for text in (" or ".join(["id eq ''"] * 600), "id in (" + ",".join(["''"] * 2500) + ")"):
        assert world.get(f"users?$filter={quote(text)}").status == 200


@pytest.mark.parametrize("value", ["²", "odata.maxpagesize=²", "maxpagesize=" + "9" * 6000, "=,=,="])
def test_no_preference_is_a_failure(world: GraphWorld, value: str) -> None:
    assert world.get("users", headers={"prefer": f"odata.maxpagesize={value}"}).status == 200


def _bodies() -> list[bytes]:
    return [
        b'{"requests":' + b"[" * 50_000,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
        b"\xff\xfe",
        b'{"requests":[{"id":"1","method":"GET","url":"/me","body":' + b"[" * 900 + b"]" * 900 + b"}]}",
        b'{"requests":[{"id":"1","method":"GET","url":"https://["}]}',
        b'{"requests":[{"id":"1","method":"GET","url":"/users/%00"}]}',
    ]


@pytest.mark.parametrize("number", range(len(_bodies())))
def test_no_body_is_a_failure(world: GraphWorld, number: int) -> None:
    headers = {"content-type": "application/json"}
    for path in ("$batch", "invitations", "users"):
        answer = world.call("POST", path, _bodies()[number], headers=headers)
        told: Any = answer.body.get("responses", []) if isinstance(answer.body, dict) else []
        assert answer.status < 500, answer.body
        assert all(part["status"] < 500 for part in told), answer.body


SECRETLY = (
    "$filter=jobTitle eq 'E'",
    "$filter=identities/any(i:i/issuer eq 'mail' and i/issuerAssignedId eq 'x@nordwind.example')",
    "$filter=otherMails/any(m:m eq 'x@nordwind.example')",
    "$filter=accountEnabled eq false",
    "$filter=externalUserState eq 'PendingAcceptance'",
    "$search=%22mobilePhone:1%22&$count=true",
    "$count=true&$filter=proxyAddresses/$count eq 0",
    "$orderby=createdDateTime&$count=true",
)


@pytest.mark.parametrize("query", SECRETLY)
def test_nobody_guesses_what_is_hidden_by_asking_who_has_it(world: GraphWorld, query: str) -> None:
    member = world.token(world.add("olena"), permissions="User.ReadBasic.All")
    guest = world.token(world.add("maria", guest=True))
    for token in (member, guest):
        assert world.get(f"users?{query}", token=token, eventual=True).status == 403
        if query.startswith("$filter"):
            assert world.get(f"users/$count?{query}", token=token, eventual=True).status == 403


def test_last_sign_ins_of_deleted_users_are_log_data_too(world: GraphWorld) -> None:
    gone = world.add("gone", last_sign_in_at=world.clock.now())
    world.call("DELETE", f"users/{gone.id}")
    listing = "directory/deletedItems/microsoft.graph.user"
    asked = f"{listing}?$filter=signInActivity/lastSignInDateTime ge 2020-01-01T00:00:00Z"
    without = world.token(permissions="User.Read.All")
    assert world.get(listing, token=without).status == 200
    assert world.get(asked, token=without).status == 403
    assert world.get(asked, token=world.token(permissions="User.Read.All AuditLog.Read.All")).status == 200


def test_relations_do_not_lead_around_the_guest_access_level(world: GraphWorld) -> None:
    boss = world.add("boss", job_title="Secret")
    person = world.add("person")
    world.call("PUT", f"users/{person.id}/manager/$ref", {"@odata.id": f"{BASE}/v1.0/users/{boss.id}"})
    guest = world.token(world.add("maria", guest=True))
    for url in (
        f"users/{person.id}/manager?$select=jobTitle,mobilePhone,identities",
        f"users/{person.id}?$expand=manager($select=id,jobTitle,identities)",
        f"users(userPrincipalName='{person.user_principal_name}')/manager",
        f"directory/deletedItems/{person.id}/manager",
        f"users/{boss.id}?$select=jobTitle,identities,signInActivity,passwordProfile",
    ):
        assert "Secret" not in str(world.get(url, token=guest).body), url


def test_a_page_token_is_worthless_in_other_hands(world: GraphWorld) -> None:
    for number in range(3):
        world.add(f"u{number}")
    first = world.get("users?$top=1&$filter=accountEnabled eq true")
    link = first.body["@odata.nextLink"]
    guest = world.token(world.add("maria", guest=True))
    assert world.get(link, token=guest).status == 403
    assert world.get(link.replace("/users?", "/applications?")).status == 400
    assert world.get(link.replace("/v1.0/", "/beta/")).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"userType": "Member"},
        {"accountEnabled": True},
        {"displayName": "Boss"},
        {"mail": "other@nordwind.example"},
        {"passwordProfile": {"password": "Correct-horse-battery-9"}},
        {"identities": []},
        {"externalUserState": "Accepted"},
        {"id": "00000000-0000-0000-0000-000000000001"},
    ],
)
def test_nobody_raises_themselves(world: GraphWorld, body: dict[str, object]) -> None:
    for person in (world.add("maria", guest=True), world.add("olena")):
        before = world.user(person.id)
        for url in ("me", f"users/{person.id}", f"users/{world.admin.id}"):
            assert world.call("PATCH", url, body, token=world.token(person)).status in (400, 403), url
        assert world.user(person.id) == before
