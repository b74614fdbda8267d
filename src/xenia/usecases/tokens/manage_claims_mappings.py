"""Claims mapping policies (Microsoft Graph: claimsMappingPolicy): entered, changed, assigned to enterprise apps."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.claims_mapping import understood
from xenia.core.claims_mapping_policy import LONGEST_DEFINITION, MOST_POLICIES, ClaimsMappingPolicy
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.errors import InvalidValue
from xenia.core.ids import ObjectId
from xenia.ports import Ports
from xenia.usecases.applications.application_rules import require_principal
from xenia.usecases.tokens.sts_policies import READ_PERMITS, WRITE_PERMIT, StsPolicies

__all__ = ["MAPPINGS", "READ_PERMITS", "WRITE_PERMIT", "assign_claims_mapping", "create_claims_mapping"]


def _understood(policy: ClaimsMappingPolicy) -> ClaimsMappingPolicy:
    understood(policy.definition)
    if policy.is_organization_default:
        raise InvalidValue(
            "isOrganizationDefault", "A claims mapping is for the service principals it is assigned to."
        )
    return policy


MAPPINGS = StsPolicies[ClaimsMappingPolicy](
    attribute="claims_mappings",
    relation="claimsMappingPolicies",
    noun="claims mapping",
    most=MOST_POLICIES,
    longest=LONGEST_DEFINITION,
    understood=_understood,
)


def create_claims_mapping(
    ports: Ports, actor: Actor, display_name: str, definition: str, *, is_default: bool = False
) -> ClaimsMappingPolicy:
    """Raises NotPermitted, InvalidValue with what to write instead."""
    made = ClaimsMappingPolicy(ports.entropy.guid(), display_name, definition, is_default)
    return MAPPINGS.create(ports, actor, made)


def assign_claims_mapping(ports: Ports, actor: Actor, principal_id: ObjectId, key: str) -> None:
    """For tokens that this enterprise app reads.

    Raises NotPermitted, NotFound, Conflict beside another one, InvalidValue for an app that ships with this server.
    """
    with ports.store.read(actor.tenant_id) as tx:
        principal = require_principal(tx, principal_id)
    if principal.app_id in FIRST_PARTY_APP_IDS:
        raise InvalidValue("id", "Apps that ship with this server cannot be changed.")
    MAPPINGS.assign(ports, actor, principal.id, key)
