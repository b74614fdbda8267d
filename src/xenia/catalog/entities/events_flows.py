"""User flows in their second form (Microsoft Graph: externalUsersSelfServiceSignUpEventsFlow).

The same stored flows as ``user_flows`` shows, under the same ids. How the parts of the body translate is the
business of ``events_flow_body``.
"""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Edm, Entity, Nav, Prop, Resource, Service, Values, Write
from xenia.catalog.entities import events_flow_body as body
from xenia.catalog.entities.identity_providers import IDENTITY_PROVIDERS
from xenia.catalog.entities.user_attributes import USER_FLOW_ATTRIBUTES
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.ids import fold
from xenia.core.query import Page, Query
from xenia.core.user_attributes import UserAttribute
from xenia.core.user_flow import AttributeAssignment, UserFlow
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.self_service import manage_user_attributes, manage_user_flows, read_user_flows
from xenia.usecases.self_service.read_user_flows import WholeFlow

READ_PERMITS = ("EventListener.Read.All", "EventListener.ReadWrite.All")
WRITE_PERMITS = ("EventListener.ReadWrite.All",)
FLOW = "externalUsersSelfServiceSignUpEventsFlow"
_PATH = "identity/authenticationEventsFlows"
_CASTS = frozenset(
    f"microsoft.graph.{name}".lower() for name in (FLOW, body.METHODS.name, body.ATTRIBUTES.name)
)


class IncludedApp(Record):
    """An application a flow serves."""

    app_id: str


class EventsFlow(Record):
    """A stored flow as this form shows and filters it."""

    whole: WholeFlow
    wire_type: str = FLOW

    @property
    def flow(self) -> UserFlow:
        """What is stored."""
        return self.whole.flow

    @property
    def id(self) -> str:
        """The id is that of the user flow."""
        return self.flow.id

    @property
    def display_name(self) -> str:
        """Flows made under their immutable name alone are called by it."""
        return self.flow.display_name or self.flow.name

    @property
    def applications(self) -> tuple[IncludedApp, ...]:
        """Those the flow serves."""
        return tuple(IncludedApp(app_id) for app_id in self.flow.app_ids)


def _shown(ports: Ports, actor: Actor, flow_id: str) -> EventsFlow:
    return EventsFlow(read_user_flows.whole_flow(ports, actor, flow_id))


def _list(ports: Ports, actor: Actor, query: Query) -> Page[EventsFlow]:
    return page_of([EventsFlow(whole) for whole in read_user_flows.whole_flows(ports, actor)], query)


def _create(ports: Ports, actor: Actor, values: Values) -> EventsFlow:
    known = manage_user_attributes.list_attributes(ports, actor)
    changes: dict[str, Any] = {"display_name": values["displayName"], **body.changes(values, (), known)}
    order = manage_user_flows.NewFlow(**{name: value for name, value in changes.items() if value is not None})
    return _shown(ports, actor, manage_user_flows.create_flow(ports, actor, order).id)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    whole = read_user_flows.whole_flow(ports, actor, key)
    known = tuple(whole.known_attributes.values())
    changes = dict(body.changes(values, whole.flow.attributes, known))
    if "displayName" in values:
        changes["display_name"] = values["displayName"] or ""
    # The rest of the page is taken from what was read: nobody's change in between is lost.
    manage_user_flows.update_flow(ports, actor, key, changes, expected_version=whole.flow.version)


# --- applications -----------------------------------------------------------------------------------------


def list_apps(ports: Ports, actor: Actor, flow_id: str, query: Query) -> Page[IncludedApp]:
    """The applications of a flow. Raises NotPermitted, NotFound."""
    return page_of(_shown(ports, actor, flow_id).applications, query, lambda app: app.app_id)


def get_app(ports: Ports, actor: Actor, flow_id: str, key: str) -> IncludedApp:
    """One application of a flow. Raises NotPermitted, NotFound."""
    apps = _shown(ports, actor, flow_id).applications
    found = next((app for app in apps if fold(app.app_id) == fold(key)), None)
    if found is None:
        raise NotFound("Application", key)
    return found


def include_app(ports: Ports, actor: Actor, flow_id: str, values: Values) -> IncludedApp:
    """Have the flow serve an application. Raises what ``manage_user_flows.add_application`` raises."""
    manage_user_flows.add_application(ports, actor, flow_id, values["appId"])
    return get_app(ports, actor, flow_id, values["appId"])


def exclude_app(ports: Ports, actor: Actor, flow_id: str, key: str) -> None:
    """Have the flow serve it no longer. Raises NotPermitted, NotFound."""
    manage_user_flows.remove_application(ports, actor, flow_id, key)


INCLUDED_APP = Entity(
    "authenticationConditionApplication",
    "An application that a user flow serves. An application is in one flow at most.",
    (Prop("appId", nullable=False, write=Write.CREATE, required=True),),
    key="appId",
)
INCLUDED_APPS = Resource(
    f"{_PATH}/{{id}}/conditions/applications/includeApplications",
    INCLUDED_APP,
    Service.IDENTITY,
    list=list_apps,
    get=get_app,
    create=include_app,
    delete=exclude_app,
    casts=_CASTS,
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
)

# --- providers and attributes -----------------------------------------------------------------------------


