"""**User flows**: the list, and the sections in which one is edited, tried and measured."""

from __future__ import annotations

from xenia.ui.portal.desk import Desk
from xenia.ui.portal.user_flows.applications import FlowApplications
from xenia.ui.portal.user_flows.attributes import FlowAttributes
from xenia.ui.portal.user_flows.connectors import FlowConnectors
from xenia.ui.portal.user_flows.flow_list import FlowList
from xenia.ui.portal.user_flows.funnel_page import FlowFunnel
from xenia.ui.portal.user_flows.languages import FlowLanguages, FlowLanguageTexts
from xenia.ui.portal.user_flows.layout import FlowLayout
from xenia.ui.portal.user_flows.overview import FlowOverview
from xenia.ui.portal.user_flows.preview import FlowPreview
from xenia.ui.portal.user_flows.run import FlowRun
from xenia.web.routing import Route


class UserFlowPages:
    """All of them."""

    def __init__(self, desk: Desk) -> None:
        self._screens = (
            FlowList(desk),
            FlowOverview(desk),
            FlowAttributes(desk),
            FlowLayout(desk),
            FlowLanguages(desk),
            FlowLanguageTexts(desk),
            FlowPreview(desk),
            FlowApplications(desk),
            FlowConnectors(desk),
            FlowRun(desk),
            FlowFunnel(desk),
        )

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        return tuple(route for screen in self._screens for route in screen.routes())
