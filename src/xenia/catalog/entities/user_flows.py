"""User flows in their first form (Microsoft Graph: b2xIdentityUserFlow): what a flow offers, asks and calls.

The other form of the same flows, ``authenticationEventsFlow``, is in ``events_flows``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xenia.catalog.edm import (
    Action,
    Complex,
    Edm,
    Entity,
    Nav,
    Prop,
    Resource,
    Returned,
    Service,
    Values,
    Write,
)
from xenia.catalog.entities.api_connectors import API_CONNECTORS, ShownConnector, shown
from xenia.catalog.entities.flow_languages import FLOW_LANGUAGE_RESOURCES, LANGUAGES_OF_FLOW
from xenia.catalog.entities.identity_providers import IDENTITY_PROVIDERS, OLDER_IDENTITY_PROVIDERS
from xenia.catalog.entities.user_attributes import READ_PERMITS, USER_FLOW_ATTRIBUTES, WRITE_PERMITS
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.query import Page, Query
from xenia.core.user_attributes import UserAttribute, attribute_key
from xenia.core.user_flow import AttributeAssignment, Choice, Hook, InputType, UserFlow
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.self_service import manage_user_attributes, manage_user_flows, read_user_flows
from xenia.usecases.self_service.manage_flow_languages import list_languages

FLOW_TYPE = "signUpOrSignIn"
_PATH = "identity/b2xUserFlows"


def _read_flow(ports: Ports, actor: Actor, flow_id: str) -> UserFlow:
    return manage_user_flows.get_flow(ports, actor, flow_id)


# --- flows ------------------------------------------------------------------------------------------------

CONNECTOR_REFERENCE = Complex("identityApiConnector", (Prop("id", write=Write.BOTH),))
CONNECTOR_CONFIGURATION = Complex(
    "userFlowApiConnectorConfiguration",
    tuple(Prop(hook.value, CONNECTOR_REFERENCE, write=Write.BOTH) for hook in Hook),
)
OLDER_PROVIDER_REFERENCE = Complex(
    "identityProvider", tuple(Prop(name, write=Write.CREATE) for name in ("id", "type", "name"))
)
PROVIDER_REFERENCE = Complex(
    "identityProviderBase",
    tuple(Prop(name, write=Write.CREATE) for name in ("id", "displayName", "identityProviderType")),
)


def _list(ports: Ports, actor: Actor, query: Query) -> Page[UserFlow]:
    return page_of(manage_user_flows.list_flows(ports, actor), query)


def _create(ports: Ports, actor: Actor, values: Values) -> UserFlow:
    _guard_type(values)
    order = manage_user_flows.NewFlow(
        name=values["id"],
        provider_ids=_provider_ids(values),
        connectors={hook: connector for hook, connector in _connectors(values).items() if connector},
    )
    return manage_user_flows.create_flow(ports, actor, order)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    """Metadata has this call and documentation has not: what a flow itself holds is its connectors alone."""
    _guard_type(values)
    named = _connectors(values)
    if named:
        present = _read_flow(ports, actor, key)
        changes = {"connectors": {**present.connectors, **named}}
        manage_user_flows.update_flow(ports, actor, key, changes, expected_version=present.version)


def _guard_type(values: Values) -> None:
    kind = values.get("userFlowType")
    if kind is not None and kind.lower() != FLOW_TYPE.lower():
        raise InvalidValue("userFlowType", f"Guests sign up by flows of type '{FLOW_TYPE}' alone.")
    if values.get("userFlowTypeVersion") not in (None, 1):
        raise InvalidValue("userFlowTypeVersion", "The version of the user flow type is 1.")


def _connectors(values: Values) -> dict[Hook, str | None]:
    """Connector ids at the hooks that a body names; None: nobody is asked there."""
    hooks = values.get("apiConnectorConfiguration") or {}
    return {hook: (hooks[hook.value] or {}).get("id") for hook in Hook if hook.value in hooks}


def _provider_ids(values: Values) -> tuple[str, ...]:
    named = (*(values.get("identityProviders") or ()), *(values.get("userFlowIdentityProviders") or ()))
    return tuple(dict.fromkeys(found["id"] for found in named if found.get("id")))


# --- attribute assignments --------------------------------------------------------------------------------

CHOICE = Complex(
    "userAttributeValuesItem",
    (
        Prop("name", write=Write.BOTH),
        Prop("value", write=Write.BOTH),
        Prop("isDefault", Edm.BOOLEAN, write=Write.BOTH),
    ),
)
ATTRIBUTE_REFERENCE = Complex("identityUserFlowAttribute", (Prop("id", write=Write.CREATE),))
ASSIGNMENT_ORDER = Complex("assignmentOrder", (Prop("order", many=True, write=Write.BOTH),))


def _choices(assignment: AttributeAssignment) -> object:
    return [
        {"name": choice.name, "value": choice.value, "isDefault": choice.is_default}
        for choice in assignment.choices
    ]


def _given_choices(items: Iterable[Values] | None) -> tuple[Choice, ...]:
    return tuple(
        Choice(item.get("name") or "", item.get("value") or "", item.get("isDefault") or False)
        for item in items or ()
    )


def _input_type(text: str | None) -> InputType:
    """Any case: published samples write ``TextBox``. Raises InvalidValue."""
    found = next((kind for kind in InputType if kind.value.lower() == (text or "").lower()), None)
    if found is None:
        names = ", ".join(f"'{kind.value}'" for kind in InputType)
        raise InvalidValue("userInputType", f"The input type is one of {names}.")
    return found


def assignment_of(flow: UserFlow, attribute_id: str) -> AttributeAssignment:
    """The attribute on the page of the flow. Raises NotFound."""
    key = attribute_key(attribute_id)
    found = next((item for item in flow.attributes if attribute_key(item.attribute_id) == key), None)
    if found is None:
        raise NotFound("Attribute", attribute_id)
    return found


def _list_assignments(ports: Ports, actor: Actor, flow_id: str, query: Query) -> Page[AttributeAssignment]:
    flow = _read_flow(ports, actor, flow_id)
    return page_of(flow.attributes, query, lambda assignment: assignment.attribute_id)


def _get_assignment(ports: Ports, actor: Actor, flow_id: str, key: str) -> AttributeAssignment:
    return assignment_of(_read_flow(ports, actor, flow_id), key)


def _assign(ports: Ports, actor: Actor, flow_id: str, values: Values) -> AttributeAssignment:
    attribute_id = (values.get("userAttribute") or {}).get("id")
    if not attribute_id:
        raise InvalidValue("userAttribute", 'Name the attribute: {"userAttribute": {"id": …}}.')
    attribute = manage_user_attributes.get_attribute(ports, actor, attribute_id)
    present = _read_flow(ports, actor, flow_id).attributes
    if any(item.attribute_id == attribute.id for item in present):
        raise Conflict("userAttribute", f"The attribute '{attribute.id}' is in this flow already.")
    assignment = AttributeAssignment(
        attribute.id,
        label=values.get("displayName") or attribute.display_name,
        input_type=_input_type(values.get("userInputType") or InputType.TEXT_BOX),
        is_optional=values.get("isOptional") or False,
        requires_verification=values.get("requiresVerification") or False,
        choices=_given_choices(values.get("userAttributeValues")),
    )
    flow = manage_user_flows.put_attribute(ports, actor, flow_id, assignment)
    return assignment_of(flow, attribute.id)


def _update_assignment(ports: Ports, actor: Actor, flow_id: str, key: str, values: Values) -> None:
    present = assignment_of(_read_flow(ports, actor, flow_id), key)
    fields: dict[str, tuple[str, Callable[..., object]]] = {
        "displayName": ("label", lambda text: text or present.label),
        "userInputType": ("input_type", _input_type),
        "isOptional": ("is_optional", bool),
        "requiresVerification": ("requires_verification", bool),
        "userAttributeValues": ("choices", _given_choices),
    }
    changes = {field: read(values[name]) for name, (field, read) in fields.items() if name in values}
    manage_user_flows.put_attribute(ports, actor, flow_id, replace(present, **changes))  # type: ignore[arg-type]


def _remove_assignment(ports: Ports, actor: Actor, flow_id: str, key: str) -> None:
    manage_user_flows.remove_attribute(ports, actor, flow_id, key)


def _get_order(ports: Ports, actor: Actor, flow_id: str, _values: Values) -> object:
    return {"order": [item.attribute_id for item in _read_flow(ports, actor, flow_id).attributes]}


def _set_order(ports: Ports, actor: Actor, flow_id: str, values: Values) -> None:
    order = (values.get("newAssignmentOrder") or {}).get("order")
    if not order:
        raise InvalidValue("newAssignmentOrder", "The new order names every attribute of the flow once.")
    manage_user_flows.set_order(ports, actor, flow_id, tuple(order))


def _assigned_attribute(ports: Ports, actor: Actor, _flow_id: str, key: str) -> tuple[UserAttribute, ...]:
    return (manage_user_attributes.get_attribute(ports, actor, key),)


ASSIGNMENTS = Resource(
    f"{_PATH}/{{id}}/userAttributeAssignments",
    Entity(
        "identityUserFlowAttributeAssignment",
        "An attribute on the page of a flow.",
        (
            Prop("id", attribute="attribute_id", nullable=False),
            Prop("isOptional", Edm.BOOLEAN, nullable=False, write=Write.BOTH),
            Prop("requiresVerification", Edm.BOOLEAN, nullable=False, write=Write.BOTH),
            Prop(
                "userInputType",
                attribute="input_type",
                nullable=False,
                write=Write.BOTH,
                values=tuple(InputType),
            ),
            Prop("displayName", attribute="label", write=Write.BOTH),
            Prop("userAttributeValues", CHOICE, many=True, write=Write.BOTH, read=_choices),
            # Of older documentation: published samples still send it.
            Prop("userFlowId", write=Write.BOTH, returned=Returned.NEVER),
            Prop("userAttribute", ATTRIBUTE_REFERENCE, write=Write.CREATE, returned=Returned.NEVER),
        ),
        navs=(Nav("userAttribute", False, _assigned_attribute, target=USER_FLOW_ATTRIBUTES),),
    ),
    Service.IDENTITY,
    list=_list_assignments,
    get=_get_assignment,
    create=_assign,
    update=_update_assignment,
    delete=_remove_assignment,
    actions=(
        Action(
            "getOrder",
            _get_order,
            "graph.assignmentOrder",
            READ_PERMITS,
            context="microsoft.graph.assignmentOrder",
            is_function=True,
            of_collection=True,
        ),
        Action(
            "setOrder",
            _set_order,
            None,
            WRITE_PERMITS,
            params=(Prop("newAssignmentOrder", ASSIGNMENT_ORDER, write=Write.BOTH),),
            of_collection=True,
        ),
    ),
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="In the order of the page. Input types are understood in any case; ids too.",
)

# --- API connectors of a flow -----------------------------------------------------------------------------


def _connector_nav(hook: Hook) -> Nav:
    def read(ports: Ports, actor: Actor, flow_id: str, _key: str) -> tuple[ShownConnector, ...]:
        found = read_user_flows.connector_of(ports, actor, flow_id, hook)
        if found is None:
            raise NotFound("API connector", hook.value)
        return (shown(ports, found),)

    def attach(ports: Ports, actor: Actor, flow_id: str, _key: str, connector_id: str) -> None:
        manage_user_flows.set_connector(ports, actor, flow_id, hook, connector_id)

    def detach(ports: Ports, actor: Actor, flow_id: str, _key: str, _target: str | None) -> None:
        manage_user_flows.set_connector(ports, actor, flow_id, hook, None)

    return Nav(hook.value, False, read, attach, detach, target=API_CONNECTORS)


CONNECTORS_OF_FLOW = Resource(
    f"{_PATH}/{{id}}/apiConnectorConfiguration",
    Entity(
        CONNECTOR_CONFIGURATION.name,
        "The API connectors a flow calls, by the moment they are called.",
        (),
        navs=tuple(_connector_nav(hook) for hook in Hook),
    ),
    Service.IDENTITY,
    is_single=True,
    is_structure=True,
    get=lambda ports, actor, flow_id, _key: _read_flow(ports, actor, flow_id),
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="`PUT …/$ref` with an `@odata.id` attaches a connector, with an empty object it detaches.",
)

# --- the flow itself --------------------------------------------------------------------------------------


def _assignments(ports: Ports, actor: Actor, flow_id: str) -> tuple[AttributeAssignment, ...]:
    return _read_flow(ports, actor, flow_id).attributes


USER_FLOW = Entity(
    "b2xIdentityUserFlow",
    "How people without an invitation become guests.",
    (
        Prop("id", nullable=False, write=Write.CREATE, required=True),
        Prop(
            "userFlowType",
            nullable=False,
            write=Write.BOTH,
            values=(FLOW_TYPE,),
            read=lambda _flow: FLOW_TYPE,
        ),
        Prop("userFlowTypeVersion", Edm.SINGLE, nullable=False, write=Write.BOTH, read=lambda _flow: 1),
        Prop(
            "apiConnectorConfiguration",
            CONNECTOR_CONFIGURATION,
            write=Write.BOTH,
            read=lambda _flow: {},
        ),
        Prop(
            "identityProviders",
            OLDER_PROVIDER_REFERENCE,
            many=True,
            write=Write.CREATE,
            returned=Returned.NEVER,
        ),
        Prop(
            "userFlowIdentityProviders",
            PROVIDER_REFERENCE,
            many=True,
            write=Write.CREATE,
            returned=Returned.NEVER,
        ),
    ),
    navs=(
        Nav("identityProviders", True, read_user_flows.providers_of, target=OLDER_IDENTITY_PROVIDERS),
        Nav(
            "userFlowIdentityProviders",
            True,
            read_user_flows.providers_of,
            manage_user_flows.add_provider,
            manage_user_flows.remove_provider_from,
            target=IDENTITY_PROVIDERS,
        ),
        Nav("userAttributeAssignments", True, _assignments, target=ASSIGNMENTS, is_contained=True),
        Nav("languages", True, list_languages, target=LANGUAGES_OF_FLOW, is_contained=True),
    ),
    base="identityUserFlow",
)
USER_FLOWS = Resource(
    _PATH,
    USER_FLOW,
    Service.IDENTITY,
    list=_list,
    get=manage_user_flows.get_flow,
    create=_create,
    update=_update,
    delete=manage_user_flows.delete_flow,
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="The id gets the prefix `B2X_1_`. Nothing works while `authenticationFlowsPolicy` is off.",
)
USER_FLOW_RESOURCES = (USER_FLOWS, ASSIGNMENTS, CONNECTORS_OF_FLOW, *FLOW_LANGUAGE_RESOURCES)
