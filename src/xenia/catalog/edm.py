"""The vocabulary of declarations: types, properties, navigations, actions, resources (OData CSDL 4.01, the part we use).

Data only. How a request is parsed, checked and answered is the business of ``graph``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeAlias

from xenia.core.actor import Actor
from xenia.core.query import Page, Query
from xenia.ports import Ports

Values: TypeAlias = Mapping[str, Any]
"""A request body after checking: wire names, JSON values of the declared types."""


class Edm(Enum):
    """Primitive types (OData CSDL 4.01 section 3.3)."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    DATE = "Edm.DateTimeOffset"
    GUID = "Edm.Guid"
    INT32 = "Edm.Int32"


@dataclass(frozen=True, slots=True)
class Complex:
    """A structured type without identity, such as ``objectIdentity``."""

    name: str
    props: tuple[Prop, ...]
    filter_by: str = ""
    """Attribute without which a filter over a collection of these is refused as ambiguous."""


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


@dataclass(frozen=True)
class Prop:
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


@dataclass(frozen=True, slots=True)
class Nav:
    """A relation to users, as directory objects. Setting it goes by ``$ref``."""

    name: str
    many: bool
    read: Callable[[Ports, Actor, str], tuple[Any, ...]]
    """Raises NotFound when a single relation is unset."""
    add: Callable[[Ports, Actor, str, str], None]
    """(key, target id): adds to many, sets the one."""
    remove: Callable[[Ports, Actor, str, str | None], None]
    """(key, target id or None for the one)."""


@dataclass(frozen=True, slots=True)
class Action:
    """A verb bound to an item: ``POST /users/{id}/revokeSignInSessions``."""

    name: str
    run: Callable[[Ports, Actor, str, Values], object]
    returns: str | None
    """Type of the result in ``$metadata`` words; None answers 204."""
    permits: tuple[str, ...]
    params: tuple[Prop, ...] = ()
    entity: Entity | None = None
    """Set when the result is an entity instead of a plain value."""
    context: str = ""
    """Fragment of the answer's context."""


@dataclass(frozen=True)
class Entity:
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

    @cached_property
    def _by_name(self) -> dict[str, Prop]:
        return {prop.name.lower(): prop for prop in self.props}

    def prop(self, name: str) -> Prop | None:
        """The property of this name (any case)."""
        return self._by_name.get(name.lower())

    def nav(self, name: str) -> Nav | None:
        """The relation of this name (any case)."""
        return next((nav for nav in self.navs if nav.name.lower() == name.lower()), None)

    def path(self, path: str) -> Prop | None:
        """A property by path: ``status/errorCode`` (any case)."""
        head, *rest = path.split("/")
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


@dataclass(frozen=True)
class Resource:
    """An entity set or singleton at a path, with the use cases behind its verbs. An absent verb answers 405."""

    path: str
    entity: Entity
    service: Service = Service.DIRECTORY
    context: str = ""
    """Fragment of ``@odata.context``; the path when empty."""
    is_single: bool = False
    list: Callable[[Ports, Actor, Query], Page[Any]] | None = None
    get: Callable[[Ports, Actor, str], Any] | None = None
    """With the empty key for singletons."""
    create: Callable[[Ports, Actor, Values], Any] | None = None
    update: Callable[[Ports, Actor, str, Values], object] | None = None
    delete: Callable[[Ports, Actor, str], None] | None = None
    alternate_keys: Mapping[str, Callable[[Ports, Actor, str], Any]] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
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
    note: str = ""
    """For the reference page."""

    @property
    def fragment(self) -> str:
        """What follows ``$metadata#``."""
        return self.context or self.path

    def action(self, name: str) -> Action | None:
        """The action of this name (any case, with or without namespace and parentheses)."""
        plain = name.removesuffix("()").rpartition(".")[2].lower()
        return next((action for action in self.actions if action.name.lower() == plain), None)


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
