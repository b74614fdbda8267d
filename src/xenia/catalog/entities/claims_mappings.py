"""Claims mapping policies, and the relation by which service principals get one (claimsMappingPolicy)."""

from __future__ import annotations

from xenia.catalog.edm import Entity, Nav, Resource, Values
from xenia.catalog.entities.sts_policies import STS_POLICY_PROPS, sole_definition, sts_policy_changes
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.claims_mapping_policy import ClaimsMappingPolicy
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.usecases.tokens import manage_claims_mappings as mappings
from xenia.usecases.users import read_directory


def _list(ports: Ports, actor: Actor, query: Query) -> Page[ClaimsMappingPolicy]:
    return page_of(mappings.MAPPINGS.list(ports, actor), query)


def _create(ports: Ports, actor: Actor, values: Values) -> ClaimsMappingPolicy:
    return mappings.create_claims_mapping(
        ports,
        actor,
        values["displayName"],
        sole_definition(values["definition"]),
        is_default=bool(values.get("isOrganizationDefault")),
    )


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    mappings.MAPPINGS.update(ports, actor, key, **sts_policy_changes(values))


CLAIMS_MAPPING_POLICY = Entity(
    "claimsMappingPolicy",
    "Claims that administrators put into the tokens of an app, and whether those about the person stay.",
    STS_POLICY_PROPS,
    base="stsPolicy",
)
CLAIMS_MAPPINGS = Resource(
    "policies/claimsMappingPolicies",
    CLAIMS_MAPPING_POLICY,
    list=_list,
    get=mappings.MAPPINGS.get,
    create=_create,
    update=_update,
    delete=mappings.MAPPINGS.delete,
    read_permits=mappings.READ_PERMITS,
    write_permits=(mappings.WRITE_PERMIT,),
)


def _principal_id(ports: Ports, actor: Actor, key: str) -> str:
    return read_directory.get_service_principal(ports, actor, key).id


MAPPINGS_OF_PRINCIPAL = Nav(
    "claimsMappingPolicies",
    many=True,
    read=lambda ports, actor, key: mappings.MAPPINGS.assigned_to(
        ports, actor, _principal_id(ports, actor, key)
    ),
    add=lambda ports, actor, key, policy: mappings.assign_claims_mapping(
        ports, actor, _principal_id(ports, actor, key), policy
    ),
    remove=lambda ports, actor, key, policy: mappings.MAPPINGS.unassign(
        ports, actor, _principal_id(ports, actor, key), policy
    ),
    target=CLAIMS_MAPPINGS,
)
