"""What an API connector is asked, and what its answer means (published contract of API connectors).

Pure: bytes in, a verdict out. Nothing a connector sends can make it raise; whatever is not one of the
documented answers is a failure with a reason, never a guess in the guest's favour.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias

from xenia.core.attribute_rules import attribute_from_text, attribute_value
from xenia.core.countries import country_name
from xenia.core.directory.identity_provider import ExternalAccount
from xenia.core.directory.user import MAIL_ISSUER
from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import (
    EMAIL,
    AttributeKind,
    AttributeValue,
    AttributeValues,
    DataType,
    UserAttribute,
    attribute_key,
)
from xenia.core.user_flow import Hook
from xenia.record import Record, field

LARGEST_ANSWER = 64 * 1024
DEEPEST_ANSWER = 16
LONGEST_MESSAGE = 1_000
DEFAULT_LOCALE = "en-US"

_TOLD_ISSUERS = frozenset({"google.com", "facebook.com", MAIL_ISSUER})
"""Only these accounts are told to connectors; of others the subject stays here."""
_ALIASES = {"lastname": "surname"}
"""Published samples of the first hook spell it so."""
_LOCALE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}")
_OWN_FIELDS = frozenset({"version", "action", "status", "usermessage", "code"})


class HookQuestion(Record):
    """What a connector is told of a sign-up."""

    email: str
    """A mailbox known to be theirs; empty when nobody vouches for the one that was claimed."""
    values: AttributeValues = ()
    """What is known so far: from the provider at the first hook, from the page at the second."""
    account: ExternalAccount | None = None
    ui_locales: str = DEFAULT_LOCALE


class Failure(StrEnum):
    """Why an answer was of no use."""

    GONE = "connector-gone"
    """The connector was deleted meanwhile."""
    REFUSED_ADDRESS = "address-refused"
    """We do not go there: a private address, another origin, no connection of the web."""
    NO_ANSWER = "no-answer"
    """No connection, or too slow, twice."""
    BUSY = "busy"
    """This server asks too many others at the moment."""
    NO_CREDENTIALS = "no-credentials"
    """No certificate is valid now, or what is stored cannot be read."""
    CREDENTIALS_REFUSED = "credentials-refused"
    STATUS = "unexpected-status"
    NOT_JSON = "not-json"
    TOO_LARGE = "too-large"
    INCOMPLETE = "incomplete"
    """Version, action or message is missing, or the action is none we know."""
    NOT_ALLOWED_HERE = "not-allowed-here"
    """A validation error where there is no page to show it on."""
    CLAIM = "claim"
    """A value its attribute cannot hold."""


class Continue(Record):
    """Go on, with these values by attribute id: they prefill (first hook) or override (second)."""

    claims: AttributeValues = ()
    ignored: tuple[str, ...] = ()
    """Names of claims that are no attribute of this tenant."""


class ShowBlockPage(Record):
    """The sign-up ends with this message (plain text)."""

    message: str


class ValidationError(Record):
    """The page stays, with this message on top (plain text)."""

    message: str


class Failed(Record):
    """No usable answer: nobody is created. ``detail`` is for administrators and logs, never for the guest."""

    reason: Failure
    detail: str = field(default="")


Verdict: TypeAlias = Continue | ShowBlockPage | ValidationError | Failed


def question_body(hook: Hook, question: HookQuestion) -> dict[str, object]:
    """The request's JSON object. What has no value is left out; nothing is ever null."""
    body: dict[str, object] = {EMAIL: question.email}
    account = question.account
    if account is not None and account.idp in _TOLD_ISSUERS:
        body["identities"] = [
            {"signInType": "federated", "issuer": account.idp, "issuerAssignedId": account.subject}
        ]
    for name, value in question.values:
        if value == "" or attribute_key(name) == EMAIL:
            continue
        body[name] = value
        if hook is Hook.AFTER_FEDERATION and name == "surname":
            body["lastName"] = value
    locales = question.ui_locales.split(" ")[0]
    body["ui_locales"] = locales if _LOCALE.fullmatch(locales) else DEFAULT_LOCALE
    return body


def encoded(body: Mapping[str, object]) -> bytes:
    """The body as it is sent: ASCII, so that no character can fail on the way."""
    return json.dumps(body, separators=(",", ":")).encode()


def with_claims(values: AttributeValues, claims: AttributeValues) -> AttributeValues:
    """*values* with a connector's claims in their place; new ones come last."""
    return tuple({**dict(values), **dict(claims)}.items())


