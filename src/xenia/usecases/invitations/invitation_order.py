"""What an inviter asks for, and the rules of each field by itself.

Owns ``InvitationOrder`` and its normalisation. Must not look into the directory: what depends on the
tenant or on who asks is decided in ``invitation_rules``. ``InvalidValue.field`` is the attribute name here
(``email`` is ``invitedUserEmailAddress`` on the wire, ``redirect_url`` is ``inviteRedirectUrl``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from xenia.core.actor import Actor
from xenia.core.addresses import parse_address
from xenia.core.directory.user import UserType
from xenia.core.errors import InvalidValue
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.invitation import CcRecipient, Invitation
from xenia.record import Record, field, replace

LONGEST_MESSAGE = 1024
LONGEST_NAME = 256
LONGEST_URL = 2048
MOST_SPONSORS = 5
MOST_ASSIGNMENTS = 20

PROFILE_PROPERTIES = frozenset(
    {
        "given_name",
        "surname",
        "job_title",
        "company_name",
        "department",
        "employee_id",
        "employee_type",
        "office_location",
        "business_phones",
        "mobile_phone",
        "fax_number",
        "street_address",
        "city",
        "state",
        "postal_code",
        "country",
        "usage_location",
        "preferred_language",
        "age_group",
        "consent_provided_for_minor",
    }
)
"""Attributes of the user that the form may fill; ``business_phones`` takes one number here."""

_ALLOWED_VALUES = {
    "age_group": ("Minor", "NotAdult", "Adult"),
    "consent_provided_for_minor": ("Granted", "Denied", "NotRequired"),
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_HOST = re.compile(r"[^\x00-/:-@\[-`{-\x7f](?:[^\x00-,/:-@\[-`{-\x7f]*[^\x00-\-/:-@\[-`{-\x7f])?")
"""Letters, digits, dots and hyphens of ASCII, and everything beyond it. Said by what is not in it: a range up to the last
code point takes longer to compile than any other hundred patterns."""
_DIRECTION_SIGNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class InvitationOrder(Record):
    """One invitation as asked for by the form, the API or a file."""

    email: str
    redirect_url: str
    display_name: str | None = None
    user_type: UserType = UserType.GUEST
    send_message: bool = False
    message_body: str | None = None
    message_language: str | None = None
    cc: tuple[CcRecipient, ...] = ()
    """At most one; more are refused, not dropped."""
    sponsors: tuple[ObjectId, ...] | None = None
    """None: the inviter. Counts when the user is created."""
    manager: ObjectId | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    """Names of ``PROFILE_PROPERTIES``. Counts when the user is created."""
    app_assignments: tuple[tuple[ObjectId, str], ...] = ()
    """Pairs of service principal and app role (``DEFAULT_ACCESS_ROLE`` for none in particular)."""
    reset_redemption: bool = False
    user_id: ObjectId | None = None
    """The user to reset, or the internal user to invite."""


class Finding(Record):
    """One line of a forecast. ``kind`` is ok, info, warn or bad; a bad one means a refusal."""

    kind: str
    text: str
    setting_link: str | None = None
    """Where to change it: a path within the tenant's portal, such as ``properties``."""


def order_of(invitation: Invitation) -> InvitationOrder:
    """The order that an existing invitation answers, for sending it once more (the user exists, so no type)."""
    return InvitationOrder(
        email=invitation.email,
        redirect_url=invitation.redirect_url,
        display_name=invitation.display_name,
        send_message=True,
        message_body=invitation.message_body,
        message_language=invitation.message_language,
        cc=() if invitation.cc is None else (invitation.cc,),
    )


def drafted(
    order: InvitationOrder, actor: Actor, user_id: ObjectId, invitation_id: str, now: datetime
) -> Invitation:
    """The invitation that answers this order, in its first generation."""
    return Invitation(
        id=invitation_id,
        tenant_id=actor.tenant_id,
        user_id=user_id,
        email=order.email,
        redirect_url=order.redirect_url,
        created_at=now,
        generation=1,
        display_name=order.display_name,
        user_type=order.user_type,
        send_message=order.send_message,
        message_body=order.message_body,
        message_language=order.message_language,
        cc=order.cc[0] if order.cc else None,
        inviter_id=actor.user_id,
        inviter_name=(actor.app_name if actor.is_app_only else actor.display_name) or None,
        inviter_mail=actor.mail,
        reset_redemption=order.reset_redemption,
    )


def checked_address(order: InvitationOrder, *, allow_plus: bool) -> InvitationOrder:
    """The order with its address trimmed. Raises InvalidValue."""
    if not order.email.strip():
        raise InvalidValue("email", "Enter an email address, like name@example.com.")
    address = parse_address(order.email, allow_plus=allow_plus)
    if address is not None:
        return replace(order, email=address)
    if parse_address(order.email) is not None:
        raise InvalidValue(
            "email", "Addresses with + are not accepted here. Use the address without the part from the + on."
        )
    raise InvalidValue(
        "email",
        "Enter one email address, like name@example.com. Letters, digits and . _ - + may stand before the @.",
    )


