"""The Graph surface: ``/v1.0`` and ``/beta`` at the server root, derived from ``catalog``.

``routes`` is all that the composition root needs.
"""

from __future__ import annotations

from xenia.graph.service import METHODS, GraphService
from xenia.ports import Ports
from xenia.web.routing import Route, Surface

__all__ = ["routes"]


def routes(ports: Ports) -> Surface:
    """Routes of the Graph API."""
    service = GraphService(ports)
    # The Graph SDK for Python writes two slashes after its default address.
    patterns = ("/v1.0/{rest:path}", "/beta/{rest:path}", "/v1.0//{rest:path}", "/beta//{rest:path}")
    return Surface(
        "graph", tuple(Route(METHODS, pattern, service) for pattern in patterns), service.render_error
    )