def verdict_of(hook: Hook, status: int, body: bytes, attributes: Iterable[UserAttribute]) -> Verdict:
    """What this answer means. *attributes*: every attribute of the tenant, built-in and custom."""
    if status in (401, 403):
        return Failed(
            Failure.CREDENTIALS_REFUSED,
            f"The server answered {status}. Check the user name and password, or the certificate.",
        )
    if status not in (200, 400):
        return Failed(
            Failure.STATUS, f"The server answered {status}. Expected is 200, or 400 with a validation error."
        )
    if len(body) > LARGEST_ANSWER:
        return Failed(Failure.TOO_LARGE, f"The answer has more than {LARGEST_ANSWER} bytes.")
    answer = _parsed(body)
    if answer is None:
        return Failed(Failure.NOT_JSON, "The answer is not a JSON object, or names a member twice.")
    missing = [name for name in ("version", "action") if not _is_text(answer.get(name))]
    if missing:
        return Failed(Failure.INCOMPLETE, f"The answer lacks {' and '.join(missing)}.")
    match status, answer["action"]:
        case 200, "Continue":
            return _continue(answer, attributes)
        case 200, "ShowBlockPage":
            message = _message(answer)
            return ShowBlockPage(message) if message else _no_message()
        case 400, "ValidationError":
            return _validation_error(hook, answer)
        case _, "Continue" | "ShowBlockPage" | "ValidationError" as action:
            return Failed(Failure.STATUS, f"{action} came with status {status}.")
        case _:
            return Failed(
                Failure.INCOMPLETE, "The action is none of Continue, ShowBlockPage, ValidationError."
            )


def _validation_error(hook: Hook, answer: Mapping[str, object]) -> Verdict:
    if hook is Hook.AFTER_FEDERATION:
        return Failed(
            Failure.NOT_ALLOWED_HERE, "A validation error can be shown only after the attribute page."
        )
    if str(answer.get("status")) != "400":
        return Failed(Failure.INCOMPLETE, 'A validation error needs "status": 400 in its body.')
    message = _message(answer)
    return ValidationError(message) if message else _no_message()


def _no_message() -> Failed:
    return Failed(Failure.INCOMPLETE, "The answer lacks userMessage.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _message(answer: Mapping[str, object]) -> str:
    """The connector's words as plain text of bearable length; how they are shown is the page's business."""
    raw = answer.get("userMessage")
    if not isinstance(raw, str):
        return ""
    kinds = ("Cc", "Cs", "Zl", "Zp")
    lines = (
        "".join(" " if unicodedata.category(sign) in kinds else sign for sign in line)
        for line in raw[: 4 * LONGEST_MESSAGE].splitlines()
    )
    return unicodedata.normalize("NFC", "\n".join(lines)).strip()[:LONGEST_MESSAGE]


def _parsed(body: bytes) -> dict[str, object] | None:
    """The JSON object, or None. Its depth is bounded before it is read: nesting costs the reader's stack."""
    try:
        text = body.decode("utf-8-sig")
        if _depth(text) > DEEPEST_ANSWER:
            return None
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Raises ValueError for a name that comes twice: which of the two counts would be a guess (RFC 8259 section 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member comes twice")
    return found


def _depth(text: str) -> int:
    deepest = depth = 0
    is_string = is_escaped = False
    for sign in text:
        if is_string:
            if is_escaped:
                is_escaped = False
            elif sign == "\\":
                is_escaped = True
            elif sign == '"':
                is_string = False
        elif sign == '"':
            is_string = True
        elif sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _continue(answer: Mapping[str, object], attributes: Iterable[UserAttribute]) -> Verdict:
    names = _names(attributes)
    claims: dict[str, AttributeValue] = {}
    ignored = []
    for name, value in answer.items():
        key = name.casefold()
        attribute = names.get(_ALIASES.get(key, attribute_key(name)))
        if attribute is None:
            if key not in _OWN_FIELDS:
                ignored.append(name[:100])
            continue
        if value is None or value == "":
            continue
        try:
            claim = _claim(attribute, value)
        except InvalidValue as problem:
            return Failed(Failure.CLAIM, f"The claim {attribute.id} cannot be used. {problem.message}")
        if claims.setdefault(attribute.id, claim) != claim:
            return Failed(Failure.CLAIM, f"The claim {attribute.id} comes twice, with different values.")
    return Continue(tuple(claims.items()), tuple(ignored[:50]))


def _claim(attribute: UserAttribute, value: object) -> AttributeValue:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = ",".join(value)
    if attribute.id == "country" and isinstance(value, str):
        value = country_name(value) or value
    if isinstance(value, str) and attribute.data_type is not DataType.STRING:
        return attribute_from_text(attribute, value)
    return attribute_value(attribute, value)


def _names(attributes: Iterable[UserAttribute]) -> dict[str, UserAttribute]:
    """Attributes by every name a connector may use: the address excepted, and the application's id optional."""
    found: dict[str, UserAttribute] = {}
    for attribute in attributes:
        key = attribute_key(attribute.id)
        if key == EMAIL:
            continue
        found[key] = attribute
        if attribute.kind is AttributeKind.CUSTOM:
            name = key.split("_", 2)[-1]
            found.setdefault(f"extension_{name}", attribute)
    return found
