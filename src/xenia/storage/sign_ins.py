"""``ports.SignIns``: everything short-lived of signing in, as one repository."""

from __future__ import annotations

from xenia.storage.codes import Codes
from xenia.storage.device_codes import DeviceCodes
from xenia.storage.federations import Federations
from xenia.storage.interactions import Interactions
from xenia.storage.passcodes import Passcodes
from xenia.storage.refresh_tokens import RefreshTokens
from xenia.storage.sessions import Sessions


class SqlSignIns(Interactions, Federations, Sessions, Passcodes, Codes, RefreshTokens, DeviceCodes):
    """See ``ports.SignIns``."""

    __slots__ = ()
