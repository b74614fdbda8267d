"""Two small public pages: what an error number means, and where desktop programs pick up their answer."""

from __future__ import annotations

from xenia.core.aadsts import meanings
from xenia.web.http import HttpRequest, HttpResponse, html
from xenia.web.pages import Pages, theme_of


class Notices:
    """Handlers of the pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def error_lookup(self, request: HttpRequest) -> HttpResponse:
        """``/error?code=50011``."""
        asked = request.query.get("code").upper().removeprefix("AADSTS").strip()[:12]
        known = meanings().get(int(asked), []) if asked.isascii() and asked.isdigit() else []
        rows = [
            {"code": asked, "error": error, "meaning": meaning.replace("``", "")} for error, meaning in known
        ]
        page = self._pages.render(
            "kit/error_lookup.html", nav=(), theme=_theme(request), code=asked, rows=rows
        )
        return html(page)

    def native_client(self, request: HttpRequest) -> HttpResponse:
        """``/common/oauth2/nativeclient``: shows nothing of what its address carries."""
        return html(self._pages.render("kit/native_client.html", nav=(), theme=_theme(request)))


def _theme(request: HttpRequest) -> str:
    return theme_of(request.cookies.get("xenia_theme"))
