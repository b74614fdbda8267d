"""User attributes that a user flow may ask for: the built-in ones, custom ones, and the types of their values."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from xenia.core.ids import AppId, TenantId
from xenia.core.wording import mark
from xenia.record import Record

AttributeValue: TypeAlias = str | bool | int
"""What an attribute holds. Choices of several are one string, their values separated by commas."""
AttributeValues: TypeAlias = tuple[tuple[str, AttributeValue], ...]
"""Values by attribute id, in the order they were asked for."""


class DataType(StrEnum):
    """``userFlowAttributeDataType``; fixed once the attribute exists."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "int64"


class AttributeKind(StrEnum):
    """``userFlowAttributeType``."""

    BUILT_IN = "builtIn"
    CUSTOM = "custom"


class UserAttribute(Record):
    """Something that can be asked once, at sign-up, and is stored with the user."""

    id: str
    """``givenName`` … for built-in ones, ``extension_{appId without dashes}_{Name}`` for custom ones."""
    display_name: str
    description: str
    data_type: DataType = DataType.STRING
    kind: AttributeKind = AttributeKind.BUILT_IN
    max_length: int = 256
    autocomplete: str = "off"
    """What the browser may fill in (WHATWG HTML: autofill detail tokens)."""
    tenant_id: TenantId | None = None
    created_at: datetime | None = None


EXTENSIONS_APP_NAME = "aad-extensions-app. Do not modify. Used by AAD for storing user data."
"""Display name of the registration that owns custom attributes; scripts look it up by this."""

EXTENSION_PREFIX = "extension_"
"""Begins the name of every custom attribute."""

EMAIL = "email"
"""The attribute that is always known and never asked."""

BUILT_IN_ATTRIBUTES: tuple[UserAttribute, ...] = (
    UserAttribute("city", mark("City"), "The city in which the user is located.", max_length=128, autocomplete="address-level2"),
    UserAttribute("country", mark("Country/Region"), "The country/region in which the user is located.", max_length=128, autocomplete="country"),
    UserAttribute("displayName", mark("Display Name"), "Display Name of the User.", max_length=256, autocomplete="name"),
    UserAttribute(EMAIL, mark("Email Address"), "Email address of the user.", max_length=254, autocomplete="email"),
    UserAttribute("givenName", mark("Given Name"), "The user's given name (also known as first name).", max_length=64, autocomplete="given-name"),
    UserAttribute("jobTitle", mark("Job Title"), "The user's job title.", max_length=128, autocomplete="organization-title"),
    UserAttribute("postalCode", mark("Postal Code"), "The postal code of the user's address.", max_length=40, autocomplete="postal-code"),
    UserAttribute("state", mark("State/Province"), "The state or province in user's address.", max_length=128, autocomplete="address-level1"),
    UserAttribute("streetAddress", mark("Street Address"), "The street address where the user is located.", max_length=1024, autocomplete="street-address"),
    UserAttribute("surname", mark("Surname"), "The user's surname (also known as family name or last name).", max_length=64, autocomplete="family-name"),
)  # fmt: skip


def custom_attribute_id(extensions_app_id: AppId, name: str) -> str:
    """The property a custom attribute is stored under (directory extension)."""
    return f"{EXTENSION_PREFIX}{extensions_app_id.replace('-', '')}_{name}"


def attribute_key(attribute_id: str) -> str:
    """Form by which two spellings of an id are equal: published samples write ``City``, ``emailReadonly``."""
    folded = attribute_id.casefold()
    return EMAIL if folded in ("emailreadonly", "mail") else folded
