"""``$filter`` to the query tree, checked against the declaration of the resource (OData 4.01 URL conventions 5.1.1).

An operator-precedence parser. It raises ``GraphError`` and nothing else, whatever the text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from xenia.catalog.edm import ALWAYS_ADVANCED, Complex, Edm, Entity, Op, Prop, Resource
from xenia.core.query import And, AnyOf, Compare, Filter, Not, OneOf, Or, Text, Value
from xenia.graph.errors import GraphError, bad_request, unsupported
from xenia.graph.odata_tokens import Token, syntax, tokens_of
from xenia.record import Record

DEEPEST = 64
"""Nesting of parentheses, ``not`` and ``any``."""
_BINDING = {"or": 1, "and": 2}
_COMPARISONS = {"eq": Op.EQ, "ne": Op.NE, "gt": Op.GE, "ge": Op.GE, "lt": Op.LE, "le": Op.LE}
_FUNCTIONS = {
    "startswith": ("startsWith", Op.STARTS),
    "endswith": ("endsWith", Op.ENDS),
    "contains": ("contains", Op.CONTAINS),
}
_LARGEST: dict[object, int] = {Edm.INT32: 2**31, Edm.INT64: 2**63}
_SECOND = timedelta(seconds=1)


class ParsedFilter(Record):
    """A filter, and the operator (if any) that works only as an advanced query."""

    filter: Filter
    advanced: str | None


def parse_filter(text: str, resource: Resource) -> ParsedFilter:
    """Parse and check. Raises GraphError for bad syntax, unknown properties and unsupported operators."""
    parser = _Parser(text, resource)
    found = parser.expression(0)
    if parser.now.kind != "end":
        raise syntax(f"'{parser.now.text}' is not expected", parser.now.at)
    return ParsedFilter(found, parser.advanced)


class _Parser:
    def __init__(self, text: str, resource: Resource) -> None:
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._resource = resource
        self._variables: dict[str, Prop] = {}
        self._negated = False
        self.advanced: str | None = None

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def expression(self, binding: int) -> Filter:
        """Terms joined by operators that bind tighter than *binding*; chains of one operator stay flat."""
        left = self._term()
        while (power := _BINDING.get(self._word(), 0)) > binding:
            operator = self._word()
            items = [left]
            while self._word() == operator:
                self._at += 1
                items.append(self.expression(power))
            left = And(tuple(items)) if operator == "and" else Or(tuple(items))
        return left

    def _term(self) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            raise bad_request(f"Invalid filter clause: nested deeper than {DEEPEST} levels.")
        try:
            if self._word() == "not":
                return self._negation()
            if self.now.text == "(" and self.now.kind == "mark":
                self._at += 1
                inner = self.expression(0)
                self._expect(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _negation(self) -> Filter:
        self._at += 1
        outer, self._negated = self._negated, True
        try:
            return Not(self._term())
        finally:
            self._negated = outer

    def _comparison(self) -> Filter:
        name = self._take("name")
        if name.text.lower() == "isof" and self.now.text == "(" and self._resource.entity.kind:
            return self._of_type()
        if name.text.lower() in _FUNCTIONS and self.now.text == "(":
            return self._function(name)
        head, _, last = name.text.rpartition("/")
        if last.lower() in ("any", "all") and head and self.now.text == "(":
            return self._lambda(name, head, last.lower())
        if last.lower() == "$count" and head:
            return self._size(name, head)
        prop = self._single(name)
        operator = self._take("name")
        word = operator.text.lower()
        if word == "in":
            return self._membership(prop)
        if word not in _COMPARISONS:
            raise syntax(f"'{operator.text}' is not an operator", operator.at)
        value = self._literal(prop)
        self._use(prop, _COMPARISONS[word], word)
        if value is None:
            if word not in ("eq", "ne"):
                raise syntax("null can only be equal or unequal", operator.at)
            self._use(prop, Op.NULL, word)
        return self._compare(prop, word, value)

    def _compare(self, prop: Prop, operator: str, value: Value) -> Filter:
        """Directory objects tell whole seconds, so a whole second stands for all of it."""
        field = prop.field
        if not isinstance(value, datetime) or not self._resource.is_advanced or value.microsecond:
            return Compare(field, operator, value)
        following = value + _SECOND if value < datetime.max.replace(tzinfo=UTC) - _SECOND else value
        within = And((Compare(field, "ge", value), Compare(field, "lt", following)))
        match operator:
            case "eq":
                return within
            case "ne":
                return Not(within)
            case "le":
                return Compare(field, "lt", following)
            case "gt":
                return Compare(field, "ge", following)
            case _:
                return Compare(field, operator, value)

    def _of_type(self) -> Filter:
        """``isof('microsoft.graph.x')``: items of one type (OData 4.01 URL conventions 5.1.1.11.2)."""
        self._expect("(")
        named = self._take("string").text[1:-1]
        self._expect(")")
        entity = self._resource.entity
        kind = entity.of_type(named)
        if kind is None:
            raise bad_request(f"The type '{named}' is not one of this collection.")
        return Not(OneOf(entity.kind, ())) if kind is entity else Compare(entity.kind, "eq", kind.name)

    def _function(self, name: Token) -> Filter:
        operator, needed = _FUNCTIONS[name.text.lower()]
        self._expect("(")
        prop = self._single(self._take("name"))
        self._expect(",")
        value = self._literal(prop)
        self._expect(")")
        if not isinstance(value, str):
            raise syntax(f"{operator} needs a text", name.at)
        self._use(prop, needed, operator)
        return Text(prop.field, operator, value)

    def _membership(self, prop: Prop) -> Filter:
        self._expect("(")
        values = [self._literal(prop)]
        while self.now.text == ",":
            self._at += 1
            values.append(self._literal(prop))
        self._expect(")")
        self._use(prop, Op.IN, "in")
        if None in values:
            self._use(prop, Op.NULL, "in")
        return OneOf(prop.field, tuple(values))

    def _lambda(self, name: Token, path: str, kind: str) -> Filter:
        prop = self._collection(path, name)
        if kind == "all":
            raise unsupported("The 'all' operator is not supported.")
        self._expect("(")
        if self.now.text == ")":
            self._at += 1
            self._use(prop, Op.COUNT, "any")
            return AnyOf(prop.field, None)
        variable = self._take("name").text
        self._expect(":")
        if self._variables:
            raise unsupported("Nested 'any' is not supported.")
        self._variables = {variable: prop}
        try:
            inner = self.expression(0)
        finally:
            self._variables = {}
        self._expect(")")
        if (
            isinstance(prop.type, Complex)
            and prop.type.filter_by
            and prop.type.filter_by not in _fields(inner)
        ):
            raise self._not_filterable(prop)
        return AnyOf(prop.field, inner)

    def _size(self, name: Token, path: str) -> Filter:
        prop = self._collection(path, name)
        operator, number = self._take("name").text.lower(), self._take("number")
        if operator not in ("eq", "ne") or number.text != "0":
            raise unsupported("$count in a filter can only be compared with 0 by eq or ne.")
        self._use(prop, Op.COUNT, "$count")
        present = AnyOf(prop.field, None)
        return Not(present) if operator == "eq" else present

    # --- properties -----------------------------------------------------------------------------------

    def _single(self, name: Token) -> Prop:
        """The property a comparison is about: of the entity, or of the item of the ``any`` around it."""
        variable, _, rest = name.text.partition("/")
        if variable in self._variables:
            return self._of_item(self._variables[variable], rest, name)
        prop = None if self._variables else self._resource.entity.path(name.text)
        if prop is None:
            raise unknown_property(name.text, self._resource.entity)
        if prop.many or isinstance(prop.type, Complex):
            raise self._not_filterable(prop)
        return prop

    def _of_item(self, owner: Prop, path: str, name: Token) -> Prop:
        if not isinstance(owner.type, Complex):
            if path:
                raise syntax(f"'{name.text}' is not a property", name.at)
            return Prop(owner.name, owner.type, attribute="", filter=owner.filter, plain=owner.plain)
        found = next((prop for prop in owner.type.props if prop.name.lower() == path.lower()), None)
        if found is None:
            raise bad_request(
                f"Could not find a property named '{path}' on type 'microsoft.graph.{owner.type.name}'."
            )
        return found

    def _collection(self, path: str, name: Token) -> Prop:
        prop = None if self._variables else self._resource.entity.path(path)
        if prop is None:
            raise unknown_property(path, self._resource.entity)
        if not prop.many:
            raise syntax(f"'{path}' is not a collection", name.at)
        if prop.filter is Op.NONE:
            raise self._not_filterable(prop)
        return prop

    def _use(self, prop: Prop, needed: Op, word: str) -> None:
        """Check one use of an operator, and note when it makes the query an advanced one."""
        negation = Op.NOT if self._negated else Op.NONE
        if needed not in prop.filter or negation not in prop.filter:
            raise self._not_filterable(prop)
        if not self._resource.is_advanced or self.advanced is not None:
            return
        if negation:
            self.advanced = "not"
        elif needed & ALWAYS_ADVANCED or needed not in prop.plain:
            self.advanced = word

    def _not_filterable(self, prop: Prop) -> GraphError:
        kind = self._resource.entity.name
        resource = kind[0].upper() + kind[1:]
        return unsupported(
            f"Unsupported or invalid query filter clause specified for property '{prop.name}' of resource '{resource}'."
        )

    # --- literals -------------------------------------------------------------------------------------

    def _literal(self, prop: Prop) -> Value:
        token = self.now
        self._at += 1
        word = token.text.lower() if token.kind == "name" else ""
        if word == "null":
            return None
        if token.kind == "string":
            text = token.text[1:-1].replace("''", "'")
            if "\x00" not in text and prop.type in (Edm.STRING, Edm.GUID):
                return text
        if token.kind == "guid" and prop.type in (Edm.STRING, Edm.GUID):
            return token.text.lower()
        if prop.type is Edm.BOOLEAN and word in ("true", "false"):
            return word == "true"
        if prop.type in _LARGEST and token.kind == "number" and abs(int(token.text)) < _LARGEST[prop.type]:
            return int(token.text)
        if prop.type is Edm.DATE and token.kind == "date":
            return _moment(token)
        raise syntax(f"'{token.text}' is not a value of '{prop.name}'", token.at)

    # --- tokens ---------------------------------------------------------------------------------------

    def _word(self) -> str:
        return self.now.text.lower() if self.now.kind == "name" else ""

    def _take(self, kind: str) -> Token:
        token = self.now
        if token.kind != kind:
            raise syntax(f"a {kind} is expected", token.at)
        self._at += 1
        return token

    def _expect(self, mark: str) -> None:
        if self.now.kind != "mark" or self.now.text != mark:
            raise syntax(f"'{mark}' is expected", self.now.at)
        self._at += 1


def unknown_property(name: str, entity: Entity) -> GraphError:
    """A property the type does not have."""
    return bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{entity.name}'.")


def _moment(token: Token) -> datetime:
    """A date (midnight) or a moment, UTC unless it says otherwise."""
    text = token.text
    head, dot, tail = text.partition(".")
    if dot:
        # Python reads microseconds; the field writes seven digits.
        digits = tail.rstrip("Zz").partition("+")[0].partition("-")[0]
        text = f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise syntax(f"'{token.text}' is not a date", token.at) from None


def _fields(condition: Filter) -> frozenset[str]:
    if isinstance(condition, (And, Or)):
        return frozenset().union(*(_fields(item) for item in condition.items))
    if isinstance(condition, Not):
        return _fields(condition.item)
    return frozenset({condition.field})
