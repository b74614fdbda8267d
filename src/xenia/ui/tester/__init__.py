"""The tester: sends sign-in requests, receives their answers and explains both. Equal to the field's public request tester.

``/tester/`` starts requests and is their redirect URI; ``/tester/decode`` reads any token. A posted answer is
shown once, neither stored nor logged.
"""

from __future__ import annotations

from pathlib import Path

from xenia.ports import Fetcher, Ports
from xenia.ui.tester.handlers import Tester
from xenia.web.cookies import Cookies
from xenia.web.routing import Route, Surface
from xenia.web.tools import Tools

TEMPLATES = Path(__file__).parent / "templates"


def routes(ports: Ports, tools: Tools, cookies: Cookies, fetcher: Fetcher) -> Surface:
    """The tester's surface."""
    tester = Tester(ports, tools, cookies, fetcher)
    return Surface(
        "tester",
        (
            # Not gated as a whole: answers come from other sites, without the gate's cookie (see Tester.enter).
            Route("GET POST", "/tester/", tester.enter),
            Route("POST", "/tester/redeem", tools.gated(tester.redeem)),
            Route("POST", "/tester/remedy", tools.gated(tester.remedy)),
            Route("GET", "/tester/explain", tools.gated(tester.explain)),
            Route("GET POST", "/tester/decode", tools.gated(tester.decode)),
        ),
        tools.render_error,
    )