def _providers(ports: Ports, actor: Actor, flow_id: str, _key: str) -> tuple[Any, ...]:
    return read_user_flows.providers_of(ports, actor, flow_id)


def _add_provider(ports: Ports, actor: Actor, flow_id: str, _key: str, provider_id: str) -> None:
    manage_user_flows.add_provider(ports, actor, flow_id, provider_id)


def _remove_provider(ports: Ports, actor: Actor, flow_id: str, _key: str, provider_id: str) -> None:
    manage_user_flows.remove_provider_from(ports, actor, flow_id, provider_id)


def _attributes(ports: Ports, actor: Actor, flow_id: str, _key: str) -> tuple[UserAttribute, ...]:
    return read_user_flows.whole_flow(ports, actor, flow_id).attributes


def _add_attribute(ports: Ports, actor: Actor, flow_id: str, _key: str, attribute_id: str) -> None:
    if any(attribute.id == attribute_id for attribute in _attributes(ports, actor, flow_id, "")):
        raise InvalidValue("attributes", f"The attribute '{attribute_id}' is in this flow already.")
    manage_user_flows.put_attribute(ports, actor, flow_id, AttributeAssignment(attribute_id, ""))


def _remove_attribute(ports: Ports, actor: Actor, flow_id: str, _key: str, attribute_id: str) -> None:
    manage_user_flows.remove_attribute(ports, actor, flow_id, attribute_id)


def _handler(name: str, kind: str, summary: str, nav: Nav, *props: Prop) -> Resource:
    return Resource(
        f"{_PATH}/{{id}}/{name}",
        Entity(kind, summary, props, navs=(nav,)),
        Service.IDENTITY,
        is_single=True,
        is_structure=True,
        get=lambda ports, actor, flow_id, _key: _shown(ports, actor, flow_id),
        casts=_CASTS,
        typed_items=True,
        read_permits=READ_PERMITS,
        write_permits=WRITE_PERMITS,
    )


METHODS_OF_FLOW = _handler(
    "onAuthenticationMethodLoadStart",
    body.METHODS.name,
    "The providers a flow offers.",
    Nav("identityProviders", True, _providers, _add_provider, _remove_provider, target=IDENTITY_PROVIDERS),
)
ATTRIBUTES_OF_FLOW = _handler(
    "onAttributeCollection",
    body.ATTRIBUTES.name,
    "The attributes a flow asks for, and the page that asks.",
    Nav("attributes", True, _attributes, _add_attribute, _remove_attribute, target=USER_FLOW_ATTRIBUTES),
    Prop("attributeCollectionPage", body.PAGE, read=lambda shown: body.page(shown.whole)),
)

# --- the flow itself --------------------------------------------------------------------------------------

EVENTS_FLOW = Entity(
    "authenticationEventsFlow",
    "A user flow, told as the events of a sign-up.",
    (
        Prop("id", nullable=False),
        Prop("displayName", nullable=False, write=Write.BOTH, required=True),
        Prop("description", attribute="flow.description", write=Write.BOTH),
        body.older("priority", Edm.INT32),
        Prop("conditions", body.CONDITIONS, write=Write.BOTH, read=lambda _shown: {"applications": {}}),
    ),
    kind="wire_type",
    is_abstract=True,
    derived=(
        Entity(
            FLOW,
            "Self-service sign-up of guests.",
            (
                Prop("onInteractiveAuthFlowStart", body.START, write=Write.BOTH, read=body.start),
                Prop(
                    "onAuthenticationMethodLoadStart",
                    body.METHODS_BASE,
                    write=Write.BOTH,
                    read=lambda _shown: body.typed(body.METHODS),
                ),
                Prop(
                    "onAttributeCollection",
                    body.ATTRIBUTES_BASE,
                    write=Write.BOTH,
                    read=lambda shown: body.collection(shown.whole),
                ),
                Prop("onUserCreateStart", body.CREATION, write=Write.BOTH, read=body.creation),
                Prop("onAttributeCollectionStart", body.BEFORE_PAGE, write=Write.BOTH, read=lambda _: None),
                Prop("onAttributeCollectionSubmit", body.AFTER_PAGE, write=Write.BOTH, read=lambda _: None),
            ),
        ),
    ),
)
EVENTS_FLOWS = Resource(
    _PATH,
    EVENTS_FLOW,
    Service.IDENTITY,
    list=_list,
    get=_shown,
    create=_create,
    update=_update,
    delete=manage_user_flows.delete_flow,
    casts=_CASTS,
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="The same flows as under `/identity/b2xUserFlows`, with the same ids.",
)
EVENTS_FLOW_RESOURCES = (EVENTS_FLOWS, INCLUDED_APPS, METHODS_OF_FLOW, ATTRIBUTES_OF_FLOW)
INCLUDED_APPS_OF_USER_FLOW = Resource(
    "identity/b2xUserFlows/{id}/includeApplications",
    INCLUDED_APP,
    Service.IDENTITY,
    list=list_apps,
    get=get_app,
    create=include_app,
    delete=exclude_app,
    read_permits=("IdentityUserFlow.Read.All", "IdentityUserFlow.ReadWrite.All"),
    write_permits=("IdentityUserFlow.ReadWrite.All",),
    note="Under `/beta` only, and ours: the original has no public call that gives a user flow its applications.",
)
