"""Two small public pages: what an error number means, and where desktop programs pick up their answer."""

from __future__ import annotations

import inspect

from xenia.core.aadsts import AADSTS, ASSERTION_CODES
from xenia.web.http import HttpRequest, HttpResponse, html
from xenia.web.pages import Pages, theme_of


def meanings() -> dict[int, list[tuple[str, str]]]:
    """Every published number with its OAuth errors and meanings (the sentence of the error class)."""
    found: dict[int, list[tuple[str, str]]] = {}
    for kind, row in AADSTS.items():
        found.setdefault(row.code, []).append((row.error, (inspect.getdoc(kind) or "").partition("\n\n")[0]))
    for reason, code in ASSERTION_CODES.items():
        found.setdefault(code, [("invalid_client", f"The client assertion is not acceptable: its {reason} is wrong.")])
    found.setdefault(700051, [("unsupported_response_type", "``token`` is switched off for the application.")])
    return found


class Notices:
    """Handlers of the pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def error_lookup(self, request: HttpRequest) -> HttpResponse:
        """``/error?code=50011``."""
        asked = request.query.get("code").upper().removeprefix("AADSTS").strip()[:12]
        known = meanings().get(int(asked), []) if asked.isascii() and asked.isdigit() else []
        rows = [{"code": asked, "error": error, "meaning": meaning.replace("``", "")} for error, meaning in known]
        page = self._pages.render("kit/error_lookup.html", nav=(), theme=_theme(request), code=asked, rows=rows)
        return html(page)

    def native_client(self, request: HttpRequest) -> HttpResponse:
        """``/common/oauth2/nativeclient``: shows nothing of what its address carries."""
        return html(self._pages.render("kit/native_client.html", nav=(), theme=_theme(request)))


def _theme(request: HttpRequest) -> str:
    return theme_of(request.cookies.get("xenia_theme"))
