"""Settings: order of sources, all problems at once, what production refuses, and a reference page that is true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import click
import pytest

from xenia.cli.commands import xenia
from xenia.settings import GROUPS, Settings, SettingsError, load, unsafe_for_production
from xenia.settings.reference import reference_page

ROOT = Path(__file__).parents[2]


def read(
    flags: Mapping[str, object] | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    return load(flags or {}, config, environment or {})


def problems_of(
    flags: Mapping[str, object] | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, str]:
    with pytest.raises(SettingsError) as refused:
        read(flags, config, environment)
    return {problem.name: f"{problem.source}: {problem.text}" for problem in refused.value.problems}


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    config = tmp_path / "xenia.toml"
    config.write_text('[server]\nport = 1\nhost = "a.test"\npublic_url = "https://a.test"\n')
    environment = {"XENIA_PORT": "2,3", "XENIA_HOST": "b.test, c.test"}
    settings = read({"port": (4,), "host": ()}, config, environment)
    assert settings.server.port == (4,)
    assert settings.server.host == ("b.test", "c.test")
    assert settings.server.public_url == "https://a.test"


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "xenia.toml"
    config.write_text('[log]\nlog_level = "info"\n')
    assert read(environment={"XENIA_CONFIG": str(config)}).log.log_level == "info"


def test_secrets_come_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "smtp"
    secret.write_text("hunter2\n")
    environment = {"XENIA_SMTP_PASSWORD_FILE": str(secret)}
    assert read(environment=environment).mail.smtp_password == "hunter2"
    missing = problems_of(environment={"XENIA_SMTP_PASSWORD_FILE": str(tmp_path / "absent")})
    assert "XENIA_SMTP_PASSWORD_FILE" in missing["smtp_password"]


def test_all_problems_are_told_together_with_their_source(tmp_path: Path) -> None:
    config = tmp_path / "xenia.toml"
    config.write_text('[server]\nprot = 1\ntls = "maybe"\n[unknown]\nx = 1\n')
    found = problems_of(
        {"port": ("https",)},
        config,
        {"XENIA_SMTP": "mail.example", "XENIA_DATA_KEY": "c2hvcnQ=", "XENIA_TRUSTED_PROXY": "here"},
    )
    assert "--port" in found["port"]
    assert "no such setting" in found["server.prot"]
    assert str(config) in found["tls"]
    assert "no such table" in found["unknown"]
    # Contradictions are looked for with what could be read, so one start tells everything.
    assert {"smtp", "mail_from", "data_key", "trusted_proxy"} <= set(found)


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({"tls_cert": "/nowhere/cert.pem"}, "tls_cert"),
        ({"tls": False}, "tls"),
        ({"public_url": "login.example.org"}, "public_url"),
        ({"public_url": "https://login.example.org/path"}, "public_url"),
        ({"port": (70000,)}, "port"),
        ({"log_level": "loud"}, "log_level"),
        ({"smtp": "http://mail", "mail_from": "a@b.example"}, "smtp"),
        ({"config": 1, "trusted_proxy": ("10.0.0.0/40",)}, "trusted_proxy"),
    ],
)
def test_wrong_values_are_refused_by_name(flags: dict[str, object], name: str) -> None:
    assert name in problems_of(flags)


def test_broken_toml_is_named(tmp_path: Path) -> None:
    config = tmp_path / "xenia.toml"
    config.write_text("[server\n")
    assert "not valid TOML" in problems_of(config=config)["config"]
    assert "cannot be read" in problems_of(config=tmp_path / "absent")["config"]


PRODUCTION = {
    "public_url": "https://login.example.org",
    "tls": False,
    "trusted_proxy": ("10.0.0.1",),
    "smtp": "smtp://mail.example",
    "mail_from": "xenia@example.org",
}


def test_production_settings_are_safe() -> None:
    assert unsafe_for_production(read(PRODUCTION)) == ()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"public_url": ""}, "public_url"),
        ({"public_url": "http://login.example.org"}, "public_url"),
        ({"public_url": "https://localhost:8443"}, "public_url"),
        ({"public_url": "https://127.0.0.2"}, "public_url"),
        ({"public_url": "https://[::1]:8443"}, "public_url"),
        ({"public_url": "https://contoso.localhost"}, "public_url"),
        ({"tls": True}, "tls_cert"),
        ({"smtp": "", "mail_from": ""}, "smtp"),
        ({"tools": True}, "tools"),
    ],
)
def test_production_refuses(change: dict[str, object], name: str) -> None:
    assert [problem.name for problem in unsafe_for_production(read({**PRODUCTION, **change}))] == [name]


def test_the_reference_page_is_current() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert page == reference_page(), "run: xenia config docs > docs/reference/settings.md"


def test_every_setting_is_described() -> None:
    page = reference_page()
    for _, kind in GROUPS:
        for item in fields(kind):
            row = next(line for line in page.splitlines() if line.startswith(f"| `{item.name}` |"))
            assert len(row.split(" | ")[-1].removesuffix("|").strip()) > 10


def test_every_flag_of_the_reference_exists_and_secrets_have_none() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`--([\w-]+)`)? ?\|", reference_page(), re.MULTILINE)
    context = click.Context(xenia)
    offered: set[str] = set()
    for name in ("up", "serve"):
        command = xenia.get_command(context, name)  # type: ignore[attr-defined]
        assert command is not None
        offered |= {option for parameter in command.params for option in parameter.opts}
    for name, flag in rows:
        if flag:
            assert f"--{flag}" in offered, name
        else:
            assert f"--{name.replace('_', '-')}" not in offered
    assert {name for name, flag in rows if not flag} == {
        *("data_key", "smtp_password", "tools", "tool_token"),
        *("audit_days", "sign_in_days", "mail_days", "mailbox_mails"),
    }
