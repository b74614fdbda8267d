"""Browsers as people call them."""

from __future__ import annotations

import pytest

from xenia.core.user_agent import device_name

_MOZILLA = "Mozilla/5.0 "
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            f"{_MOZILLA}(Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Windows",
        ),
        (f"{_MOZILLA}(Windows NT 10.0; Win64; x64) {_WEBKIT} Edg/140.0.0.0", "Edge on Windows"),
        (f"{_MOZILLA}(X11; Linux x86_64) {_WEBKIT}", "Chrome on Linux"),
        (f"{_MOZILLA}(Linux; Android 15; Pixel 9) {_WEBKIT}", "Chrome on Android"),
        (
            f"{_MOZILLA}(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Walker/1", "Walker"),
        ("", "Unknown device"),
        ("/", "Unknown device"),
        ("x" * 500, "x" * 40),
    ],
)
def test_names(agent: str, name: str) -> None:
    assert device_name(agent) == name
