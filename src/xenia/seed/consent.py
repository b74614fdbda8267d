"""Consent of a seed: who is asked when people may not agree themselves, and what apps hold without anybody being asked."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.application import GRAPH_APP_ID, DelegatedGrant, ServicePrincipal
from xenia.core.directory.tenant import ConsentRequestPolicy
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.query import Compare, Query
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.seed.document import SeedConsentRequests, SeedGrant
from xenia.seed.groups import find_person
from xenia.usecases.consent.granted_permissions import create_grant
from xenia.usecases.consent.record_consent import FOR_EVERYBODY, FOR_ONE
from xenia.usecases.tenants.manage_tenant import update_policies

_GRAPH = "Microsoft Graph"


class CheckedGrant(Record):
    """A grant whose names were all found."""

    resource_id: ObjectId
    scopes: tuple[str, ...]
    user_id: ObjectId | None


def apply_consent_requests(ports: Ports, actor: Actor, entry: SeedConsentRequests) -> None:
    """Switch the workflow on, unless somebody has ever set it here. Raises ValueError, InvalidValue."""
    with ports.store.read(actor.tenant_id) as tx:
        policies = tx.tenants.policies(actor.tenant_id)
    if policies.consent_requests != ConsentRequestPolicy():
        return
    reviewers = tuple(
        dict.fromkeys(find_person(ports, actor, one, "reviewers").id for one in entry.reviewers)
    )
    wanted = ConsentRequestPolicy(
        is_enabled=True,
        reviewers=reviewers,
        notifies_reviewers=entry.notify_reviewers,
        reminds=entry.remind,
        duration_days=entry.expire_after_days,
        version=policies.consent_requests.version + 1,
    )
    update_policies(ports, actor, replace(policies, consent_requests=wanted))


def check_grant(ports: Ports, actor: Actor, entry: SeedGrant) -> CheckedGrant:
    """The same with everything found that it names. Raises ValueError."""
    resource = _api(ports, actor, entry.api)
    if not entry.scopes:
        raise ValueError("scopes: name at least one")
    with ports.store.read(actor.tenant_id) as tx:
        api = tx.applications.find_by_app_id(resource.app_id)
    offered = {scope.value for scope in api.scopes if scope.is_enabled} if api else set()
    unknown = [scope for scope in entry.scopes if scope not in offered]
    if unknown:
        raise ValueError(f"scopes: {entry.api} offers no '{unknown[0]}'")
    user = find_person(ports, actor, entry.user, "user").id if entry.user is not None else None
    return CheckedGrant(resource.id, entry.scopes, user)


def apply_grant(ports: Ports, actor: Actor, client_id: ObjectId, grant: CheckedGrant) -> None:
    """Grant it. Raises as ``create_grant``."""
    kind = FOR_EVERYBODY if grant.user_id is None else FOR_ONE
    create_grant(
        ports, actor, DelegatedGrant("", client_id, kind, grant.user_id, grant.resource_id, grant.scopes)
    )


def _api(ports: Ports, actor: Actor, name: str) -> ServicePrincipal:
    key = GRAPH_APP_ID if name == _GRAPH else parse_guid(name)
    with ports.store.read(actor.tenant_id) as tx:
        if key is not None:
            found = tx.applications.service_principal(key)
        else:
            query = Query(Compare("display_name", "eq", name), limit=2)
            named = tx.applications.list_service_principals(query).items
            if len(named) > 1:
                raise ValueError(f"api: there are several apps '{name}'; name it by its client ID")
            found = next(iter(named), None)
    if found is None:
        raise ValueError(f"api: there is no app '{name}' here; it has to stand earlier in the file")
    return found
