"""Writes docs/reference/error-codes.md from the table of published errors. A test fails while the page is stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from xenia.oidc.error_reference import error_codes_page  # noqa: E402

if __name__ == "__main__":
    page = ROOT / "docs" / "reference" / "error-codes.md"
    page.write_text(error_codes_page(), "utf-8")
    print(f"wrote {page}")
