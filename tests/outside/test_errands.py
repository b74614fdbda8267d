"""Errands: a slow server keeps its own people waiting and nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from xenia.outside.errands import BackgroundErrands, ErrandLimits

LONG = 60.0
LIMITS = ErrandLimits(at_once=8, per_host=2, waiting=6, listening=1)
OURS, THEIRS = "tenant-1", "tenant-2"


class Desk:
    """Errands that last until the test lets them end."""

    def __init__(self) -> None:
        self.errands = BackgroundErrands(LIMITS)
        self.begun: list[str] = []
        self.changed = threading.Condition()
        self.gates: dict[str, threading.Event] = {}

    def start(self, key: str, host: str, tenant_id: str = OURS) -> bool:
        gate = self.gates.setdefault(key, threading.Event())

        def work() -> None:
            with self.changed:
                self.begun.append(key)
                self.changed.notify_all()
            gate.wait(LONG)

        return self.errands.start(key, tenant_id, host, work)

    def until_begun(self, *keys: str) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: set(keys) <= set(self.begun), LONG), self.begun

    def end(self, key: str) -> None:
        self.gates[key].set()
        assert self.errands.wait(key, LONG)


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()
    yield found
    for gate in found.gates.values():
        gate.set()
    found.errands.close()


def test_a_host_has_so_many_at_once_and_others_pass_by(desk: Desk) -> None:
    for key in ("a1", "a2"):
        assert desk.start(key, "slow.example")
        desk.until_begun(key)
    assert desk.start("a3", "slow.example")
    assert desk.start("b1", "quick.example")
    desk.until_begun("b1")
    assert "a3" not in desk.begun
    desk.end("b1")
    desk.end("a1")
    desk.until_begun("a3")


def test_errands_that_come_together_begin_together_although_one_thread_is_idle(desk: Desk) -> None:
    desk.start("first", "one.example")
    desk.until_begun("first")
    desk.end("first")
    # A thread is idle now. Each of these lasts until the other has begun.
    meeting = threading.Barrier(3)
    for key in ("x", "y", "z"):
        assert desk.errands.start(key, OURS, f"{key}.example", lambda: meeting.wait(LONG) and None)
    assert all(desk.errands.wait(key, LONG) for key in ("x", "y", "z"))
    assert not meeting.broken


def test_too_much_is_refused_at_once(desk: Desk) -> None:
    for key in ("a", "b", "c", "d"):
        assert desk.start(key, f"{key}.example")
        desk.until_begun(key)
    assert [desk.start(key, "e.example") for key in ("e", "f", "g", "h")] == [True, True, True, False]


def test_a_tenant_whose_servers_all_hang_leaves_places_and_a_queue_for_others(desk: Desk) -> None:
    """Limits per host are no limit to whoever enters as many hosts as they like."""
    keys = [f"hanging-{number}" for number in range(10)]
    for key in keys[:4]:
        assert desk.start(key, f"{key}.example")
        desk.until_begun(key)
    assert [desk.start(key, f"{key}.example") for key in keys[4:]] == [True] * 3 + [False] * 3
    # Four run and three wait. Another tenant waits for none of them, and may still queue.
    assert desk.start("theirs-1", "a.example", THEIRS)
    assert desk.start("theirs-2", "b.example", THEIRS)
    desk.until_begun("theirs-1", "theirs-2")
    assert desk.start("theirs-3", "c.example", THEIRS)
    assert desk.start("third", "d.example", "tenant-3")
    desk.until_begun("third")
    assert sorted(desk.begun) == [*keys[:4], "theirs-1", "theirs-2", "third"]
    # Places that are given back go to who waits, and the first tenant has its share again.
    desk.end("theirs-1")
    desk.until_begun("theirs-3")
    for key in (keys[0], "theirs-2", "third"):
        desk.end(key)
    desk.until_begun(keys[4])


def test_the_same_key_is_one_errand(desk: Desk) -> None:
    assert desk.start("a", "one.example")
    desk.until_begun("a")
    assert desk.start("a", "one.example")
    desk.end("a")
    assert desk.begun == ["a"]


def test_an_unknown_errand_has_ended(desk: Desk) -> None:
    assert desk.errands.wait("never", LONG)


def test_who_listens_is_bounded_too(desk: Desk) -> None:
    desk.start("a", "one.example")
    desk.until_begun("a")
    heard: list[bool] = []

    def listen() -> None:
        ended = desk.errands.wait("a", LONG)
        with desk.changed:
            heard.append(ended)
            desk.changed.notify_all()

    listeners = [threading.Thread(target=listen) for _ in range(3)]
    for listener in listeners:
        listener.start()
    # All but the one who has the place are sent away although the errand goes on.
    with desk.changed:
        assert desk.changed.wait_for(lambda: len(heard) == 2, LONG)
    assert heard == [False, False]
    desk.gates["a"].set()
    for listener in listeners:
        listener.join(LONG)
    assert heard == [False, False, True]


def test_an_errand_that_fails_harms_no_other(desk: Desk) -> None:
    def broken() -> None:
        raise ValueError("x")

    for number in range(10):
        desk.errands.start(f"broken-{number}", OURS, "one.example", broken)
        assert desk.errands.wait(f"broken-{number}", LONG)
    desk.start("a", "one.example")
    desk.until_begun("a")


def test_after_the_end_nothing_begins(desk: Desk) -> None:
    desk.errands.close()
    assert desk.start("a", "one.example") is False
