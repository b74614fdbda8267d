"""The README's table of SDKs, so that tests run what it says."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

_README = Path(__file__).resolve().parents[2] / "README.md"


def documented(sdk: str, base: str, tenant_id: str = "") -> tuple[str, str]:
    """The code in the cells *Authority* and *The documented extra* of an SDK's row, for the server at *base*."""
    row = next(line for line in _README.read_text("utf-8").splitlines() if line.startswith(f"| {sdk}"))
    authority, extra = (_code(cell) for cell in row.split(" | ")[1:3])
    host = urlsplit(base).netloc
    return (
        authority.replace("localhost:8443", host).replace("{tenant id}", tenant_id),
        extra.replace("localhost:8443", host),
    )


def _code(cell: str) -> str:
    found = re.search(r"`([^`]+)`", cell)
    return found.group(1) if found is not None else ""
