"""A user as rows: the indexed columns, and the child rows of what has many values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from xenia.core.addresses import address_key
from xenia.core.attribute_controls import text_of
from xenia.core.directory.user import User
from xenia.core.ids import fold
from xenia.core.user_attributes import EXTENSION_PREFIX
from xenia.storage.documents import written
from xenia.storage.filter_sql import Collection, Named, Searchable, attribute_columns
from xenia.storage.logs import last_sign_in_of
from xenia.storage.schema.directory import user_identities, user_values, users

_VALUE_FIELDS = ("other_mails", "proxy_addresses", "business_phones")
_KEYS = tuple(column.name for column in users.c if column.name.endswith("_key"))
_PLAIN = tuple(column.name for column in users.c if not column.name.endswith("_key") and column.name != "doc")

SEARCHABLE = Searchable(
    users.c.id,
    users.c.tenant_id,
    {
        **attribute_columns(users),
        "last_sign_in_at": sa.func.coalesce(
            last_sign_in_of(users.c.tenant_id, users.c.id), users.c.last_sign_in_at
        ),
    },
    {
        "identities": Collection(
            user_identities.c.user_id,
            {
                "sign_in_type": user_identities.c.sign_in_type_key,
                "issuer": user_identities.c.issuer_key,
                "subject": user_identities.c.subject_key,
            },
        ),
        **{
            name: Collection(
                user_values.c.user_id, {"": user_values.c.value_key}, (user_values.c.field == name,)
            )
            for name in _VALUE_FIELDS
        },
    },
    Named(EXTENSION_PREFIX, user_values.c.user_id, user_values.c.field, user_values.c.value_key),
)


def columns_of(user: User) -> dict[str, Any]:
    """All columns of the ``users`` row."""
    values: dict[str, Any] = {name: getattr(user, name) for name in _PLAIN}
    for name in _KEYS:
        text = getattr(user, name[:-4])
        values[name] = None if text is None else fold(text)
    values["doc"] = written(user)
    return values


def identity_rows(user: User) -> list[dict[str, Any]]:
    """Rows of ``user_identities``. Those of a deleted user are not live: they match nobody."""
    return [
        {
            "tenant_id": user.tenant_id,
            "user_id": user.id,
            "position": position,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "is_live": user.deleted_at is None,
            "sign_in_type_key": fold(identity.sign_in_type),
            "issuer_key": fold(identity.issuer),
            "subject_key": None if identity.subject is None else fold(identity.subject),
        }
        for position, identity in enumerate(user.identities)
    ]


def value_rows(user: User) -> list[dict[str, Any]]:
    """Rows of ``user_values``: the items of collections, and custom attributes by their own names."""
    return [
        *(_value_row(user, name, text_of(value)) for name, value in user.extensions),
        *(
            _value_row(user, name, value, position)
            for name in _VALUE_FIELDS
            for position, value in enumerate(getattr(user, name))
        ),
    ]


def _value_row(user: User, name: str, value: str, position: int = 0) -> dict[str, Any]:
    return {
        "tenant_id": user.tenant_id,
        "user_id": user.id,
        "field": name,
        "position": position,
        "value_key": fold(value),
    }


def address_rows(user: User) -> list[dict[str, str]]:
    """Rows of ``user_addresses``: mail, otherMails and the SMTP ones of proxyAddresses."""
    return [
        {"tenant_id": user.tenant_id, "user_id": user.id, "address_key": address}
        for address in sorted({address_key(address) for address in _addresses(user)})
    ]


def _addresses(user: User) -> Iterable[str]:
    if user.mail:
        yield user.mail
    yield from user.other_mails
    for proxy in user.proxy_addresses:
        kind, colon, address = proxy.partition(":")
        if not colon:
            yield proxy
        elif fold(kind) == "smtp":
            yield address
