"""Request bodies: JSON checked against the declaration before any use case sees it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from xenia.catalog.edm import NAMESPACE, TYPE, Complex, Edm, Prop, Resource, Service, Values, Write
from xenia.core.ids import parse_guid
from xenia.graph.errors import GraphError, bad_request
from xenia.web.http import HttpRequest

_DEEPEST = 16
_NUMBERS: dict[object, tuple[type, float]] = {
    Edm.INT32: (int, 2**31),
    Edm.INT64: (int, 2**63),
    Edm.SINGLE: (float, 3.5e38),
}


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


def checked_item(body: dict[str, Any], resource: Resource, mode: Write) -> Values:
    """The members of an item to be made or changed; its type is told where several are possible. Raises GraphError."""
    entity = resource.entity
    if not entity.derived:
        return checked(body, resource, entity.props, mode)
    kind = entity.of_type(body.get(TYPE))
    if kind is None and TYPE in body:
        raise _error(resource, f"The type '{body[TYPE]}' is not one of this collection.")
    if kind in (None, entity) and entity.is_abstract and mode is Write.CREATE:
        names = ", ".join(f"'#{NAMESPACE}{derived.name}'" for derived in entity.derived)
        raise _error(resource, f"A type must be given by '{TYPE}': one of {names}.")
    if kind is None:
        return checked(body, resource, entity.all_props, mode)
    props = entity.props if kind is entity else (*entity.props, *kind.props)
    return {TYPE: kind.name, **checked(body, resource, props, mode)}


def reference(body: dict[str, Any]) -> str:
    """The address in a ``$ref`` body: its ``@odata.id``. Raises GraphError."""
    url = body.get("@odata.id")
    if not isinstance(url, str):
        raise bad_request("A reference needs the member '@odata.id'.")
    return url


def last_in_url(url: str) -> str:
    """The key at the end of an item's address, ``…/x`` or ``…('x')``. Raises GraphError."""
    try:
        last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    except ValueError:
        last = ""
    if last.endswith("')"):
        last = last.partition("('")[2].removesuffix("')").replace("''", "'")
    if not last or "\x00" in last:
        raise bad_request("The address in '@odata.id' names no object.")
    return last


def id_in_url(url: str) -> str:
    """The object id at the end of an object's address. Raises GraphError."""
    last = last_in_url(url)
    found = parse_guid(last)
    if found is None:
        raise GraphError(400, "Request_BadRequest", f"Invalid object identifier '{last}'.")
    return found


def _members(
    body: dict[str, Any], resource: Resource, props: tuple[Prop, ...], mode: Write, depth: int
) -> dict[str, Any]:
    known = {prop.name.lower(): prop for prop in props}
    found: dict[str, Any] = {}
    if depth and "id" in known and isinstance(body.get("@odata.id"), str):
        found["id"] = last_in_url(body["@odata.id"])
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
        return _structure(prop, prop.type, value, resource, mode, depth)
    if prop.type is Edm.BOOLEAN:
        fits = isinstance(value, bool)
    elif prop.type in _NUMBERS:
        fits = isinstance(value, (int, _NUMBERS[prop.type][0])) and not isinstance(value, bool)
        fits = fits and abs(value) < _NUMBERS[prop.type][1]  # type: ignore[arg-type]
    else:
        # A NUL cannot be stored by every database, and has no place in any text here.
        fits = isinstance(value, str) and "\x00" not in value
    if not fits:
        raise _invalid(prop, resource)
    return value


def _structure(
    prop: Prop, kind: Complex, value: dict[str, Any], resource: Resource, mode: Write, depth: int
) -> dict[str, Any]:
    """A structured value; of an abstract type, as the derived one it names."""
    if not kind.derived:
        return _members(value, resource, kind.props, mode, depth + 1)
    named = value.get(TYPE)
    plain = named.removeprefix("#").removeprefix(NAMESPACE).lower() if isinstance(named, str) else ""
    derived = next((found for found in kind.derived if found.name.lower() == plain), None)
    if derived is None:
        names = ", ".join(f"'#{NAMESPACE}{found.name}'" for found in kind.derived)
        raise _error(resource, f"The type of '{prop.name}' must be given by '{TYPE}': one of {names}.")
    return {TYPE: derived.name, **_members(value, resource, derived.props, mode, depth + 1)}


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
