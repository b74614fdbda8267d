"""Request bodies: JSON checked against the declaration before any use case sees it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from xenia.catalog.edm import Complex, Edm, Prop, Resource, Service, Values, Write
from xenia.core.ids import parse_guid
from xenia.graph.errors import GraphError, bad_request
from xenia.web.http import HttpRequest

_DEEPEST = 16


def json_object(request: HttpRequest, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The body as a JSON object. Raises GraphError."""
    if not request.body.strip():
        if may_be_empty:
            return {}
        raise bad_request("Empty Payload. JSON content expected.")
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise bad_request("Entity only allows writes with a JSON Content-Type header.")
    try:
        found = request.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
            "JSON format."
        )
    return found


def checked(body: dict[str, Any], resource: Resource, props: tuple[Prop, ...], mode: Write) -> Values:
    """The members by their declared names, each of its declared type. Raises GraphError.

    Annotations (``@odata.type`` and the like) are let pass, as SDKs send them; unknown members are refused.
    """
    found = _members(body, resource, props, mode, 0)
    if mode is Write.CREATE:
        for prop in props:
            if prop.required and found.get(prop.name) is None:
                raise _error(
                    resource,
                    f"A value is required for property '{prop.name}' of resource '{_kind(resource)}'.",
                )
    return found


def referenced_id(body: dict[str, Any]) -> str:
    """The object a ``$ref`` body names: the last segment of its ``@odata.id``. Raises GraphError."""
    url = body.get("@odata.id")
    if not isinstance(url, str):
        raise bad_request("A reference needs the member '@odata.id'.")
    return id_in_url(url)


def id_in_url(url: str) -> str:
    """The object id at the end of an object's address. Raises GraphError."""
    try:
        last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    except ValueError:
        last = ""
    if last.endswith("')"):
        last = last.partition("('")[2].removesuffix("')")
    found = parse_guid(last)
    if found is None:
        raise GraphError(400, "Request_BadRequest", f"Invalid object identifier '{last}'.")
    return found


def _members(
    body: dict[str, Any], resource: Resource, props: tuple[Prop, ...], mode: Write, depth: int
) -> dict[str, Any]:
    known = {prop.name.lower(): prop for prop in props}
    found: dict[str, Any] = {}
    for name, value in body.items():
        bound = name.removesuffix("@odata.bind")
        if "@" in name and bound == name:
            continue
        prop = known.get(bound.lower())
        if prop is None:
            raise _error(
                resource, f"Property '{bound}' does not exist as a declared property or extension property."
            )
        if mode not in prop.write:
            raise _error(resource, f"Property '{prop.name}' is read-only and cannot be set.")
        given = _bound(prop, value, resource) if bound != name else value
        found[prop.name] = _value(prop, given, resource, mode, depth)
    return found


def _bound(prop: Prop, value: object, resource: Resource) -> object:
    """``sponsors@odata.bind``: addresses of objects instead of the objects."""
    urls = [url for url in (value if isinstance(value, list) else [value]) if isinstance(url, str)]
    if not isinstance(prop.type, Complex) or not urls or (isinstance(value, list) and len(urls) < len(value)):
        raise _invalid(prop, resource)
    found = [{"id": id_in_url(url)} for url in urls]
    return found if prop.many else found[0]


def _value(prop: Prop, value: object, resource: Resource, mode: Write, depth: int) -> object:
    if value is None:
        if not prop.nullable:
            raise _invalid(prop, resource)
        return None
    if not prop.many:
        return _one(prop, value, resource, mode, depth)
    if not isinstance(value, list):
        raise _invalid(prop, resource)
    return [_one(prop, item, resource, mode, depth) for item in value]


def _one(prop: Prop, value: object, resource: Resource, mode: Write, depth: int) -> object:
    if isinstance(prop.type, Complex):
        if not isinstance(value, dict) or depth > _DEEPEST:
            raise _invalid(prop, resource)
        return _members(value, resource, prop.type.props, mode, depth + 1)
    if prop.type is Edm.BOOLEAN:
        fits = isinstance(value, bool)
    elif prop.type is Edm.INT32:
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    else:
        # A NUL cannot be stored by every database, and has no place in any text here.
        fits = isinstance(value, str) and "\x00" not in value
    if not fits:
        raise _invalid(prop, resource)
    return value


def _invalid(prop: Prop, resource: Resource) -> GraphError:
    return _error(
        resource, f"Invalid value specified for property '{prop.name}' of resource '{_kind(resource)}'."
    )


def _error(resource: Resource, message: str) -> GraphError:
    is_directory = resource.service is Service.DIRECTORY
    return GraphError(400, "Request_BadRequest" if is_directory else "BadRequest", message)


def _kind(resource: Resource) -> str:
    name = resource.entity.name
    return name[0].upper() + name[1:]
