"""User flows: making, changing and deleting them (Microsoft Graph: b2xIdentityUserFlow).

Every verb is one transaction with its audit record. What a flow may hold is ``user_flow_rules``; what happens
to people in a flow is decided where they sign up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID
from xenia.core.directory.roles import FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import AppId, fold
from xenia.core.own_words import checked_languages
from xenia.core.user_attributes import attribute_key
from xenia.core.user_flow import AttributeAssignment, FlowLanguage, Hook, PageText, UserFlow
from xenia.ports import Ports, Transaction
from xenia.record import Record, field, replace
from xenia.usecases.self_service.provider_rules import checked_provider_ids
from xenia.usecases.self_service.self_service_rules import (
    READ_FLOWS,
    WRITE_FLOWS,
    checked_flag,
    checked_text,
    guard_version,
    note_change,
    require_reader,
    require_writer,
    unknown_property,
)
from xenia.usecases.self_service.user_flow_rules import (
    checked_apps,
    checked_assignment,
    checked_attributes,
    checked_connectors,
    checked_display_name,
    checked_page_text,
    flow_id_of,
    free_flow_id,
    ordered,
    require_flow,
)

Change = Callable[[Transaction, UserFlow], UserFlow]


class NewFlow(Record):
    """What somebody says who makes a flow; only the name is asked for."""

    name: str = ""
    """With or without ``B2X_1_``; made of the display name when blank."""
    display_name: str = ""
    description: str = ""
    provider_ids: tuple[str, ...] = ()
    """Accounts of other tenants (``AADSignup-OAUTH``) are always offered, named or not."""
    attributes: tuple[AttributeAssignment, ...] = ()
    connectors: Mapping[Hook, str] = field(default_factory=dict)
    app_ids: tuple[AppId, ...] = ()
    text: PageText = field(default_factory=PageText)
    requires_approval: bool = False
    is_sign_up_allowed: bool = True
    languages: tuple[FlowLanguage, ...] = ()
    """Those that are off or have own words; all others are on."""


def list_flows(ports: Ports, actor: Actor) -> tuple[UserFlow, ...]:
    """The flows of the tenant, by id. Raises NotPermitted."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.user_flows.list()


