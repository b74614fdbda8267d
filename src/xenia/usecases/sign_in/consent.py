"""Consent in a sign-in: what is still to be agreed to, by whom, and what the agreement leaves behind.

Looking is cheap where nothing is missing. Only the answer of the page writes: service principals the tenant did
not have, delegated grants for the person or for everybody, application permissions for an administrator.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from xenia.core.actor import Actor
from xenia.core.consent import NOTHING, ConsentItem, ConsentNeed, Publisher, needs_administrator
from xenia.core.directory.application import GRAPH_APP_ID, Application, ServicePrincipal
from xenia.core.directory.roles import APP_WRITING_ROLES, GLOBAL_ADMINISTRATOR
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.directory.user import User
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.consent.asked_permissions import (
    Asking,
    Held,
    is_settled,
    requested_items,
    static_items,
    unique,
)
from xenia.usecases.consent.record_consent import Agreement, record_agreement
from xenia.usecases.tokens.access import requested_scopes

if TYPE_CHECKING:
    from xenia.usecases.sign_in.situation import BrowserContext, Situation

_GLOBAL = frozenset({GLOBAL_ADMINISTRATOR.template_id})


class Asker(Record):
    """Who wants what, from whom."""

    tenant: Tenant
    policies: TenantPolicies
    client: Application
    principal: ServicePrincipal
    """May not be stored yet: then the agreement makes it."""
    request: AuthorizeRequest | None
    user: User | None


def consent_need(ports: Ports, tx: Transaction, asker: Asker, now: datetime) -> ConsentNeed:
    """What is still to be agreed to. First-party applications ask for nothing.

    Raises InvalidScope or ResourceNotFound when a scope names what does not exist.
    """
    request, client = asker.request, asker.client
    if request is None or client.is_first_party:
        return NOTHING
    asking = Asking(
        ports, tx, asker.tenant.id, client, asker.principal, now, for_organization=request.admin_consent
    )
    items, missing = _items(asking, request, None if request.admin_consent else asker.user)
    is_new = tx.applications.service_principal(client.app_id) is None
    if not missing and not request.admin_consent and "consent" not in request.prompts and not is_new:
        return ConsentNeed(items)
    roles = tx.users.roles(asker.user.id) if asker.user is not None else frozenset()
    may_all = _may_grant_for_all(tx, items, roles)
    owner = tx.tenants.find(client.tenant_id)
    is_own = client.tenant_id == asker.tenant.id
    admin_only = request.admin_consent or needs_administrator(
        missing or (items if is_new else ()),
        asker.policies.user_consent,
        is_own_app=is_own,
        assignment_required=asker.principal.assignment_required,
    )
    made = tuple(asking.made.values())
    return ConsentNeed(
        items,
        missing or (items if is_new else ()),
        admin_only=admin_only and not may_all,
        may_grant_for_all=may_all,
        for_organization=request.admin_consent,
        new_principals=(asker.principal, *made) if is_new else made,
        publisher=Publisher(owner.default_domain, is_own) if owner is not None else None,
    )


def _items(
    asking: Asking, request: AuthorizeRequest, user: User | None
) -> tuple[tuple[ConsentItem, ...], tuple[ConsentItem, ...]]:
    """Everything needed, and what of it is not agreed to."""
    asked = requested_scopes(asking.ports, asking.ports.server.base_url, request.scopes)
    found = list(requested_items(asking, asked))
    if request.admin_consent and (not asked.resources or any(each.is_default for each in asked.resources)):
        found += static_items(asking, asking.client, asking.principal)
    items, held = unique(found), Held(asking.tx, user.id if user is not None else None)
    named = {written for each in asked.resources if not each.is_default for written in each.written}
    named |= set(asked.oidc)
    # Once something was agreed to at the resource of .default, the static list asks nothing more.
    settled = (
        "consent" not in request.prompts and not asking.for_organization and is_settled(asking, asked, held)
    )
    missing = tuple(
        item
        for item in items
        if not (item.is_trusted or held.has(item))
        and not (settled and item.client_id == asking.principal.id and item.scope not in named)
    )
    return items, missing


def _may_grant_for_all(tx: Transaction, items: tuple[ConsentItem, ...], roles: frozenset[str]) -> bool:
    """A role over apps suffices, except for application permissions of Graph: they reach beyond that role."""
    graph = tx.applications.service_principal(GRAPH_APP_ID)
    powerful = any(
        item.role_id is not None and graph is not None and item.resource_id == graph.id for item in items
    )
    return bool(roles & (_GLOBAL if powerful else APP_WRITING_ROLES))


def grant_consent(
    ports: Ports,
    tx: Transaction,
    situation: Situation,
    browser: BrowserContext,
    now: datetime,
    *,
    for_everybody: bool,
) -> None:
    """Remember what the page listed, for this person or, by an administrator, for everybody. Raises Conflict."""
    user, need = situation.user, situation.consent
    if user is None:
        return
    for_all = need.may_grant_for_all and (for_everybody or need.for_organization)
    agreement = Agreement(
        client=situation.principal,
        items=need.items if for_all else need.missing,
        user_id=None if for_all else user.id,
        new_principals=need.new_principals,
    )
    if not (agreement.items or agreement.new_principals):
        return  # asked again by prompt=consent, and nothing is new
    record_agreement(ports, tx, acting(situation, browser), agreement, now)


def acting(situation: Situation, browser: BrowserContext) -> Actor:
    """The person of this sign-in, for the audit log. Raises ValueError where nobody is signed in."""
    user = situation.user
    if user is None:
        raise ValueError("nobody is signed in")
    return Actor(
        situation.tenant.id,
        situation.interaction.correlation_id,
        ip_address=browser.ip_address,
        user_id=user.id,
        display_name=user.display_name,
        upn=user.user_principal_name,
        is_guest=user.is_guest,
    )
