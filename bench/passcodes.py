"""The test port for passcodes: reads the codes that were queued as mail, straight from the database.

A person reads the mail; a measurement of sign-ins should not measure a mailbox page as well. The bench
owns the installation, so it has the data key that the queued mail is sealed with.
"""

from __future__ import annotations

import base64
import re

from bench.wire import Unexpected
from xenia.outside.ambient import SystemEntropy
from xenia.outside.sealing import AesSealer
from xenia.storage.sqlite import driver
from xenia.usecases.tenants.queue_mail import open_mail

_CODE = re.compile(r"\b(\d{4})[ -]?(\d{4})\b")
_NEW = 'SELECT rowid, id, "to", sealed_mail FROM outbox WHERE rowid > ? ORDER BY rowid'
_KEPT = "SELECT text_key FROM captured_mails WHERE id = ?"


class Passcodes:
    """Codes by address, newest first. Looks only at what was queued since it last looked."""

    def __init__(self, database: str, data_key: str) -> None:
        self._connection = driver().connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
        self._sealer = AesSealer(base64.b64decode(data_key), SystemEntropy())
        self._newest: dict[str, tuple[str, str]] = {}
        row = self._connection.execute("SELECT coalesce(max(rowid), 0) FROM outbox").fetchone()
        self._seen = row[0]

    def sent_to(self, address: str) -> str:
        """The newest code queued for this address. Raises Unexpected when there is none."""
        for rowid, mail_id, to, sealed in self._connection.execute(_NEW, (self._seen,)).fetchall():
            self._seen = rowid
            self._newest[to] = (mail_id, sealed)
        if address not in self._newest:
            raise Unexpected(f"no passcode was queued for {address}")
        mail_id, sealed = self._newest[address]
        if sealed:
            return open_mail(self._sealer, sealed).data["code"]
        # Delivered meanwhile: the payload is erased, and the mailbox has the mail.
        text = self._connection.execute(_KEPT, (mail_id,)).fetchone()[0]
        found = _CODE.search(text)
        if found is None:
            raise Unexpected(f"no passcode in: {text}")
        return f"{found[1]}{found[2]}"
