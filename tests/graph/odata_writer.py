"""Writes a query tree back as ``$filter`` text: the inverse that the parser is tested against."""

from __future__ import annotations

from datetime import datetime

from xenia.core.query import And, AnyOf, Compare, Filter, Not, OneOf, Or, Text, Value

NAMES = {
    "id": "id",
    "display_name": "displayName",
    "city": "city",
    "account_enabled": "accountEnabled",
    "company_name": "companyName",
    "user_type": "userType",
    "mail": "mail",
    "other_mails": "otherMails",
    "": "x",
}


def written(condition: Filter) -> str:
    """The filter as text, with parentheses around everything composite."""
    match condition:
        case And(items):
            return "(" + " and ".join(written(item) for item in items) + ")"
        case Or(items):
            return "(" + " or ".join(written(item) for item in items) + ")"
        case Not(item):
            return f"not({written(item)})"
        case Compare(field, operator, value):
            return f"{NAMES[field]} {operator} {literal(value)}"
        case OneOf(field, values):
            return f"{NAMES[field]} in ({', '.join(literal(value) for value in values)})"
        case Text(field, operator, value):
            return f"{operator}({NAMES[field]},{literal(value)})"
        case AnyOf(field, inner):
            assert inner is not None
            return f"{NAMES[field]}/any(x:{written(inner)})"


def literal(value: Value) -> str:
    """A value as OData writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"
