"""The parts of an ``externalUsersSelfServiceSignUpEventsFlow``, to and from a stored flow.

What this form can say and a flow cannot (rules by regular expression, several pages) is accepted, because published
samples send it, and not kept; what would promise another outcome is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xenia.catalog.edm import TYPE, Complex, Edm, Op, Prop, Returned, Values, Write
from xenia.core.attribute_controls import Control, choices_of, control_of
from xenia.core.attribute_rules import attribute_from_text
from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import EMAIL, AttributeValue, UserAttribute, attribute_key
from xenia.core.user_flow import AttributeAssignment, Choice, InputType
from xenia.record import replace
from xenia.usecases.self_service.read_user_flows import WholeFlow


def older(name: str, kind: Edm | Complex = Edm.STRING) -> Prop:
    """A member of older documentation: published samples still send it, nobody tells it any more."""
    return Prop(name, kind, write=Write.BOTH, returned=Returned.NEVER)


def _both(name: str, kind: Edm | Complex = Edm.STRING, *, many: bool = False) -> Prop:
    return Prop(name, kind, many=many, write=Write.BOTH)


APP = Complex(
    "authenticationConditionApplication", (Prop("appId", filter=Op.EQ, plain=Op.EQ, write=Write.BOTH),)
)
APPS = Complex(
    "authenticationConditionsApplications",
    (
        Prop("includeApplications", APP, "applications", many=True, filter=Op.EQ, write=Write.BOTH),
        older("includeAllApplications", Edm.BOOLEAN),
    ),
)
CONDITIONS = Complex("authenticationConditions", (_both("applications", APPS),))
START = Complex(
    "onInteractiveAuthFlowStartHandler",
    (),
    derived=(
        Complex(
            "onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp",
            (_both("isSignUpAllowed", Edm.BOOLEAN),),
        ),
    ),
)
PROVIDER = Complex(
    "identityProviderBase",
    tuple(_both(name) for name in ("id", "type", "name", "displayName", "identityProviderType")),
)
METHODS = Complex(
    "onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp",
    (_both("identityProviders", PROVIDER, many=True),),
)
METHODS_BASE = Complex("onAuthenticationMethodLoadStartHandler", (), derived=(METHODS,))
OPTION = Complex("authenticationAttributeCollectionOptionConfiguration", (_both("label"), _both("value")))
INPUT = Complex(
    "authenticationAttributeCollectionInputConfiguration",
    (
        _both("attribute"),
        _both("label"),
        _both("inputType"),
        _both("defaultValue"),
        _both("hidden", Edm.BOOLEAN),
        _both("editable", Edm.BOOLEAN),
        _both("writeToDirectory", Edm.BOOLEAN),
        _both("required", Edm.BOOLEAN),
        _both("validationRegEx"),
        _both("options", OPTION, many=True),
    ),
)
VIEW = Complex(
    "authenticationAttributeCollectionPageViewConfiguration",
    (_both("title"), _both("description"), _both("inputs", INPUT, many=True)),
)
PAGE = Complex(
    "authenticationAttributeCollectionPage", (older("customStringsFileId"), _both("views", VIEW, many=True))
)
ATTRIBUTE = Complex(
    "identityUserFlowAttribute",
    tuple(_both(name) for name in ("id", "displayName", "description", "userFlowAttributeType", "dataType")),
)
ATTRIBUTES = Complex(
    "onAttributeCollectionExternalUsersSelfServiceSignUp",
    (_both("attributes", ATTRIBUTE, many=True), _both("attributeCollectionPage", PAGE)),
)
ATTRIBUTES_BASE = Complex("onAttributeCollectionHandler", (), derived=(ATTRIBUTES,))
CREATION = Complex(
    "onUserCreateStartHandler",
    (),
    derived=(Complex("onUserCreateStartExternalUsersSelfServiceSignUp", (_both("userTypeToCreate"),)),),
)
BEFORE_PAGE = Complex("onAttributeCollectionStartHandler", ())
AFTER_PAGE = Complex("onAttributeCollectionSubmitHandler", ())
_INPUT_TYPES = {
    Control.RADIO: "radioSingleSelect",
    Control.SELECT: "radioSingleSelect",
    Control.CHECKBOXES: "checkboxMultiSelect",
    Control.CHECKBOX: "boolean",
}
_STORED_TYPES = {
    "text": InputType.TEXT_BOX,
    "radiosingleselect": InputType.RADIO,
    "checkboxmultiselect": InputType.CHECKBOXES,
    "boolean": InputType.CHECKBOXES,
}


def typed(kind: Complex, **members: object) -> dict[str, object]:
    """A value of a derived structured type."""
    return {TYPE: f"#microsoft.graph.{kind.name}", **members}


# --- told -------------------------------------------------------------------------------------------------


def start(shown: Any) -> object:
    """Whether the flow lets people in."""
    return typed(START.derived[0], isSignUpAllowed=shown.flow.is_sign_up_allowed)


def creation(_shown: object) -> object:
    """Who signs up becomes a guest, always."""
    return typed(CREATION.derived[0], userTypeToCreate="guest")


def collection(whole: WholeFlow) -> object:
    """The page that asks for the attributes."""
    return typed(ATTRIBUTES, attributeCollectionPage=page(whole))


def page(whole: WholeFlow) -> dict[str, object]:
    """The inputs in the order of the page, in one view."""
    inputs = [
        _input(assignment, whole.known_attributes[assignment.attribute_id])
        for assignment in whole.flow.attributes
        if assignment.attribute_id in whole.known_attributes
    ]
    return {"views": [{"title": None, "description": None, "inputs": inputs}]}


def _input(assignment: AttributeAssignment, attribute: UserAttribute) -> dict[str, object]:
    control = control_of(assignment, attribute)
    default = assignment.default
    chosen = choices_of(assignment, attribute) if assignment.choices else {}
    is_email = attribute.id == EMAIL
    return {
        "attribute": attribute.id,
        "label": assignment.label,
        "inputType": _INPUT_TYPES.get(control, "text"),
        "defaultValue": None if default is None else _text(default),
        "hidden": assignment.is_hidden,
        "editable": assignment.is_editable and not is_email,
        "writeToDirectory": assignment.is_stored,
        "required": not assignment.is_optional,
        "validationRegEx": None,
        "options": [{"label": name, "value": value} for value, name in chosen.items()],
    }


def _text(value: AttributeValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- given ------------------------------------------------------------------------------------------------


def changes(
    values: Values, present: Sequence[AttributeAssignment], known: Iterable[UserAttribute]
) -> Mapping[str, object]:
    """What a body says about a flow, by the names of ``UserFlow``. Raises InvalidValue."""
    found: dict[str, object] = {}
    if "description" in values:
        found["description"] = values["description"] or ""
    apps = (values.get("conditions") or {}).get("applications") or {}
    if apps.get("includeAllApplications"):
        raise InvalidValue("includeAllApplications", "A user flow serves the applications that are named.")
    if apps.get("includeApplications") is not None:
        found["app_ids"] = tuple(app.get("appId") or "" for app in apps["includeApplications"])
    begun = values.get("onInteractiveAuthFlowStart") or {}
    if begun.get("isSignUpAllowed") is not None:
        found["is_sign_up_allowed"] = begun["isSignUpAllowed"]
    methods = values.get("onAuthenticationMethodLoadStart") or {}
    if methods.get("identityProviders") is not None:
        found["provider_ids"] = tuple(provider.get("id") or "" for provider in methods["identityProviders"])
    collected = values.get("onAttributeCollection")
    if collected is not None:
        found["attributes"] = _assignments(collected, present, known)
    _refuse_others(values)
    return found


def _refuse_others(values: Values) -> None:
    """What would come out differently from what was asked is said at once."""
    wanted = (values.get("onUserCreateStart") or {}).get("userTypeToCreate")
    if wanted is not None and wanted.lower() != "guest":
        raise InvalidValue("userTypeToCreate", "People who sign up become guests: 'guest' is the only value.")
    for name in ("onAttributeCollectionStart", "onAttributeCollectionSubmit"):
        if values.get(name) is not None:
            raise InvalidValue(
                name,
                f"'{name}' is not supported. Attach an API connector to the flow under "
                "/identity/b2xUserFlows/{id}/apiConnectorConfiguration instead.",
            )


def _assignments(
    collected: Values, present: Sequence[AttributeAssignment], known: Iterable[UserAttribute]
) -> tuple[AttributeAssignment, ...]:
    """Inputs in their order, then attributes that no input shows."""
    by_key = {attribute_key(attribute.id): attribute for attribute in known}
    kept = {attribute_key(assignment.attribute_id): assignment for assignment in present}
    views = (collected.get("attributeCollectionPage") or {}).get("views") or ()
    found: dict[str, AttributeAssignment] = {}
    for given in (item for view in views for item in view.get("inputs") or ()):
        key = attribute_key(given.get("attribute") or "")
        if key not in by_key:
            raise InvalidValue("attribute", f"There is no user attribute '{given.get('attribute')}'.")
        found[key] = _assignment(given, kept.get(key), by_key[key])
    for item in collected.get("attributes") or ():
        key = attribute_key(item.get("id") or "")
        found.setdefault(key, kept.get(key, AttributeAssignment(item.get("id") or "", "")))
    return tuple(found.values())


def _assignment(
    given: Values, present: AttributeAssignment | None, attribute: UserAttribute
) -> AttributeAssignment:
    present = present or AttributeAssignment(attribute.id, "")
    required = given.get("required")
    changed = replace(
        present,
        label=given.get("label") or present.label,
        is_optional=present.is_optional if required is None else not required,
        default=_default(given, present, attribute),
        **_flags(given),
    )
    if given.get("options") is not None:
        options = given["options"]
        choices = tuple(Choice(item.get("label") or "", item.get("value") or "") for item in options)
        changed = replace(changed, choices=choices)
    return replace(changed, input_type=_input_type(given.get("inputType"), changed, attribute))


def _flags(given: Values) -> dict[str, Any]:
    """Those that are said; null says nothing."""
    names = {"hidden": "is_hidden", "editable": "is_editable", "writeToDirectory": "is_stored"}
    return {field: given[name] for name, field in names.items() if given.get(name) is not None}


def _default(given: Values, present: AttributeAssignment, attribute: UserAttribute) -> AttributeValue | None:
    if "defaultValue" not in given:
        return present.default
    text = given["defaultValue"]
    return attribute_from_text(attribute, text) if text else None


def _input_type(text: str | None, assignment: AttributeAssignment, attribute: UserAttribute) -> InputType:
    """The stored control; a finer one (a date, a drop-down) stays where this form has no word for the difference."""
    if text is None:
        return assignment.input_type
    stored = _STORED_TYPES.get(text.lower())
    if stored is None:
        raise InvalidValue(
            "inputType", "The input type is 'text', 'radioSingleSelect', 'checkboxMultiSelect' or 'boolean'."
        )
    shown = _INPUT_TYPES.get(control_of(assignment, attribute), "text")
    return assignment.input_type if shown.lower() == text.lower() else stored
