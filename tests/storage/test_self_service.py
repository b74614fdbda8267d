"""Providers, user flows and what they consist of, hand-overs, and sign-ups as they go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.storage.records import (
    CONTOSO,
    FABRIKAM,
    HOUR,
    MIA,
    NOW,
    account,
    add_tenants,
    application,
    connector,
    connector_call,
    federation,
    provider,
    sign_up_event,
    sign_up_request,
    user,
    user_attribute,
    user_flow,
)
from xenia.core.directory.identity_provider import ProviderOutcome
from xenia.core.errors import Conflict, NotFound
from xenia.core.sign_up import RequestState, Stage
from xenia.core.user_flow import UserFlow
from xenia.storage.schema import metadata
from xenia.storage.store import SqlStore

FLOW = "B2X_1_Partners"


@pytest.fixture(autouse=True)
def _furnished(store: SqlStore) -> None:
    add_tenants(store)

    def work(tx):
        for name in ("app-id", "app-2", "app-3"):
            tx.applications.add(application(f"object-{name}", name))

    store.write(CONTOSO, work)


def seen(store: SqlStore, look: Callable[[Any], Any]) -> Any:
    with store.read(CONTOSO) as tx:
        return look(tx)


VERSIONED = {
    "identity_providers": (provider, "Google-OAUTH"),
    "user_flows": (user_flow, FLOW),
    "api_connectors": (connector, "connector-1"),
}


@pytest.mark.parametrize("where", VERSIONED)
def test_what_has_a_version_is_replaced_by_who_saw_the_newest_and_taken_ids_are_refused(
    store: SqlStore, where: str
):
    make, own = VERSIONED[where]
    store.write(CONTOSO, lambda tx: getattr(tx, where).add(make()))
    first = seen(store, lambda tx: getattr(tx, where).find(own))
    assert first == make()

    store.write(CONTOSO, lambda tx: getattr(tx, where).replace(replace(first, display_name="Second")))
    second = seen(store, lambda tx: getattr(tx, where).find(own))
    assert (second.display_name, second.version) == ("Second", first.version + 1)
    with pytest.raises(Conflict, match="changed meanwhile"):
        store.write(CONTOSO, lambda tx: getattr(tx, where).replace(replace(first, display_name="Lost")))
    with pytest.raises(Conflict, match="id"):
        store.write(CONTOSO, lambda tx: getattr(tx, where).add(make()))
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: getattr(tx, where).replace(replace(first, id="B2X_1_none")))
    assert seen(store, lambda tx: getattr(tx, where).list()) == (second,)
    removed = [store.write(CONTOSO, lambda tx: getattr(tx, where).remove(own)) for _ in range(2)]
    assert removed == [True, False]
    assert seen(store, lambda tx: getattr(tx, where).find(own)) is None


def test_lists_are_in_their_order(store: SqlStore):
    def work(tx):
        tx.identity_providers.add(provider("b", created_at=NOW + HOUR))
        tx.identity_providers.add(provider("a", created_at=NOW + 2 * HOUR))
        tx.identity_providers.add(provider("c"))
        for name in ("beta", "Alpha", "gamma"):
            tx.user_flows.add(user_flow(name))
            tx.user_attributes.add(user_attribute(name))
            tx.api_connectors.add(connector(f"id-{name}", display_name=name))

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert [found.id for found in tx.identity_providers.list()] == ["c", "b", "a"]
        assert [found.name for found in tx.user_flows.list()] == ["Alpha", "beta", "gamma"]
        assert [found.display_name for found in tx.user_attributes.list()] == ["Alpha", "beta", "gamma"]
        assert [found.display_name for found in tx.api_connectors.list()] == ["Alpha", "beta", "gamma"]


def test_a_flow_is_found_by_any_spelling_of_its_id_and_no_second_one_by_case_alone(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.user_flows.add(user_flow()))
    assert seen(store, lambda tx: tx.user_flows.find("b2x_1_PARTNERS")) == user_flow()
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.user_flows.add(user_flow("PARTNERS")))
    assert store.write(CONTOSO, lambda tx: tx.user_flows.remove("b2X_1_partnerS"))


def test_an_application_is_in_one_flow_at_most_and_keeps_its_place(store: SqlStore):
    flow = user_flow(app_ids=("app-3", "app-id"))

    def work(tx):
        tx.user_flows.add(flow)
        tx.user_flows.add(user_flow("Other", app_ids=("app-2",)))

    store.write(CONTOSO, work)
    assert seen(store, lambda tx: tx.user_flows.find(FLOW)) == flow
    assert seen(store, lambda tx: tx.user_flows.of_app("app-2")).name == "Other"
    assert seen(store, lambda tx: tx.user_flows.of_app("none")) is None

    taken = replace(flow, app_ids=("app-3", "app-2"), description="Not this either")
    with pytest.raises(Conflict) as refusal:
        store.write(CONTOSO, lambda tx: tx.user_flows.replace(taken))
    assert refusal.value.field == "applications"
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.user_flows.add(user_flow("Third", app_ids=("app-id",))))
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.user_flows.replace(replace(flow, app_ids=("unknown",))))
    assert seen(store, lambda tx: tx.user_flows.find(FLOW)) == flow

    def swap(tx):
        tx.user_flows.replace(replace(flow, app_ids=("app-id",)))
        other = tx.user_flows.find("B2X_1_Other")
        tx.user_flows.replace(replace(other, app_ids=("app-2", "app-3", "app-2")))

    store.write(CONTOSO, swap)
    assert seen(store, lambda tx: tx.user_flows.of_app("app-3")).app_ids == ("app-2", "app-3")


def test_an_application_that_is_removed_leaves_its_flow(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.user_flows.add(user_flow(app_ids=("app-id", "app-2"))))
    store.write(CONTOSO, lambda tx: tx.applications.remove("object-app-id"))
    assert seen(store, lambda tx: tx.user_flows.find(FLOW)).app_ids == ("app-2",)


def test_of_two_flows_that_take_one_application_at_once_one_wins(store: SqlStore):
    both = threading.Barrier(2, timeout=20)
    answers: list[object] = []

    def take(flow: UserFlow) -> None:
        both.wait()
        try:
            answers.append(store.write(CONTOSO, lambda tx: tx.user_flows.add(flow)))
        except Conflict as refusal:
            answers.append(refusal.field)

    threads = [
        threading.Thread(target=take, args=(user_flow(name, app_ids=("app-id",)),)) for name in ("One", "Two")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["None", "applications"]
    assert len(seen(store, lambda tx: tx.user_flows.list())) == 1


def test_custom_attributes_are_found_by_any_spelling_and_changed(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.user_attributes.add(user_attribute()))
    assert seen(store, lambda tx: tx.user_attributes.find("EXTENSION_0_size")) == user_attribute()
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.user_attributes.add(user_attribute("SIZE")))
    changed = user_attribute(description="Of the shoe")
    store.write(CONTOSO, lambda tx: tx.user_attributes.replace(changed))
    assert seen(store, lambda tx: tx.user_attributes.list()) == (changed,)
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.user_attributes.replace(user_attribute("Other")))
    with pytest.raises(ValueError, match="another tenant"):
        store.write(CONTOSO, lambda tx: tx.user_attributes.add(user_attribute("City", tenant_id=None)))


def test_values_of_custom_attributes_stay_with_the_user_as_they_are(store: SqlStore):
    values = (
        ("extension_0_Size", -(2**63)),
        ("extension_0_News", True),
        ("extension_0_Off", False),
        ("extension_0_Zero", 0),
        ("extension_0_Name", "Zoë, 山田"),
    )
    store.write(CONTOSO, lambda tx: tx.users.add(user(extensions=values)))
    found = seen(store, lambda tx: tx.users.find(MIA)).extensions
    assert found == values
    assert [type(value) for _, value in found] == [int, bool, bool, int, str]


def test_a_hand_over_is_spent_once_and_in_time(store: SqlStore):
    def work(tx):
        tx.sign_ins.add_federation(federation())
        tx.sign_ins.add_federation(federation("late"))

    store.write(CONTOSO, work)
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.sign_ins.add_federation(federation()))

    def spend(state: str, now=NOW) -> bool:
        return store.write(CONTOSO, lambda tx: tx.sign_ins.consume_federation(state, now))

    assert [spend("state-1"), spend("state-1")] == [True, False]
    assert not spend("late", NOW + timedelta(minutes=15))
    assert not spend("unknown")
    assert seen(store, lambda tx: tx.sign_ins.find_federation("state-1")) == federation()
    assert seen(store, lambda tx: tx.sign_ins.find_federation("unknown")) is None


def test_the_last_success_and_failure_of_a_provider_are_kept(store: SqlStore):
    def told(*outcomes):
        def work(tx):
            for now, failure in outcomes:
                tx.identity_providers.record_outcome("Google-OAUTH", now, failure)

        store.write(CONTOSO, work)
        return seen(store, lambda tx: tx.identity_providers.outcomes())

    assert seen(store, lambda tx: tx.identity_providers.outcomes()) == {}
    assert told((NOW, None)) == {"Google-OAUTH": ProviderOutcome(NOW)}
    moment = NOW + timedelta(seconds=59)
    assert told((moment, None)) == {"Google-OAUTH": ProviderOutcome(NOW)}, "one success a minute is enough"
    later = NOW + HOUR
    found = told((moment, "first"), (later, "second"))
    assert found == {"Google-OAUTH": ProviderOutcome(NOW, later, "second")}
    assert told((later, None)) == {"Google-OAUTH": ProviderOutcome(later, later, "second")}
    store.write(CONTOSO, lambda tx: tx.identity_providers.remove("Google-OAUTH"))
    assert seen(store, lambda tx: tx.identity_providers.outcomes()) == {}, "a new one begins anew"


def test_an_event_is_kept_once_for_each_stage_and_reason(store: SqlStore):
    started, again = sign_up_event(), sign_up_event(id="again", at=NOW + HOUR)
    other = sign_up_event(id="other", interaction_id="ctx-2", at=NOW + timedelta(seconds=1))
    left = sign_up_event(Stage.DETAILS_SENT, left_because="declined", at=NOW + timedelta(seconds=2))
    blocked = replace(left, id="blocked", left_because="blocked", at=NOW + timedelta(seconds=3))
    elsewhere = sign_up_event(id="elsewhere", interaction_id="ctx-3", flow_id="B2X_1_Other")

    def work(tx):
        for event in (started, again, left, other, blocked, elsewhere, started):
            tx.sign_ups.record(event)

    store.write(CONTOSO, work)
    store.write(CONTOSO, lambda tx: tx.sign_ups.record(again))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ups.events(FLOW, NOW, NOW + HOUR) == (started, other, left, blocked)
        assert tx.sign_ups.events("b2x_1_partners", other.at, left.at) == (other,)


def test_people_at_a_station_are_counted_and_tests_are_not(store: SqlStore):
    reached = [sign_up_event(Stage.CREATED, interaction_id=f"ctx-{n}", at=NOW + n * HOUR) for n in range(3)]
    beside = (
        sign_up_event(interaction_id="ctx-9", at=NOW + HOUR),
        sign_up_event(Stage.CREATED, interaction_id="ctx-7", at=NOW + HOUR, is_test=True),
        sign_up_event(Stage.CREATED, interaction_id="ctx-6", at=NOW + HOUR, left_because="cancelled"),
        sign_up_event(Stage.CREATED, interaction_id="ctx-5", at=NOW + HOUR, flow_id="B2X_1_Other"),
    )

    def work(tx):
        for event in (*reached, *beside):
            tx.sign_ups.record(event)

    store.write(CONTOSO, work)
    assert seen(store, lambda tx: tx.sign_ups.count("b2x_1_partners", Stage.CREATED, NOW + HOUR)) == 2
    assert seen(store, lambda tx: tx.sign_ups.count(FLOW, Stage.CREATED, NOW)) == 3
    assert seen(store, lambda tx: tx.sign_ups.count("B2X_1_None", Stage.CREATED, NOW)) == 0


def test_calls_of_a_connector_are_told_newest_first_and_go_with_it(store: SqlStore):
    calls = [connector_call(f"call-{n}", at=NOW + n * HOUR, took_ms=n) for n in range(4)]
    other = connector_call("other", connector_id="connector-2")

    def work(tx):
        tx.api_connectors.add(connector())
        tx.api_connectors.add(connector("connector-2"))
        for call in (*calls, other):
            tx.api_connectors.note_call(call)

    store.write(CONTOSO, work)
    assert seen(store, lambda tx: tx.api_connectors.calls("connector-1", 3)) == tuple(calls[:0:-1])
    with pytest.raises(ValueError, match="tenant"):
        store.write(FABRIKAM, lambda tx: tx.api_connectors.note_call(calls[0]))
    store.write(CONTOSO, lambda tx: tx.api_connectors.remove("connector-1"))
    assert seen(store, lambda tx: tx.api_connectors.calls("connector-1", 3)) == ()
    assert seen(store, lambda tx: tx.api_connectors.calls("connector-2", 3)) == (other,)
    # Somebody still waited for the connector that was deleted: that is no reason to fail.
    store.write(CONTOSO, lambda tx: tx.api_connectors.note_call(connector_call("late")))


def test_the_events_of_a_flow_go_with_it(store: SqlStore):
    def work(tx):
        tx.user_flows.add(user_flow())
        tx.sign_ups.record(sign_up_event())
        tx.sign_ups.record(sign_up_event(interaction_id="ctx-2", flow_id="B2X_1_Other"))
        tx.user_flows.remove(FLOW)
        # Somebody is still at it.
        tx.sign_ups.record(sign_up_event(Stage.MAIL_VERIFIED))

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert [event.stage for event in tx.sign_ups.events(FLOW, NOW, NOW + HOUR)] == [Stage.MAIL_VERIFIED]
        assert len(tx.sign_ups.events("B2X_1_Other", NOW, NOW + HOUR)) == 1


def test_a_request_is_decided_once_and_then_another_may_be_made(store: SqlStore):
    request = sign_up_request()
    store.write(CONTOSO, lambda tx: tx.sign_ups.add_request(request))
    assert seen(store, lambda tx: tx.sign_ups.find_request("request-1")) == request
    again = sign_up_request("request-2", created_at=NOW + HOUR)
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.sign_ups.add_request(again))

    def decide(state: RequestState, user_id: str | None) -> bool:
        return store.write(
            CONTOSO,
            lambda tx: tx.sign_ups.decide_request(
                request, state, NOW + HOUR, by="Ada", reason="Known", user_id=user_id
            ),
        )

    assert [decide(RequestState.APPROVED, MIA), decide(RequestState.DENIED, None)] == [True, False]
    approved = replace(
        request,
        state=RequestState.APPROVED,
        decided_at=NOW + HOUR,
        decided_by="Ada",
        reason="Known",
        user_id=MIA,
    )
    assert seen(store, lambda tx: tx.sign_ups.request_of("google.com", "1234", FLOW)) == approved
    store.write(CONTOSO, lambda tx: tx.sign_ups.add_request(again))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ups.request_of("google.com", "1234", "b2x_1_partners") == again
        assert tx.sign_ups.request_of("google.com", "12345", FLOW) is None
        assert tx.sign_ups.list_requests() == (again, approved)
        assert tx.sign_ups.list_requests(limit=1) == (again,)
        assert tx.sign_ups.list_requests(RequestState.APPROVED) == (approved,)
        assert tx.sign_ups.list_requests(RequestState.DENIED) == ()


def test_requests_of_other_accounts_and_flows_stand_beside_it(store: SqlStore):
    beside = (
        sign_up_request(),
        sign_up_request("request-2", account=account("999")),
        sign_up_request("request-3", account=account(idp="live.com")),
        sign_up_request("request-4", flow_id="B2X_1_Other"),
    )

    def work(tx):
        for request in beside:
            tx.sign_ups.add_request(request)

    store.write(CONTOSO, work)
    assert set(seen(store, lambda tx: tx.sign_ups.list_requests())) == set(beside)


def test_what_belongs_to_a_tenant_goes_with_it(store: SqlStore):
    def fill(tx):
        tenant_id = tx.tenant_id
        app_id = f"app-of-{tenant_id}"
        tx.applications.add(application(f"object-{tenant_id}", app_id, tenant_id=tenant_id))
        tx.identity_providers.add(provider(tenant_id=tenant_id))
        tx.identity_providers.record_outcome(provider().id, NOW)
        tx.user_flows.add(user_flow(tenant_id=tenant_id, app_ids=(app_id,)))
        tx.user_attributes.add(user_attribute(tenant_id=tenant_id))
        tx.api_connectors.add(connector(tenant_id=tenant_id))
        tx.api_connectors.note_call(connector_call(tenant_id=tenant_id))
        tx.sign_ins.add_federation(federation(tenant_id=tenant_id))
        tx.sign_ups.record(sign_up_event(tenant_id=tenant_id))
        tx.sign_ups.add_request(sign_up_request(tenant_id=tenant_id))

    for tenant_id in (CONTOSO, FABRIKAM):
        store.write(tenant_id, fill)
    ours = ("identity_providers", "user_flows", "user_flow_applications", "user_attributes")
    ours = (*ours, "provider_outcomes", "api_connectors", "connector_calls", "federations")
    ours = (*ours, "sign_up_events", "sign_up_requests")
    with store._writing.begin() as connection:
        connection.execute(sa.text("DELETE FROM tenants WHERE id = :id"), {"id": CONTOSO})
        for name in ours:
            owners = connection.execute(sa.select(metadata.tables[name].c.tenant_id)).scalars().all()
            assert owners == [FABRIKAM], name
