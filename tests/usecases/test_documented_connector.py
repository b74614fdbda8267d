"""The server in the how-to about API connectors does what the page says, asked by the test bench."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.connector_messages import Continue, Failed, Failure, ShowBlockPage, ValidationError, Verdict
from xenia.core.user_flow import Hook
from xenia.usecases.self_service.call_connector import try_connector
from xenia.usecases.self_service.manage_api_connectors import NewConnector, create_connector

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "api-connectors.md"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


@pytest.fixture
def connector_url() -> Iterator[str]:
    source = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert source is not None
    names: dict[str, Any] = {"__name__": "documented"}
    exec(source[1], names)
    names["Connector"].log_message = lambda *_: None
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), names["Connector"])
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_the_documented_connector_answers_as_documented(server: RunningServer, connector_url: str) -> None:
    def verdict(
        path: str, hook: Hook, sample: dict[str, object], password: str = "a-long-password"
    ) -> Verdict:
        order = NewConnector("Suppliers", connector_url + path, username="xenia", password=password)
        connector = create_connector(server.ports, server.actor(), order)
        return try_connector(server.ports, server.actor(), connector.id, sample, hook).verdict

    maria: dict[str, object] = {"email": "maria@nordwind.example"}
    expected = Continue((("jobTitle", "Contact of Nordwind Traders"),))
    assert verdict("/after-federation", Hook.AFTER_FEDERATION, maria) == expected
    asked_again = verdict("/before-creation", Hook.BEFORE_CREATION, {**maria, "postalCode": "x"})
    assert asked_again == ValidationError("Enter a postal code of digits.")
    assert verdict("/before-creation", Hook.BEFORE_CREATION, {**maria, "postalCode": "80331"}) == expected
    stopped = verdict("/after-federation", Hook.AFTER_FEDERATION, {"email": "eve@evil.example"})
    assert stopped == ShowBlockPage("Only suppliers of ours can sign up here.")
    refused = verdict("/before-creation", Hook.BEFORE_CREATION, maria, password="wrong")
    assert isinstance(refused, Failed)
    assert refused.reason is Failure.CREDENTIALS_REFUSED
