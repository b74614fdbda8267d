"""Mail that really leaves: ``xenia up`` and ``xenia check`` with an SMTP server that works, is down, or says no."""

from __future__ import annotations

import json
import re
import socket
import ssl
import urllib.parse
from pathlib import Path
from typing import Any

from tests.nodes.script import INVITER, PASSWORD, SECRET
from tests.support.commands import xenia
from tests.support.nodes import mails_to, until
from tests.support.remote import remote_walker
from tests.support.running import RunningXenia, running_xenia
from tests.support.smtp import USER, smtp_server
from xenia.outside.ambient import SystemClock
from xenia.outside.local_ca import LocalCa

SEED = Path(__file__).parent.parent / "nodes" / "seed.toml"
MARIA = "maria@nordwind.example"
SENDER = "guests@contoso.example"


def token(server: RunningXenia) -> str:
    """An app-only token for Graph."""
    form = {
        "grant_type": "client_credentials",
        "client_id": INVITER,
        "client_secret": SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    walker = remote_walker(server.base, server.ca_file)
    answer = walker.send("POST", f"{server.tenant['authority']}/oauth2/v2.0/token", form=form)
    return str(json.loads(answer.body)["access_token"])


def invite(server: RunningXenia, address: str = MARIA) -> dict[str, Any]:
    """Invite by the API, with mail."""
    order = {
        "invitedUserEmailAddress": address,
        "inviteRedirectUrl": "https://app.contoso.example/",
        "sendInvitationMessage": True,
    }
    headers = {"Authorization": f"Bearer {token(server)}"}
    status, answer = server.call("POST", "/v1.0/invitations", body=order, headers=headers)
    assert status == 201, answer
    found: dict[str, Any] = answer
    return found


def timeline(server: RunningXenia, user_id: str) -> str:
    """What the portal tells an administrator about this user."""
    walker = remote_walker(server.base, server.ca_file)
    walker.open("/admin/contoso")
    walker.submit("/identify", login=server.tenant["users"][0]["user_principal_name"])
    walker.submit("/password", password=PASSWORD)
    walker.submit("/stay", button="No")
    # The mail server answers when it likes: the page is asked again until the reply is there.
    return until(
        lambda: next(
            (
                text
                for text in [walker.open(f"/admin/contoso/users/{user_id}").text]
                if "not be handed over" in text
            ),
            "",
        )
    )


def in_mailbox(server: RunningXenia, address: str) -> list[dict[str, Any]]:
    """Copies in the workshop's mailbox."""
    status, found = server.call("GET", f"/mailbox/api/messages?search={urllib.parse.quote('to:' + address)}")
    assert status == 200
    messages: list[dict[str, Any]] = found["messages"]
    return messages


def test_an_invitation_leaves_for_real_and_a_copy_is_kept(tmp_path: Path) -> None:
    with (
        smtp_server() as smtp,
        running_xenia(
            tmp_path, "--seed", str(SEED), "--smtp", f"smtp://127.0.0.1:{smtp.port}", "--mail-from", SENDER
        ) as server,
    ):
        link = invite(server)["inviteRedeemUrl"]
        ((message_id, text),) = until(lambda: mails_to(smtp.behaviour, MARIA))
        assert link in text
        assert smtp.behaviour.received[0].mail_from == SENDER
        (copy,) = in_mailbox(server, MARIA)
        whole = server.call("GET", f"/mailbox/api/messages/{copy['id']}")[1]
        assert {"name": "Message-ID", "value": message_id} in whole["headers"]
        # A link to this computer is of no use in somebody else's mailbox: said at the start and in the mail.
        assert "open only on this computer" in "".join(server.output)
        assert "only on the computer" in re.sub(r"\s+", " ", text) or "only on this computer" in text


def test_mail_waits_for_a_server_that_is_down_and_leaves_after_the_repair(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(
            ("127.0.0.1", 0)
        )  # bound but not listening: nobody else gets the port, and nobody answers
        port = closed.getsockname()[1]
        options = ("--seed", str(SEED), "--smtp", f"smtp://127.0.0.1:{port}", "--mail-from", SENDER)
        with running_xenia(tmp_path, *options) as server:
            invited = invite(server)
            assert f"127.0.0.1:{port} cannot be reached" in timeline(server, invited["invitedUser"]["id"])
            assert server.stop() == 0
    with smtp_server(port=port) as smtp, running_xenia(tmp_path, *options):
        ((_, text),) = until(lambda: mails_to(smtp.behaviour, MARIA))
        assert invited["inviteRedeemUrl"] in text


def test_a_wrong_password_is_shown_to_the_administrator(tmp_path: Path) -> None:
    made = LocalCa(tmp_path / "ca", SystemClock()).server_certificate(["127.0.0.1", "localhost"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.certificate_file, made.key_file)
    with smtp_server(tls=tls, login=True) as smtp:
        mail = ("--smtp", f"smtp://{USER}@localhost:{smtp.port}", "--mail-from", SENDER)
        options = (*mail, "--outgoing-ca", str(made.ca_file))
        wrong = {"XENIA_SMTP_PASSWORD": "not-the-password"}
        with running_xenia(tmp_path, "--seed", str(SEED), *options, env=wrong) as server:
            invited = invite(server)
            told = timeline(server, invited["invitedUser"]["id"])
            assert "535" in told
            assert "not-the-password" not in told + "".join(server.output)
        data = ("--data", str(tmp_path / "data"))
        refused = xenia("check", *data, *options, "--mail-to", MARIA, env=wrong)
        assert (refused.returncode, "535" in refused.stdout) == (1, True)
        right = xenia(
            "check", *data, *options, "--mail-to", MARIA, env={"XENIA_SMTP_PASSWORD": "s3cret pass"}
        )
        assert right.returncode == 0, right.stdout
        assert f"sent to {MARIA}: 250 2.0.0 Accepted as 4711" in right.stdout
        assert smtp.behaviour.encrypted == [True]
