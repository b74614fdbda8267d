"""Contoso in process on real time, and providers that run for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.federating import without_second_factor
from tests.support.platform import RunningServer, platform
from tests.support.providers import Provider, node_provider
from tests.support.walker import BASE

TENANT = "c0417050-fede-4c3d-8e4f-5a6b7c8d9e0f"
CALLBACKS = [
    f"{BASE}/{TENANT}/federation/oauth2",
    f"{BASE}/te/{TENANT}/oauth2/authresp",
]
PIA = "pia@partner.example"


@pytest.fixture
def contoso(tmp_path: Path) -> Iterator[RunningServer]:
    """Its clock shows the real time, as the providers' clocks do; nobody needs a second factor."""
    with platform(tmp_path, tenant_id=TENANT) as running:
        running.clock.advance(datetime.now(UTC) - running.clock.now())
        without_second_factor(running, running.tenant.id)
        yield running


@pytest.fixture(scope="session")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Npm oidc-provider."""
    directory = tmp_path_factory.mktemp("oidc-provider")
    with node_provider("oidc-provider.mjs", directory, redirect_uris=CALLBACKS) as started:
        yield started


CLAIMS = {"sub": "mock-1", "email": PIA, "email_verified": True, "name": "Pia Partner"}
PROFILE = {"id": "4711", "name": "Pia Partner", "email": PIA, "first_name": "Pia", "last_name": "Partner"}


@pytest.fixture(scope="session")
def running_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Npm oauth2-mock-server."""
    directory = tmp_path_factory.mktemp("mock")
    with node_provider("mock.mjs", directory, claims=CLAIMS, profile=PROFILE) as started:
        yield started


@pytest.fixture
def mock(running_mock: Provider) -> Iterator[Provider]:
    """Tells the truth at first, and again afterwards."""
    yield running_mock
    running_mock.lie()
    running_mock.tell("/release")
