"""Claims mapping policies, and the relation by which service principals get one (claimsMappingPolicy)."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Edm, Entity, Nav, Prop, Resource, Values, Write
from xenia.catalog.entities.token_lifetimes import sole_definition
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
    changes: dict[str, Any] = {}
    if values.get("displayName") is not None:
        changes["display_name"] = values["displayName"]
    if values.get("definition") is not None:
        changes["definition"] = sole_definition(values["definition"])
    if values.get("isOrganizationDefault") is not None:
        changes["is_organization_default"] = values["isOrganizationDefault"]
    mappings.MAPPINGS.update(ports, actor, key, **changes)


CLAIMS_MAPPING_POLICY = Entity(
    "claimsMappingPolicy",
    "Claims that administrators put into the tokens of an app, and whether those about the person stay.",
    (
        Prop("id", nullable=False),
        Prop("displayName", attribute="display_name", write=Write.BOTH, required=True),
        Prop(
            "definition", many=True, read=lambda policy: [policy.definition], write=Write.BOTH, required=True
        ),
        Prop("isOrganizationDefault", Edm.BOOLEAN, "is_organization_default", write=Write.BOTH),
    ),
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
