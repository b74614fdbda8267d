"""A contract for every declared property: it can be told, filtered as declared, and is described."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.graph_calls import BASE, GraphWorld, make_graph_world
from tests.support.postgres import PostgresServer
from tests.support.stores import make_sqlite_store
from xenia.catalog.edm import Complex, Edm, Op, Prop, Resource, Returned, Service, leaves
from xenia.catalog.resources import RESOURCES
from xenia.core.consent_request import ConsentAsker, ConsentRequest
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.graph.reference import reference_page
from xenia.storage.store import open_store

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "graph.md"
CAST = "/microsoft.graph."
LISTED = tuple(
    resource
    for resource in RESOURCES
    if resource.list
    and resource.path != "directory/deletedItems"
    # All casts are one declaration; of what they lead to every property is filtered under its own address.
    and (CAST not in resource.path or resource.path == "groups/{id}/members/microsoft.graph.user")
)
TOLD = [
    (resource, prop)
    for resource in RESOURCES
    if resource.get and resource.path != "directory/deletedItems"
    for prop in resource.entity.all_props
    if prop.returned is not Returned.NEVER
]
FILTERED = [
    (resource, path, prop)
    for resource in LISTED
    for path, prop in leaves(resource.entity.all_props)
    if prop.filter and prop.filter is not Op.NONE
]
LITERALS = {Edm.BOOLEAN: "true", Edm.INT32: "0", Edm.DATE: "2026-01-01T00:00:00Z"}
SELF_SERVICE = "IdentityProvider.ReadWrite.All IdentityUserFlow.ReadWrite.All"
FLOW = "B2X_1_Contract"
GUID = "00000000-1111-4222-8333-444444444444"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphWorld]:
    """A filled server on each database: an operator that one of them cannot do shows here."""
    if request.param == "sqlite":
        store = make_sqlite_store(tmp_path_factory.mktemp("catalog"))
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        store = open_store(server.create_database("xenia_catalog"), durable=False)
        store.migrate()
    running = make_graph_world(store)
    running.add("maria", guest=True, last_sign_in_at=datetime(2026, 6, 1, tzinfo=UTC))
    gone = running.add("gone", guest=True)
    assert running.call("DELETE", f"users/{gone.id}").status == 204
    _fill_self_service(running)
    _fill_groups(running)
    _ask_for_consent(running)
    yield running
    store.close()


def _fill_self_service(running: GraphWorld) -> None:
    """A flow of every part, for the resources below it."""
    token = running.token(None, SELF_SERVICE)
    provider = {"@odata.type": "#microsoft.graph.socialIdentityProvider", "identityProviderType": "Google"}
    flow = f"identity/b2xUserFlows/{FLOW}"
    for path, sent in (
        ("identity/identityProviders", {**provider, "clientId": "4711", "clientSecret": "s3cr3t"}),
        ("identity/b2xUserFlows", {"id": FLOW}),
        (f"{flow}/userAttributeAssignments", {"userAttribute": {"id": "city"}}),
    ):
        answer = running.call("POST", path, sent, token=token)
        assert answer.status == 201, answer.body
    served = {"appId": running.app.app_id}
    assert running.call("POST", f"{BASE}/beta/{flow}/includeApplications", served, token=token).status == 201


def _ask_for_consent(running: GraphWorld) -> None:
    """A request for admin consent that waits."""
    now = running.clock.now()
    asker = ConsentAsker(running.admin.id, "Nikos Pappas", "", "For the plan", now)
    later = now + timedelta(days=30)
    app = running.app
    request = ConsentRequest(
        GUID, running.tenant_id, app.app_id, app.display_name, ("openid",), (asker,), now, later
    )
    running.ports.store.write(running.tenant_id, lambda tx: tx.consent_requests.add(request))


def _fill_groups(running: GraphWorld) -> None:
    """A group with a member and an owner of each kind that there can be."""
    made = running.call(
        "POST",
        "groups",
        {
            "displayName": "Contract",
            "mailNickname": "contract",
            "mailEnabled": False,
            "securityEnabled": True,
            "members@odata.bind": [f"{BASE}/v1.0/users/{running.admin.id}"],
            "owners@odata.bind": [f"{BASE}/v1.0/users/{running.admin.id}"],
        },
    )
    assert made.status == 201, made.body
    PLACES["groups"] = made.body["id"]
    PLACES["users"] = running.admin.id
    PLACES["applications"] = running.app.id


# An app may be addressed by its client ID everywhere; Graph itself is there in every tenant.
PLACES: dict[str, str] = {"servicePrincipals": GRAPH_APP_ID, "identityGovernance": GUID}
"""Whose relations are asked for, by the name of the collection."""


def _path(resource: Resource) -> str:
    path = resource.path.replace("languages/{id}", "languages/fr")
    return path.replace("{id}", PLACES.get(path.partition("/")[0], FLOW))


def _ids(case: tuple[Any, ...]) -> str:
    return f"{case[0].path}/{case[1].name if isinstance(case[1], Prop) else case[1]}"


def _token(world: GraphWorld, resource: Resource) -> str:
    """The administrator's; of an app with the one permission where that suffices."""
    permission = resource.read_permits[0]
    return world.token(None, permission) if resource.service is Service.IDENTITY else world.token(world.admin)


