"""Protection of our own HTML forms against cross-site request forgery.

Two independent checks on every POST: the Origin (or Referer) is ours, and the form carries a token
that is a MAC over the browser's secret and the form's purpose. The token is masked afresh in each
response, so that compressing the page next to reflected input leaks nothing (BREACH).
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from xenia.core.errors import XeniaError
from xenia.core.wording import mark
from xenia.ports import Entropy, Sealer
from xenia.web.http import HttpRequest


class FormRefused(XeniaError):
    """The form did not come from our own page in this browser, or the page is stale."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            mark("This form did not come from a current page of this site. Reload the page and try again."),
            detail=detail,
        )


class FormGuard:
    """Makes and checks form tokens."""

    def __init__(self, sealer: Sealer, entropy: Entropy) -> None:
        self._sealer = sealer
        self._entropy = entropy

    def token(self, binding: str, purpose: str) -> str:
        """The hidden field's value. ``binding`` is a secret of this browser, ``purpose`` names form and state."""
        mac = _decode(self._sealer.mac("form", binding, purpose))
        mask = _decode(self._entropy.token(len(mac)))
        return f"1.{_encode(mask)}.{_encode(_xor(mac, mask))}"

    def check(self, request: HttpRequest, binding: str, purpose: str) -> None:
        """Raises FormRefused unless origin and token are right."""
        self.check_origin(request)
        if not binding:
            # Without a secret of this browser the token would be everybody's.
            raise FormRefused("no browser secret")
        version, _, rest = request.form.get("form_token").partition(".")
        mask, _, masked = rest.partition(".")
        try:
            mac = _encode(_xor(_decode(masked), _decode(mask)))
        except (binascii.Error, ValueError):
            raise FormRefused("malformed form token") from None
        if version != "1" or not self._sealer.same(mac, self._sealer.mac("form", binding, purpose)):
            raise FormRefused("form token does not match")

    def check_origin(self, request: HttpRequest) -> None:
        """Raises FormRefused when the browser says the request started elsewhere."""
        origin = request.header("origin")
        if not origin:
            origin = _origin(request.header("referer"))
        if origin != request.base_url:
            raise FormRefused(f"origin {origin or 'absent'}")


def _origin(referer: str) -> str:
    try:
        parts = urlsplit(referer)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _xor(left: bytes, right: bytes) -> bytes:
    """Raises ValueError when the lengths differ."""
    if len(left) != len(right):
        raise ValueError("two values of different length")
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
