"""Access tokens for apps without a person (client credentials, RFC 6749 section 4.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core import claims as c
from xenia.core import errors
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.directory.tenant import Tenant
from xenia.core.token_lifetime import chosen_lifetime
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.tokens.access import find_resource, requested_scopes, roles_of_app
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.issue_tokens import PlannedToken, sign_token
from xenia.usecases.tokens.own_keys import access_token_key


class AppAccess(Record):
    """What an app may do at a resource by itself."""

    resource: c.Resource
    roles: tuple[str, ...]
    lifetime: timedelta | None = None
    """Of its tokens, where a token lifetime policy decides."""
    own_key: AppSigningKey | None = None
    """The resource's, where it has one."""


class AppToken(Record):
    """The signed token and what the response and the log say about it."""

    access_token: str
    expires_in: int
    token_id: str


def app_access(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, scopes: tuple[str, ...], base_url: str
) -> AppAccess:
    """The one resource asked for by ``{resource}/.default``, and the roles the app holds there.

    Raises MixedResources, InvalidScope, ResourceNotFound, and AppNotAssigned when the resource requires an
    assignment. OpenID scopes beside it are passed over: client libraries send them.
    """
    asked = requested_scopes(ports, base_url, scopes)
    if len(asked.resources) > 1:
        raise errors.MixedResources
    if not asked.resources or not asked.resources[0].is_default or asked.resources[0].identifier is None:
        raise errors.InvalidScope(
            " ".join(scopes),
            f"The provided value for the input parameter 'scope' is not valid. The scope '{' '.join(scopes)}' must be "
            "the resource identifier (Application ID URI) followed by '/.default'.",
        )
    with ports.store.read(tenant.id) as tx:
        resource = find_resource(tx, tenant, asked.resources[0])
        policies = tx.tenants.policies(tenant.id).token_lifetimes
        own_key = access_token_key(tx, resource.principal)
        roles, is_assigned = roles_of_app(tx, client.principal.id, resource.application, resource.principal)
    own = client.application.app_id == resource.application.app_id
    if resource.principal.assignment_required and not is_assigned and not own:
        raise errors.AppNotAssigned(client.application.app_id, resource.application.app_id)
    objects = (resource.principal.id, resource.application.id, client.principal.id, client.application.id)
    return AppAccess(resource, roles, chosen_lifetime(policies, *objects), own_key)


def issue_app_token(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, access: AppAccess, base_url: str, now: datetime
) -> AppToken:
    """Sign an access token for the app. Needs no database."""
    lifetime = access.lifetime or c.APP_TOKEN_LIFETIME
    stamp = c.Stamp(now, lifetime, ports.entropy.token(16))
    claims = c.app_access_token(
        client.application,
        client.principal,
        tenant,
        access.resource,
        access.roles,
        client.authentication,
        base_url,
        stamp,
    )
    token = sign_token(ports, PlannedToken(claims, access.resource.version, access.own_key))
    return AppToken(token, int(stamp.lifetime.total_seconds()) - 1, stamp.uti)
