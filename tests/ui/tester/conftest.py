"""The workshop's tools on an address that other machines reach."""

from __future__ import annotations

import pytest

from tests.support.platform import RunningServer
from tests.support.workshop import Workshop


@pytest.fixture
def workshop(server: RunningServer) -> Workshop:
    """Contoso with its tools."""
    return Workshop(server)
