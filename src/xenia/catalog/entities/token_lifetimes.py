"""Token lifetime policies, and the relation by which applications and service principals get one (tokenLifetimePolicy)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xenia.catalog.edm import Edm, Entity, Nav, Prop, Resource, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.errors import InvalidValue
from xenia.core.query import Page, Query
from xenia.core.token_lifetime import TokenLifetimePolicy
from xenia.ports import Ports
from xenia.usecases.tokens import manage_token_lifetimes as lifetimes


def sole_definition(value: object) -> str:
    """The one string of a ``definition``. Raises InvalidValue."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], str):
        raise InvalidValue("definition", "The definition is a collection of exactly one string.")
    return value[0]


def _list(ports: Ports, actor: Actor, query: Query) -> Page[TokenLifetimePolicy]:
    return page_of(lifetimes.list_token_lifetimes(ports, actor), query)


def _create(ports: Ports, actor: Actor, values: Values) -> TokenLifetimePolicy:
    wanted = lifetimes.NewTokenLifetime(
        display_name=values["displayName"],
        definition=sole_definition(values["definition"]),
        is_organization_default=bool(values.get("isOrganizationDefault")),
    )
    return lifetimes.create_token_lifetime(ports, actor, wanted)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    changes: dict[str, Any] = {}
    if values.get("displayName") is not None:
        changes["display_name"] = values["displayName"]
    if values.get("definition") is not None:
        changes["definition"] = sole_definition(values["definition"])
    if values.get("isOrganizationDefault") is not None:
        changes["is_organization_default"] = values["isOrganizationDefault"]
    lifetimes.update_token_lifetime(ports, actor, key, **changes)


TOKEN_LIFETIME_POLICY = Entity(
    "tokenLifetimePolicy",
    "How long access and ID tokens live: 10 minutes to 1 day.",
    (
        Prop("id", nullable=False),
        Prop("displayName", attribute="display_name", write=Write.BOTH, required=True),
        Prop(
            "definition", many=True, read=lambda policy: [policy.definition], write=Write.BOTH, required=True
        ),
        Prop("isOrganizationDefault", Edm.BOOLEAN, "is_organization_default", write=Write.BOTH),
    ),
    base="stsPolicy",
)
TOKEN_LIFETIMES = Resource(
    "policies/tokenLifetimePolicies",
    TOKEN_LIFETIME_POLICY,
    list=_list,
    get=lifetimes.get_token_lifetime,
    create=_create,
    update=_update,
    delete=lifetimes.delete_token_lifetime,
    read_permits=lifetimes.READ_PERMITS,
    write_permits=(lifetimes.WRITE_PERMIT,),
)


def token_lifetimes_of(find: Callable[[Ports, Actor, str], Any]) -> Nav:
    """The relation of applications, or of service principals, to the one policy about their tokens.

    *find* answers with the object, which has an ``id``, or raises NotFound.
    """
    return Nav(
        "tokenLifetimePolicies",
        many=True,
        read=lambda ports, actor, key: lifetimes.lifetimes_of(ports, actor, find(ports, actor, key).id),
        add=lambda ports, actor, key, policy: lifetimes.assign_token_lifetime(
            ports, actor, find(ports, actor, key).id, policy
        ),
        remove=lambda ports, actor, key, policy: lifetimes.unassign_token_lifetime(
            ports, actor, find(ports, actor, key).id, policy
        ),
        target=TOKEN_LIFETIMES,
    )
