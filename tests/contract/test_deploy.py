"""What is shipped for production names settings that exist, and invents no secret."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from xenia.settings import GROUPS, PREFIX

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("Dockerfile", "deploy/compose.yaml", "deploy/xenia.service")
SECRETS = ("PASSWORD", "DATA_KEY", "TOOL_TOKEN")


def _known() -> set[str]:
    settings = [item for _, kind in GROUPS for item in fields(kind)]
    plain = {f"{PREFIX}{item.name.upper()}" for item in settings}
    files = {f"{PREFIX}{item.name.upper()}_FILE" for item in settings if item.metadata.get("secret")}
    return plain | files | {f"{PREFIX}CONFIG"}


@pytest.mark.parametrize("name", SHIPPED)
def test_only_settings_that_exist_are_named(name: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", (ROOT / name).read_text("utf-8")))
    assert named - _known() == set()


@pytest.mark.parametrize("name", SHIPPED)
def test_secrets_come_from_files_or_not_at_all(name: str) -> None:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    given = [line for line in lines if re.search(rf"({'|'.join(SECRETS)})\s*[:=]\s*\S", line)]
    assert given == []


def test_the_container_and_the_service_run_the_production_command() -> None:
    assert 'CMD ["serve"]' in (ROOT / "Dockerfile").read_text("utf-8")
    assert "\nUSER xenia\n" in (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(
        r"^ExecStart=\S+/xenia serve ", (ROOT / "deploy/xenia.service").read_text("utf-8"), re.MULTILINE
    )