def checked_fields(order: InvitationOrder) -> InvitationOrder:
    """The order with every other field in its normal form. Raises InvalidValue for the first one that is wrong."""
    if len(order.cc) > 1:
        raise InvalidValue("cc", "Only one cc recipient is possible. Remove the others.")
    if order.reset_redemption and order.user_id is None:
        raise InvalidValue(
            "user_id", "A reset of the redemption needs the user: give the ID of the invited user."
        )
    return replace(
        order,
        redirect_url=normal_redirect_url(order.redirect_url),
        display_name=_line("display_name", order.display_name),
        message_body=_message(order.message_body),
        message_language=_language("message_language", order.message_language),
        cc=tuple(_cc(recipient) for recipient in order.cc),
        sponsors=_sponsors(order.sponsors),
        manager=None if order.manager is None else _guid("manager", order.manager),
        properties=_properties(order.properties),
        app_assignments=_assignments(order.app_assignments),
        user_id=None if order.user_id is None else _guid("user_id", order.user_id),
    )


def normal_redirect_url(text: str) -> str:
    """The invite redirect URL in normal form (``https://a.com`` becomes ``https://a.com/``). Raises InvalidValue.

    Absolute http or https only: the browser is sent there at the end, so ``javascript:`` and its like must
    not get this far, and neither must user names that disguise the host (RFC 3986 section 7.6).
    """
    url = text.strip()
    problem = InvalidValue(
        "redirect_url", "Enter the full address of a page, like https://app.example.com/welcome."
    )
    if len(url) > LONGEST_URL or any(sign in url for sign in ' <>"\\^`{|}') or not url.isprintable():
        raise problem
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise problem from None
    host = parts.hostname or ""
    is_ipv6 = parts.netloc.startswith("[")
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not (is_ipv6 or _HOST.fullmatch(host)):
        raise problem
    netloc = (f"[{host}]" if is_ipv6 else host) + ("" if port is None else f":{port}")
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, parts.fragment))


def _is_plain(sign: str) -> bool:
    """Neither a control character nor one that turns the reading direction to disguise text.

    Joiners stay: Persian names and composed emoji need them.
    """
    return unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp") and sign not in _DIRECTION_SIGNS


def _line(name: str, text: str | None) -> str | None:
    """One printable line, or None when empty. Line breaks would reach mail headers."""
    value = (text or "").strip()
    if len(value) > LONGEST_NAME:
        raise InvalidValue(name, f"Use at most {LONGEST_NAME} characters.")
    if not all(_is_plain(sign) for sign in value):
        raise InvalidValue(name, "Use one line of text without control characters.")
    return value or None


def _message(text: str | None) -> str | None:
    value = (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(value) > LONGEST_MESSAGE:
        raise InvalidValue(
            "message_body", f"The message has {len(value)} characters. Shorten it to {LONGEST_MESSAGE}."
        )
    if not all(_is_plain(sign) or sign in "\n\t" for sign in value):
        raise InvalidValue("message_body", "Use plain text without control characters.")
    return value or None


def _language(name: str, text: str | None) -> str | None:
    value = (text or "").strip()
    if value and not _LANGUAGE.fullmatch(value):
        raise InvalidValue(name, "Enter a language tag, like en-US or de.")
    return value or None


def _cc(recipient: CcRecipient) -> CcRecipient:
    address = parse_address(recipient.address or "")
    if address is None:
        raise InvalidValue("cc", "Enter one email address for the copy, like name@example.com.")
    return CcRecipient(_line("cc", recipient.name), address)


def _guid(name: str, text: str) -> str:
    guid = parse_guid(text)
    if guid is None:
        raise InvalidValue(
            name, f"'{text[:64]}' is not an object ID. Copy it from the object's overview page."
        )
    return guid


def _sponsors(sponsors: tuple[ObjectId, ...] | None) -> tuple[ObjectId, ...] | None:
    if sponsors is None:
        return None
    unique = tuple(dict.fromkeys(_guid("sponsors", sponsor) for sponsor in sponsors))
    if len(unique) > MOST_SPONSORS:
        raise InvalidValue("sponsors", f"A guest has at most {MOST_SPONSORS} sponsors. Remove some.")
    return unique


def _assignments(pairs: tuple[tuple[ObjectId, str], ...]) -> tuple[tuple[ObjectId, str], ...]:
    unique = tuple(
        dict.fromkeys((_guid("app_assignments", app), _guid("app_assignments", role)) for app, role in pairs)
    )
    if len(unique) > MOST_ASSIGNMENTS:
        raise InvalidValue("app_assignments", f"Assign at most {MOST_ASSIGNMENTS} app roles at once.")
    return unique


def _properties(properties: Mapping[str, str]) -> dict[str, str]:
    normal: dict[str, str] = {}
    for name, text in properties.items():
        if name not in PROFILE_PROPERTIES:
            raise InvalidValue(name, f"'{name}' cannot be set with an invitation.")
        value = _line(name, text)
        if value is None:
            continue
        if value not in _ALLOWED_VALUES.get(name, (value,)):
            raise InvalidValue(name, f"Choose one of {', '.join(_ALLOWED_VALUES[name])}.")
        if name == "usage_location":
            value = _country_code(value)
        normal[name] = (_language(name, value) or value) if name == "preferred_language" else value
    return normal


def _country_code(value: str) -> str:
    """ISO 3166-1 alpha-2, the form that ``usageLocation`` has."""
    if not (len(value) == 2 and value.isascii() and value.isalpha()):
        raise InvalidValue("usage_location", "Enter the two letters of a country, like GR.")
    return value.upper()
