"""Which values a user's properties may hold: lengths, lists, vocabularies and names.

Pure rules; who may change what is decided by the use cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from xenia.core.addresses import address_key, parse_address
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import UserType
from xenia.core.errors import InvalidValue

TEXT_LIMITS: Mapping[str, int] = {
    "display_name": 256,
    "given_name": 64,
    "surname": 64,
    "job_title": 128,
    "company_name": 64,
    "department": 64,
    "employee_id": 16,
    "employee_type": 64,
    "office_location": 128,
    "mobile_phone": 64,
    "fax_number": 64,
    "street_address": 1024,
    "city": 128,
    "state": 128,
    "postal_code": 40,
    "country": 128,
    "preferred_language": 16,
    "mail_nickname": 64,
}
"""Longest allowed text of each plain property (Microsoft Graph: user)."""
AGE_GROUPS = ("Minor", "NotAdult", "Adult")
MINOR_CONSENTS = ("Granted", "Denied", "NotRequired")
SPONSORS_PER_USER = 5
PASSWORD_LENGTH = range(8, 257)

_REQUIRED = frozenset(
    {"display_name", "mail_nickname", "user_principal_name", "user_type", "account_enabled"}
)
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]")
CONTROL_BUT_BREAKS = re.compile("[\\x00-\\x09\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u2028\u2029]")
"""Line ends and their like would reach mail headers and logs; joiners and marks of scripts are welcome."""
_UPN_LOCAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._'\-]*[A-Za-z0-9_\-])?")


def wire_name(attribute: str) -> str:
    """``display_name`` -> ``displayName``: the name under which people and programs know the property."""
    head, *tail = attribute.split("_")
    return head + "".join(part.capitalize() for part in tail)


def invalid(attribute: str, hint: str = "") -> InvalidValue:
    """The refusal of a property's value, in the field's words."""
    text = f"Invalid value specified for property '{wire_name(attribute)}' of resource 'User'."
    return InvalidValue(attribute, f"{text} {hint}".rstrip())


def checked_changes(changes: Mapping[str, object]) -> dict[str, object]:
    """The changes in the types of the record, blank text as null.

    Raises InvalidValue naming the first property that is unknown, read-only or out of bounds.
    """
    return {attribute: checked_value(attribute, value) for attribute, value in changes.items()}


def checked_value(attribute: str, value: object) -> object:
    """One property's value in the type of the record. Raises InvalidValue."""
    rule = _RULES.get(attribute)
    if rule is None:
        raise InvalidValue(attribute, f"Property '{wire_name(attribute)}' is read-only and cannot be set.")
    cleaned = value.strip() or None if isinstance(value, str) else value
    if cleaned is None:
        if attribute in _REQUIRED:
            raise InvalidValue(
                attribute, f"A value is required for property '{wire_name(attribute)}' of resource 'User'."
            )
        return () if attribute in _COLLECTIONS else None
    return rule(attribute, cleaned)


def checked_upn(text: str, tenant: Tenant) -> str:
    """An ordinary user principal name: plain local part, verified domain, never the external marker.

    Raises InvalidValue.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > 64 or not _UPN_LOCAL.fullmatch(local) or ".." in local:
        raise invalid("user_principal_name", "Use letters, digits and . _ - ' before the @.")
    if not tenant.owns(domain):
        raise InvalidValue(
            "user_principal_name",
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified "
            "domain names in your organization.",
        )
    return f"{local}@{domain.lower()}"


def check_password(password: str) -> None:
    """At least 8 of at most 256 characters, three of four kinds. Raises InvalidValue."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    variety = sum(any(kind(character) for character in password) for kind in kinds)
    if len(password) not in PASSWORD_LENGTH or variety < 3:
        raise InvalidValue(
            "password",
            "The specified password does not comply with password complexity requirements. Use at least 8 characters "
            "and three of: lower-case letters, upper-case letters, digits, symbols.",
        )


def _text(attribute: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LIMITS[attribute] or CONTROL.search(value):
        raise invalid(attribute, f"At most {TEXT_LIMITS[attribute]} characters.")
    return value


def _street(attribute: str, value: object) -> str:
    # The one property that may span lines; other control characters stay out of mails and pages.
    if not isinstance(value, str) or CONTROL_BUT_BREAKS.search(value):
        raise invalid(attribute)
    if len(value) > TEXT_LIMITS[attribute]:
        raise invalid(attribute, f"At most {TEXT_LIMITS[attribute]} characters.")
    return value


def _upn(attribute: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid(attribute)
    return value


def _address(attribute: str, value: object) -> str:
    address = parse_address(value) if isinstance(value, str) else None
    if address is None:
        raise invalid(attribute, "Enter one e-mail address.")
    return address


def _addresses(attribute: str, value: object) -> tuple[str, ...]:
    found = tuple(_address(attribute, item) for item in _items(attribute, value))
    return tuple({address_key(address): address for address in found}.values())


def _proxies(attribute: str, value: object) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for item in _items(attribute, value):
        prefix, colon, address = item.partition(":")
        if not colon or prefix.lower() != "smtp":
            raise invalid(attribute, "Each entry begins with SMTP: (primary) or smtp: (alias).")
        found[address_key(_address(attribute, address))] = f"{prefix}:{address}"
    if sum(entry.startswith("SMTP:") for entry in found.values()) > 1:
        raise invalid(attribute, "Only one entry may be primary (SMTP:).")
    return tuple(found.values())


def _phones(attribute: str, value: object) -> tuple[str, ...]:
    phones = _items(attribute, value)
    if len(phones) > 1 or any(len(phone) > 64 or CONTROL.search(phone) for phone in phones):
        raise invalid(attribute, "One number of at most 64 characters.")
    return phones


def _items(attribute: str, value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, (list, tuple))
        or not all(isinstance(item, str) for item in value)
        or len(value) > 250
    ):
        raise invalid(attribute, "A list of at most 250 texts.")
    return tuple(item.strip() for item in value if item.strip())


def _user_type(attribute: str, value: object) -> UserType:
    found = next(
        (kind for kind in UserType if isinstance(value, str) and kind.lower() == value.lower()), None
    )
    if found is None:
        raise invalid(attribute, "Member or Guest.")
    return found


def _enabled(attribute: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise invalid(attribute)
    return value


def _country(attribute: str, value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2}", value):
        raise invalid(attribute, "A two-letter country code (ISO 3166).")
    return value.upper()


def _one_of(*allowed: str) -> Callable[[str, object], str]:
    def rule(attribute: str, value: object) -> str:
        text = value.lower() if isinstance(value, str) else ""
        found = next((item for item in allowed if item.lower() == text), None)
        if found is None:
            raise invalid(attribute, f"One of {', '.join(allowed)}.")
        return found

    return rule


_COLLECTIONS = frozenset({"other_mails", "proxy_addresses", "business_phones"})
_RULES: Mapping[str, Callable[[str, object], object]] = {
    **dict.fromkeys(TEXT_LIMITS, _text),
    "street_address": _street,
    "user_principal_name": _upn,
    "mail": _address,
    "other_mails": _addresses,
    "proxy_addresses": _proxies,
    "business_phones": _phones,
    "user_type": _user_type,
    "account_enabled": _enabled,
    "usage_location": _country,
    "age_group": _one_of(*AGE_GROUPS),
    "consent_provided_for_minor": _one_of(*MINOR_CONSENTS),
}
WRITABLE = frozenset(_RULES)
"""Attributes an administrator may set; everything else is kept by the service."""
