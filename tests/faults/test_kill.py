"""kill -9 at any moment: what was acknowledged is there after the restart, and every mail arrives."""

from __future__ import annotations

import random
import re
import signal
import threading
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.remote import remote_walker
from tests.support.running import RunningXenia, running_xenia
from tests.support.scripts import app_token, graph

pytestmark = pytest.mark.faults
SEED = Path(__file__).parent.parent / "browser" / "seed.toml"
GUESTS = 400
"""More than a server answers before it is killed."""


@dataclass
class Acknowledged:
    """What the server said yes to."""

    people: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    enough: threading.Event = field(default_factory=threading.Event)

    def add(self, address: str, value: str, *, limit: int) -> None:
        with self.lock:
            self.people[address] = value
            if len(self.people) >= limit:
                self.enough.set()


def until_killed(server: RunningXenia, work: Callable[[int], None], known: Acknowledged, seed: int) -> None:
    """Run *work* for one person after another in two threads; kill the server at some moment in between."""
    numbers = iter(range(GUESTS))
    lock = threading.Lock()

    def worker() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                work(number)
            except (OSError, urllib.error.URLError):
                return

    threads = [threading.Thread(target=worker, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert known.enough.wait(120), "the server acknowledged too little to be worth killing"
    # A moment nobody chose: somewhere within the next requests.
    threading.Event().wait(random.Random(seed).random() * 0.2)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(timeout=30)
    for thread in threads:
        thread.join(60)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_acknowledged_invitations_survive_and_their_mail_arrives(tmp_path: Path, seed: int) -> None:
    known = Acknowledged()
    with running_xenia(tmp_path, "--seed", str(SEED)) as server:
        token = app_token(server)

        def invite_one(number: int) -> None:
            address = f"guest{number}@nordwind.example"
            order = {
                "invitedUserEmailAddress": address,
                "inviteRedirectUrl": "https://app.contoso.example/",
                "sendInvitationMessage": True,
            }
            status, answer = server.call(
                "POST", "/v1.0/invitations", body=order, headers={"Authorization": f"Bearer {token}"}
            )
            assert status == 201, answer
            known.add(address, answer["invitedUser"]["id"], limit=12)

        until_killed(server, invite_one, known, seed)

    with running_xenia(tmp_path, "--seed", str(SEED)) as again:
        for address, user_id in known.people.items():
            status, user = graph(again, "GET", f"/users/{user_id}?$select=mail,externalUserState")
            assert (status, user.get("mail"), user.get("externalUserState")) == (
                200,
                address,
                "PendingAcceptance",
            )
        for address in known.people:
            ids = _message_ids(again, address)
            assert ids, f"no mail to {address}"
            assert len(set(ids)) == 1, "a second copy must bear the same Message-ID"


@pytest.mark.parametrize("seed", [3, pytest.param(4, marks=pytest.mark.slow)])
def test_acknowledged_redemptions_survive_whole(tmp_path: Path, seed: int) -> None:
    known = Acknowledged()
    with running_xenia(tmp_path, "--seed", str(SEED)) as server:
        links = {}
        for number in range(40):
            address = f"guest{number}@nordwind.example"
            order = {"invitedUserEmailAddress": address, "inviteRedirectUrl": "https://app.contoso.example/"}
            status, answer = graph(server, "POST", "/invitations", order)
            assert status == 201, answer
            links[number] = (address, answer["inviteRedeemUrl"], answer["invitedUser"]["id"])

        def redeem_one(number: int) -> None:
            if number not in links:
                return
            address, link, user_id = links[number]
            walker = remote_walker(server.base, server.ca_file)
            walker.open(link)
            walker.submit("/redeem/start")
            walker.submit("/signin/code", code=_passcode(server, address))
            page = walker.submit("/accept")
            if "More information required" in page.text:
                known.add(address, user_id, limit=6)

        until_killed(server, redeem_one, known, seed)

    with running_xenia(tmp_path, "--seed", str(SEED)) as again:
        for address, user_id in known.people.items():
            status, user = graph(again, "GET", f"/users/{user_id}?$select=externalUserState,identities")
            assert (status, user["externalUserState"]) == (200, "Accepted")
            issuers = {entry["issuer"]: entry["issuerAssignedId"] for entry in user["identities"]}
            assert issuers.get("mail") == address
        # Nobody is half in: accepted means bound, and the other way round.
        status, everyone = graph(again, "GET", "/users?$select=externalUserState,identities&$top=999")
        assert status == 200
        for user in everyone["value"]:
            bound = any(entry["issuer"] == "mail" for entry in user["identities"] or [])
            assert bound == (user["externalUserState"] == "Accepted")


def _message_ids(server: RunningXenia, address: str) -> list[str]:
    waiting = threading.Event()
    for _ in range(300):
        status, found = server.call("GET", f"/mailbox/api/messages?search=to:{address}")
        assert status == 200
        if found["messages"]:
            whole = [
                server.call("GET", f"/mailbox/api/messages/{mail['id']}")[1] for mail in found["messages"]
            ]
            return [
                header["value"]
                for mail in whole
                for header in mail["headers"]
                if header["name"] == "Message-ID"
            ]
        waiting.wait(0.1)
    return []


def _passcode(server: RunningXenia, address: str) -> str:
    waiting = threading.Event()
    for _ in range(300):
        _, found = server.call("GET", f"/mailbox/api/messages?search=to:{address}")
        for mail in found["messages"]:
            if "verification code" in mail["subject"]:
                text = server.call("GET", f"/mailbox/api/messages/{mail['id']}")[1]["text"]
                code = re.search(r"\b(\d{4}) (\d{4})\b", text)
                assert code is not None
                return "".join(code.groups())
        waiting.wait(0.1)
    message = f"no passcode for {address}"
    raise AssertionError(message)
