"""An authenticator app in the browser, for people without a phone at hand.

With scripts the key stays in the browser. Without scripts it is posted, answered with one code, and forgotten.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qs, urlsplit

from xenia.ports import Ports
from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.tools import Tools

_STEP = 30
_SHORTEST = 10
"""Bytes of a key; RFC 4226 section 4 asks for sixteen, and some services give out ten."""


class AuthenticatorPage:
    """Handler of ``/labs/authenticator``."""

    def __init__(self, ports: Ports, tools: Tools) -> None:
        self._ports = ports
        self._tools = tools

    def show(self, request: HttpRequest) -> HttpResponse:
        """The page; a POST (without scripts) computes one code. Raises FormRefused."""
        code, left, errors, status = None, 0, [], 200
        if request.method == "POST":
            self._tools.check_form(request)
            key = read_key(request.form.get("key"))
            if key is None:
                text = (
                    "This is no key. Copy the letters and digits (A to Z, 2 to 7) shown below the QR picture."
                )
                errors, status = [{"field": "key", "text": text}], 422
            else:
                now = self._ports.clock.now()
                code, left = self._ports.totp.code(key, now), _STEP - int(now.timestamp()) % _STEP
        model: dict[str, object] = {"code": code, "left": left, "errors": errors}
        return self._tools.page(request, "lab/authenticator.html", "Labs", model, status=status)


def read_key(text: str) -> str | None:
    """The base32 key in what was pasted: the key itself in any spacing, or an ``otpauth://`` address; None if neither."""
    pasted = text.strip()
    if pasted.lower().startswith("otpauth://"):
        pasted = parse_qs(urlsplit(pasted).query).get("secret", [""])[0]
    key = re.sub(r"[\s\-=]", "", pasted).upper()
    try:
        raw = base64.b32decode(key + "=" * (-len(key) % 8))
    except (binascii.Error, ValueError):
        return None
    return key if len(raw) >= _SHORTEST else None
