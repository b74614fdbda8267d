"""``xenia token`` and the redemption call, as a script meets them: beside a running workshop, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import xenia
from tests.support.protocol import claims_of
from tests.support.running import RunningXenia, running_xenia

INVITED = "maria@partner.example"
SEED = """
[[tenant]]
name = "Contoso"
short_name = "contoso"
user = [{ name = "ada", display_name = "Ada", roles = ["Guest Inviter"] }]

[[tenant.app]]
name = "Orders"
permissions = { delegated = ["User.Invite.All"] }
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningXenia]:
    directory = tmp_path_factory.mktemp("token")
    (directory / "seed.toml").write_text(SEED, "utf-8")
    with running_xenia(directory, "--seed", str(directory / "seed.toml")) as started:
        yield started


def run(server: RunningXenia, *arguments: str) -> tuple[int, str]:
    done = xenia("token", "--data", server.ready["data"], *arguments)
    return done.returncode, done.stdout.strip() if done.returncode == 0 else done.stderr.strip()


def invite(server: RunningXenia, address: str) -> str:
    code, token = run(server, "--app", "Orders", "--user", "ada", "--agree", "--scope", "User.Invite.All")
    assert code == 0, token
    status, made = server.call(
        "POST",
        "/v1.0/invitations",
        body={"invitedUserEmailAddress": address, "inviteRedirectUrl": server.ready["my_apps"]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert status == 201, made
    return str(made["id"])


def test_a_guest_from_invitation_to_token(server: RunningXenia) -> None:
    invitation = invite(server, INVITED)
    status, answer = server.call(
        "POST",
        f"/xenia/v1/invitations/{invitation}/redeem",
        headers={"Authorization": f"Bearer {server.ready['tool_token']}"},
    )
    assert (status, answer["status"]) == (200, "Completed"), answer
    assert answer["invitedUser"]["externalUserState"] == "Accepted"
    code, token = run(
        server, "--app", "Orders", "--guest", INVITED, "--scope", "openid email", "--agree", "--id-token"
    )
    assert code == 0, token
    claims = claims_of(token)
    assert (claims["oid"], claims["email"]) == (answer["invitedUser"]["id"], INVITED)
    assert claims["iss"] == f"{server.base}/{server.tenant['id']}/v2.0"


def test_the_redemption_call_asks_for_the_access_token(server: RunningXenia) -> None:
    """Also on this computer: a page of another site could make the browser post otherwise."""
    invitation = invite(server, "nora@partner.example")
    path = f"/xenia/v1/invitations/{invitation}/redeem"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        status, answer = server.call("POST", path, headers=headers)
        assert status == 401, answer
        assert "tool_token" in answer["error"]["message"]
    bearer = {"Authorization": f"Bearer {server.ready['tool_token']}"}
    assert server.call("GET", path, headers=bearer)[0] == 405
    unknown = path.replace(invitation, "00000000-0000-4000-8000-000000000000")
    assert server.call("POST", unknown, headers=bearer)[0] == 404
    assert server.call("POST", path, headers=bearer)[0] == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--app", "Orders"), "Say who signs in"),
        (("--app", "Orders", "--user", "ada", "--guest", INVITED), "one of them"),
        (("--app", "Nothing", "--user", "ada"), "No app is called 'Nothing'"),
        (("--app", "Orders", "--user", "nobody"), "There is no member 'nobody'"),
        (("--app", "Orders", "--user", "ada@elsewhere.example"), "No tenant is called 'elsewhere.example'"),
        (("--app", "Orders", "--user", "ada", "--scope", "User.ReadWrite.All"), "must agree"),
        (("--app", "Orders", "--user", "ada", "--scope", "Mail.Nonsense"), "Mail.Nonsense"),
    ],
)
def test_what_is_wrong_is_said(server: RunningXenia, arguments: tuple[str, ...], said: str) -> None:
    code, words = run(server, *arguments)
    assert code == 1
    assert said in words


def test_production_issues_none(tmp_path: Path) -> None:
    """What the last start of the installation was decides, not what the command is told."""
    (tmp_path / "running.json").write_text(
        json.dumps({"base_url": "https://login.example.org", "hosts": ["login.example.org"], "tools": False})
    )
    for environment in ({}, {"XENIA_TOOLS": "true"}):
        refused = xenia("token", "--data", str(tmp_path), "--app", "Orders", "--user", "ada", env=environment)
        assert refused.returncode == 1
        assert "workshop (xenia up) only" in refused.stderr
