"""Query options of a request: ``$filter $select $orderby $top $skiptoken $count $search $expand``.

Owns their checks and the conditions under which advanced queries work. Options may come without ``$``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xenia.catalog.edm import Complex, Edm, Nav, Prop, Resource, Returned, Sort
from xenia.core.query import And, AnyOf, Cursor, Filter, Or, Order, Query, Text, all_of
from xenia.graph.errors import GraphError, bad_request, unsupported
from xenia.graph.odata import parse_filter
from xenia.record import Record, replace
from xenia.web.http import Params

KNOWN = ("filter", "select", "orderby", "top", "skiptoken", "count", "search", "expand", "skip", "format")
KEPT = ("filter", "select", "orderby", "top", "search", "expand")
"""Options that travel inside a page token."""
_PAIR = (
    "Try adding $count=true query parameter and ConsistencyLevel:eventual header. "
    "Refer to https://aka.ms/graph-docs/advanced-queries for more information"
)
_EXPAND = re.compile(r"\s*([A-Za-z]+)\s*(?:\(\s*\$?select\s*=([A-Za-z,\s]+)\)\s*)?(?:,|$)")
_CLAUSE = re.compile(r'\s*(\()|\s*(\))|\s*"([A-Za-z]+):((?:[^"\\]|\\.)*)"|\s*(AND|OR)\b', re.IGNORECASE)
_LONGEST = 8192
"""Characters of one option; longer ones are refused before any work is done. A page token holds them all, sealed."""
_MOST_ORDERS = 16
_LONGEST_SEARCH = 2048
_MOST_CLAUSES = 50
EXPANDED_ITEMS = 20
"""Most related objects told per item of a list."""


class Expansion(Record):
    """A relation to be told with each item."""

    nav: Nav
    select: tuple[Prop, ...] | None


class Options(Record):
    """What a request asks for, checked."""

    query: Query
    select: tuple[Prop, ...] | None
    expand: tuple[Expansion, ...]
    texts: Mapping[str, str]
    """The options as given, by plain lower-case name."""
    is_eventual: bool
    wants_count: bool


def option_texts(params: Params) -> dict[str, str]:
    """The query options by plain name. Raises GraphError for unknown and repeated ones."""
    found: dict[str, str] = {}
    for name, value in params.pairs:
        plain = name.lower().removeprefix("$")
        if plain not in KNOWN:
            if name.startswith("$"):
                raise bad_request(f"The query parameter '{name}' is not supported.")
            continue
        if plain in found:
            raise bad_request(
                f"Query option '{name}' was specified more than once, but it must be specified at most once."
            )
        if "\x00" in value:
            raise bad_request(f"The query parameter '{name}' holds a character that is not allowed.")
        if len(value) > _LONGEST and plain != "skiptoken":
            raise bad_request(f"The query parameter '{name}' is longer than {_LONGEST} characters.")
        found[plain] = value
    return found


def read_options(
    texts: Mapping[str, str],
    resource: Resource,
    *,
    is_eventual: bool,
    is_beta: bool = False,
    after: Cursor | None = None,
    page_limit: int | None = None,
) -> Options:
    """Check all options against the declaration. *is_eventual*: the ConsistencyLevel header was sent.

    Raises GraphError.
    """
    if "skip" in texts:
        raise bad_request("'$skip' is not supported by the service.")
    counted = texts.get("count", "").lower() == "true"
    is_paired = is_eventual and counted
    size = _size(texts, resource)
    query = Query(
        filter=all_of(
            _filter(texts, resource, is_paired=is_paired), _search(texts, resource, is_eventual=is_eventual)
        ),
        order=_order(texts, resource, is_paired=is_paired),
        limit=size if page_limit is None else min(size, page_limit),
        after=after,
        # The total belongs to the first page.
        count=after is None and (is_paired or (counted and not resource.is_advanced)),
    )
    if resource.is_advanced and "filter" in texts and query.order and not is_paired:
        raise unsupported("Sorting not supported for current query.")
    expand = _expand(texts, resource)
    if expand and is_paired and ("search" in texts or "filter" in texts):
        raise unsupported("$expand is not supported with advanced queries.")
    select = selected(texts["select"], resource, is_beta=is_beta) if texts.get("select") else None
    return Options(query, select, expand, dict(texts), is_eventual, query.count)


def selected(text: str, resource: Resource, *, is_beta: bool = False) -> tuple[Prop, ...]:
    """The properties named, each once. Raises GraphError for an unknown one."""
    found: dict[str, Prop] = {}
    for item in text.split(","):
        name = item.strip().partition("/")[0]
        if name == "*":
            found |= {prop.name: prop for prop in resource.entity.all_props if is_beta or not prop.beta}
            continue
        prop = resource.entity.prop(name)
        if prop is None or prop.returned is Returned.NEVER or (prop.beta and not is_beta):
            if resource.entity.nav(name):
                continue
            raise bad_request(
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{name}' on type 'microsoft.graph.{resource.entity.name}'."
            )
        found[prop.name] = prop
    return tuple(found.values())


def needs_pair(operator: str) -> GraphError:
    """The operator works, but only as an advanced query."""
    return unsupported(
        f"Operator '{operator}' is not supported because the required parameters might be missing. {_PAIR}"
    )


def _size(texts: Mapping[str, str], resource: Resource) -> int:
    text = texts.get("top")
    if text is None:
        return resource.page_size
    size = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
    if not 1 <= size <= resource.largest_page:
        raise unsupported(
            f"Invalid page size specified: '{text}'. Must be between 1 and {resource.largest_page} inclusive."
        )
    return size


def _filter(texts: Mapping[str, str], resource: Resource, *, is_paired: bool) -> Filter | None:
    if not texts.get("filter", "").strip():
        return None
    parsed = parse_filter(texts["filter"], resource)
    if parsed.advanced and not is_paired:
        raise needs_pair(parsed.advanced)
    return parsed.filter


def _order(texts: Mapping[str, str], resource: Resource, *, is_paired: bool) -> tuple[Order, ...]:
    found: list[Order] = []
    for item in filter(None, (part.strip() for part in texts.get("orderby", "").split(","))):
        name, _, direction = item.partition(" ")
        direction = direction.strip().lower()
        prop = resource.entity.prop(name)
        if prop is None:
            raise bad_request(
                f"Could not find a property named '{name}' on type 'microsoft.graph.{resource.entity.name}'."
            )
        if prop.sort is Sort.NO or direction not in ("", "asc", "desc"):
            raise unsupported("Sorting not supported for current query.")
        if prop.sort is Sort.ADVANCED and not is_paired:
            raise needs_pair("orderby")
        if any(order.field == prop.field for order in found) or len(found) >= _MOST_ORDERS:
            raise bad_request(f"The property '{name}' is named twice in $orderby, or too many are.")
        found.append(Order(prop.field, descending=direction == "desc"))
    return tuple(found)


def _expand(texts: Mapping[str, str], resource: Resource) -> tuple[Expansion, ...]:
    """The relations named, each once; of directory objects one at most, as in the original."""
    text = texts.get("expand", "").strip()
    found: dict[str, Expansion] = {}
    at = 0
    while at < len(text):
        match = _EXPAND.match(text, at)
        if match is None or (found and resource.is_advanced):
            raise unsupported("Only one relation can be expanded per request, with $select inside at most.")
        at = match.end()
        nav = resource.entity.nav(match[1])
        if nav is None:
            raise bad_request(
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{match[1]}' on type 'microsoft.graph.{resource.entity.name}'."
            )
        found[nav.name] = Expansion(nav, selected(match[2], nav.target or resource) if match[2] else None)
    return tuple(found.values())


# --- $search --------------------------------------------------------------------------------------------


def _search(texts: Mapping[str, str], resource: Resource, *, is_eventual: bool) -> Filter | None:
    """``"displayName:wa" OR "mail:b"``; display names match at each word, other properties at their start."""
    text = texts.get("search", "")
    if not text.strip():
        return None
    if not resource.is_advanced:
        raise unsupported("$search is not supported for this resource.")
    if not is_eventual:
        raise unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )
    words = list(_search_words(text, resource))
    found, rest = _any_of(words)
    if rest:
        raise _bad_search()
    return found


def _search_words(text: str, resource: Resource) -> Iterator[str | Filter]:
    at, end = 0, len(text.rstrip())
    count = 0
    if end > _LONGEST_SEARCH:
        raise _bad_search()
    while at < end:
        match = _CLAUSE.match(text, at)
        if match is None or (count := count + 1) > _MOST_CLAUSES:
            raise _bad_search()
        at = match.end()
        name, value = match[3], match[4]
        if name is not None:
            yield _clause(name, re.sub(r"\\(.)", r"\1", value), resource)
        else:
            yield (match[1] or match[2] or match[5]).upper()


def _clause(name: str, value: str, resource: Resource) -> Filter:
    prop = resource.entity.prop(name)
    if prop is None or not prop.search or prop.type is not Edm.STRING or not value:
        raise bad_request(f"Syntax error: property '{name}' cannot be searched.")
    starts = Text("" if prop.many else prop.field, "startsWith", value)
    if prop.many:
        return AnyOf(prop.field, starts)
    if prop.name != "displayName":
        return starts
    return Or((starts, Text(prop.field, "contains", f" {value}")))


def _any_of(words: list[str | Filter]) -> tuple[Filter, list[str | Filter]]:
    first, rest = _all_of(words)
    items = [first]
    while rest and rest[0] == "OR":
        item, rest = _all_of(rest[1:])
        items.append(item)
    return (items[0] if len(items) == 1 else Or(tuple(items))), rest


def _all_of(words: list[str | Filter]) -> tuple[Filter, list[str | Filter]]:
    first, rest = _one(words)
    items = [first]
    while rest and rest[0] == "AND":
        item, rest = _one(rest[1:])
        items.append(item)
    return (items[0] if len(items) == 1 else And(tuple(items))), rest


def _one(words: list[str | Filter]) -> tuple[Filter, list[str | Filter]]:
    if not words:
        raise _bad_search()
    head, *rest = words
    if head == "(":
        inner, rest = _any_of(rest)
        if not rest or rest[0] != ")":
            raise _bad_search()
        return inner, rest[1:]
    if isinstance(head, str):
        raise _bad_search()
    return head, rest


def _bad_search() -> GraphError:
    return bad_request('Syntax error in $search: write clauses as "property:text", joined by AND and OR.')


def single(options: Mapping[str, str], resource: Resource, *, is_beta: bool) -> Options:
    """Options of a request for one item: ``$select`` and ``$expand`` only. Raises GraphError."""
    kept = {name: text for name, text in options.items() if name in ("select", "expand")}
    found = read_options(kept, resource, is_eventual=False, is_beta=is_beta)
    return replace(found, texts=dict(options))


def returned_props(resource: Resource, select: tuple[Prop, ...] | None, *, is_beta: bool) -> tuple[Prop, ...]:
    """The properties an answer tells: the selected ones, else those returned by default (all under /beta)."""
    if select is not None:
        return select
    return tuple(
        prop
        for prop in resource.entity.all_props
        if (prop.returned is Returned.DEFAULT and (is_beta or not prop.beta))
        or (is_beta and prop.returned is Returned.SELECT and not isinstance(prop.type, Complex))
    )
