"""Page tokens: where a list goes on, with all its options inside, sealed so that nobody can forge or look into one.

SDKs follow the link without the headers of the first request; hence the token carries everything.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import msgspec

from xenia.core.ids import TenantId
from xenia.core.query import Cursor, Value
from xenia.graph.errors import GraphError
from xenia.graph.options import KEPT, Options
from xenia.ports import Sealer

PURPOSE = "graph.skiptoken"
_VERSION = 1


class PageToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a page token."""

    version: int
    tenant: str
    path: str
    """Version and resource the list was of."""
    options: dict[str, str]
    is_eventual: bool
    is_counted: bool
    """Whether the first request had the advanced-query pair."""
    values: list[str | bool | int | None]
    moments: list[int]
    """Which of ``values`` are moments."""
    last_id: str

    @property
    def cursor(self) -> Cursor:
        """Where the last page ended."""
        values: list[Value] = [
            datetime.fromisoformat(value) if at in self.moments and isinstance(value, str) else value
            for at, value in enumerate(self.values)
        ]
        return Cursor(tuple(values), self.last_id)


def sealed(sealer: Sealer, tenant_id: TenantId, path: str, options: Options, cursor: Cursor) -> str:
    """The token of the page after *cursor*."""
    token = PageToken(
        version=_VERSION,
        tenant=tenant_id,
        path=path,
        options={name: text for name, text in options.texts.items() if name in KEPT},
        is_eventual=options.is_eventual,
        is_counted=options.texts.get("count", "").lower() == "true",
        values=[value.isoformat() if isinstance(value, datetime) else value for value in cursor.values],
        moments=[at for at, value in enumerate(cursor.values) if isinstance(value, datetime)],
        last_id=cursor.id,
    )
    return sealer.seal(msgspec.json.encode(token), PURPOSE)


def opened(sealer: Sealer, tenant_id: TenantId, path: str, text: str) -> PageToken:
    """The content of a token of this tenant and list. Raises GraphError for anything else."""
    try:
        token = msgspec.json.decode(sealer.open(text, PURPOSE), type=PageToken)
    except (ValueError, msgspec.MsgspecError):
        raise _expired() from None
    if (token.version, token.tenant, token.path) != (_VERSION, tenant_id, path):
        raise _expired()
    return token


def next_link(url: str, options: Options, token: str) -> str:
    """An absolute address of the next page; the options are repeated for human eyes only."""
    shown = {name: text for name, text in options.texts.items() if name in (*KEPT, "count")}
    pairs = [f"${name}={quote(text, safe=',')}" for name, text in shown.items()]
    return f"{url}?{'&'.join((*pairs, '$skiptoken=' + quote(token, safe='')))}"


def _expired() -> GraphError:
    return GraphError(
        400,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired and can no longer be included in your request.",
    )
