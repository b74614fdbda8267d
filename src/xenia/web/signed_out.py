"""The page after signing out, which takes the apps of the session along (OpenID Connect Front-Channel Logout 1.0).

Each app's logout address is loaded in a hidden frame, for about five seconds at most, before the browser goes on.
Only those origins may be framed, and nothing in a frame can steer the page around it.
"""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.logout import FrontChannelLogout
from xenia.core.wording import ENGLISH, Words
from xenia.web.http import BASE_CSP, HttpResponse, html
from xenia.web.pages import Pages

LONGEST_WAIT = 5
"""Seconds."""


def signed_out(
    pages: Pages,
    host_name: str,
    told: Sequence[FrontChannelLogout] = (),
    words: Words = ENGLISH,
    *,
    next_url: str | None = None,
    next_name: str = "",
    again_url: str | None = None,
) -> HttpResponse:
    """Say that it is done, load what *told* names, then go on to *next_url* (its validity is the caller's to prove)."""
    framed = [entry for entry in told if entry.origin is not None]
    page = pages.render(
        "kit/signed_out.html",
        words,
        host={"name": host_name},
        apps=[
            {"name": entry.app_name, "url": entry.url, "is_framed": entry.origin is not None}
            for entry in told
            if entry.url.startswith(("https://", "http://"))
        ],
        seconds=LONGEST_WAIT if framed else 0,
        next_url=next_url,
        next_name=next_name,
        again_url=again_url,
    )
    origins = " ".join(dict.fromkeys(entry.origin for entry in framed if entry.origin is not None))
    return html(page, csp=f"{BASE_CSP}; frame-src {origins}" if origins else BASE_CSP)
