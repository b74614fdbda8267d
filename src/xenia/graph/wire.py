"""Values on the wire: JSON answers with their headers, dates, contexts (OData JSON 4.01, minimal metadata)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from xenia.catalog.edm import NAMESPACE, TYPE, Prop, Resource, Service
from xenia.graph.options import Expansion, returned_props
from xenia.record import Record
from xenia.web.http import HttpResponse

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


class Root(Record):
    """Under which address and version the caller reaches us."""

    base_url: str
    version: str

    def url(self, path: str) -> str:
        """An absolute address below the version."""
        return f"{self.base_url}/{self.version}/{path}"

    def context(self, fragment: str) -> str:
        """``@odata.context``."""
        return f"{self.url('$metadata')}#{fragment}"


def json_answer(
    body: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    """A JSON answer in OData dress."""
    common = (("Content-Type", JSON), ("OData-Version", "4.0"), ("Cache-Control", "no-cache"))
    return HttpResponse(status, msgspec.json.encode(body), (*common, *headers))


def stream_answer(media_type: str, content: bytes) -> HttpResponse:
    """Bytes that somebody entered, as what they were found to be; opened by themselves they run and load nothing."""
    return HttpResponse(
        200,
        content,
        (
            ("Content-Type", media_type),
            ("Cache-Control", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
        ),
    )


def empty_answer() -> HttpResponse:
    """204."""
    return HttpResponse(204, b"", (("Cache-Control", "no-cache"), ("OData-Version", "4.0")))


def entity_json(
    resource: Resource, record: Any, props: tuple[Prop, ...], *, is_typed: bool = False
) -> dict[str, object]:
    """The told properties of a record; missing values are null, missing collections empty."""
    found: dict[str, object] = {}
    kind = resource.entity.concrete(record)
    if is_typed or kind is not resource.entity:
        found[TYPE] = f"#{NAMESPACE}{kind.name}"
    # Directory objects tell whole seconds, logs seven digits.
    digits = 7 if resource.service is Service.LOGS else 0
    for prop in resource.entity.told_of(kind, props):
        value = resource.entity.value(prop, record)
        found[prop.name] = [] if value is None and prop.many else told(value, digits)
    return found


def item_json(
    resource: Resource,
    record: Any,
    select: tuple[Prop, ...] | None,
    *,
    is_beta: bool,
    is_typed: bool = False,
) -> dict[str, object]:
    """An item as an answer tells it; one of a collection of several kinds by the properties of its own kind."""
    if resource.entity.unfold is None:
        props = returned_props(resource, select, is_beta=is_beta)
        return entity_json(resource, record, props, is_typed=is_typed)
    kind, inner = resource.entity.unfold(record)
    if select is None:
        props = returned_props(kind, None, is_beta=is_beta)
    else:
        own = (kind.entity.prop(prop.name) for prop in select)
        props = tuple(prop for prop in own if prop is not None)
    return entity_json(kind, inner, props, is_typed=True)


def told(value: object, digits: int = 0) -> object:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        if digits:
            return value.isoformat(timespec="microseconds").removesuffix("+00:00") + "0Z"
        return value.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
    if isinstance(value, Mapping):
        return {name: told(item, digits) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [told(item, digits) for item in value]
    return value


def fragment(resource: Resource, select: tuple[Prop, ...] | None, expand: tuple[Expansion, ...]) -> str:
    """``users(id,mail)``: what follows ``$metadata#`` for a list."""
    names = [prop.name for prop in select or ()]
    for expansion in expand:
        inner = ",".join(prop.name for prop in expansion.select or ())
        names.append(f"{expansion.nav.name}({inner})")
    return f"{resource.fragment}({','.join(names)})" if names else resource.fragment
