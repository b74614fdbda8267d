"""How long records of what happened are kept. What they are, and their removal, is storage's."""

from __future__ import annotations

from datetime import timedelta

from xenia.record import Record


class Retention(Record):
    """Ages at which records go; None keeps them for good. The defaults are those of the vendor's service."""

    audit: timedelta | None = timedelta(days=30)
    sign_in: timedelta | None = timedelta(days=30)
    mail: timedelta | None = timedelta(days=30)
    """Records of mails that were sent or given up, and mails in the mailbox of the workshop."""
    mailbox_mails: int | None = 2000
    """The newest mails that the mailbox keeps, however young the others are."""


USUAL = Retention()
"""What is kept unless the settings say otherwise."""
