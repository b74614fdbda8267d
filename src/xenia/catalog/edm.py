"""The vocabulary of declarations: types, properties, navigations, actions, resources (OData CSDL 4.01, the part we use).

Data only. How a request is parsed, checked and answered is the business of ``graph``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, Flag, auto
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, TypeAlias
from urllib.parse import quote

from xenia.core.actor import Actor
from xenia.core.query import Page
from xenia.ports import Ports
from xenia.record import Record, field, replace

Values: TypeAlias = Mapping[str, Any]
"""A request body after checking: wire names, JSON values of the declared types.

Where several types are possible, ``TYPE`` holds the name of the one that was given, without ``#microsoft.graph.``.
"""
TYPE = "@odata.type"
NAMESPACE = "microsoft.graph."


class Edm(Enum):
    """Primitive types (OData CSDL 4.01 section 3.3)."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    DATE = "Edm.DateTimeOffset"
    GUID = "Edm.Guid"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    SINGLE = "Edm.Single"


class Complex(Record):
    """A structured type without identity, such as ``objectIdentity``."""

    name: str
    props: tuple[Prop, ...]
    filter_by: str = ""
    """Attribute without which a filter over a collection of these is refused as ambiguous."""
    derived: tuple[Complex, ...] = ()
    """The types this abstract one stands for; a value names its own by ``@odata.type``."""


class Op(Flag):
    """What a ``$filter`` may do with a property."""

    NONE = 0
    EQ = auto()
    NE = auto()
    NOT = auto()
    GE = auto()
    LE = auto()
    IN = auto()
    STARTS = auto()
    ENDS = auto()
    CONTAINS = auto()
    NULL = auto()
    COUNT = auto()
    """``collection/$count eq 0``."""


ALWAYS_ADVANCED = Op.NE | Op.NOT | Op.ENDS | Op.CONTAINS | Op.NULL | Op.COUNT
"""Operators of directory objects that need ``ConsistencyLevel: eventual`` and ``$count=true`` on every property."""


class Returned(Enum):
    """Whether a GET tells the property."""

    DEFAULT = "by default"
    SELECT = "with $select"
    NEVER = "never"


class Write(Flag):
    """When a client may give the property."""

    NO = 0
    CREATE = auto()
    UPDATE = auto()
    BOTH = CREATE | UPDATE


class Sort(Enum):
    """Whether ``$orderby`` is possible, and under which conditions."""

    NO = "no"
    PLAIN = "yes"
    ADVANCED = "advanced"


class Prop(Record, dict=True):
    """A property under its wire name, bound to an attribute of the record."""

    name: str
    type: Edm | Complex = Edm.STRING
    attribute: str | None = None
    """Attribute of the record that filters and orders use; derived from the name when None."""
    many: bool = False
    nullable: bool = True
    returned: Returned = Returned.DEFAULT
    filter: Op = Op.NONE
    """Operators that work at all."""
    plain: Op = Op.NONE
    """Those of them that directory objects offer without the advanced-query pair."""
    sort: Sort = Sort.NO
    search: bool = False
    write: Write = Write.NO
    required: bool = False
    """On create."""
    max_length: int | None = None
    values: tuple[str, ...] = ()
    """Members of an enumeration (told as strings)."""
    read: Callable[[Any], object] | None = None
    """How to get the value from the record, where it is not simply an attribute."""
    needs: str = ""
    """A further permission without which the value is null."""
    beta: bool = False
    """Served under /beta only."""

    @cached_property
    def field(self) -> str:
        """The record attribute (``mail_nickname`` of ``mailNickname``)."""
        return snake_case(self.name) if self.attribute is None else self.attribute

    @property
    def type_name(self) -> str:
        """The type as ``$metadata`` spells it."""
        name = self.type.value if isinstance(self.type, Edm) else f"graph.{self.type.name}"
        return f"Collection({name})" if self.many else name


class Nav(Record):
    """A relation to other entities. Setting it goes by ``$ref``.

    Below a contained resource the use cases get the keys of the parents first.
    """

    name: str
    many: bool
    read: Callable[..., tuple[Any, ...]]
    """(ports, actor, key). Raises NotFound when a single relation is unset."""
    add: Callable[..., object] | None = None
    """(ports, actor, key, target id): adds to many, sets the one. None: told only."""
    remove: Callable[..., object] | None = None
    """(ports, actor, key, target id or None for the one)."""
    target: Resource | None = None
    """Where the related entities live; None for users, told as directory objects."""
    is_contained: bool = False
    """The related entities exist below the item only: they have addresses of their own instead of ``$ref``."""


class Action(Record):
    """A verb bound to an item: ``POST /users/{id}/revokeSignInSessions``."""

    name: str
    run: Callable[..., object]
    """(ports, actor, key, values); bound to a collection (ports, actor, values)."""
    returns: str | None
    """Type of the result in ``$metadata`` words; None answers 204."""
    permits: tuple[str, ...]
    params: tuple[Prop, ...] = ()
    entity: Entity | None = None
    """Set when the result is an entity instead of a plain value."""
    structure: Complex | None = None
    """Set when the result is a structure, which ``$metadata`` then describes."""
    context: str = ""
    """Fragment of the answer's context."""
    is_function: bool = False
    """Called by GET, changes nothing."""
    of_collection: bool = False
    """Bound to the collection: ``GET /identity/identityProviders/availableProviderTypes()``."""


