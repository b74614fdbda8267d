"""One office for each test: a copied database, people with roles, another tenant next door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.portal.office import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Contoso's portal, and Fabrikam's."""
    with open_office(tmp_path) as opened:
        yield opened
