"""A whole journey with every logger wide open: no secret of it stands in the logs."""

from __future__ import annotations

import logging
import re

import pytest

from tests.support.journeys import MARIA, app_code, enrol, prove_mailbox
from tests.support.platform import PASSWORD, VERIFIER, RunningServer
from tests.support.walker import Walker, query_of


def everything(record: logging.LogRecord) -> str:
    """A record as any formatter could print it."""
    return " ".join(f"{value!r}" for value in vars(record).values()) + record.getMessage()


def redeem(walker: Walker, server: RunningServer, code: str) -> None:
    form = {
        "grant_type": "authorization_code",
        "client_id": server.app.app_id,
        "code": code,
        "redirect_uri": "http://localhost/cb",
        "code_verifier": VERIFIER,
    }
    for _ in range(2):
        walker.send("POST", f"https://login.test/{server.tenant.id}/oauth2/v2.0/token", form=form)


def test_no_secret_of_a_journey_is_logged(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    walker = server.walker()
    link = server.invite(MARIA, redirect_url="https://portal.contoso.example/").redeem_url
    prove_mailbox(server, walker, link)
    first_code = server.code_for(MARIA)
    walker.submit("/accept")
    secret = enrol(server, walker)
    url = server.authorize_url(redirect_uri="http://localhost/cb", response_type="code")
    walker.open(url)
    page = walker.submit("/consent", button="Accept")
    answer = query_of(page.refresh or page.response.header("Location") or "")
    redeem(walker, server, answer["code"])
    stranger = server.walker("203.0.113.5")
    stranger.open(link.replace("ticket", "tikcet"))
    stranger.open(url)
    stranger.submit("/identify", login=server.admin.user_principal_name)
    stranger.submit("/password", password="a-wrong-Password-1")
    stranger.submit("/password", password=PASSWORD)
    stranger.submit("/enrol")
    stranger.submit("/enrol-code", code="000000")
    ticket = re.search(r"ticket(?:%3D|=)([\w-]+)", link)
    assert ticket is not None
    secrets = {
        "passcode": first_code,
        "ticket": ticket[1],
        "authenticator secret": secret,
        "authenticator code": app_code(server, secret),
        "code": answer["code"],
        "password": PASSWORD,
        "wrong password": "a-wrong-Password-1",
        "verifier": VERIFIER,
        **{f"cookie {name}": value for name, value in (walker.cookies | stranger.cookies).items()},
    }
    logged = "\n".join(everything(record) for record in caplog.records)
    assert logged
    assert [name for name, value in secrets.items() if value in logged] == []
    assert "eyJ" not in logged, "no token either"
