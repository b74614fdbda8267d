"""What operators see of a node: readiness for load balancers, and a log that tells much and betrays nothing."""

from __future__ import annotations

import json
import os
import re

import psycopg
import pytest
from psycopg import sql

from tests.nodes.script import (
    PASSWORD,
    SECRET,
    app_token,
    authorize_path,
    code_form,
    invite,
    location,
    token_answer,
)
from tests.support.nodes import Balancer, Site, passcode_for, until
from tests.support.walker import query_of

MARIA = "maria@nordwind.example"


def test_readiness_follows_the_database_and_liveness_does_not(site: Site) -> None:
    with site.nodes("a") as nodes:
        node = site.balancer(*nodes)
        assert (node.send("GET", "/readyz").body, node.send("GET", "/healthz").body) == (b"ready\n", b"ok\n")
        _admit(site, connections=False)
        assert _status(node, "/readyz") == 503
        assert _status(node, "/healthz") == 200
        # Why is the operator's business: the answer names no host, the log does.
        assert node.send("GET", "/readyz").body == b"not ready\n"
        _admit(site, connections=True)
        until(lambda: _status(node, "/readyz") == 200)
        assert app_token(node)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
@pytest.mark.parametrize(
    ("options", "expected"),
    [([], min(4, os.cpu_count() or 1)), (["--workers", "1"], 1), (["--workers", "3"], 3)],
    ids=["by itself", "one", "three"],
)
def test_production_answers_with_a_process_for_each_core(
    site: Site, options: list[str], expected: int
) -> None:
    with site.nodes("a", options=[*options, "--log-level", "info"]) as nodes:
        # A single process has no supervisor that would speak of workers.
        told = 0 if expected == 1 else expected
        until(lambda: sum("worker is ready" in line for line in list(nodes[0].running.output)) == told)
        assert _status(site.balancer(*nodes), "/readyz") == 200


def test_the_log_of_a_whole_journey_is_json_and_holds_no_secret(site: Site) -> None:
    log_file = site.directory / "log"
    secrets: dict[str, str] = {"client secret": SECRET, "password": PASSWORD}
    with site.nodes("a", options=["--log-level", "debug", "--log-file", str(log_file)]) as nodes:
        node = site.balancer(*nodes)
        secrets["app token"] = app_token(node)
        invited = invite(node, secrets["app token"], MARIA)
        link = invited["inviteRedeemUrl"]
        secrets["ticket"] = query_of(query_of(link)["rd"])["ticket"]
        guest = node.walker()
        guest.open(link)
        guest.submit("/redeem/start")
        secrets["passcode"] = passcode_for(site.smtp.behaviour, MARIA)
        guest.submit("/signin/code", code="00000000")
        guest.submit("/signin/code", code=secrets["passcode"])
        guest.submit("/accept")
        page = guest.open(authorize_path())
        if page.has_form("/consent"):
            page = guest.submit("/consent", button="Accept")
        secrets["code"] = query_of(page.refresh or location(page.response))["code"]
        status, answer = token_answer(node, code_form(secrets["code"]))
        assert status == 200, answer
        secrets |= {"id token": answer["id_token"], "access token": answer["access_token"]}
        assert token_answer(node, code_form(secrets["code"]))[0] == 400
        administrator = node.walker()
        administrator.open("/admin/contoso")
        administrator.submit("/identify", login="admin@contoso.onxenia.localhost")
        administrator.submit("/password", password="a-mistyped-secret")
        administrator.submit("/password", password=PASSWORD)
        secrets["mistyped password"] = "a-mistyped-secret"
        for who, walker in (("guest", guest), ("administrator", administrator)):
            secrets |= {f"cookie {name} of the {who}": value for name, value in walker.cookies.items()}
        assert nodes[0].running.stop() == 0
        printed = "".join(nodes[0].running.output)
    text = log_file.read_text()
    for name, secret in secrets.items():
        for spelling in {secret, f"{secret[:4]} {secret[4:]}" if secret.isdigit() else secret}:
            # Settings such as a theme are cookies too; what is short enough to be said by chance is none.
            if len(spelling) >= 8:
                assert spelling not in text + printed, f"{name} in the log"
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert len(requests) > 15
    assert all(re.fullmatch(r"[0-9a-f-]{36}", line["correlation_id"]) for line in requests)
    assert all("?" not in line["path"] for line in requests)


def test_the_clients_correlation_id_is_in_the_log(site: Site) -> None:
    log_file = site.directory / "log"
    own = "0a1b2c3d-0000-4000-8000-00000000abcd"
    with site.nodes("a", options=["--log-level", "info", "--log-file", str(log_file)]) as nodes:
        node = site.balancer(*nodes)
        node.send("GET", authorize_path(), headers={"client-request-id": own})
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    assert [line["path"] for line in lines if line.get("correlation_id") == own]


def _status(node: Balancer, path: str) -> int:
    return node.send("GET", path).status


def _admit(site: Site, *, connections: bool) -> None:
    """Let nobody into the database, as while it is being moved, or everybody again."""
    url = site.database.replace("postgresql+psycopg://", "postgresql://")
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    place = psycopg.conninfo.make_conninfo(url, dbname="postgres")
    with psycopg.connect(place, autocommit=True) as connection:
        statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        connection.execute(statement.format(sql.Identifier(str(name)), sql.Literal(connections)))
        if not connections:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
