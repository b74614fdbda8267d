"""Logos of apps: given through Graph, shown to everybody, nothing but small pictures."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from tests.support.pictures import jpeg, png
from tests.support.platform import RunningServer, platform
from xenia.web.http import HttpRequest, HttpResponse

SCOPES = "Application.ReadWrite.All"


def send(
    world: GraphWorld, method: str, token: str, content: bytes = b"", kind: str = "image/png"
) -> HttpResponse:
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    path = f"/v1.0/applications/{world.app.id}/logo"
    return world.router(HttpRequest(method, path, BASE, headers=headers, body=content))


@pytest.fixture
def token(world: GraphWorld) -> str:
    return world.token(world.admin, SCOPES)


def _logo_url(world: GraphWorld, token: str) -> str | None:
    found: str | None = world.get(f"applications/{world.app.id}", token=token).body["info"]["logoUrl"]
    return found


def test_a_logo_is_given_told_replaced_and_removed(world: GraphWorld, token: str) -> None:
    assert _logo_url(world, token) is None
    assert send(world, "GET", token).status == 404
    assert send(world, "PUT", token, png()).status == 204
    first = _logo_url(world, token)
    assert first is not None
    assert first.startswith(f"{BASE}/{world.tenant_id}/signin/app-logo/{world.app.id}?v=")
    told = send(world, "GET", token)
    assert (told.status, told.body, told.header("Content-Type")) == (200, png(), "image/png")
    principal = world.get(f"servicePrincipals(appId='{world.app.app_id}')", token=token).body
    assert principal["info"]["logoUrl"] == first
    # What the bytes are counts, not what the header says.
    assert send(world, "PUT", token, jpeg(), kind="text/html").status == 204
    assert send(world, "GET", token).header("Content-Type") == "image/jpeg"
    assert _logo_url(world, token) not in (None, first)
    assert send(world, "DELETE", token).status == 204
    assert _logo_url(world, token) is None
    assert send(world, "POST", token, png()).status == 405


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        png(1025, 1),
        png(more=bytes(20_000)),
        b"",
    ],
)
def test_what_is_no_small_picture_is_refused_and_the_old_one_stays(
    world: GraphWorld, token: str, content: bytes
) -> None:
    send(world, "PUT", token, png())
    assert send(world, "PUT", token, content).status == 400
    assert send(world, "GET", token).body == png()


def test_strangers_change_no_logo(world: GraphWorld, token: str) -> None:
    member = world.add("olena")
    for other in (world.token(member, SCOPES), world.token(world.admin, "Application.Read.All")):
        assert send(world, "PUT", other, png()).status == 403
        assert send(world, "DELETE", other).status == 403
    assert send(world, "GET", token).status == 404


def test_the_address_gives_the_picture_to_everybody_and_nothing_that_runs(tmp_path) -> None:
    from xenia.usecases.applications.application_logos import logo_path, set_logo

    with platform(tmp_path) as server:
        assert isinstance(server, RunningServer)
        set_logo(server.ports, server.actor(), server.app.id, png(more=b"<script>alert(1)</script>"))
        with server.ports.store.read(server.tenant.id) as tx:
            path = logo_path(tx.applications.find(server.app.id))
        assert path is not None
        walker = server.walker()
        shown = walker.send("GET", f"{walker.base}{path}")
        assert (shown.status, shown.header("Content-Type")) == (200, "image/png")
        assert shown.header("X-Content-Type-Options") == "nosniff"
        assert shown.header("Content-Security-Policy") == "default-src 'none'; sandbox"
        parts = urlsplit(path).path
        for wrong in (parts.replace(server.app.id, server.tenant.id), parts.replace(server.tenant.id, "x")):
            assert walker.send("GET", f"{walker.base}{wrong}").status == 404
