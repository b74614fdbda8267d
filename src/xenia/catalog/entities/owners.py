"""Owners of app registrations and enterprise apps (Microsoft Graph: application and servicePrincipal: owners)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from xenia.catalog.edm import Nav, Resource
from xenia.catalog.entities.application import SERVICE_PRINCIPAL
from xenia.catalog.entities.memberships import DIRECTORY_OBJECT, DIRECTORY_OBJECTS, cast_of
from xenia.catalog.entities.user import USER
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.directory.application import ServicePrincipal
from xenia.core.errors import NotFound
from xenia.core.ids import ObjectId
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.usecases.applications import application_owners
from xenia.usecases.applications.application_owners import OwningApp
from xenia.usecases.applications.application_rules import OWNED_BY, WRITE_APPLICATIONS
from xenia.usecases.groups.read_groups import SeenPrincipal
from xenia.usecases.users import read_directory
from xenia.usecases.users.read_directory import READ_APPLICATIONS, SeenUser

_EXPANDED = 20
_WRITE = (*WRITE_APPLICATIONS, OWNED_BY)


class _Owned(Record):
    """What owners hang on, with the use cases behind them."""

    place: str
    get: Callable[..., Any]
    list: Callable[..., tuple[SeenUser | OwningApp, ...]]
    add: Callable[..., None]
    remove: Callable[..., None]

    def object_id(self, ports: Ports, actor: Actor, key: str) -> ObjectId:
        """The path names the app by object id, or in parentheses by appId."""
        try:
            found = self.get(ports, actor, key)
        except NotFound:
            found = self.get(ports, actor, key, by_app_id=True)
        return str(found.id)


_KINDS = (
    _Owned(
        "applications",
        read_directory.get_application,
        application_owners.list_owners,
        application_owners.add_owner,
        application_owners.remove_owner,
    ),
    _Owned(
        "servicePrincipals",
        read_directory.get_service_principal,
        application_owners.list_principal_owners,
        application_owners.add_principal_owner,
        application_owners.remove_principal_owner,
    ),
)


def _seen(owner: SeenUser | OwningApp) -> SeenUser | SeenPrincipal:
    return owner if isinstance(owner, SeenUser) else SeenPrincipal(owner.principal, owner.whole)


def _list(ports: Ports, actor: Actor, key: str, query: Query, *, owned: _Owned) -> Page[Any]:
    """Filters ask what is shown: what is hidden of somebody is blank, and is not guessed by asking."""
    owners = [_seen(owner) for owner in owned.list(ports, actor, owned.object_id(ports, actor, key))]
    shown = {_record(owner).id: owner for owner in owners}
    page = page_of([_record(owner) for owner in owners], query)
    return Page(tuple(shown[record.id] for record in page.items), page.next, page.total)


def _record(owner: SeenUser | SeenPrincipal) -> Any:
    if isinstance(owner, SeenUser):
        return owner.user
    return owner.principal if owner.whole else replace(owner.principal, display_name="")


def _users(ports: Ports, actor: Actor, key: str, query: Query, *, owned: _Owned) -> Page[SeenUser]:
    found = owned.list(ports, actor, owned.object_id(ports, actor, key))
    users = {owner.user.id: owner for owner in found if isinstance(owner, SeenUser)}
    page = page_of([owner.user for owner in users.values()], query)
    return Page(tuple(users[user.id] for user in page.items), page.next, page.total)


def _apps(ports: Ports, actor: Actor, key: str, query: Query, *, owned: _Owned) -> Page[ServicePrincipal]:
    found = owned.list(ports, actor, owned.object_id(ports, actor, key))
    return page_of([owner.principal for owner in found if isinstance(owner, OwningApp)], query)


def _attach(ports: Ports, actor: Actor, key: str, target: str, *, owned: _Owned) -> None:
    owned.add(ports, actor, owned.object_id(ports, actor, key), target)


def _detach(ports: Ports, actor: Actor, key: str, target: str, *, owned: _Owned) -> None:
    owned.remove(ports, actor, owned.object_id(ports, actor, key), target)


def _resources(owned: _Owned) -> tuple[Resource, ...]:
    whole = Resource(
        f"{owned.place}/{{id}}/owners",
        DIRECTORY_OBJECT,
        context="directoryObjects",
        list=partial(_list, owned=owned),
        attach=partial(_attach, owned=owned),
        detach=partial(_detach, owned=owned),
        typed_items=True,
        read_permits=READ_APPLICATIONS,
        write_permits=_WRITE,
        described_at="users` and `/servicePrincipals",
        note="Users and apps. Owners may do this for their own apps; only an administrator takes the last owner away.",
    )
    casts = (
        ("user", USER, "users", _users),
        ("servicePrincipal", SERVICE_PRINCIPAL, "servicePrincipals", _apps),
    )
    return (
        whole,
        *(
            cast_of(whole, kind, entity, place, partial(run, owned=owned))
            for kind, entity, place, run in casts
        ),
    )


def with_owners(resource: Resource) -> Resource:
    """Applications or service principals with the relation, as ``$expand`` and ``$metadata`` know it."""
    owned = next(kind for kind in _KINDS if kind.place == resource.path)

    def read(ports: Ports, actor: Actor, key: str) -> tuple[Any, ...]:
        return _list(ports, actor, key, Query(limit=_EXPANDED), owned=owned).items

    nav = Nav("owners", True, read, target=DIRECTORY_OBJECTS)
    return replace(resource, entity=replace(resource.entity, navs=(nav, *resource.entity.navs)))


OWNERS: tuple[Resource, ...] = tuple(each for owned in _KINDS for each in _resources(owned))
