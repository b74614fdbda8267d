"""Queueing of mail: sealing it and laying it into the outbox, inside the caller's transaction.

Owns the sealed form of a mail. Must not render or send: that happens after the commit, outside.
"""

from __future__ import annotations

import json
from datetime import datetime

from xenia.core.mail import Mail, MailKind
from xenia.ports import Ports, Sealer, Transaction
from xenia.record import names_of, replace

_PURPOSE = "mail"


def queue_mail(ports: Ports, tx: Transaction, mail: Mail, now: datetime, mail_id: str | None = None) -> str:
    """Seal *mail* and enqueue it, due at once; the id of its outbox row (*mail_id* when drawn beforehand).

    After the commit the caller signals ``ports.mail_queued()``. The tenant's id travels with the data, so
    that a captured copy can be told apart by tenant.
    """
    mail_id = mail_id or ports.entropy.guid()
    if tx.tenant_id is not None:
        mail = replace(mail, data={**mail.data, "tenant_id": tx.tenant_id})
    tx.outbox.enqueue(mail, mail_id, seal_mail(ports.sealer, mail), now)
    return mail_id


def seal_mail(sealer: Sealer, mail: Mail) -> str:
    """The mail as it rests in the outbox: it may hold a passcode or a redemption link."""
    fields = {name: getattr(mail, name) for name in names_of(Mail)}
    return sealer.seal(json.dumps(fields, ensure_ascii=False).encode(), _PURPOSE)


def open_mail(sealer: Sealer, sealed: str) -> Mail:
    """The mail of an outbox row. Raises ValueError when it was not sealed by us."""
    fields = json.loads(sealer.open(sealed, _PURPOSE))
    return Mail(**{**fields, "kind": MailKind(fields["kind"])})
