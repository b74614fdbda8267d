"""Who belongs to what: members and owners of groups, groups of users, groups and apps (Microsoft Graph: directoryObject)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from xenia.catalog.edm import Action, Complex, Edm, Entity, Nav, Op, Prop, Resource, Sort, Values, Write
from xenia.catalog.entities.application import SERVICE_PRINCIPAL, SERVICE_PRINCIPALS
from xenia.catalog.entities.group import GROUP, GROUPS
from xenia.catalog.entities.user import USER, USERS
from xenia.core.actor import Actor
from xenia.core.directory.group import GroupLink, ObjectKind
from xenia.core.errors import NotPermitted
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.groups import manage_groups, read_groups
from xenia.usecases.groups.group_rules import WRITE_GROUPS, WRITE_MEMBERS
from xenia.usecases.groups.read_groups import (
    READ_GROUPS,
    READ_MEMBERSHIPS,
    SeenGroup,
    SeenObject,
    SeenPrincipal,
)
from xenia.usecases.users.read_directory import READ_SELF, SeenUser

_EXPANDED = 20
_ID_ALONE = Resource("servicePrincipals", replace(SERVICE_PRINCIPAL, props=SERVICE_PRINCIPAL.props[:1]))


def _unfold(seen: SeenObject) -> tuple[Resource, Any]:
    if isinstance(seen, SeenUser):
        return USERS, seen
    if isinstance(seen, SeenGroup):
        return GROUPS, seen
    return (SERVICE_PRINCIPALS if seen.whole else _ID_ALONE), seen.principal


def _merged() -> tuple[Prop, ...]:
    """What ``$select`` may name: the properties of all kinds. Filters of one kind alone need its cast."""
    own = {
        "id": Prop("id", nullable=False, filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        "displayName": Prop(
            "displayName", filter=Op.EQ | Op.STARTS, plain=Op.EQ | Op.STARTS, sort=Sort.PLAIN, search=True
        ),
    }
    for prop in (*USER.props, *GROUP.props, *SERVICE_PRINCIPAL.props):
        own.setdefault(prop.name, _told_only(prop))
    return tuple(own.values())


def _told_only(prop: Prop) -> Prop:
    kind = prop.type
    if isinstance(kind, Complex):
        kind = replace(kind, props=tuple(map(_told_only, kind.props)))
    return replace(
        prop,
        type=kind,
        filter=Op.NONE,
        plain=Op.NONE,
        sort=Sort.NO,
        search=False,
        write=Write.NO,
        required=False,
    )


DIRECTORY_OBJECT = Entity(
    "directoryObject",
    "A user, group or service principal, told by `@odata.type`.",
    _merged(),
    unfold=_unfold,
)
DIRECTORY_OBJECTS = Resource("directoryObjects", DIRECTORY_OBJECT)
"""Where relations lead; not an address of its own."""
_CASTS: dict[ObjectKind, tuple[str, Entity]] = {
    ObjectKind.USER: ("users", USER),
    ObjectKind.GROUP: ("groups", GROUP),
    ObjectKind.SERVICE_PRINCIPAL: ("servicePrincipals", SERVICE_PRINCIPAL),
}
_LINKS: tuple[tuple[str, GroupLink, bool], ...] = (
    ("members", GroupLink.MEMBER, False),
    ("transitiveMembers", GroupLink.MEMBER, True),
    ("owners", GroupLink.OWNER, False),
)
_ABOVE: tuple[tuple[str, bool], ...] = (("memberOf", False), ("transitiveMemberOf", True))


# --- members and owners of groups --------------------------------------------------------------------------


def _linked(
    ports: Ports,
    actor: Actor,
    key: str,
    query: Query,
    *,
    link: GroupLink,
    transitive: bool,
    kind: ObjectKind | None = None,
) -> Page[Any]:
    page = read_groups.list_linked(ports, actor, link, key, query, kind=kind, transitive=transitive)
    if kind is not ObjectKind.SERVICE_PRINCIPAL:
        return page
    found = tuple(seen.principal for seen in page.items if isinstance(seen, SeenPrincipal))
    return Page(found, page.next, page.total)


def _attach(ports: Ports, actor: Actor, key: str, target: str, *, link: GroupLink) -> None:
    manage_groups.add_to_group(ports, actor, link, key, target)


def _detach(ports: Ports, actor: Actor, key: str, target: str, *, link: GroupLink) -> None:
    manage_groups.remove_from_group(ports, actor, link, key, target)


def _link_resources(name: str, link: GroupLink, *, transitive: bool) -> tuple[Resource, ...]:
    path = f"groups/{{id}}/{name}"
    run = partial(_linked, link=link, transitive=transitive)
    whole = Resource(
        path,
        DIRECTORY_OBJECT,
        context="directoryObjects",
        list=run,
        attach=None if transitive else partial(_attach, link=link),
        detach=None if transitive else partial(_detach, link=link),
        is_advanced=True,
        typed_items=True,
        read_permits=READ_GROUPS,
        write_permits=WRITE_MEMBERS if link is GroupLink.MEMBER else WRITE_GROUPS,
        described_at="users`, `/groups` and `/servicePrincipals",
        note="Kinds that the token may not read are told by id and type alone. Properties of one kind are filtered behind its cast.",
    )
    return (
        whole,
        *(
            cast_of(whole, kind.value, entity, place, partial(run, kind=kind))
            for kind, (place, entity) in _CASTS.items()
        ),
    )


def cast_of(
    whole: Resource, kind: str, entity: Entity, place: str, run: Callable[..., Page[Any]]
) -> Resource:
    """Only what is of one kind in a relation to objects of several: ``…/members/microsoft.graph.user``. Reads only."""
    return replace(
        whole,
        path=f"{whole.path}/microsoft.graph.{kind}",
        entity=replace(entity, navs=()),
        context=place,
        list=run,
        attach=None,
        detach=None,
        typed_items=False,
        described_at=place,
        note="",
    )


# --- groups of something -------------------------------------------------------------------------------------


def _above(
    ports: Ports, actor: Actor, key: str, query: Query, *, owner: ObjectKind, transitive: bool
) -> Page[SeenGroup]:
    return read_groups.list_containing(ports, actor, owner, key, query, transitive=transitive)


def _above_me(ports: Ports, actor: Actor, query: Query, *, transitive: bool) -> Page[SeenGroup]:
    return read_groups.list_containing(
        ports, actor, ObjectKind.USER, _me(actor), query, transitive=transitive
    )


def _me(actor: Actor) -> str:
    if actor.user_id is None:
        raise NotPermitted("delegated", "/me request is only valid with delegated authentication flow.")
    return actor.user_id


def _above_resources(place: str, owner: ObjectKind | None) -> tuple[Resource, ...]:
    """*owner*: None for the signed-in person."""
    found = []
    for name, transitive in _ABOVE:
        path = f"{place}/{name}" if owner is None else f"{place}/{{id}}/{name}"
        run: Callable[..., Page[Any]] = partial(_above_me, transitive=transitive)
        if owner is not None:
            run = partial(_above, owner=owner, transitive=transitive)
        whole = Resource(
            path,
            replace(GROUP, navs=()),
            context="directoryObjects",
            list=run,
            is_advanced=True,
            typed_items=True,
            read_permits=(*READ_SELF, *READ_GROUPS) if owner is None else READ_MEMBERSHIPS,
            described_at="groups",
            note="Without a permission to read groups their ids alone are told. Directory roles are not among them.",
        )
        cast = replace(
            whole, path=f"{path}/microsoft.graph.group", context="groups", typed_items=False, note=""
        )
        found += [whole, cast]
    return tuple(found)


def _nav(name: str, run: Callable[..., Page[Any]]) -> Nav:
    """The relation as ``$expand`` and ``$metadata`` know it; its own address answers pages."""

    def read(ports: Ports, actor: Actor, key: str) -> tuple[Any, ...]:
        return run(ports, actor, key, Query(limit=_EXPANDED)).items

    return Nav(name, True, read, target=DIRECTORY_OBJECTS)


def _above_navs(owner: ObjectKind) -> tuple[Nav, ...]:
    return tuple(
        _nav(name, partial(_above, owner=owner, transitive=transitive)) for name, transitive in _ABOVE
    )


def _own_navs() -> tuple[Nav, ...]:
    def of_me(transitive: bool) -> Callable[..., Page[Any]]:  # noqa: FBT001  (one fact)
        return lambda ports, actor, _key, query: _above_me(ports, actor, query, transitive=transitive)

    return tuple(_nav(name, of_me(transitive)) for name, transitive in _ABOVE)


def _actions(owner: ObjectKind | None) -> tuple[Action, ...]:
    """``getMemberGroups``, ``getMemberObjects`` and ``checkMemberGroups``."""
    kind = owner or ObjectKind.USER

    def ids(ports: Ports, actor: Actor, key: str, values: Values) -> object:
        asked, only = (_me(actor) if owner is None else key), values.get("securityEnabledOnly") or False
        return list(read_groups.member_group_ids(ports, actor, kind, asked, security_only=only))

    def check(ports: Ports, actor: Actor, key: str, values: Values) -> object:
        asked, wanted = (_me(actor) if owner is None else key), values.get("groupIds") or []
        return list(read_groups.check_member_groups(ports, actor, kind, asked, wanted))

    permits = (*READ_SELF, *READ_GROUPS) if owner is None else READ_MEMBERSHIPS
    texts, context = "Collection(Edm.String)", "Collection(Edm.String)"
    only = Prop("securityEnabledOnly", Edm.BOOLEAN, write=Write.BOTH)
    named = Prop("groupIds", many=True, nullable=False, write=Write.BOTH)
    return (
        Action("getMemberGroups", ids, texts, permits, (only,), context=context),
        Action("getMemberObjects", ids, texts, permits, (only,), context=context),
        Action("checkMemberGroups", check, texts, permits, (named,), context=context),
    )


def with_memberships(resource: Resource, owner: ObjectKind | None) -> Resource:
    """Users, service principals, groups or (*owner* None) the signed-in person with their relations to groups."""
    navs = _own_navs() if owner is None else _above_navs(owner)
    if owner is ObjectKind.GROUP:
        links = (
            _nav(name, partial(_linked, link=link, transitive=transitive))
            for name, link, transitive in _LINKS
        )
        navs = (*links, *navs)
    entity = replace(resource.entity, navs=(*resource.entity.navs, *navs))
    return replace(resource, entity=entity, actions=(*resource.actions, *_actions(owner)))


MEMBERSHIPS: tuple[Resource, ...] = (
    *(each for name, link, deep in _LINKS for each in _link_resources(name, link, transitive=deep)),
    *_above_resources("users", ObjectKind.USER),
    *_above_resources("me", None),
    *_above_resources("groups", ObjectKind.GROUP),
    *_above_resources("servicePrincipals", ObjectKind.SERVICE_PRINCIPAL),
)
