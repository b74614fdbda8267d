"""POST, PATCH, PUT and DELETE: decode, check against the declaration, call the use case, tell the outcome."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Action, Nav, Write
from xenia.graph.bodies import checked, id_in_url, json_object, referenced_id
from xenia.graph.errors import GraphError, bad_request, not_allowed
from xenia.graph.options import returned_props
from xenia.graph.reading import Call, unknown_segment
from xenia.graph.wire import empty_answer, entity_json, json_answer, told
from xenia.web.http import HttpResponse


def write(call: Call) -> HttpResponse:
    """Answer a request that changes something. Raises GraphError and domain errors."""
    rest, method = call.address.rest, call.request.method
    if not rest:
        return _write_item(call, method)
    if not call.address.is_item:
        raise unknown_segment(rest[0])
    nav = call.resource.entity.nav(rest[0])
    if nav is not None and rest[-1].lower() == "$ref":
        return _write_reference(call, nav, method, rest[1:-1])
    action = call.resource.action(rest[0]) if len(rest) == 1 else None
    if action is None:
        if nav is not None:
            raise not_allowed("GET")
        raise unknown_segment(rest[0])
    if method != "POST":
        raise not_allowed("POST")
    return _act(call, action)


def _write_item(call: Call, method: str) -> HttpResponse:
    resource = call.resource
    if not call.address.is_item:
        if method != "POST" or resource.create is None:
            raise not_allowed(*(["GET"] if resource.list else []), *(["POST"] if resource.create else []))
        return _create(call)
    if method == "PATCH" and resource.update is not None:
        values = checked(json_object(call.request), resource, resource.entity.props, Write.UPDATE)
        resource.update(call.ports, call.actor, _key(call), values)
        return empty_answer()
    if method == "DELETE" and resource.delete is not None:
        resource.delete(call.ports, call.actor, _key(call))
        return empty_answer()
    verbs = (("GET", resource.get), ("PATCH", resource.update), ("DELETE", resource.delete))
    raise not_allowed(*(verb for verb, use_case in verbs if use_case is not None))


def _create(call: Call) -> HttpResponse:
    resource = call.resource
    assert resource.create is not None
    values = checked(json_object(call.request), resource, resource.entity.props, Write.CREATE)
    record = resource.create(call.ports, call.actor, values)
    # A creation tells what a GET would, but nothing that is null only because it is never told.
    props = tuple(
        prop
        for prop in returned_props(resource, None, is_beta=call.address.is_beta)
        if not (prop.many and resource.entity.value(prop, record) is None)
        or resource.entity.base == "directoryObject"
    )
    body = entity_json(resource, record, props)
    location = ("Location", call.root.url(f"{resource.path}/{body['id']}"))
    context = call.root.context(f"{resource.fragment}/$entity")
    return json_answer({"@odata.context": context, **body}, status=201, headers=(location,))


def _act(call: Call, action: Action) -> HttpResponse:
    values = checked(json_object(call.request, may_be_empty=True), call.resource, action.params, Write.BOTH)
    result: Any = action.run(call.ports, call.actor, _key(call), values)
    if action.returns is None:
        return empty_answer()
    context = call.root.context(action.context)
    if action.entity is None:
        # A structured result is told as it is, a plain one as "value" (OData JSON 4.01 sections 11 and 14).
        told_result = told(result)
        plain = told_result if isinstance(told_result, dict) else {"value": told_result}
        return json_answer({"@odata.context": context, **plain})
    props = returned_props(call.resource, None, is_beta=call.address.is_beta)
    return json_answer(
        {"@odata.context": context, **entity_json(call.resource, result, props, is_typed=True)}
    )


def _write_reference(call: Call, nav: Nav, method: str, between: tuple[str, ...]) -> HttpResponse:
    """``$ref``: POST adds to many, PUT sets the one, DELETE removes (OData 4.01 protocol 11.4.6)."""
    ports, actor, key = call.ports, call.actor, _key(call)
    if method == ("POST" if nav.many else "PUT") and not between:
        nav.add(ports, actor, key, referenced_id(json_object(call.request)))
        return empty_answer()
    if method != "DELETE":
        raise not_allowed("GET", "POST" if nav.many else "PUT", "DELETE")
    target = _removed(call, between) if nav.many else None
    nav.remove(ports, actor, key, target)
    return empty_answer()


def _removed(call: Call, between: tuple[str, ...]) -> str:
    """Named by a segment, or by ``?@id=`` as SDKs do."""
    if len(between) == 1:
        return id_in_url(between[0])
    url = call.request.query.find("@id") or call.request.query.find("$id")
    if between or url is None:
        raise bad_request("A reference to be removed is named by its id.")
    return id_in_url(url)


def _key(call: Call) -> str:
    if call.address.alternate is None:
        return call.address.key or ""
    record = call.item()
    found = call.resource.entity.value(call.resource.entity.props[0], record)
    if not isinstance(found, str):
        raise GraphError(400, "Request_BadRequest", "The key cannot be resolved.")
    return found