def _root(prop: Prop) -> str:
    return f"{BASE}/beta" if prop.beta else f"{BASE}/v1.0"


@pytest.mark.parametrize(("resource", "prop"), TOLD, ids=[_ids(case) for case in TOLD])
def test_each_property_is_told_when_selected(world: GraphWorld, resource: Resource, prop: Prop) -> None:
    token = _token(world, resource)
    answer = world.get(f"{_root(prop)}/{_path(resource)}?$select={prop.name}", token=token)
    assert answer.status == 200, answer.body
    items = answer.body["value"] if "value" in answer.body and resource.list else [answer.body]
    told = [item for item in items if prop.name in item]
    assert len(told) == len(items) or resource.entity.derived
    assert all(prop.many == isinstance(item[prop.name], list) for item in told)


@pytest.mark.parametrize(("resource", "path", "prop"), FILTERED, ids=[_ids(case) for case in FILTERED])
def test_each_declared_operator_works_and_no_other(
    world: GraphWorld, resource: Resource, path: str, prop: Prop
) -> None:
    for operator, text in _clauses(resource, path, prop):
        url = f"{_root(prop)}/{_path(resource)}?$filter={quote(text)}"
        answer = world.get(f"{url}&$count=true", eventual=True, token=_token(world, resource))
        is_declared = operator in prop.filter
        assert (answer.status == 200) == is_declared, (text, answer.body)
        if resource.is_advanced and is_declared:
            assert (world.get(url).status == 200) == (operator in prop.plain), text


def _clauses(resource: Resource, path: str, prop: Prop) -> Iterator[tuple[Op, str]]:
    if isinstance(prop.type, Complex):
        for member in prop.type.props:
            if member.filter is not Op.NONE:
                extra = " and x/issuer eq 'a'" if prop.type.filter_by else ""
                yield Op.EQ, f"{path}/any(x:x/{member.name} eq 'a'{extra})"
        return
    literal = LITERALS.get(prop.type, f"'{GUID}'")
    if prop.many:
        yield Op.EQ, f"{path}/any(x:x eq {literal})"
        yield Op.STARTS, f"{path}/any(x:startsWith(x,{literal}))"
        yield Op.ENDS, f"{path}/any(x:endsWith(x,{literal}))"
        yield Op.COUNT, f"{path}/$count eq 0"
        return
    yield Op.EQ, f"{path} eq {literal}"
    yield Op.NE, f"{path} ne {literal}"
    yield Op.GE, f"{path} ge {literal}"
    yield Op.LE, f"{path} le {literal}"
    yield Op.IN, f"{path} in ({literal})"
    yield Op.NULL, f"{path} eq null"
    if prop.type in (Edm.STRING, Edm.GUID):
        yield Op.STARTS, f"startsWith({path},{literal})"
        yield Op.ENDS, f"endsWith({path},{literal})"
        yield Op.CONTAINS, f"contains({path},{literal})"


def test_names_are_unique_and_key_comes_first() -> None:
    for resource in RESOURCES:
        names = [prop.name.lower() for prop in resource.entity.all_props]
        assert len(set(names)) == len(names)
        if not resource.is_structure:
            assert resource.entity.props[0].name == resource.entity.key
        path = resource.path.removeprefix("identityGovernance/appConsent/")
        owners = ("applications/", "users/", "groups/", "servicePrincipals/", "appConsentRequests/")
        lies_below = path.count("/") > 1 and resource.service is Service.IDENTITY
        assert ("{id}" in path) == (lies_below or path.startswith(owners))


def test_the_reference_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == reference_page(), (
        "write it anew: python -c 'from xenia.graph.reference import reference_page; print(reference_page(), end=\"\")'"
    )
