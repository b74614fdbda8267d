"""``ports.Applications``: registrations and their local instances, as one repository."""

from __future__ import annotations

from xenia.storage.principals import Principals
from xenia.storage.registrations import Registrations


class SqlApplications(Registrations, Principals):
    """See ``ports.Applications``."""

    __slots__ = ()
