"""GET: items, lists, counts and relations, from the declaration of the addressed resource."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from xenia.catalog.edm import NAMESPACE, TYPE, Action, Nav, Resource
from xenia.catalog.entities.user import USERS
from xenia.core.actor import Actor
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.query import Page
from xenia.graph import paging
from xenia.graph.addressing import Address
from xenia.graph.errors import GraphError, bad_request, not_allowed
from xenia.graph.options import (
    EXPANDED_ITEMS,
    Expansion,
    Options,
    option_texts,
    read_options,
    returned_props,
    single,
)
from xenia.graph.wire import Root, entity_json, fragment, item_json, json_answer, stream_answer, told
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.web.http import HttpRequest, HttpResponse, text


class Call(Record):
    """One authenticated request with its address understood."""

    ports: Ports
    actor: Actor
    request: HttpRequest
    address: Address

    @property
    def resource(self) -> Resource:
        """What is addressed."""
        return self.address.resource

    @property
    def root(self) -> Root:
        """Where links point."""
        return Root(self.request.base_url, self.address.version)

    @property
    def is_eventual(self) -> bool:
        """Whether the header of advanced queries was sent."""
        return self.request.header("consistencylevel").strip().lower() == "eventual"

    def item(self) -> Any:
        """The addressed record. Raises GraphError, and what the use case raises."""
        resource, key = self.resource, self.address.key or ""
        get = resource.get
        if self.address.alternate is not None:
            by_name = {name.lower(): find for name, find in resource.alternate_keys.items()}
            get = by_name.get(self.address.alternate.lower())
            if get is None:
                raise bad_request(f"The property '{self.address.alternate}' is not a key.")
        if get is None:
            raise not_allowed("POST")
        return get(self.ports, self.actor, key)


def read(call: Call) -> HttpResponse:
    """Answer a GET. Raises GraphError and domain errors."""
    rest = _without_cast(call)
    if not call.address.is_item:
        if rest == ("$count",):
            return _count(call)
        if rest == ("$ref",) and call.resource.attach is not None:
            return _list(call, as_links=True)
        if rest:
            return _function(call, rest)
        return _list(call)
    if not rest:
        return _item(call)
    if len(rest) == 1 and call.resource.action(rest[0]):
        return _function(call, rest)
    stream = call.resource.stream(rest)
    if stream is not None:
        return stream_answer(*stream.read(call.ports, call.actor, id_of(call)))
    nav = call.resource.entity.nav(rest[0])
    if nav is None or len(rest) > 2 or (len(rest) == 2 and rest[1] not in ("$ref", "$count")):
        raise unknown_segment(rest[0] if nav is None else rest[1])
    return _relation(call, nav, rest[1] if len(rest) == 2 else "")


def _function(call: Call, rest: tuple[str, ...]) -> HttpResponse:
    """``GET …/availableProviderTypes()`` (OData 4.01 protocol 11.5.3); without parameters, as all we serve are."""
    of_item = call.address.is_item
    action = call.resource.action(rest[0], of_collection=not of_item) if len(rest) == 1 else None
    if action is None:
        raise unknown_segment(rest[0])
    if not action.is_function:
        raise not_allowed("POST")
    key = (id_of(call),) if of_item else ()
    return action_result(call, action, action.run(call.ports, call.actor, *key, {}))


def action_result(call: Call, action: Action, result: Any) -> HttpResponse:
    """A structured result is told as it is, a plain one as "value" (OData JSON 4.01 sections 11 and 14)."""
    context = call.root.context(action.context)
    if action.entity is None:
        value = told(result)
        plain = value if isinstance(value, dict) else {"value": value}
        return json_answer({"@odata.context": context, **plain})
    props = returned_props(call.resource, None, is_beta=call.address.is_beta)
    is_cast = action.entity.base == "directoryObject"
    body = entity_json(call.resource, result, props, is_typed=is_cast)
    return json_answer({"@odata.context": context, **body})


def unknown_segment(segment: str) -> GraphError:
    """A path that goes nowhere."""
    return bad_request(f"Resource not found for the segment '{segment}'.")


def _without_cast(call: Call) -> tuple[str, ...]:
    """Casts to the very type are no news; relations here lead to users."""
    kinds = (call.resource.entity, *call.resource.entity.derived)
    casts = {"microsoft.graph.user", *(f"{NAMESPACE}{kind.name}".lower() for kind in kinds)}
    return tuple(segment for segment in call.address.rest if segment.lower() not in casts)


def _item(call: Call) -> HttpResponse:
    is_beta = call.address.is_beta
    options = single(option_texts(call.request.query), call.resource, is_beta=is_beta)
    record = call.item()
    tail = "" if call.resource.is_structure else "/$entity"
    context = call.root.context(f"{fragment(call.resource, options.select, options.expand)}{tail}")
    body = item_json(
        call.resource, record, options.select, is_beta=is_beta, is_typed=call.resource.typed_items
    )
    _expand(call, options, record, body)
    return json_answer({"@odata.context": context, **body})


def _list(call: Call, *, as_links: bool = False) -> HttpResponse:
    """*as_links*: the items by their addresses alone (``$ref``)."""
    resource = call.resource
    if resource.list is None:
        raise not_allowed("POST")
    options = _list_options(call)
    page: Page[Any] = resource.list(call.ports, call.actor, options.query)
    place = "Collection($ref)" if as_links else fragment(resource, options.select, options.expand)
    answer: dict[str, object] = {"@odata.context": call.root.context(place)}
    if options.wants_count and page.total is not None:
        answer["@odata.count"] = page.total
    if page.next is not None:
        token = paging.sealed(call.ports.sealer, call.actor.tenant_id, _list_path(call), options, page.next)
        path = f"{resource.path}/$ref" if as_links else resource.path
        answer["@odata.nextLink"] = paging.next_link(call.root.url(path), options, token)
    items = []
    for record in page.items:
        body = item_json(
            resource,
            record,
            options.select,
            is_beta=call.address.is_beta,
            is_typed=resource.typed_items,
        )
        if as_links:
            body = {"@odata.id": call.root.url(_object_path(body))}
        else:
            _expand(call, options, record, body)
        items.append(body)
    answer["value"] = items
    return json_answer(answer)


def _object_path(body: dict[str, object]) -> str:
    """Where a directory object lives, by its type and id."""
    kind = str(body[TYPE]).rpartition(".")[2]
    return f"directoryObjects/{body['id']}/Microsoft.DirectoryServices.{kind[0].upper()}{kind[1:]}"


def _list_options(call: Call) -> Options:
    """The options of the request, or those inside its page token."""
    texts = option_texts(call.request.query)
    is_beta = call.address.is_beta
    if "skiptoken" not in texts:
        limit = _preferred_page(call.request)
        return read_options(
            texts, call.resource, is_eventual=call.is_eventual, is_beta=is_beta, page_limit=limit
        )
    token = paging.opened(call.ports.sealer, call.actor.tenant_id, _list_path(call), texts["skiptoken"])
    kept = {**token.options, **({"count": "true"} if token.is_counted else {})}
    return read_options(
        kept, call.resource, is_eventual=token.is_eventual, is_beta=is_beta, after=token.cursor
    )


def _preferred_page(request: HttpRequest) -> int | None:
    """``Prefer: odata.maxpagesize=n`` (OData 4.01 protocol 8.2.8.7)."""
    for wish in request.header("prefer").split(","):
        name, _, value = wish.strip().partition("=")
        if name.lower().removeprefix("odata.") == "maxpagesize" and re.fullmatch(r"[0-9]{1,5}", value):
            return max(1, int(value))
    return None


def _list_path(call: Call) -> str:
    return f"{call.address.version}/{call.resource.path}"


def _count(call: Call) -> HttpResponse:
    resource = call.resource
    if resource.list is None:
        raise not_allowed("POST")
    if resource.is_advanced and not call.is_eventual:
        raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
    texts = {
        name: value
        for name, value in option_texts(call.request.query).items()
        if name in ("filter", "search")
    }
    options = read_options(
        {**texts, "count": "true"}, resource, is_eventual=True, is_beta=call.address.is_beta
    )
    page = resource.list(call.ports, call.actor, replace(options.query, limit=1, count=True))
    return text(str(page.total if page.total is not None else len(page.items)))


def _relation(call: Call, nav: Nav, tail: str) -> HttpResponse:
    key = "" if call.resource.is_single else id_of(call)
    related = nav.read(call.ports, call.actor, key)
    if tail == "$count":
        return text(str(len(related)))
    target = nav.target or USERS
    options = single(option_texts(call.request.query), target, is_beta=call.address.is_beta)
    if tail == "$ref":
        found: list[dict[str, object]] = [
            {"@odata.id": call.root.url(_related_path(nav, record))} for record in related
        ]
        whole, one = "Collection($ref)", "$ref"
    else:
        props = returned_props(target, options.select, is_beta=call.address.is_beta)
        found = [entity_json(target, record, props, is_typed=nav.target is None) for record in related]
        whole = _related_context(call, nav, key)
        one = f"{whole}/$entity"
    if nav.many:
        return json_answer({"@odata.context": call.root.context(whole), "value": found})
    return json_answer({"@odata.context": call.root.context(one), **found[0]})


def _related_path(nav: Nav, record: Any) -> str:
    """Where a related object lives."""
    if nav.target is None:
        return f"directoryObjects/{record.user.id}/Microsoft.DirectoryServices.User"
    entity = nav.target.entity
    return f"{nav.target.path}/{quote(str(entity.value(entity.props[0], record)), safe='')}"


def _related_context(call: Call, nav: Nav, key: str) -> str:
    if nav.target is None:
        return "directoryObjects"
    owner = call.resource.fragment
    if not call.resource.is_single:
        quoted = key.replace("'", "''")
        owner = f"{owner}('{quoted}')"
    return f"{owner}/{nav.name}"


def id_of(call: Call) -> str:
    """The key of the addressed item, also where it was addressed by another one."""
    if call.address.alternate is None:
        return call.address.key or ""
    return str(call.resource.entity.value(call.resource.entity.props[0], call.item()))


def _expand(call: Call, options: Options, record: Any, body: dict[str, object]) -> None:
    for expansion in options.expand:
        body[expansion.nav.name] = _related(call, expansion, record)


def _related(call: Call, expand: Expansion, record: Any) -> object:
    target = expand.nav.target or USERS
    entity = call.resource.entity
    key = "" if call.resource.is_structure else str(entity.value(entity.props[0], record))
    # What is contained has no other list that it could be paged from with what it belongs to.
    most = None if expand.nav.is_contained else EXPANDED_ITEMS
    try:
        found = expand.nav.read(call.ports, call.actor, key)[:most]
    except (NotFound, NotPermitted):
        found = ()
    is_cast = expand.nav.target is None
    is_beta = call.address.is_beta
    shown = [item_json(target, each, expand.select, is_beta=is_beta, is_typed=is_cast) for each in found]
    if expand.nav.many:
        return shown
    return shown[0] if shown else None