def get_flow(ports: Ports, actor: Actor, flow_id: str) -> UserFlow:
    """The flow of this id, any case. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        return require_flow(tx, flow_id)


def create_flow(ports: Ports, actor: Actor, order: NewFlow) -> UserFlow:
    """Make a flow (Microsoft Graph: create b2xIdentityUserFlow).

    Raises NotPermitted, InvalidValue, NotFound (a provider, attribute or connector that does not exist), and
    Conflict when the name is taken or an app is in another flow.
    """
    require_flow_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> UserFlow:
        flow_id = flow_id_of(order.name) if order.name.strip() else free_flow_id(tx, order.display_name)
        if tx.user_flows.find(flow_id) is not None:
            raise Conflict("id", f"There is a user flow called {flow_id} already.")
        made = _changed(
            tx,
            UserFlow(flow_id, actor.tenant_id, now),
            {name: getattr(order, name) for name in _RULES},
        )
        made = checked_languages(made, order.languages)
        tx.user_flows.add(made)
        note_change(tx, record_id, audit.CREATE_USER_FLOW, actor, now, before=None, after=made)
        return made

    return ports.store.write(actor.tenant_id, work)


def update_flow(
    ports: Ports,
    actor: Actor,
    flow_id: str,
    changes: Mapping[str, object],
    *,
    expected_version: int | None = None,
) -> UserFlow:
    """Set properties named as in ``UserFlow``; id, tenant and time of creation never change.

    *expected_version*: of the flow as it was shown to the person who changes it. Raises NotPermitted, NotFound,
    InvalidValue, and Conflict when it changed meanwhile or an app is in another flow.
    """
    unknown = next((name for name in changes if name not in _RULES), None)
    if unknown is not None:
        raise unknown_property(unknown)
    return change_flow(ports, actor, flow_id, lambda tx, flow: _changed(tx, flow, changes), expected_version)


def delete_flow(ports: Ports, actor: Actor, flow_id: str) -> None:
    """Remove the flow; its apps have no sign-up any more. Guests stay. Raises NotPermitted, NotFound."""
    require_flow_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        flow = require_flow(tx, flow_id)
        tx.user_flows.remove(flow.id)
        note_change(tx, record_id, audit.DELETE_USER_FLOW, actor, now, before=flow, after=None)

    ports.store.write(actor.tenant_id, work)


def add_provider(ports: Ports, actor: Actor, flow_id: str, provider_id: str) -> UserFlow:
    """Offer a provider, after those there are; a second time changes nothing.

    Raises NotPermitted, NotFound (flow or provider), InvalidValue for a provider that is of no use.
    """

    def offered(tx: Transaction, flow: UserFlow) -> UserFlow:
        ids = checked_provider_ids(
            tx, flow.tenant_id, (*flow.provider_ids, provider_id), kept=flow.provider_ids
        )
        return replace(flow, provider_ids=ids)

    return change_flow(ports, actor, flow_id, offered)


def remove_provider_from(ports: Ports, actor: Actor, flow_id: str, provider_id: str) -> UserFlow:
    """Offer a provider no longer. Raises NotPermitted, NotFound, InvalidValue for the one that is always offered."""

    def without(_: Transaction, flow: UserFlow) -> UserFlow:
        key = fold(provider_id)
        if key == fold(ENTRA_PROVIDER_ID):
            raise InvalidValue("provider_ids", "Accounts of other organizations are always offered.")
        left = tuple(entry for entry in flow.provider_ids if fold(entry) != key)
        if left == flow.provider_ids:
            raise NotFound("IdentityProvider", provider_id)
        return replace(flow, provider_ids=left)

    return change_flow(ports, actor, flow_id, without)


def put_attribute(ports: Ports, actor: Actor, flow_id: str, assignment: AttributeAssignment) -> UserFlow:
    """Ask for an attribute, after those there are; one that is asked for already is replaced in its place.

    Raises NotPermitted, NotFound (flow or attribute), InvalidValue.
    """

    def with_attribute(tx: Transaction, flow: UserFlow) -> UserFlow:
        checked = checked_assignment(tx, assignment)
        if not any(entry.attribute_id == checked.attribute_id for entry in flow.attributes):
            return replace(flow, attributes=(*flow.attributes, checked))
        replaced = tuple(
            checked if entry.attribute_id == checked.attribute_id else entry for entry in flow.attributes
        )
        return replace(flow, attributes=replaced)

    return change_flow(ports, actor, flow_id, with_attribute)


def remove_attribute(ports: Ports, actor: Actor, flow_id: str, attribute_id: str) -> UserFlow:
    """Ask for an attribute no longer; what people said stays with them. Raises NotPermitted, NotFound."""

    def without(_: Transaction, flow: UserFlow) -> UserFlow:
        key = attribute_key(attribute_id)
        left = tuple(entry for entry in flow.attributes if attribute_key(entry.attribute_id) != key)
        if left == flow.attributes:
            raise NotFound("UserFlowAttribute", attribute_id)
        return replace(flow, attributes=left)

    return change_flow(ports, actor, flow_id, without)


def set_order(ports: Ports, actor: Actor, flow_id: str, ids: Iterable[str]) -> UserFlow:
    """Put the attributes of the page in this order (Microsoft Graph: setOrder); unnamed ones follow.

    Raises NotPermitted, NotFound, InvalidValue.
    """
    wanted = tuple(ids)
    return change_flow(
        ports, actor, flow_id, lambda _, flow: replace(flow, attributes=ordered(flow.attributes, wanted))
    )


def set_connector(ports: Ports, actor: Actor, flow_id: str, hook: Hook, connector_id: str | None) -> UserFlow:
    """Ask an API connector at this hook, or (None) nobody. Raises NotPermitted, NotFound (flow or connector)."""

    def connected(tx: Transaction, flow: UserFlow) -> UserFlow:
        return replace(flow, connectors=checked_connectors(tx, {**flow.connectors, hook: connector_id}))

    return change_flow(ports, actor, flow_id, connected)


def add_application(ports: Ports, actor: Actor, flow_id: str, app_id: AppId) -> UserFlow:
    """Have the flow serve an app of this tenant; a second time changes nothing.

    Raises NotPermitted, NotFound, InvalidValue, and Conflict when another flow serves it.
    """

    def serving(tx: Transaction, flow: UserFlow) -> UserFlow:
        apps = checked_apps(tx, flow.tenant_id, flow.id, (*flow.app_ids, app_id))
        return replace(flow, app_ids=apps)

    return change_flow(ports, actor, flow_id, serving)


def remove_application(ports: Ports, actor: Actor, flow_id: str, app_id: AppId) -> UserFlow:
    """Have the flow serve an app no longer. Raises NotPermitted, NotFound."""

    def without(_: Transaction, flow: UserFlow) -> UserFlow:
        left = tuple(entry for entry in flow.app_ids if entry != fold(app_id))
        if left == flow.app_ids:
            raise NotFound("Application", app_id)
        return replace(flow, app_ids=left)

    return change_flow(ports, actor, flow_id, without)


def change_flow(
    ports: Ports, actor: Actor, flow_id: str, make: Change, expected_version: int | None = None
) -> UserFlow:
    """Store what *make* makes of the flow, with an audit record when it differs.

    *expected_version*: of the flow as it was shown to the person who changes it. Raises NotPermitted, NotFound,
    Conflict, and what *make* raises.
    """
    require_flow_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> UserFlow:
        before = require_flow(tx, flow_id)
        guard_version(before.version, expected_version, "user flow")
        after = make(tx, before)
        if after == before:
            return before
        tx.user_flows.replace(after)
        told, became = _only_changed_languages(before, after)
        note_change(tx, record_id, audit.UPDATE_USER_FLOW, actor, now, before=told, after=became)
        return require_flow(tx, before.id)

    return ports.store.write(actor.tenant_id, work)


def _only_changed_languages(before: UserFlow, after: UserFlow) -> tuple[UserFlow, UserFlow]:
    """Both without the languages that stayed as they are: a record tells what changed, not all there is."""
    same = set(before.languages) & set(after.languages)
    kept = (tuple(each for each in flow.languages if each not in same) for flow in (before, after))
    return replace(before, languages=next(kept)), replace(after, languages=next(kept))


def _changed(tx: Transaction, flow: UserFlow, changes: Mapping[str, object]) -> UserFlow:
    checked = {name: _RULES[name](tx, flow, value) for name, value in changes.items()}
    return replace(flow, **checked)  # type: ignore[arg-type]  # _RULES gave the record's types


_RULES: dict[str, Callable[[Transaction, UserFlow, object], object]] = {
    "display_name": lambda tx, flow, value: checked_display_name(tx, flow.id, value),
    "description": lambda _tx, _flow, value: checked_text("description", value, 500, lines=True),
    "provider_ids": lambda tx, flow, value: checked_provider_ids(
        tx, flow.tenant_id, value, kept=flow.provider_ids
    ),
    "attributes": lambda tx, _flow, value: checked_attributes(tx, value),
    "connectors": lambda tx, _flow, value: checked_connectors(tx, value),
    "app_ids": lambda tx, flow, value: checked_apps(tx, flow.tenant_id, flow.id, value),
    "text": lambda _tx, _flow, value: checked_page_text(value),
    "requires_approval": lambda _tx, _flow, value: checked_flag("requires_approval", value),
    "is_sign_up_allowed": lambda _tx, _flow, value: checked_flag("is_sign_up_allowed", value),
}


def require_flow_writer(actor: Actor) -> None:
    """Raises NotPermitted unless the actor may change user flows."""
    require_writer(actor, FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR.name, *WRITE_FLOWS)
