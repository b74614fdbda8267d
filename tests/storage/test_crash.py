"""SQLite under fire: processes killed in the middle of writing lose nothing that they had confirmed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.records import CONTOSO, HOUR, NOW, add_tenants
from tests.support.stores import make_sqlite_store
from xenia.core.query import Query
from xenia.storage.store import open_store

# Confirms each committed record on its standard output, until it is killed.
WRITER = """
import sys
from tests.storage.records import audit
from xenia.storage.store import open_store

url, tenant, name, durable = sys.argv[1:]
store = open_store(url, durable=durable == "True")
number = 0
while True:
    record = audit(f"{name}-{number}", tenant)
    store.write(tenant, lambda tx: (tx.logs.audit(record), tx.limits.hit(name, 1, __import__("datetime").timedelta(days=1), record.at)))
    print(number, flush=True)
    number += 1
"""
ROOT = Path(__file__).parents[2]


def _start(url: str, name: str, *, durable: bool) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, CONTOSO, name, str(durable)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _last_confirmed(process: subprocess.Popen[str], wanted: int) -> int:
    """Read confirmations until *wanted* came, kill the writer at once, and count those still in the pipe."""
    assert process.stdout is not None
    confirmed = -1
    for line in process.stdout:
        confirmed = int(line)
        if confirmed >= wanted:
            break
    process.kill()
    for line in process.stdout:
        confirmed = int(line) if line.endswith("\n") else confirmed
    process.wait()
    process.stdout.close()
    return confirmed


@pytest.mark.faults
@pytest.mark.parametrize("durable", [True, False])
def test_killed_writers_lose_nothing_confirmed(tmp_path: Path, *, durable: bool):
    store = make_sqlite_store(tmp_path)
    add_tenants(store)
    store.close()
    url = f"sqlite:///{tmp_path}/xenia.db"
    for turn in range(3):
        name = f"turn{turn}"
        confirmed = _last_confirmed(_start(url, name, durable=durable), 20 + 13 * turn)
        assert confirmed >= 20
        again = open_store(url, durable=durable)
        with again._reading.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        with again.read(CONTOSO) as tx:
            kept = [number for number in range(confirmed + 1) if tx.logs.find_audit(f"{name}-{number}")]
            count = tx.limits.count(name, HOUR, NOW)
            total = sum(
                entry.id.startswith(f"{name}-") for entry in tx.logs.list_audit(Query(limit=10_000)).items
            )
        assert kept == list(range(confirmed + 1))
        assert count == total  # both rows of a transaction, or neither
        again.close()


@pytest.mark.faults
def test_several_processes_write_one_file(tmp_path: Path):
    store = make_sqlite_store(tmp_path)
    add_tenants(store)
    url = f"sqlite:///{tmp_path}/xenia.db"
    writers = [_start(url, f"writer{number}", durable=False) for number in range(3)]
    for number in range(50):
        store.write(None, lambda tx, number=number: tx.limits.hit(f"own{number}", 1, HOUR, NOW))
    last = [_last_confirmed(process, 50) for process in writers]
    with store.read(CONTOSO) as tx:
        for number, confirmed in enumerate(last):
            assert all(tx.logs.find_audit(f"writer{number}-{done}") for done in range(confirmed + 1))
        assert all(tx.limits.count(f"own{number}", HOUR, NOW) == 1 for number in range(50))
    store.close()
