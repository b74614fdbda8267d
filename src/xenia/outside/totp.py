"""Authenticator-app codes (RFC 6238: SHA-1, 6 digits, 30 seconds), their key address and QR picture.

Owns the arithmetic of time steps. Must not remember used codes: replay is refused by the store.
"""

from __future__ import annotations

import hmac
from datetime import datetime

STEP_SECONDS = 30
DIGITS = 6


class AuthenticatorTotp:
    """``Totp`` over pyotp and segno, both loaded with the first use."""

    def step_of(self, secret: str, code: str, now: datetime, *, window: int = 1) -> int | None:
        """The time step this code belongs to, at most ``window`` steps away, or None.

        Where a code fits several steps (one in a million), the one nearest to now counts.
        """
        digits = "".join(code.split())
        if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
            return None
        current = _step(now)
        found: int | None = None
        # From the far ends inwards and never stopping early: the time taken says nothing about the match.
        for distance in range(window, -1, -1):
            for step in {current + distance, current - distance}:
                if hmac.compare_digest(_code_of_step(secret, step), digits):
                    found = step
        return found

    def code(self, secret: str, now: datetime) -> str:
        """The code an authenticator shows at this moment."""
        return _code_of_step(secret, _step(now))

    def provisioning_uri(self, secret: str, account: str, issuer: str) -> str:
        """``otpauth://totp/{issuer}:{account}``, the key address authenticator apps read from QR codes."""
        from pyotp import TOTP  # noqa: PLC0415  (start-up time)

        return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)

    def qr_svg(self, text: str) -> str:
        """An inline SVG: black on white in every theme, quiet zone of four modules (ISO/IEC 18004), no style attributes."""
        import segno  # noqa: PLC0415  (start-up time)

        code = segno.make(text, error="m", micro=False)
        svg: str = code.svg_inline(
            border=4, dark="#000", light="#fff", svgclass=None, lineclass=None, omitsize=True
        )
        return svg


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _code_of_step(secret: str, step: int) -> str:
    from pyotp import TOTP  # noqa: PLC0415  (start-up time)

    # Before 1970 there is no step; a clock that far off gets the first one instead of an exception.
    return TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).generate_otp(max(0, step))
