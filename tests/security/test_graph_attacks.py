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
