"""What a use case may rely on: all or nothing, run again when another was in the way, one winner of a race."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.storage.records import (
    ADMIN,
    CONTOSO,
    HOUR,
    MIA,
    NOW,
    add_tenants,
    authenticator,
    code,
    family,
    interaction,
    invitation,
    mail,
    passcode,
    user,
)
from xenia.core.errors import Conflict, NotFound
from xenia.guard import is_writing, refuse_while_writing
from xenia.storage.store import SqlStore

CROWD = 50


@pytest.fixture(autouse=True)
def _tenants(store: SqlStore) -> None:
    add_tenants(store)


def in_parallel(work: Callable[[int], Any], count: int = CROWD) -> list[Any]:
    """Run *work* in many threads that all start at once."""
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_an_exception_rolls_everything_back(store: SqlStore):
    def work(tx):
        tx.users.add(user())
        raise LookupError

    with pytest.raises(LookupError):
        store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) is None


def test_a_write_is_marked_and_never_nests(store: SqlStore):
    def work(tx):
        assert is_writing()
        with pytest.raises(RuntimeError, match="Mail"):
            refuse_while_writing("Mail")
        with pytest.raises(RuntimeError, match="inside another"):
            store.write(CONTOSO, lambda inner: inner.users.find(MIA))
        return tx.tenant_id

    assert store.write(CONTOSO, work) == CONTOSO
    assert not is_writing()
    refuse_while_writing("Mail")


def test_a_reading_transaction_cannot_write_and_sees_one_moment(store: SqlStore):
    for attempt in (lambda tx: tx.users.add_role(MIA, "role-1"), lambda tx: tx.outbox.claim(1, NOW, HOUR)):
        with pytest.raises(RuntimeError, match="reading"), store.read(CONTOSO) as tx:
            attempt(tx)
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) is None
        store.write(CONTOSO, lambda other: other.users.add(user()))
        assert tx.users.find(MIA) is None
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) == user()


SINGLE_USE = {
    "code": lambda tx: tx.sign_ins.consume_code("code-1", NOW),
    "passcode": lambda tx: tx.sign_ins.consume_passcode("pc-1", NOW),
    "invitation": lambda tx: tx.invitations.complete("inv-1", NOW),
    "enrolment": lambda tx: tx.credentials.confirm_authenticator_app("totp-1", NOW, 5),
    "time step": lambda tx: tx.credentials.use_authenticator_step("totp-1", 5),
    "advance": lambda tx: tx.sign_ins.advance_interaction(interaction()),
    "finish": lambda tx: tx.sign_ins.finish_interaction(interaction(), NOW),
    "assertion": lambda tx: tx.applications.use_assertion("app-object", "jti", NOW + HOUR),
}


@pytest.mark.parametrize("what", SINGLE_USE)
def test_fifty_at_once_have_one_winner(store: SqlStore, what: str):
    def fill(tx):
        tx.users.add(user())
        tx.sign_ins.add_interaction(interaction())
        tx.sign_ins.add_passcode(passcode())
        tx.sign_ins.add_code(code(), family())
        tx.invitations.add(invitation())
        tx.credentials.add_authenticator_app(authenticator())

    store.write(CONTOSO, fill)
    outcomes = in_parallel(lambda _: store.write(CONTOSO, SINGLE_USE[what]))
    assert outcomes.count(True) == 1
    assert outcomes.count(False) == CROWD - 1


def test_a_limit_lets_exactly_its_number_through(store: SqlStore):
    waits = in_parallel(lambda _: store.write(None, lambda tx: tx.limits.hit("k", 7, HOUR, NOW)))
    assert waits.count(None) == 7


def test_tries_are_counted_one_by_one(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_passcode(passcode()))
    counts = in_parallel(lambda _: store.write(CONTOSO, lambda tx: tx.sign_ins.count_passcode_try("pc-1")))
    assert sorted(counts) == list(range(1, CROWD + 1))


def test_dispatchers_never_claim_a_mail_twice(store: SqlStore):
    store.write(
        CONTOSO, lambda tx: [tx.outbox.enqueue(mail(), f"m{number}", "s", NOW) for number in range(60)]
    )

    def dispatcher(_):
        taken = []
        while claimed := store.write(None, lambda tx: tx.outbox.claim(3, NOW, timedelta(minutes=5))):
            taken += [found.id for found in claimed]
        return taken

    taken = [mail_id for share in in_parallel(dispatcher, 4) for mail_id in share]
    assert sorted(taken) == sorted(f"m{number}" for number in range(60))


def test_changes_read_in_the_write_are_never_lost(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.users.add(user(department="")))

    def work(tx):
        found = tx.users.find(MIA)
        tx.users.replace(replace(found, department=found.department + "x"))

    in_parallel(lambda _: store.write(CONTOSO, work))
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA).department == "x" * CROWD


def test_the_slower_of_two_creators_runs_again_and_sees_the_row(store: SqlStore):
    looked = threading.Barrier(2)
    first_look = threading.local()

    def work(tx):
        found = tx.users.find_by_identity("mail", "mia@example.com")
        if found is not None:
            return "found"
        if store._is_postgres and not hasattr(
            first_look, "done"
        ):  # SQLite lets the second in only after the first
            first_look.done = True
            looked.wait()
        tx.users.add(user(f"user-{threading.get_ident()}"))
        return "added"

    assert sorted(in_parallel(lambda _: store.write(CONTOSO, work), 2)) == ["added", "found"]


def test_a_conflict_that_stays_is_told_after_a_second_look(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.users.add(user()))
    runs: list[int] = []

    def work(tx):
        runs.append(1)
        tx.users.add(user(ADMIN))

    with pytest.raises(Conflict):
        store.write(CONTOSO, work)
    assert len(runs) == (2 if store._is_postgres else 1)


def test_who_refers_to_what_another_made_under_another_id_looks_again(store: SqlStore):
    """Two looks within a PostgreSQL transaction may differ: what was to be made first is there at the second."""
    looks: list[bool] = []

    def work(tx):
        found = tx.users.find_by_identity("mail", "mia@example.com")
        looks.append(found is not None)
        if found is None and store._is_postgres:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(store.write, CONTOSO, lambda other: other.users.add(user())).result()
        app = authenticator()
        tx.credentials.add_authenticator_app(app if found else replace(app, user_id="would-have-been-made"))

    if store._is_postgres:
        store.write(CONTOSO, work)
        assert looks == [False, True]
    else:  # one writer at a time: a second look would see the same
        with pytest.raises(NotFound):
            store.write(CONTOSO, work)
        assert looks == [False]


def test_transactions_that_lock_each_other_out_both_finish(store: SqlStore):
    store.write(CONTOSO, lambda tx: (tx.users.add(user()), tx.users.add(user(ADMIN, name="ada"))))
    both_hold_one = threading.Barrier(2)
    first_run = threading.local()

    def worker(number: int):
        order = (MIA, ADMIN) if number == 0 else (ADMIN, MIA)

        def work(tx):
            for position, user_id in enumerate(order):
                found = tx.users.find(user_id)
                tx.users.replace(replace(found, department=(found.department or "") + str(number)))
                if store._is_postgres and position == 0 and not hasattr(first_run, "done"):
                    first_run.done = True
                    both_hold_one.wait()

        store.write(CONTOSO, work)

    in_parallel(worker, 2)
    with store.read(CONTOSO) as tx:
        assert {len(tx.users.find(user_id).department) for user_id in (MIA, ADMIN)} == {2}
