"""The reference page of the API, written from the declarations. Knows nothing that they do not say."""

from __future__ import annotations

from collections.abc import Iterator

from xenia.catalog.edm import ALWAYS_ADVANCED, Complex, Op, Prop, Resource, Returned, Sort, Write, leaves
from xenia.catalog.resources import BETA_RESOURCES, RESOURCES

_WORDS = {
    Op.EQ: "eq",
    Op.NE: "ne",
    Op.NOT: "not",
    Op.GE: "ge gt",
    Op.LE: "le lt",
    Op.IN: "in",
    Op.STARTS: "startsWith",
    Op.ENDS: "endsWith",
    Op.CONTAINS: "contains",
    Op.NULL: "null",
    Op.COUNT: "$count",
}
_BETA_ONLY = tuple(
    resource for resource in BETA_RESOURCES if resource.path not in {served.path for served in RESOURCES}
)
_HEAD = """# Graph API

Base addresses: `/v1.0` and `/beta` of this server. Written from the declarations in `xenia.catalog`; do not edit.

A person's call needs the permission in the token *and* a directory role or ownership; an app's call needs the
application permission alone. What guests see is decided by *External collaboration settings, Guest user access*.

Operators marked `*` need an advanced query: the header `ConsistencyLevel: eventual` and `$count=true`.
`$skiptoken` pages carry all options; the links are absolute. Batches (`POST /$batch`) take 20 requests.
"""


def reference_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD, *(line for resource in (*RESOURCES, *_BETA_ONLY) for line in _resource(resource))]
    return "\n".join(parts).rstrip() + "\n"


def _resource(resource: Resource) -> Iterator[str]:
    version = " (beta)" if resource in _BETA_ONLY else ""
    yield f"## /{resource.path}{version}\n"
    yield (
        f"{resource.entity.summary} Type `microsoft.graph.{resource.entity.name}`. {resource.note}".rstrip()
        + "\n"
    )
    yield "| Call | Least permission | Also |"
    yield "|---|---|---|"
    for call, permits in _calls(resource):
        least, *others = (f"`{name}`" for name in permits)
        yield f"| `{call}` | {least} | {' '.join(others)} |"
    yield ""
    if resource.list is not None:
        yield f"Pages hold {resource.page_size} items, at most {resource.largest_page} (`$top`).\n"
    if resource.path in ("me", "directory/deletedItems", "directory/deletedItems/microsoft.graph.user"):
        yield "Properties: as under `/users`.\n"
        return
    if resource.described_at:
        yield f"Properties: as under `/{resource.described_at}`.\n"
        return
    yield from _properties(resource, resource.entity.props)
    for kind in resource.entity.derived:
        if kind.props:
            yield f"Of `microsoft.graph.{kind.name}` besides:\n"
            yield from _properties(resource, kind.props)
    if resource.entity.navs:
        names = ", ".join(f"`{nav.name}`" for nav in resource.entity.navs)
        yield f"Relations (`$expand`, `$ref`): {names}.\n"


def _properties(resource: Resource, props: tuple[Prop, ...]) -> Iterator[str]:
    if not props:
        return
    yield "| Property | Type | Told | Written | $filter | $orderby |"
    yield "|---|---|---|---|---|---|"
    for path, prop in leaves(props):
        yield _row(path, prop, resource)
    yield ""
    for path, prop in leaves(props):
        if isinstance(prop.type, Complex) and prop.type.derived:
            kinds = ", ".join(_kind(kind) for kind in prop.type.derived)
            yield f"`{path}` is one of these, named by `@odata.type`: {kinds}.\n"


def _kind(kind: Complex) -> str:
    members = ", ".join(f"`{prop.name}`" for prop in kind.props)
    return f"`microsoft.graph.{kind.name}` ({members})" if members else f"`microsoft.graph.{kind.name}`"


def _calls(resource: Resource) -> Iterator[tuple[str, tuple[str, ...]]]:
    path = f"/{resource.path}"
    item = path if resource.is_single else f"{path}/{{id}}"
    verbs = (
        (f"GET {path}", resource.list, resource.read_permits),
        (f"GET {item}", resource.get, resource.read_permits),
        (f"POST {path}", resource.create, resource.write_permits),
        (f"PATCH {item}", resource.update, resource.write_permits),
        (f"PUT {item}", resource.update if resource.is_put else None, resource.write_permits),
        (f"DELETE {item}", resource.delete, resource.delete_permits or resource.write_permits),
    )
    seen = set()
    for call, use_case, permits in verbs:
        if use_case is not None and call not in seen:
            seen.add(call)
            yield call, permits
    if resource.attach is not None:
        yield f"POST {path}/$ref", resource.write_permits
    if resource.detach is not None:
        yield f"DELETE {path}/{{id}}/$ref", resource.write_permits
    for name in resource.alternate_keys:
        yield f"GET {path}({name}='…')", resource.read_permits
    for stream in resource.streams:
        yield f"GET {item}/{stream.name}", resource.read_permits
        if stream.write is not None:
            yield f"PUT {item}/{stream.name}", resource.write_permits
        if stream.remove is not None:
            yield f"DELETE {item}/{stream.name}", resource.write_permits
    for action in resource.actions:
        owner = path if action.of_collection else item
        form = f"GET {owner}/{action.name}()" if action.is_function else f"POST {owner}/{action.name}"
        yield form, action.permits
    for nav in resource.entity.navs:
        if nav.target is not None and not nav.is_contained:
            yield f"GET {item}/{nav.name}", resource.read_permits
        if nav.target is not None and nav.add is not None and resource.write_permits:
            verbs_of = "POST" if nav.many else "PUT"
            yield f"{verbs_of} {item}/{nav.name}/$ref", resource.write_permits


def _row(path: str, prop: Prop, resource: Resource) -> str:
    limit = f" ≤{prop.max_length}" if prop.max_length else ""
    told = {Returned.DEFAULT: "by default", Returned.SELECT: "$select", Returned.NEVER: "never"}[
        prop.returned
    ]
    extra = (" (beta)" if prop.beta else "") + (f" with `{prop.needs}`" if prop.needs else "")
    written = {Write.NO: "", Write.CREATE: "create", Write.UPDATE: "update", Write.BOTH: "create, update"}[
        prop.write
    ]
    sort = {Sort.NO: "", Sort.PLAIN: "yes", Sort.ADVANCED: "yes*"}[prop.sort]
    required = " (required)" if prop.required else ""
    cells = (
        f"`{path}`",
        f"{prop.type_name}{limit}",
        told + extra,
        written + required,
        _operators(prop, resource),
        sort,
    )
    return f"| {' | '.join(cells)} |"


def _operators(prop: Prop, resource: Resource) -> str:
    found = []
    for operator, word in _WORDS.items():
        if operator in prop.filter:
            is_advanced = resource.is_advanced and (operator & ALWAYS_ADVANCED or operator not in prop.plain)
            found.append(f"{word}*" if is_advanced else word)
    return ", ".join(found)
