"""POST, PATCH, PUT and DELETE: decode, check against the declaration, call the use case, tell the outcome."""

from __future__ import annotations

from urllib.parse import quote

from xenia.catalog.edm import Action, Nav, Stream, Write
from xenia.graph.bodies import checked, checked_item, id_in_url, json_object, last_in_url, reference
from xenia.graph.errors import bad_request, not_allowed
from xenia.graph.options import returned_props
from xenia.graph.reading import Call, action_result, id_of, unknown_segment
from xenia.graph.wire import empty_answer, entity_json, json_answer
from xenia.web.http import HttpResponse


def write(call: Call) -> HttpResponse:
    """Answer a request that changes something. Raises GraphError and domain errors."""
    rest, method = call.address.rest, call.request.method
    if not rest:
        return _write_item(call, method)
    if rest[-1].lower() == "$ref" and call.resource.attach is not None and len(rest) == 1:
        return _write_link(call, method)
    if not call.address.is_item:
        action = call.resource.action(rest[0], of_collection=True) if len(rest) == 1 else None
        if action is None:
            raise unknown_segment(rest[0])
        return _act(call, action)
    stream = call.resource.stream(rest)
    if stream is not None:
        return _write_stream(call, stream, method)
    nav = call.resource.entity.nav(rest[0])
    if nav is not None and rest[-1].lower() == "$ref":
        return _write_reference(call, nav, method, rest[1:-1])
    action = call.resource.action(rest[0]) if len(rest) == 1 else None
    if action is None:
        if nav is not None:
            raise not_allowed("GET")
        raise unknown_segment(rest[0])
    return _act(call, action)


def _write_item(call: Call, method: str) -> HttpResponse:
    resource = call.resource
    if not call.address.is_item:
        if method != "POST" or resource.create is None:
            raise not_allowed(*(["GET"] if resource.list else []), *(["POST"] if resource.create else []))
        return _create(call)
    if method in ("PATCH", "PUT") and resource.update is not None and (method == "PATCH" or resource.is_put):
        values = checked_item(json_object(call.request), resource, Write.UPDATE)
        resource.update(call.ports, call.actor, id_of(call), values)
        return empty_answer()
    if method == "DELETE" and resource.delete is not None:
        resource.delete(call.ports, call.actor, id_of(call))
        return empty_answer()
    verbs = (("GET", resource.get), ("PATCH", resource.update), ("DELETE", resource.delete))
    raise not_allowed(*(verb for verb, use_case in verbs if use_case is not None))


def _create(call: Call) -> HttpResponse:
    resource = call.resource
    assert resource.create is not None
    values = checked_item(json_object(call.request), resource, Write.CREATE)
    record = resource.create(call.ports, call.actor, values)
    entity = resource.entity
    returned = returned_props(resource, None, is_beta=call.address.is_beta)
    # A creation tells what a GET would, but nothing that is null only because it is never told.
    props = tuple(
        prop
        for prop in entity.told_of(entity.concrete(record), returned)
        if not (prop.many and entity.value(prop, record) is None) or entity.base == "directoryObject"
    )
    body = entity_json(resource, record, props)
    location = ("Location", call.root.url(f"{resource.path}/{quote(str(body[entity.key]), safe='')}"))
    context = call.root.context(f"{resource.fragment}/$entity")
    return json_answer({"@odata.context": context, **body}, status=201, headers=(location,))


def _write_stream(call: Call, stream: Stream, method: str) -> HttpResponse:
    """Bytes as they are; what they are is not told by the header but found out by the use case."""
    if method == "PUT" and stream.write is not None:
        if not call.request.body:
            raise bad_request("Empty Payload. The content of the stream is expected.")
        stream.write(call.ports, call.actor, id_of(call), call.request.body)
    elif method == "DELETE" and stream.remove is not None:
        stream.remove(call.ports, call.actor, id_of(call))
    else:
        verbs = (("PUT", stream.write), ("DELETE", stream.remove))
        raise not_allowed("GET", *(verb for verb, use_case in verbs if use_case is not None))
    return empty_answer()


def _act(call: Call, action: Action) -> HttpResponse:
    method = "GET" if action.is_function else "POST"
    if call.request.method != method or action.is_function:
        raise not_allowed(method)
    values = checked(json_object(call.request, may_be_empty=True), call.resource, action.params, Write.BOTH)
    key = () if action.of_collection else (id_of(call),)
    result = action.run(call.ports, call.actor, *key, values)
    return empty_answer() if action.returns is None else action_result(call, action, result)


def _write_reference(call: Call, nav: Nav, method: str, between: tuple[str, ...]) -> HttpResponse:
    """``$ref``: POST adds to many, PUT sets the one, DELETE removes (OData 4.01 protocol 11.4.6)."""
    if nav.add is None or nav.remove is None:
        raise not_allowed("GET")
    ports, actor, key = call.ports, call.actor, id_of(call)
    named = id_in_url if nav.target is None else last_in_url
    if method == ("POST" if nav.many else "PUT") and not between:
        body = json_object(call.request)
        if nav.target is not None and not nav.many and not body:
            # "Microsoft Graph: update apiConnectorConfiguration" detaches by an empty object.
            nav.remove(ports, actor, key, None)
        else:
            nav.add(ports, actor, key, named(reference(body)))
        return empty_answer()
    if method != "DELETE":
        raise not_allowed("GET", "POST" if nav.many else "PUT", "DELETE")
    target = named(_removed(call, between)) if nav.many else None
    nav.remove(ports, actor, key, target)
    return empty_answer()


def _write_link(call: Call, method: str) -> HttpResponse:
    """``$ref`` of a collection that is a resource of its own, such as the members of a group."""
    resource, key = call.resource, call.address.key
    assert resource.attach is not None
    if method == "POST" and key is None:
        resource.attach(call.ports, call.actor, id_in_url(reference(json_object(call.request))))
        return empty_answer()
    if method != "DELETE" or resource.detach is None:
        raise not_allowed("GET", "POST", "DELETE")
    resource.detach(call.ports, call.actor, id_in_url(_removed(call, () if key is None else (key,))))
    return empty_answer()


def _removed(call: Call, between: tuple[str, ...]) -> str:
    """Named by a segment, or by ``?@id=`` as SDKs do."""
    if len(between) == 1:
        return between[0]
    url = call.request.query.find("@id") or call.request.query.find("$id")
    if between or url is None:
        raise bad_request("A reference to be removed is named by its id.")
    return url
