"""Several worker processes behind the same sockets: they share the work, are replaced, and leave together."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.remote import remote_walker
from tests.support.running import RunningXenia, running_xenia
from tests.support.scripts import app_token, invite
from xenia.cli.worker_processes import Supervisor, Worker, WorkerFailed

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
SEED = Path(__file__).parent.parent / "browser" / "seed.toml"
WORKERS = ("--workers", "2", "--log-level", "info")


def until(condition: Callable[[], bool]) -> None:
    """Look again and again, for as long as a busy machine may need."""
    waiting = threading.Event()
    for _ in range(600):
        if condition():
            return
        waiting.wait(0.05)
    message = "it never came true"
    raise AssertionError(message)


def workers_of(server: RunningXenia) -> list[int]:
    """Process ids of the workers that reported to be ready, oldest first."""
    return [int(found) for line in list(server.output) for found in re.findall(r"is ready.*pid (\d+)", line)]


def test_both_workers_write_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    with running_xenia(tmp_path, *WORKERS, "--seed", str(SEED)) as server:
        until(lambda: len(workers_of(server)) == 2)
        assert server.process.pid == server.ready["pid"]
        token = app_token(server)

        def invite_one(number: int) -> int:
            order = {
                "invitedUserEmailAddress": f"guest{number}@nordwind.example",
                "inviteRedirectUrl": "https://app.contoso.example/",
                "sendInvitationMessage": True,
            }
            headers = {"Authorization": f"Bearer {token}"}
            return server.call("POST", "/v1.0/invitations", body=order, headers=headers)[0]

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(invite_one, range(24))) == {201}
        os.kill(workers_of(server)[0], signal.SIGKILL)
        until(lambda: len(workers_of(server)) == 3)
        assert any("exit code -9" in line for line in server.output)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(invite_one, range(24, 32))) == {201}
        # Mail that the killed worker had in hand waits for its lease; everybody else's is here.
        until(lambda: len(_addressed(server)) >= 28)
        arrived = _addressed(server)
        assert len(arrived) == len(set(arrived))
        assert server.stop() == 0
    assert "Xenia has stopped." in "".join(server.output)


def test_a_guest_is_served_by_whichever_worker_takes_the_connection(tmp_path: Path) -> None:
    with running_xenia(tmp_path, *WORKERS, "--seed", str(SEED)) as server:
        until(lambda: len(workers_of(server)) == 2)
        address = "maria@nordwind.example"
        walker = remote_walker(server.base, server.ca_file)
        walker.open(invite(server, address, "https://app.contoso.example/")["inviteRedeemUrl"])
        walker.submit("/redeem/start")
        walker.submit("/signin/code", code=_passcode(server, address))
        page = walker.submit("/accept")
        assert "More information required" in page.text
        # The first is gone: who is left goes on where it stopped.
        os.kill(workers_of(server)[0], signal.SIGKILL)
        assert walker.submit("/enrol").has_form("/enrol-code")


def _passcode(server: RunningXenia, address: str) -> str:
    codes: list[str] = []

    def look() -> bool:
        _, found = server.call("GET", f"/mailbox/api/messages?search=to:{address}")
        for mail in found["messages"]:
            text = server.call("GET", f"/mailbox/api/messages/{mail['id']}")[1]["text"]
            codes.extend("".join(found) for found in re.findall(r"\b(\d{4}) (\d{4})\b", text))
        return bool(codes)

    until(look)
    return codes[0]


def _addressed(server: RunningXenia) -> list[str]:
    _, found = server.call("GET", "/mailbox/api/messages?limit=100")
    return [mail["to"][0] for mail in found["messages"]]


def test_workers_leave_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with running_xenia(tmp_path, *WORKERS) as server:
        until(lambda: len(workers_of(server)) == 2)
        workers = workers_of(server)
        server.stop(signal.SIGKILL)
        until(lambda: not any(map(_lives, workers)))
    with running_xenia(tmp_path, "--workers", "2") as again:
        assert again.call("GET", "/readyz")[0] == 200
        assert again.stop(signal.SIGINT) == 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that nobody has taken leave of is still listed.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or ") Z " not in status.read_text()


def test_a_start_that_fails_says_why_once() -> None:
    class Refusal(Exception):
        pass

    def refuse(worker: Worker) -> None:
        del worker
        raise Refusal("The database is away.")

    with pytest.raises(WorkerFailed, match=r"^The database is away\.$"):
        Supervisor(2, refuse, refusals=(Refusal,)).run()
