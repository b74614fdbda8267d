"""Token lifetime policies, and the relation by which applications and service principals get one (tokenLifetimePolicy)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xenia.catalog.edm import Entity, Nav, Resource, Values
from xenia.catalog.entities.sts_policies import STS_POLICY_PROPS, sole_definition, sts_policy_changes
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.query import Page, Query
from xenia.core.token_lifetime import TokenLifetimePolicy
from xenia.ports import Ports
from xenia.usecases.tokens import manage_token_lifetimes as lifetimes


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
    lifetimes.update_token_lifetime(ports, actor, key, **sts_policy_changes(values))


TOKEN_LIFETIME_POLICY = Entity(
    "tokenLifetimePolicy",
    "How long access and ID tokens live: 10 minutes to 1 day.",
    STS_POLICY_PROPS,
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
