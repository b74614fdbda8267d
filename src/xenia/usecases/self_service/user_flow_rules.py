"""Which values a user flow may hold. Reads the tenant, writes nothing; the verbs are ``manage_user_flows``."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping

from xenia.core.attribute_controls import unsuitable
from xenia.core.attribute_rules import attribute_value
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import AppId, TenantId, fold, parse_guid
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, EMAIL, UserAttribute, attribute_key
from xenia.core.user_flow import (
    FLOW_PREFIX,
    AttributeAssignment,
    Choice,
    Hook,
    InputType,
    PageText,
    UserFlow,
)
from xenia.ports import Transaction
from xenia.record import replace
from xenia.usecases.applications.extensions_app import extensions_app_id
from xenia.usecases.self_service.self_service_rules import checked_flag, checked_shown_text, checked_text

LONGEST_LOGO = 20_000
"""Bytes of a logo: a sign-in page has a budget of its own."""
LONGEST_INTRO = 2_000
MOST_CHOICES = 250
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_LOGO = re.compile(r"data:image/(png|jpeg|gif|webp);base64,([A-Za-z0-9+/]+={0,2})")
_BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF"}


def require_flow(tx: Transaction, flow_id: str) -> UserFlow:
    """The flow of this id, any case. Raises NotFound."""
    found = tx.user_flows.find(flow_id)
    if found is None:
        raise NotFound("UserFlow", flow_id)
    return found


def flow_id_of(name: str) -> str:
    """The id of a flow by its name, with or without the prefix. Raises InvalidValue."""
    text = name.strip()
    if fold(text).startswith(fold(FLOW_PREFIX)):
        text = text[len(FLOW_PREFIX) :]
    if not _NAME.fullmatch(text):
        raise InvalidValue("id", "A name has 1 to 64 letters, digits or underscores.")
    return FLOW_PREFIX + text


def free_flow_id(tx: Transaction, display_name: str) -> str:
    """An id made of a display name, for callers who cannot give one. Raises InvalidValue."""
    bare = re.sub(r"[^A-Za-z0-9]+", "_", display_name).strip("_")[:60]
    if not bare:
        raise InvalidValue("id", "A name has 1 to 64 letters, digits or underscores.")
    taken = {fold(flow.id) for flow in tx.user_flows.list()}
    names = (bare, *(f"{bare}_{number}" for number in range(2, len(taken) + 3)))
    return next(FLOW_PREFIX + name for name in names if fold(FLOW_PREFIX + name) not in taken)


def checked_display_name(tx: Transaction, flow_id: str, value: object) -> str:
    """The friendlier name, of one flow only. Raises InvalidValue, Conflict."""
    text = checked_text("display_name", value, 120)
    for flow in tx.user_flows.list():
        if text and fold(flow.display_name) == fold(text) and fold(flow.id) != fold(flow_id):
            raise Conflict("display_name", f"{flow.id} has this display name already.")
    return text


def require_attribute(tx: Transaction, attribute_id: str) -> UserAttribute:
    """A built-in or custom attribute, in any published spelling of its id. Raises NotFound."""
    key = attribute_key(attribute_id.strip())
    built_in = next((entry for entry in BUILT_IN_ATTRIBUTES if attribute_key(entry.id) == key), None)
    found = built_in or tx.user_attributes.find(attribute_id)
    if found is None:
        raise NotFound("UserFlowAttribute", attribute_id)
    return found


def checked_assignment(tx: Transaction, assignment: object) -> AttributeAssignment:
    """An attribute as a page may ask it, in its own spelling. Raises NotFound, InvalidValue."""
    if not isinstance(assignment, AttributeAssignment):
        raise InvalidValue("attributes", "Enter attributes.")
    attribute = require_attribute(tx, assignment.attribute_id)
    try:
        input_type = InputType(assignment.input_type)
    except ValueError:
        raise InvalidValue("input_type", f"'{assignment.input_type}' is no input type.") from None
    checked = replace(
        assignment,
        attribute_id=attribute.id,
        label=checked_shown_text("label", assignment.label, 200) or attribute.display_name,
        input_type=input_type,
        is_optional=checked_flag("is_optional", assignment.is_optional),
        requires_verification=checked_flag("requires_verification", assignment.requires_verification),
        help_text=checked_shown_text("help_text", assignment.help_text, 500),
        choices=_choices(assignment.choices),
        is_hidden=checked_flag("is_hidden", assignment.is_hidden),
        is_editable=checked_flag("is_editable", assignment.is_editable),
        is_stored=checked_flag("is_stored", assignment.is_stored),
    )
    if attribute.id == EMAIL:
        return _known_already(checked)
    problem = unsuitable(checked, attribute)
    if problem is not None:
        raise InvalidValue("input_type", f"{checked.label}: {problem}")
    if checked.default is None:
        return checked
    return replace(checked, default=attribute_value(attribute, checked.default))


def checked_attributes(tx: Transaction, assignments: object) -> tuple[AttributeAssignment, ...]:
    """The attributes of a page, each once. Raises NotFound, InvalidValue."""
    if not isinstance(assignments, (list, tuple)):
        raise InvalidValue("attributes", "Enter attributes.")
    checked = tuple(checked_assignment(tx, entry) for entry in assignments)
    twice = _first_double(entry.attribute_id for entry in checked)
    if twice is not None:
        raise InvalidValue("attributes", f"{twice} is in this flow twice.")
    return checked


def ordered(
    assignments: tuple[AttributeAssignment, ...], ids: Iterable[str]
) -> tuple[AttributeAssignment, ...]:
    """The assignments in the order of *ids*; those that are not named follow as they were. Raises InvalidValue."""
    by_key = {attribute_key(entry.attribute_id): entry for entry in assignments}
    named = [attribute_key(entry.strip()) for entry in ids]
    # The address is on every page, so published scripts name it whether it was assigned or not.
    keys = [key for key in named if key != EMAIL or key in by_key]
    unknown = next((key for key in keys if key not in by_key), None)
    if unknown is not None:
        raise InvalidValue("order", f"{unknown} is not in this flow.")
    if len(set(keys)) != len(keys):
        raise InvalidValue("order", "Name each attribute once.")
    return (*(by_key[key] for key in keys), *(by_key[key] for key in by_key if key not in keys))


def checked_connectors(tx: Transaction, connectors: object) -> dict[Hook, str]:
    """Connector ids by hook; None and blanks leave a hook free. Raises NotFound, InvalidValue."""
    if not isinstance(connectors, Mapping):
        raise InvalidValue("connectors", "Enter API connectors.")
    found = {}
    for hook in Hook:
        connector_id = connectors.get(hook)
        if not connector_id:
            continue
        connector = tx.api_connectors.find(fold(str(connector_id)))
        if connector is None:
            raise NotFound("ApiConnector", str(connector_id))
        found[hook] = connector.id
    if any(key not in set(Hook) for key in connectors):
        raise InvalidValue("connectors", f"A flow asks at {' and '.join(Hook)} only.")
    return found


def checked_apps(tx: Transaction, tenant_id: TenantId, flow_id: str, apps: object) -> tuple[AppId, ...]:
    """Applications a flow may serve. Raises InvalidValue, and Conflict for one that another flow serves.

    Only registrations of this tenant: what another organization, or this product, brings has no sign-up here.
    """
    if not isinstance(apps, (list, tuple)):
        raise InvalidValue("app_ids", "Enter application IDs.")
    found: dict[AppId, None] = {}
    for entry in apps:
        app_id = parse_guid(str(entry).strip())
        application = tx.applications.find_by_app_id(app_id) if app_id else None
        if application is None or application.tenant_id != tenant_id:
            raise InvalidValue("app_ids", f"{entry} is no app registration of this organization.")
        if application.is_first_party or application.app_id == extensions_app_id(tenant_id):
            raise InvalidValue("app_ids", f"{application.display_name} cannot have a user flow.")
        other = tx.user_flows.of_app(application.app_id)
        if other is not None and fold(other.id) != fold(flow_id):
            raise Conflict(
                "app_ids", f"{application.display_name} is in {other.id} already; an app has one flow."
            )
        found[application.app_id] = None
    return tuple(found)


def checked_page_text(text: object) -> PageText:
    """The organisation's own words and picture. Raises InvalidValue."""
    if not isinstance(text, PageText):
        raise InvalidValue("text", "Enter the texts of the page.")
    return PageText(
        organization_name=checked_shown_text("organization_name", text.organization_name, 120),
        intro=checked_shown_text("intro", text.intro, LONGEST_INTRO, lines=True),
        logo=_logo(text.logo),
    )


