"""What somebody owns: the reach of people who change their own apps without an administrator role."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.errors import NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.query import AnyOf, Compare, Filter, Page, Query, all_of
from xenia.ports import Ports
from xenia.record import replace

_ONE = Query(limit=1)


def list_owned(ports: Ports, actor: Actor, query: Query) -> Page[Application]:
    """**Owned applications** of the signed-in person. Raises NotPermitted for callers without a person."""
    mine = _mine(actor)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list(replace(query, filter=all_of(query.filter, mine)))


def list_owned_principals(ports: Ports, actor: Actor, query: Query) -> Page[ServicePrincipal]:
    """Enterprise apps that the signed-in person owns. Raises NotPermitted for callers without a person."""
    mine = _mine(actor)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list_service_principals(replace(query, filter=all_of(query.filter, mine)))


def owns_anything(ports: Ports, actor: Actor) -> bool:
    """Whether this person owns an app registration or an enterprise app."""
    if actor.user_id is None:
        return False
    return bool(list_owned(ports, actor, _ONE).items or list_owned_principals(ports, actor, _ONE).items)


def owns(ports: Ports, actor: Actor, object_id: ObjectId) -> bool:
    """Whether this person owns the app registration or enterprise app with this object id."""
    key = parse_guid(object_id)
    if actor.user_id is None or key is None:
        return False
    with ports.store.read(actor.tenant_id) as tx:
        return actor.user_id in (*tx.applications.owners(key), *tx.applications.principal_owners(key))


def _mine(actor: Actor) -> Filter:
    if actor.user_id is None:
        raise NotPermitted("signed-in user")
    return AnyOf("owners", Compare("", "eq", actor.user_id))
