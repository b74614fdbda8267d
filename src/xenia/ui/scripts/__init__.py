"""Calls for test scripts beside the Graph API (``/xenia/v1``): what takes a person in a browser otherwise. Workshop only."""

from __future__ import annotations

from xenia.ports import Ports
from xenia.ui.scripts.redemption import Redemption
from xenia.web.routing import Route, Surface
from xenia.web.tools import Tools


def routes(ports: Ports, tools: Tools) -> Surface:
    """The surface. Every call shows the tools' access token, also on this computer: each acts in somebody's name."""
    redemption = Redemption(ports)
    return Surface(
        "scripts",
        (Route("POST", "/xenia/v1/invitations/{id}/redeem", tools.for_token_holders(redemption.redeem)),),
        tools.render_error,
    )
