"""What the verbs about providers, user flows, attributes and connectors share: who may, texts, addresses, records.

Reads the tenant, must not write anything but the audit record it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from typing import Any

from xenia.core.actor import Actor
from xenia.core.attribute_rules import has_hidden_signs, has_visible_signs, normal_text
from xenia.core.audit import Activity, Change, Target, audit_record
from xenia.core.directory.roles import SELF_SERVICE_READING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotPermitted
from xenia.core.outgoing_url import outgoing_url_problem
from xenia.ports import Ports, Transaction

READ_PROVIDERS = ("IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All")
WRITE_PROVIDERS = ("IdentityProvider.ReadWrite.All",)
READ_FLOWS = (
    "IdentityUserFlow.Read.All",
    "IdentityUserFlow.ReadWrite.All",
    "EventListener.Read.All",
    "EventListener.ReadWrite.All",
)
WRITE_FLOWS = ("IdentityUserFlow.ReadWrite.All", "EventListener.ReadWrite.All")
READ_ATTRIBUTES = READ_FLOWS
WRITE_ATTRIBUTES = ("IdentityUserFlow.ReadWrite.All",)
READ_CONNECTORS = ("APIConnectors.Read.All", "APIConnectors.ReadWrite.All")
WRITE_CONNECTORS = ("APIConnectors.ReadWrite.All",)

MASK = "******"
"""How secrets read; sent back it means *unchanged*."""
_UNSHOWN = frozenset({"id", "tenant_id", "created_at", "version"})
_SECRET = frozenset({"sealed_secret", "sealed_password", "sealed_key"})
_MAY_CARRY_KEYS = frozenset({"target_url"})
"""Addresses of other people's servers: what follows the question mark may be a key of theirs."""
_LONGEST_SHOWN = 200


def require_reader(actor: Actor, *permissions: str) -> None:
    """Raises NotPermitted unless the actor may see what self-service sign-up consists of."""
    actor.require(SELF_SERVICE_READING_ROLES, *permissions)


def require_writer(actor: Actor, roles: frozenset[str], needed: str, *permissions: str) -> None:
    """Raises NotPermitted unless a permission is held and, where a person acts, a role too; *needed* is its name."""
    if not actor.may(*permissions):
        raise NotPermitted(permissions[0])
    if not actor.is_app_only and not actor.holds_any(roles):
        raise NotPermitted(needed)


def checked_text(
    field: str, value: object, longest: int, *, is_required: bool = False, lines: bool = False
) -> str:
    """The text, trimmed. *lines*: line breaks are kept. Raises InvalidValue."""
    text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else None
    plain = text.replace("\n", "") if text is not None and lines else text
    if text is None or plain is None or len(text) > longest or not plain.isprintable():
        raise InvalidValue(field, f"Enter a text of at most {longest} characters.")
    if is_required and not text:
        raise InvalidValue(field, "Enter a text; it is shown to people.")
    return text


def checked_shown_text(field: str, value: object, longest: int, *, lines: bool = False) -> str:
    """A text that people read, trimmed, in any script: some join letters by signs nobody sees, French has its hard
    spaces. What can hide or turn others is refused, as in people's own attributes. Raises InvalidValue.
    """
    text = normal_text(value) if isinstance(value, str) else None
    if text is None or len(text) > longest or has_hidden_signs(text, lines=lines):
        raise InvalidValue(field, f"Enter a text of at most {longest} characters.")
    if text and not has_visible_signs(text):
        raise InvalidValue(field, "Nothing of this text can be seen. Write letters, digits or signs.")
    return text


def checked_flag(field: str, value: object) -> bool:
    """True or false. Raises InvalidValue."""
    if not isinstance(value, bool):
        raise InvalidValue(field, "Enter true or false.")
    return value


def checked_outgoing_url(ports: Ports, field: str, value: object, *, allow_query: bool = True) -> str:
    """An address this server may be told to call. Raises InvalidValue."""
    text = value.strip() if isinstance(value, str) else ""
    problem = outgoing_url_problem(text, allow_private=ports.server.allows_private, allow_query=allow_query)
    if problem is not None:
        raise InvalidValue(field, problem)
    return text


def guard_version(stored: int, expected: int | None, what: str) -> None:
    """Raises Conflict when somebody else saved since *expected* was read."""
    if expected is not None and stored != expected:
        raise Conflict("version", f"Somebody else changed this {what} meanwhile. Reload it and try again.")


def unknown_property(name: str) -> InvalidValue:
    """The refusal of a property that cannot be set."""
    return InvalidValue(name, f"Property '{wire_name(name)}' is read-only and cannot be set.")


def note_change(
    tx: Transaction,
    record_id: str,
    activity: Activity,
    actor: Actor,
    now: datetime,
    *,
    before: object | None,
    after: object | None,
) -> None:
    """The audit record of a creation (*before* None), a change, or a deletion (*after* None)."""
    subject: Any = after if after is not None else before
    target = Target(
        subject.id, "Other", subject.display_name or subject.id, changes=changes_of(before, after)
    )
    tx.logs.audit(audit_record(record_id, activity, actor, now, targets=(target,)))


def changes_of(before: object | None, after: object | None) -> tuple[Change, ...]:
    """The properties that differ; secrets read ``******`` on both sides."""
    subject: Any = after if after is not None else before
    found = []
    for item in fields(subject):
        old = None if before is None else getattr(before, item.name)
        new = None if after is None else getattr(after, item.name)
        if item.name in _UNSHOWN or old == new or not (old or new):
            continue
        if item.name in _SECRET:
            found.append(Change("Secret", _as_json(MASK if old else None), _as_json(MASK if new else None)))
        elif item.name in _MAY_CARRY_KEYS:
            found.append(Change(wire_name(item.name), _as_json(_keyless(old)), _as_json(_keyless(new))))
        else:
            found.append(Change(wire_name(item.name), _as_json(old), _as_json(new)))
    return tuple(found)


def wire_name(name: str) -> str:
    """``display_name`` as records and refusals spell it: ``DisplayName``."""
    return "".join(part.capitalize() for part in name.split("_"))


def _keyless(url: object) -> object:
    """The address without its query, but with a sign that there is one."""
    address, mark, _ = str(url).partition("?")
    return url if url is None or not mark else f"{address}?{MASK}"


def _as_json(value: object) -> str:
    return json.dumps([] if value is None else [_plain(value)], ensure_ascii=False, default=str)


def _plain(value: Any) -> object:
    """As JSON knows it. Keys are masked, and pictures and long texts cut: a log is read by people."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): MASK if key in _SECRET and inner else _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN:
        return value[:_LONGEST_SHOWN] + "\u2026"
    return value
