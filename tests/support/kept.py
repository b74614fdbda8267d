"""What one test process makes once because it is costly and always the same: compiled pages, and RSA keys.

Neither holds anything of a test: pages are functions of their model, and keys are given out in turn, so that two
servers of one test never sign with the same one.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path

import xenia.ui.signin
from tests.support.clock import START, SetClock
from xenia.outside.ambient import SystemEntropy
from xenia.outside.keyring import RsaKeyRing
from xenia.outside.sealing import AesSealer
from xenia.ports import Store, StoredKey, Transaction
from xenia.web.pages import Pages
from xenia.web.static_files import StaticFiles

UI = Path(xenia.ui.signin.__file__).parent.parent
DATA_KEY = bytes(range(32))
"""Of every server in process: its signing keys are sealed with it."""
_SETS = 3
_KEPT: list[tuple[StoredKey, ...]] = []
_TURNS = count()


@cache
def pages() -> Pages:
    """Every page of the program."""
    names = ("account", "lab", "mailbox", "portal", "signin", "tester")
    return Pages({name: UI / name / "templates" for name in names}, StaticFiles())


def signing_keys(store: Store, clock: SetClock) -> RsaKeyRing:
    """The key ring of a server with DATA_KEY, its keys made or, on an empty store, taken from an earlier test."""
    keys = RsaKeyRing(store, AesSealer(DATA_KEY, SystemEntropy()), clock)
    with store.read(None) as tx:
        is_usual = clock.now() == START and not tx.keys.list()
    turn = next(_TURNS) % _SETS
    if is_usual and turn < len(_KEPT):
        store.write(None, lambda tx: _add(tx, _KEPT[turn]))
    keys.ensure()
    if is_usual and turn == len(_KEPT):
        with store.read(None) as tx:
            _KEPT.append(tx.keys.list())
    return keys


def _add(tx: Transaction, kept: tuple[StoredKey, ...]) -> None:
    for key in kept:
        tx.keys.add(key)
