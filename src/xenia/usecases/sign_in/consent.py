"""Consent: which requested permissions nobody agreed to yet, in words a person understands.

Needed are the requested scopes minus those granted to this person or to everybody. Only enabled scopes
that the resource exposes can be asked for; ``Admin`` scopes cannot be agreed to by ordinary people.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import GRAPH_APP_ID, Application, DelegatedGrant, ServicePrincipal
from xenia.core.directory.user import User
from xenia.core.endpoints import origins
from xenia.core.errors import InvalidScope, ResourceNotFound
from xenia.core.scopes import OIDC_SCOPES, ResourceScopes, understand
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Ports, Transaction

if TYPE_CHECKING:
    from xenia.usecases.sign_in.situation import BrowserContext, Situation

_OIDC_WORDS = {
    "openid": ("Sign you in", "Lets the app know who you are when you sign in."),
    "profile": ("View your basic profile", "Your name and the organization you are a guest of."),
    "email": ("View your email address", "The address you sign in with."),
    "offline_access": (
        "Maintain access to data you have given it access to",
        "The app keeps its access while you are away. It gets no further permissions by that.",
    ),
}


@dataclass(frozen=True, slots=True)
class ConsentItem:
    """One permission on the page."""

    scope: str
    """As requested; what ``Facts.consented_scopes`` remembers."""
    value: str
    resource_id: str
    """Service principal of the resource."""
    title: str
    description: str
    admin_only: bool = False


@dataclass(frozen=True, slots=True)
class ConsentNeed:
    """What the consent page lists; nothing is missing when ``missing`` is empty."""

    items: tuple[ConsentItem, ...] = ()
    missing: tuple[str, ...] = ()
    admin_only: bool = False


NOTHING = ConsentNeed()


def consent_need(
    ports: Ports,
    tx: Transaction,
    client: Application,
    principal: ServicePrincipal,
    request: AuthorizeRequest | None,
    user: User | None,
) -> ConsentNeed:
    """What is still to be agreed to. First-party applications ask for nothing.

    Raises InvalidScope or ResourceNotFound when a scope names what does not exist.
    """
    if request is None or client.is_first_party:
        return NOTHING
    items = _items(ports, tx, client, request)
    granted = _granted(tx, principal, user)
    missing = tuple(item for item in items if (item.resource_id, item.value) not in granted)
    return ConsentNeed(items, tuple(item.scope for item in missing), any(item.admin_only for item in missing))


def _granted(tx: Transaction, principal: ServicePrincipal, user: User | None) -> set[tuple[str, str]]:
    return {
        (grant.resource_id, scope)
        for grant in tx.applications.grants_of(principal.id)
        if grant.consent_type == "AllPrincipals" or (user is not None and grant.principal_id == user.id)
        for scope in grant.scopes
    }


def _items(
    ports: Ports, tx: Transaction, client: Application, request: AuthorizeRequest
) -> tuple[ConsentItem, ...]:
    ours = origins(ports.server.base_url, ports.server.base_url, ports.server.hosts)
    asked = understand(request.scopes, ours)
    graph = tx.applications.service_principal(GRAPH_APP_ID)
    if graph is None:
        raise ResourceNotFound(GRAPH_APP_ID, client.tenant_id)
    found = [
        ConsentItem(scope, scope, graph.id, *_OIDC_WORDS[scope])
        for scope in OIDC_SCOPES
        if scope in asked.oidc
    ]
    for resource in asked.resources:
        if not resource.is_default:
            found += _resource_items(tx, client, resource)
    return tuple(found)


def _resource_items(tx: Transaction, client: Application, asked: ResourceScopes) -> list[ConsentItem]:
    application = _resource(tx, asked)
    principal = tx.applications.service_principal(application.app_id) if application else None
    if application is None or principal is None:
        raise ResourceNotFound(asked.identifier or GRAPH_APP_ID, client.tenant_id)
    exposed = {scope.value.casefold(): scope for scope in application.scopes if scope.is_enabled}
    items = []
    for value, written in zip(asked.values, asked.written, strict=True):
        scope = exposed.get(value.casefold())
        if scope is None:
            raise InvalidScope(written)
        title = scope.user_consent_display_name or scope.admin_consent_display_name or scope.value
        text = scope.user_consent_description or scope.admin_consent_description
        items.append(ConsentItem(written, scope.value, principal.id, title, text, scope.type == "Admin"))
    return items


def _resource(tx: Transaction, asked: ResourceScopes) -> Application | None:
    if asked.is_graph or asked.identifier is None:
        return tx.applications.find_by_app_id(GRAPH_APP_ID)
    by_uri = tx.applications.find_by_identifier_uri(asked.identifier)
    return by_uri or tx.applications.find_by_app_id(asked.identifier.removeprefix("api://").casefold())


def grant_consent(
    ports: Ports, tx: Transaction, situation: Situation, browser: BrowserContext, now: datetime
) -> None:
    """Remember that this person agreed to what the page listed, merged with earlier consent.

    Not what takes an administrator: that stands by the administrator's own grant, and ends with it.
    """
    user = situation.user
    if user is None:
        return
    earlier = {
        grant.resource_id: grant
        for grant in tx.applications.grants_of(situation.principal.id)
        if grant.principal_id == user.id
    }
    given = tuple(item for item in situation.consent.items if not item.admin_only)
    for resource_id in dict.fromkeys(item.resource_id for item in given):
        old = earlier.get(resource_id)
        values = tuple(item.value for item in given if item.resource_id == resource_id)
        tx.applications.put_grant(
            DelegatedGrant(
                id=old.id if old else ports.entropy.guid(),
                client_id=situation.principal.id,
                consent_type="Principal",
                principal_id=user.id,
                resource_id=resource_id,
                scopes=tuple(dict.fromkeys((*(old.scopes if old else ()), *values))),
            )
        )
    actor = Actor(
        situation.tenant.id,
        situation.interaction.correlation_id,
        ip_address=browser.ip_address,
        user_id=user.id,
        display_name=user.display_name,
        upn=user.user_principal_name,
        is_guest=user.is_guest,
    )
    change = audit.Change(
        "ConsentAction.Permissions",
        None,
        json.dumps(" ".join(item.value for item in given)),
    )
    target = audit.Target(
        situation.principal.id, "ServicePrincipal", situation.client.display_name, None, (change,)
    )
    tx.logs.audit(
        audit.audit_record(ports.entropy.guid(), audit.CONSENT_TO_APPLICATION, actor, now, targets=(target,))
    )