class Stream(Record):
    """Bytes at an address of their own: of a property (``PUT /applications/{id}/logo``) or of the item itself, which is
    named ``$value`` (OData 4.01 protocol 11.4.7, 11.4.8).
    """

    name: str
    read: Callable[..., tuple[str, bytes]]
    """(ports, actor, key): media type and content. Raises NotFound when there is none."""
    write: Callable[..., object] | None = None
    """(ports, actor, key, content). None: read only."""
    remove: Callable[..., object] | None = None
    """(ports, actor, key)."""
    note: str = ""


class Entity(Record, dict=True):
    """A type with identity: its properties and relations."""

    name: str
    summary: str
    props: tuple[Prop, ...]
    navs: tuple[Nav, ...] = ()
    attribute_of: Callable[[Any, str], object] = lambda record, name: attrgetter(name)(record)
    """Reads an attribute of the record; a user as somebody sees it hides some."""
    key: str = "id"
    base: str = ""
    """Base type, for ``$metadata`` and ``@odata.type``."""
    derived: tuple[Entity, ...] = ()
    """Types that add properties to this one; an item of one of them carries ``@odata.type``."""
    kind: str = ""
    """Attribute of the record that holds the name of its derived type."""
    is_abstract: bool = False
    """Whether every item is of a derived type."""
    has_stream: bool = False
    """Whether an item is a stream of bytes (``$value``) beside what it tells."""
    unfold: Callable[[Any], tuple[Resource, Any]] | None = None
    """Of a base type whose items live elsewhere: the resource that says how to tell a record, and its record there."""

    @cached_property
    def all_props(self) -> tuple[Prop, ...]:
        """The properties of this type and of every derived one, each name once."""
        found = {prop.name: prop for kind in (self, *self.derived) for prop in kind.props}
        return tuple(found.values())

    @cached_property
    def _by_name(self) -> dict[str, Prop]:
        return {prop.name.lower(): prop for prop in self.all_props}

    def of_type(self, name: object) -> Entity | None:
        """This type or a derived one, by a name as clients write it: with or without ``#`` and namespace."""
        plain = name.removeprefix("#").lower() if isinstance(name, str) else ""
        plain = plain.removeprefix(NAMESPACE)
        return next((kind for kind in (self, *self.derived) if kind.name.lower() == plain), None)

    def concrete(self, record: Any) -> Entity:
        """The type of this record."""
        name = self.attribute_of(record, self.kind) if self.kind else self.name
        return next((kind for kind in self.derived if kind.name == name), self)

    def told_of(self, kind: Entity, props: tuple[Prop, ...]) -> tuple[Prop, ...]:
        """Those of *props* that an item of the derived type *kind* has."""
        if not self.derived:
            return props
        own = (*self.props, *kind.props)
        names = {prop.name for prop in own if prop.returned is not Returned.NEVER}
        return tuple(prop for prop in props if prop.name in names)

    def prop(self, name: str) -> Prop | None:
        """The property of this name (any case)."""
        return self._by_name.get(name.lower())

    def nav(self, name: str) -> Nav | None:
        """The relation of this name (any case)."""
        return next((nav for nav in self.navs if nav.name.lower() == name.lower()), None)

    def path(self, path: str) -> Prop | None:
        """A property by path: ``status/errorCode`` (any case); a cast to a derived type in front says nothing new."""
        head, *rest = path.split("/")
        if rest and "." in head and self.of_type(head):
            head, *rest = rest
        found = self.prop(head)
        for name in rest:
            if found is None or not isinstance(found.type, Complex) or found.many:
                return None
            found = next((prop for prop in found.type.props if prop.name.lower() == name.lower()), None)
        return found

    def value(self, prop: Prop, record: Any) -> object:
        """The property's value in the record."""
        return prop.read(record) if prop.read else self.attribute_of(record, prop.field)


class Service(Enum):
    """Which service of the original answers; they spell some error codes differently."""

    DIRECTORY = "directory"
    INVITATIONS = "invitations"
    POLICIES = "policies"
    LOGS = "logs"
    IDENTITY = "identity"
    """Identity providers, user flows, API connectors."""


