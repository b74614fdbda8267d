"""Whatever a body holds, the API of self-service sign-up answers with a refusal or a result, never with a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.graph_calls import GraphWorld, graph_world
from xenia.catalog.edm import TYPE, Complex, Edm, Prop, Resource, Service
from xenia.catalog.resources import BETA_RESOURCES

FLOW = "B2X_1_Any"
CHANGED = [
    resource
    for resource in BETA_RESOURCES
    if resource.service is Service.IDENTITY and (resource.create or resource.update)
]
PERMISSIONS = " ".join(sorted({name for resource in CHANGED for name in resource.write_permits}))
KEYS = {
    "identity/identityProviders": "Google-OAUTH",
    "identityProviders": "Google-OAUTH",
    "identity/userFlowAttributes": "city",
    "identity/b2xUserFlows/{id}/userAttributeAssignments": "city",
    "identity/b2xUserFlows/{id}/languages": "fr",
    "identity/authenticationEventsFlows": FLOW,
}
WORDS = [
    "city",
    "email",
    "text",
    "boolean",
    "string",
    "int64",
    "code",
    "Google",
    "Facebook",
    "guest",
    "member",
    "EmailOtpSignup-OAUTH",
    "radioSingleSelect",
    "textBox",
    "https://a.example/",
    "https://a.example/.well-known",
    "openid",
    "******",
    "AAAA",
    "true",
    "42",
    "http://127.0.0.1/",
]
TEXTS = st.sampled_from([*WORDS, "", " ", "\u202e", "x" * 3000]) | st.text(max_size=12)
PLAIN = {
    Edm.BOOLEAN: st.booleans(),
    Edm.INT32: st.integers(-(2**33), 2**33),
    Edm.INT64: st.integers(-(2**65), 2**65),
    Edm.SINGLE: st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2),
}


def _values(prop: Prop) -> st.SearchStrategy[Any]:
    one = _structure(prop.type) if isinstance(prop.type, Complex) else PLAIN.get(prop.type, TEXTS)
    fitting = st.lists(one, max_size=3) if prop.many else one
    return fitting | st.none()


def _structure(kind: Complex) -> st.SearchStrategy[Any]:
    if kind.derived:
        return st.one_of(
            *(
                _members(one.props).map(
                    lambda found, one=one: {TYPE: f"#microsoft.graph.{one.name}", **found}
                )
                for one in kind.derived
            )
        )
    return _members(kind.props)


def _members(props: tuple[Prop, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={prop.name: st.deferred(lambda prop=prop: _values(prop)) for prop in props if prop.write}
    )


def _bodies(resource: Resource) -> st.SearchStrategy[dict[str, Any]]:
    entity = resource.entity
    kinds = entity.derived or (entity,)
    return st.one_of(
        *(
            _members((*entity.props, *(kind.props if kind is not entity else ()))).map(
                lambda found, kind=kind: {TYPE: f"#microsoft.graph.{kind.name}", **found}
            )
            for kind in kinds
        )
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphWorld]:
    """A server with one of each, changed by whatever comes."""
    with graph_world(tmp_path_factory.mktemp("bodies")) as world:
        token = world.token(None, PERMISSIONS)
        kind = {TYPE: "#microsoft.graph.socialIdentityProvider", "identityProviderType": "Google"}
        assignment = {"userAttribute": {"id": "city"}}
        for path, body in (
            ("identity/identityProviders", {**kind, "clientId": "4711", "clientSecret": "s"}),
            ("identity/b2xUserFlows", {"id": FLOW}),
            (f"identity/b2xUserFlows/{FLOW}/userAttributeAssignments", assignment),
        ):
            assert world.call("POST", path, body, token=token).status == 201
        yield world


@pytest.mark.parametrize("resource", CHANGED, ids=[resource.path for resource in CHANGED])
def test_no_body_fails(filled: GraphWorld, resource: Resource) -> None:
    token = filled.token(None, PERMISSIONS)
    path = "https://login.test/beta/" + resource.path.replace("{id}", FLOW)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_bodies(resource))
    def each(body: dict[str, Any]) -> None:
        answers = []
        if resource.create:
            answers.append(filled.call("POST", path, body, token=token))
        if resource.update:
            key = KEYS.get(resource.path, "74d13179-2c02-4ae7-bff3-82842d4e2f1f")
            answers.append(filled.call("PATCH", f"{path}/{key}", body, token=token))
        for answer in answers:
            assert answer.status < 500, (body, answer.body)
        told = filled.get(path, token=token)
        assert told.status == 200, told.body

    each()