def _logo(value: object) -> str:
    """Only picture formats that cannot carry script, recognised by their first bytes and not by their name."""
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return ""
    found = _LOGO.fullmatch(text)
    try:
        data = base64.b64decode(found[2], validate=True) if found else b""
    except binascii.Error:
        data = b""
    kind = found[1] if found else ""
    is_webp = kind != "webp" or data[8:12] == b"WEBP"
    if not data or not data.startswith(_BEGINNINGS[kind]) or not is_webp:
        raise InvalidValue("logo", "Choose a picture: PNG, JPEG, GIF or WebP.")
    if len(data) > LONGEST_LOGO:
        raise InvalidValue(
            "logo", f"The picture has {len(data)} bytes. Choose one of at most {LONGEST_LOGO}."
        )
    return text


def _choices(choices: object) -> tuple[Choice, ...]:
    if not isinstance(choices, (list, tuple)) or len(choices) > MOST_CHOICES:
        raise InvalidValue("choices", f"An attribute has at most {MOST_CHOICES} options.")
    checked = []
    for choice in choices:
        if not isinstance(choice, Choice):
            raise InvalidValue("choices", "Enter options as name and value.")
        name = checked_shown_text("choices", choice.name, 200)
        value = checked_text("choices", choice.value, 256) or name
        if not value:
            raise InvalidValue("choices", "Give each option a name.")
        checked.append(Choice(name or value, value, checked_flag("choices", choice.is_default)))
    return tuple(checked)


def _known_already(assignment: AttributeAssignment) -> AttributeAssignment:
    """The address was proven before the page: shown, never asked."""
    if assignment.input_type not in (InputType.TEXT_BOX, InputType.EMAIL_BOX):
        raise InvalidValue("input_type", "The e-mail address is shown as text.")
    return replace(assignment, is_optional=False, choices=(), default=None, is_editable=True, is_stored=True)


def _first_double(ids: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for entry in ids:
        if entry in seen:
            return entry
        seen.add(entry)
    return None
