"""The workshop and the operator's tools on a real PostgreSQL server."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes.script import INVITER, SECRET
from tests.support.commands import xenia
from tests.support.postgres import PostgresServer
from tests.support.running import RunningXenia, running_xenia

SEED = Path(__file__).parent.parent / "nodes" / "seed.toml"
TOKEN = f"""
import msal, os
app = msal.ConfidentialClientApplication("{INVITER}", client_credential="{SECRET}", instance_discovery=False,
    authority=os.environ["AZURE_AUTHORITY_HOST"] + "/contoso")
print(app.acquire_token_for_client(["https://graph.microsoft.com/.default"])["token_type"])
"""


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database."""
    yield postgres_server.create_database("workshop")
    postgres_server.drop("workshop")


def key_ids(server: RunningXenia) -> list[str]:
    """The published signing keys."""
    return [key["kid"] for key in server.call("GET", "/contoso/discovery/v2.0/keys")[1]["keys"]]


def test_a_second_start_finds_what_the_first_has_made(tmp_path: Path, database: str) -> None:
    options = ("--database", database)
    with running_xenia(tmp_path, *options) as first:
        before = first.tenant
        keys = key_ids(first)
        assert before["users"][0]["password"]
        assert first.stop() == 0
    assert not (tmp_path / "data" / "xenia.db").exists()
    with running_xenia(tmp_path, *options) as second:
        assert second.tenant["id"] == before["id"]
        assert [user["id"] for user in second.tenant["users"]] == [user["id"] for user in before["users"]]
        assert second.tenant["users"][0]["password"] is None
        assert key_ids(second) == keys
        # Its keys open nothing without the data key beside them: another directory is refused, not half started.
        other = xenia("up", "--data", str(tmp_path / "other"), "--port", "0", *options)
        assert other.returncode == 1
        assert "data.key is missing" in other.stderr


def test_the_tools_find_the_database_by_the_data_directory(tmp_path: Path, database: str) -> None:
    with running_xenia(tmp_path, "--database", database) as server:
        data = ("--data", server.ready["data"])
        assert len(xenia("code", "admin", *data).stdout.strip()) == 6
        checked = xenia("check", *data)
        assert checked.returncode == 0, checked.stdout
        assert "PostgreSQL" in checked.stdout
        assert "PostgreSQL" in xenia("migrate", *data).stdout
        assert xenia("tenant", "create", "Fabrikam", "fabrikam", *data).returncode == 0
        assert xenia("tenant", "create", "Fabrikam", "fabrikam", *data).returncode == 1
        assert server.call("GET", "/fabrikam/v2.0/.well-known/openid-configuration")[0] == 200
        member = ("user", "create", "ann@fabrikam.onxenia.localhost", "Ann", "--role", "User Administrator")
        assert xenia(*member, *data).returncode == 0
        saved = xenia("backup", str(tmp_path / "saved.tgz"), *data)
        assert saved.returncode == 1
        assert "pg_dump --format=custom" in saved.stderr
        assert "data.key" in saved.stderr
        restored = xenia("restore", str(SEED), "--database", database)
        assert "pg_restore" in restored.stderr
        shown = xenia("trust", "--show", *data)
        assert server.ready["ca_fingerprint"] in shown.stdout
        assert server.ca_file in shown.stdout


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    away = "postgresql+psycopg://xenia:hush-hush@127.0.0.1:1/xenia"
    for command in (("up", "--port", "0"), ("migrate",)):
        refused = xenia(*command, "--data", str(tmp_path), "--database", away)
        assert refused.returncode == 1
        assert "127.0.0.1" in refused.stderr
        assert "hush-hush" not in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.clients
def test_what_env_prints_makes_a_client_work(tmp_path: Path, database: str) -> None:
    with running_xenia(tmp_path, "--database", database, "--seed", str(SEED)) as server:
        script = tmp_path / "client.py"
        script.write_text(TOKEN)
        command = shlex.join([sys.executable, "-m", "xenia", "env", "--data", server.ready["data"]])
        environment = {**os.environ, "NO_PROXY": "intranet.example", "HTTPS_PROXY": "http://127.0.0.1:1"}
        done = subprocess.run(
            [
                "sh",
                "-c",
                f'eval "$({command})" && echo "$NO_PROXY" && {shlex.join([sys.executable, str(script)])}',
            ],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    assert done.stdout.splitlines()[-1:] == ["Bearer"], done.stdout + done.stderr
    assert done.stdout.startswith("intranet.example,")
