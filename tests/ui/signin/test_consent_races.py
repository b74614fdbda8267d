"""The first people of an organization who agree to an app, all at the same moment: on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.platform import PASSWORD, make_platform
from tests.support.postgres import PostgresServer
from tests.support.stores import make_sqlite_store
from tests.support.walker import Page, Walker
from tests.ui.signin.test_consent import MARA, Consenting, answer, make_consenting
from xenia.core.actor import system_actor
from xenia.core.audit import ADD_SERVICE_PRINCIPAL, CONSENT_TO_APPLICATION
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.query import Query
from xenia.storage.store import open_store
from xenia.usecases.users.manage_users import NewMember, create_member


@pytest.fixture(params=["sqlite", "postgresql"])
def consenting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Consenting]:
    """Contoso and Fabrikam, with the same people and apps on either database."""
    if request.param == "sqlite":
        store = make_sqlite_store(tmp_path)
        yield make_consenting(make_platform(store))
        store.close()
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    store = open_store(postgres.create_database("xenia_consent"), durable=False)
    store.migrate()
    yield make_consenting(make_platform(store))
    store.close()
    postgres.drop("xenia_consent")


def people(consenting: Consenting) -> list[Walker]:
    """Several members, each signed in with a browser of their own."""
    ports, tenant = consenting.server.ports, consenting.server.tenant
    names = [MARA, *(f"{name}@{tenant.initial_domain}" for name in ("nils", "olga", "per"))]
    for name in names[1:]:
        operator = system_actor(tenant.id, ports.entropy.guid())
        create_member(ports, operator, NewMember(name, name.partition("@")[0].title(), password=PASSWORD))
    return [consenting.signed_in(name) for name in names]


def accept_at_once(walkers: list[Walker]) -> list[Page]:
    gate = threading.Barrier(len(walkers))

    def send(walker: Walker) -> Page:
        gate.wait(30)
        return walker.submit("/consent", button="Accept")

    with ThreadPoolExecutor(len(walkers)) as pool:
        return list(pool.map(send, walkers))


def test_everybody_who_agreed_first_is_let_in_and_the_app_is_here_once(consenting: Consenting) -> None:
    app, walkers = consenting.publish(), people(consenting)
    for walker in walkers:
        assert walker.open(consenting.url(app)).has_form("/consent")
    for page in accept_at_once(walkers):
        assert "code" in answer(page), page.text
    principal = consenting.principal(app.app_id)
    assert principal is not None
    with consenting.server.ports.store.read(consenting.server.tenant.id) as tx:
        grants = tx.applications.grants_of(principal.id)
        records = tx.logs.list_audit(Query(limit=100)).items
    assert len({grant.principal_id for grant in grants}) == len(grants) == len(walkers)
    assert all(set(grant.scopes) == {"openid", "profile"} for grant in grants)
    about = [record for record in records if any(target.id == principal.id for target in record.targets)]
    assert [record.activity for record in about].count(ADD_SERVICE_PRINCIPAL.name) == 1
    assert [record.activity for record in about].count(CONSENT_TO_APPLICATION.name) == len(walkers)


def test_one_person_in_two_windows_agrees_once(consenting: Consenting) -> None:
    app, walker = consenting.publish(), people(consenting)[0]
    windows = []
    for _ in range(2):
        window = Walker(walker.router)
        window.cookies = walker.cookies
        assert window.open(consenting.url(app)).has_form("/consent")
        windows.append(window)
    for page in accept_at_once(windows):
        assert "code" in answer(page), page.text
    assert consenting.grants(app) == {(GRAPH_APP_ID, False): {"openid", "profile"}}


def test_a_member_and_an_administrator_at_once_both_count(consenting: Consenting) -> None:
    app = consenting.publish()
    member, administrator = people(consenting)[0], consenting.administrator()
    url = consenting.url(app)
    tenant_id = consenting.server.tenant.id
    admin_url = url.replace("/oauth2/v2.0/authorize", "/v2.0/adminconsent")
    assert tenant_id in admin_url
    assert member.open(url).has_form("/consent")
    assert administrator.open(admin_url).has_form("/consent")
    answers = [answer(page) for page in accept_at_once([member, administrator])]
    assert "code" in answers[0]
    assert answers[1]["admin_consent"] == "True"
    assert "error" not in answers[1]
    assert consenting.grants(app)[(GRAPH_APP_ID, True)] == {"openid", "profile"}
    # Whoever comes later is asked nothing.
    assert "code" in answer(consenting.signed_in(f"olga@{consenting.server.tenant.initial_domain}").open(url))
