"""The "API call for this" of settings and logs, replayed against this server's Graph with the permission it names."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.support.graph_calls import Answered, GraphWorld
from tests.support.journeys import become_guest
from tests.support.walker import Page
from tests.ui.portal.office import Office
from xenia import graph
from xenia.core.query import Query
from xenia.web.routing import Router, Surface

PASSCODE = "external-identities/identity-providers/email-passcode"


def replay(office: Office, page: Page) -> tuple[str, Answered]:
    """Send what the block's HTTP listing says, as the administrator with a token of the named permission alone."""
    found = re.search(r'<code id="api-1">(.*?)</code>', page.source, re.DOTALL)
    assert found is not None, f"{page.url} shows no call"
    permissions = re.findall(r"Least permission: <code>(.*?)</code>", page.source[: found.start()])
    assert permissions, f"{page.url} names no permission"
    head, _, body = html.unescape(found.group(1)).partition("\n\n")
    method, url, _ = head.splitlines()[0].split(" ")
    built = office.platform
    built.ports.keys.ensure()  # type: ignore[attr-defined]  # the real key ring of this platform
    surface = graph.routes(built.ports)
    router = Router([surface], Surface("none", (), surface.render_error))
    world = GraphWorld(built.ports, built.clock, router, built.tenant, built.admin, built.app)
    token = world.token(built.admin, permissions[-1])
    answer = world.call(method, "https://login.test" + url, json.loads(body) if body else None, token=token)
    return method, answer


@pytest.mark.parametrize(
    "path",
    [
        "external-identities",
        "external-identities/collaboration-settings",
        "external-identities/identity-providers",
        PASSCODE,
        "properties",
        "security-defaults",
        "audit-logs",
        "audit-logs?activity=Invite+external&category=UserManagement&service=Invited+Users",
        "audit-logs?status=success&from=2026-07-01&to=2026-07-02",
        "audit-logs?activity=O'Neill&correlation=c0ffee00-0000-4000-8000-000000000001",
        "audit-logs?target=c0ffee00-0000-4000-8000-000000000001",
        "sign-in-logs",
        "sign-in-logs?status=success&from=2026-07-01&to=2026-07-02&code=AADSTS50126",
        "sign-in-logs?user=c0ffee00-0000-4000-8000-000000000001&app=c0ffee00-0000-4000-8000-000000000002",
        "sign-in-logs?correlation=c0ffee00-0000-4000-8000-000000000001",
    ],
)
@pytest.mark.parametrize("name", ["admin", "reader"])
def test_shown_calls_work_as_shown(office: Office, path: str, name: str) -> None:
    page = office.sit(name).open(path)
    assert page.status == 200
    method, answer = replay(office, page)
    assert answer.status == (204 if method == "PATCH" else 200), answer.body
    assert method == ("PATCH" if name == "admin" and 'class="form" method="post"' in page.source else "GET")


def test_records_of_both_logs_are_shown_with_their_call(office: Office) -> None:
    become_guest(office.platform, office.platform.walker())
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        record = tx.logs.list_audit(Query(limit=1)).items[0]
        sign_in = tx.logs.list_sign_ins(Query(limit=1)).items[0]
    desktop = office.sit()
    for path, key in (("audit-logs", record.id), ("sign-in-logs", sign_in.id)):
        _, answer = replay(office, desktop.open(f"{path}/{key}"))
        assert answer.status == 200
        assert answer.body["id"] == key


def test_filtered_calls_find_what_the_page_shows(office: Office) -> None:
    guest = office.platform.invite("maria@nordwind.example").user
    for query in (f"target={guest.id}", "activity=Invite+external+user"):
        page = office.sit().open(f"audit-logs?{query}")
        _, answer = replay(office, page)
        assert answer.body["value"]
        for record in answer.body["value"]:
            assert f"/audit-logs/{record['id']}" in page.source


def test_mail_has_no_call_because_graph_serves_none(office: Office) -> None:
    assert "API call for this" not in office.sit().open("mail").text
