"""Federated identity credentials: what may be stored, who may store it, and what the log keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.audit import AuditRecord
from xenia.core.directory.roles import GLOBAL_READER
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Compare, Query
from xenia.usecases.applications.federated_credentials import (
    TrustedToken,
    add_federated_credential,
    get_federated_credential,
    list_federated_credentials,
    remove_federated_credential,
    update_federated_credential,
)

ISSUER = "https://token.actions.example.com"
WANTED = TrustedToken("pipeline", ISSUER, "repo:contoso/orders:ref:refs/heads/main")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as built:
        yield built


def _record(server: RunningServer, activity: str) -> AuditRecord:
    with server.ports.store.read(server.tenant.id) as tx:
        return tx.logs.list_audit(Query(Compare("activity", "eq", activity))).items[0]


def test_it_is_added_found_by_name_changed_and_removed(server: RunningServer):
    ports, actor, app = server.ports, server.actor(), server.app
    made = add_federated_credential(ports, actor, app.id, WANTED)
    assert made.audiences == ("api://AzureADTokenExchange",)
    assert list_federated_credentials(ports, actor, app.id) == (made,)
    assert get_federated_credential(ports, actor, app.id, "pipeline") == made
    assert get_federated_credential(ports, actor, app.id, made.id) == made
    record = _record(server, "Update application \u2013 Certificates and secrets management")
    assert ISSUER in (record.targets[0].changes[0].new or "")
    changed = update_federated_credential(
        ports, actor, app.id, "pipeline", subject="repo:contoso/orders:pull"
    )
    assert (changed.id, changed.subject) == (made.id, "repo:contoso/orders:pull")
    remove_federated_credential(ports, actor, app.id, made.id)
    assert list_federated_credentials(ports, actor, app.id) == ()
    for gone in (remove_federated_credential, get_federated_credential):
        with pytest.raises(NotFound):
            gone(ports, actor, app.id, made.id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "ab"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "with space"}, "name"),
        ({"name": "-dash"}, "name"),
        ({"issuer": ""}, "issuer"),
        ({"issuer": "http://token.example.com"}, "issuer"),
        ({"issuer": "https://"}, "issuer"),
        ({"issuer": "https://user@token.example.com"}, "issuer"),
        ({"issuer": "https://token.example.com/?a=b"}, "issuer"),
        ({"issuer": "https://token.example.com/#a"}, "issuer"),
        ({"issuer": " https://token.example.com"}, "issuer"),
        ({"issuer": "https://token.example.com:port"}, "issuer"),
        ({"issuer": "https://token.example.com/" + "a" * 600}, "issuer"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": "s" * 601}, "subject"),
        ({"audiences": ()}, "audiences"),
        ({"audiences": ("a", "b")}, "audiences"),
        ({"audiences": ("",)}, "audiences"),
        ({"description": "d" * 601}, "description"),
    ],
)
def test_what_may_not_be_stored(server: RunningServer, changes: dict, field: str):
    with pytest.raises(InvalidValue) as refused:
        add_federated_credential(server.ports, server.actor(), server.app.id, replace(WANTED, **changes))
    assert refused.value.field == field
    assert list_federated_credentials(server.ports, server.actor(), server.app.id) == ()


def test_name_and_issuer_with_subject_are_unique_within_the_app(server: RunningServer):
    ports, actor, app = server.ports, server.actor(), server.app
    add_federated_credential(ports, actor, app.id, WANTED)
    for taken, field in (
        (replace(WANTED, subject="other"), "name"),
        (replace(WANTED, name="other"), "subject"),
    ):
        with pytest.raises(Conflict) as refused:
            add_federated_credential(ports, actor, app.id, taken)
        assert refused.value.field == field
    add_federated_credential(
        ports, actor, app.id, replace(WANTED, name="other", subject=WANTED.subject.upper())
    )
    with pytest.raises(Conflict):
        update_federated_credential(ports, actor, app.id, "other", subject=WANTED.subject)


def test_an_app_has_at_most_twenty(server: RunningServer):
    for number in range(20):
        wanted = replace(WANTED, name=f"number-{number}", subject=f"subject {number}")
        add_federated_credential(server.ports, server.actor(), server.app.id, wanted)
    with pytest.raises(InvalidValue, match="at most 20"):
        add_federated_credential(server.ports, server.actor(), server.app.id, WANTED)
    update_federated_credential(server.ports, server.actor(), server.app.id, "number-3", description="kept")


def test_readers_and_strangers_change_nothing(server: RunningServer):
    reader = replace(
        server.actor(), roles=frozenset({GLOBAL_READER.template_id}), user_id=server.ports.entropy.guid()
    )
    for actor, refusal in (
        (reader, NotPermitted),
        (replace(server.actor(), scopes=frozenset({"Application.Read.All"})), NotPermitted),
    ):
        with pytest.raises(refusal):
            add_federated_credential(server.ports, actor, server.app.id, WANTED)
    assert list_federated_credentials(server.ports, reader, server.app.id) == ()
    with pytest.raises(NotPermitted):
        list_federated_credentials(
            server.ports, replace(server.actor(), scopes=frozenset({"User.Read"})), server.app.id
        )