class Resource(Record, dict=True):
    """An entity set or singleton at a path, with the use cases behind its verbs. An absent verb answers 405.

    A path may lead through items: ``identity/b2xUserFlows/{id}/languages``. The use cases of such a contained
    resource get the keys of its parents before all else: (ports, actor, flow id, key).
    """

    path: str
    entity: Entity
    service: Service = Service.DIRECTORY
    context: str = ""
    """Fragment of ``@odata.context``; the path when empty."""
    is_single: bool = False
    is_structure: bool = False
    """A structured property with an address of its own; its context names no entity."""
    list: Callable[..., Page[Any]] | None = None
    """(ports, actor, query)."""
    get: Callable[..., Any] | None = None
    """(ports, actor, key), with the empty key for singletons."""
    create: Callable[..., Any] | None = None
    """(ports, actor, values)."""
    update: Callable[..., object] | None = None
    """(ports, actor, key, values)."""
    is_put: bool = False
    """Whether PUT changes it too, as PATCH does."""
    delete: Callable[..., None] | None = None
    """(ports, actor, key)."""
    attach: Callable[..., object] | None = None
    """(ports, actor, target id): ``POST …/$ref`` of a collection of relations; the parents' keys come first."""
    detach: Callable[..., object] | None = None
    """(ports, actor, target id): ``DELETE …/{id}/$ref``."""
    alternate_keys: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    streams: tuple[Stream, ...] = ()
    is_advanced: bool = False
    """A directory object: some queries need ``ConsistencyLevel: eventual`` with ``$count=true``."""
    has_skip: bool = False
    page_size: int = 100
    largest_page: int = 999
    typed_items: bool = False
    """Items carry ``@odata.type``: the collection is declared of a base type."""
    read_permits: tuple[str, ...] = ()
    write_permits: tuple[str, ...] = ()
    delete_permits: tuple[str, ...] = ()
    """Those of deletion, where they differ from other writing."""
    of_type: Callable[[Ports, Actor, str], Resource] | None = None
    """Where items are of several types: the declaration of the one with this key, at the same path."""
    casts: frozenset[str] = frozenset()
    """Types whose casts in the path say nothing new (``/microsoft.graph.x/`` may be left out)."""
    note: str = ""
    """For the reference page."""
    described_at: str = ""
    """Path under which the reference page has the properties, where this is another way to the same things."""

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The segments of the path as they are compared: in lower case."""
        return tuple(self.path.lower().split("/"))

    @property
    def fragment(self) -> str:
        """What follows ``$metadata#``."""
        return self.context or self.path

    def action(self, name: str, *, of_collection: bool = False) -> Action | None:
        """The action of this name (any case, with or without namespace and parentheses)."""
        plain = name.removesuffix("()").rpartition(".")[2].lower()
        fitting = (action for action in self.actions if action.of_collection == of_collection)
        return next((action for action in fitting if action.name.lower() == plain), None)

    def stream(self, rest: tuple[str, ...]) -> Stream | None:
        """The stream that these segments after an item name, ``/$value`` or not."""
        name = rest[0].lower() if rest and rest[1:] in ((), ("$value",)) else ""
        return next((stream for stream in self.streams if stream.name.lower() == name), None)

    def below(self, parents: tuple[str, ...]) -> Resource:
        """The same resource at one place: the keys of its parents filled in everywhere."""
        if not parents:
            return self

        def at(use_case: Callable[..., Any]) -> Callable[..., Any]:
            return partial(_behind, use_case, parents)

        navs = tuple(
            replace(
                nav,
                read=at(nav.read),
                add=nav.add and at(nav.add),
                remove=nav.remove and at(nav.remove),
            )
            for nav in self.entity.navs
        )
        return replace(
            self,
            path=_filled(self.path, parents, "/{key}"),
            context=_filled(self.fragment, parents, "('{key}')")
            if "{id}" in self.fragment
            else self.fragment,
            entity=replace(self.entity, navs=navs),
            list=self.list and at(self.list),
            get=self.get and at(self.get),
            create=self.create and at(self.create),
            update=self.update and at(self.update),
            delete=self.delete and at(self.delete),
            attach=self.attach and at(self.attach),
            detach=self.detach and at(self.detach),
            actions=tuple(replace(action, run=at(action.run)) for action in self.actions),
            streams=tuple(
                replace(
                    stream,
                    read=at(stream.read),
                    write=stream.write and at(stream.write),
                    remove=stream.remove and at(stream.remove),
                )
                for stream in self.streams
            ),
        )


def _behind(
    use_case: Callable[..., Any], parents: tuple[str, ...], ports: Ports, actor: Actor, *rest: object
) -> Any:
    return use_case(ports, actor, *parents, *rest)


def _filled(path: str, parents: tuple[str, ...], form: str) -> str:
    """``a/{id}/b`` with keys as segments, or as contexts write them: ``a('x')/b``."""
    head, *tails = path.split("/{id}")
    quoted = form.startswith("(")
    for key, tail in zip(parents, tails, strict=True):
        head += form.format(key=key.replace("'", "''") if quoted else quote(key, safe="")) + tail
    return head


def snake_case(name: str) -> str:
    """``mailNickname`` -> ``mail_nickname``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def leaves(props: tuple[Prop, ...], prefix: str = "") -> Iterator[tuple[str, Prop]]:
    """Every property with its path, those inside single complex ones included."""
    for prop in props:
        path = f"{prefix}{prop.name}"
        yield path, prop
        if isinstance(prop.type, Complex) and not prop.many:
            yield from leaves(prop.type.props, f"{path}/")
