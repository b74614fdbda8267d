"""Changing an app registration: whatever a screen, the API or the manifest wants, checked and stored as one.

Everything that may be said about a registration goes through here, so that no door is laxer than another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Change
from xenia.core.directory.application import Application, RedirectUri, RequiredResourceAccess
from xenia.core.directory.signing_key import checked_algorithm
from xenia.core.errors import InvalidValue
from xenia.core.ids import ObjectId
from xenia.core.registration_rules import check_registration
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.applications.application_permissions import offered_pairs
from xenia.usecases.applications.application_rules import (
    application_target,
    checked_back_channel,
    checked_link,
    checked_name,
    checked_redirect_uris,
    guard_change,
    note,
    require_application,
)

Changes = Mapping[str, object]
"""Attributes of ``Application`` by name, with what they shall be."""
_LINKS = (
    *("home_page_url", "logout_url", "privacy_statement_url", "terms_of_service_url"),
    *("marketing_url", "support_url"),
)


def change_registration(
    ports: Ports,
    actor: Actor,
    object_id: ObjectId,
    changes: Changes | Callable[[Application], Changes],
    version: int | None = None,
) -> Application:
    """Make these changes, all or none; *changes* may be worked out from what is stored.

    *version*: that of the registration the caller looked at; None where only what is named shall change. Raises
    NotPermitted, NotFound, InvalidValue (field: the attribute), and Conflict when the registration changed since
    *version* (field ``version``) or an application ID URI is taken (field ``identifier_uris``).
    """
    return ports.store.write(actor.tenant_id, changing(ports, actor, object_id, changes, version))


def changing(
    ports: Ports,
    actor: Actor,
    object_id: ObjectId,
    changes: Changes | Callable[[Application], Changes],
    version: int | None = None,
) -> Callable[[Transaction], Application]:
    """The work of ``change_registration``, for transactions that change more."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Application:
        before = require_application(tx, object_id)
        guard_change(tx, actor, before)
        wanted = changes(before) if callable(changes) else changes
        after = checked_change(ports, tx, before, wanted)
        if after == before and version in (None, before.version):
            return before
        tx.applications.replace(after if version is None else replace(after, version=version))
        _follow(tx, before, after)
        target = application_target(after, changes_between(before, after))
        note(tx, record_id, audit.UPDATE_APPLICATION, actor, now, target)
        return require_application(tx, object_id)

    return work


def checked_change(ports: Ports, tx: Transaction, before: Application, wanted: Changes) -> Application:
    """The registration as it would be, every rule asked. Raises InvalidValue."""
    clean = {name: _clean(name, value) for name, value in wanted.items()}
    if "back_channel_logout_uri" in clean:
        given = clean["back_channel_logout_uri"]
        clean["back_channel_logout_uri"] = checked_back_channel(
            ports, given if isinstance(given, str) else None
        )
    after = replace(before, **clean)  # type: ignore[arg-type]
    tenant = tx.tenants.find(before.tenant_id)
    check_registration(before, after, [domain.name for domain in tenant.domains] if tenant else [])
    if before.required_resource_access != after.required_resource_access:
        _check_new_permissions(tx, before, after)
    return after


def changes_between(before: Application, after: Application) -> tuple[Change, ...]:
    """What differs, as the audit log tells it."""
    return tuple(
        Change(
            "".join(part.capitalize() for part in item.name.split("_")),
            _as_json(getattr(before, item.name)),
            _as_json(getattr(after, item.name)),
        )
        for item in fields(Application)
        if item.name not in ("version", "deleted_at")
        and getattr(before, item.name) != getattr(after, item.name)
    )


def _clean(name: str, value: object) -> object:
    """The value as it is stored: names and addresses trimmed, blank ones absent, redirect URIs each once."""
    if name == "display_name":
        return checked_name(str(value or ""))
    if name in _LINKS:
        return checked_link(name, value if isinstance(value, str) else None)
    if name == "redirect_uris" and isinstance(value, tuple):
        return checked_redirect_uris(value)
    if name == "id_token_signed_response_alg":
        return checked_algorithm(value)
    if name in ("description", "notes"):
        return str(value or "").strip() or None
    return value


def _check_new_permissions(tx: Transaction, before: Application, after: Application) -> None:
    """What is asked for anew must be offered; what was stored may have gone from its API meanwhile."""
    known = _pairs(before.required_resource_access)
    for required in after.required_resource_access:
        new = set(required.access) - known.get(required.resource_app_id, set())
        if new and not new <= offered_pairs(tx, required.resource_app_id):
            missing = next(iter(sorted(new - offered_pairs(tx, required.resource_app_id))))
            raise InvalidValue(
                "required_resource_access",
                f"The API {required.resource_app_id} does not offer the permission {missing[0]} ({missing[1]}) here.",
            )


def _pairs(required: tuple[RequiredResourceAccess, ...]) -> dict[str, set[tuple[str, str]]]:
    return {item.resource_app_id: set(item.access) for item in required}


def _follow(tx: Transaction, before: Application, after: Application) -> None:
    """The enterprise app of the same tenant bears the registration's name and home page."""
    if (before.display_name, before.home_page_url) == (after.display_name, after.home_page_url):
        return
    principal = tx.applications.service_principal(after.app_id)
    if principal is not None:
        named = replace(principal, display_name=after.display_name, home_page_url=after.home_page_url)
        tx.applications.replace_service_principal(named)


def _as_json(value: object) -> str:
    if isinstance(value, tuple):
        return json.dumps([_told(item) for item in value], ensure_ascii=False)
    return json.dumps([] if value is None else [value], ensure_ascii=False)


def _told(item: object) -> object:
    if isinstance(item, RedirectUri):
        return item.uri
    if is_dataclass(item) and not isinstance(item, type):
        return asdict(item)
    return item.value if isinstance(item, Enum) else item
