"""What user flows consist of, for those who may read flows: providers, connectors, attributes, in one look.

Reading only; the verbs are in ``manage_user_flows``. Who may see a flow may see what it offers and calls; the
lists of all providers and connectors have permissions of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.actor import Actor
from xenia.core.api_connector import ApiConnector
from xenia.core.directory.identity_provider import IdentityProvider
from xenia.core.ids import fold
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, UserAttribute
from xenia.core.user_flow import Hook, UserFlow
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.self_service.provider_rules import all_providers
from xenia.usecases.self_service.self_service_rules import READ_FLOWS, require_reader
from xenia.usecases.self_service.user_flow_rules import require_flow


class WholeFlow(Record):
    """A flow with the attributes it can ask for, by id."""

    flow: UserFlow
    known_attributes: Mapping[str, UserAttribute]

    @property
    def attributes(self) -> tuple[UserAttribute, ...]:
        """Those on its page, in order."""
        found = (self.known_attributes.get(item.attribute_id) for item in self.flow.attributes)
        return tuple(attribute for attribute in found if attribute is not None)


def whole_flows(ports: Ports, actor: Actor) -> tuple[WholeFlow, ...]:
    """Every flow of the tenant, by id. Raises NotPermitted."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        known = _attributes(tx)
        return tuple(WholeFlow(flow, known) for flow in tx.user_flows.list())


def whole_flow(ports: Ports, actor: Actor, flow_id: str) -> WholeFlow:
    """The flow of this id, any case. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        return WholeFlow(require_flow(tx, flow_id), _attributes(tx))


def providers_of(ports: Ports, actor: Actor, flow_id: str) -> tuple[IdentityProvider, ...]:
    """The providers a flow offers, in its order. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        flow = require_flow(tx, flow_id)
        known = {fold(provider.id): provider for provider in all_providers(tx, actor.tenant_id)}
    found = (known.get(fold(provider_id)) for provider_id in flow.provider_ids)
    return tuple(provider for provider in found if provider is not None)


def connector_of(ports: Ports, actor: Actor, flow_id: str, hook: Hook) -> ApiConnector | None:
    """The connector a flow calls at this hook. Raises NotPermitted, NotFound (the flow)."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        connector_id = require_flow(tx, flow_id).connectors.get(hook)
        return None if connector_id is None else tx.api_connectors.find(connector_id)


def _attributes(tx: Transaction) -> Mapping[str, UserAttribute]:
    return {attribute.id: attribute for attribute in (*BUILT_IN_ATTRIBUTES, *tx.user_attributes.list())}
