"""Reading an access token of ours back: whose it is, and what it still permits.

A token is a claim about the past. Here it meets the present: a family revoked, sessions ended, a user
or app disabled since it was issued make it worthless before it expires.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core.actor import Actor
from xenia.core.claims import FAMILY_PREFIX
from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.user import User
from xenia.core.endpoints import V1, issuer, origins
from xenia.core.errors import NotAuthenticated
from xenia.core.ids import AppId, TenantId, parse_guid
from xenia.core.scopes import is_graph
from xenia.ports import Ports, Transaction
from xenia.record import Record


class AccessToken(Record):
    """A valid access token for Graph. ``user`` is None for an app of its own."""

    claims: dict[str, object]
    tenant_id: TenantId
    app_id: AppId
    principal: ServicePrincipal
    user: User | None
    roles: frozenset[str]
    """Directory roles the user, or the app's service principal, holds now."""

    @property
    def scopes(self) -> frozenset[str]:
        """Delegated permissions and OpenID scopes (``scp``)."""
        return frozenset(str(self.claims.get("scp", "")).split())


def read_access_token(ports: Ports, token: str, base_url: str, now: datetime) -> AccessToken:
    """The token's meaning now. Raises NotAuthenticated for anything but a living Graph access token of ours."""
    claims = ports.keys.verify(token)
    if claims is None:
        raise NotAuthenticated("The access token is not valid.", detail="signature")
    tenant_id = _check_claims(ports, claims, base_url, now)
    app_id = str(claims["appid"])
    user_id = str(claims["oid"]) if "scp" in claims else None
    with ports.store.read(tenant_id) as tx:
        principal = tx.applications.service_principal(app_id)
        if principal is None or not principal.account_enabled:
            raise NotAuthenticated("The access token is not valid.", detail="client gone or disabled")
        user = _living_user(tx, claims, user_id) if user_id is not None else None
        if user is None and principal.id != claims["oid"]:
            raise NotAuthenticated("The access token is not valid.", detail="principal was replaced")
        roles = tx.users.roles(user.id if user is not None else principal.id)
    return AccessToken(claims, tenant_id, app_id, principal, user, roles)


def actor_from_token(
    ports: Ports, token: str, base_url: str, now: datetime, *, correlation_id: str = "", ip_address: str = ""
) -> Actor:
    """Who calls the Graph API with this token, and with what rights.

    ``base_url`` is the origin the request came to. Raises NotAuthenticated.
    """
    read = read_access_token(ports, token, base_url, now)
    if read.user is None:
        return Actor(
            tenant_id=read.tenant_id,
            correlation_id=correlation_id,
            ip_address=ip_address,
            display_name=read.principal.display_name,
            roles=read.roles,
            app_id=read.app_id,
            app_name=read.principal.display_name,
            service_principal_id=read.principal.id,
            app_permissions=_texts(read.claims.get("roles")),
        )
    return Actor(
        tenant_id=read.tenant_id,
        correlation_id=correlation_id,
        ip_address=ip_address,
        user_id=read.user.id,
        display_name=read.user.display_name,
        upn=read.user.user_principal_name,
        mail=read.user.mail,
        is_guest=read.user.is_guest,
        roles=read.roles,
        app_id=read.app_id,
        app_name=read.principal.display_name,
        scopes=read.scopes,
    )


def _check_claims(ports: Ports, claims: dict[str, object], base_url: str, now: datetime) -> TenantId:
    """Kind, time, audience and issuer. An ID token (no ``appid``) or another API's token is refused here."""
    tenant_id, audience, moment = parse_guid(_text(claims, "tid")), _text(claims, "aud"), int(now.timestamp())
    ours = origins(base_url, ports.server.base_url, ports.server.hosts)
    if tenant_id is None or "appid" not in claims or "oid" not in claims or not is_graph(audience, ours):
        raise NotAuthenticated("Access token validation failure. Invalid audience.", detail=f"aud {audience}")
    if _text(claims, "iss") not in {issuer(origin, tenant_id, V1) for origin in ours}:
        raise NotAuthenticated(
            "Access token validation failure. Invalid issuer.", detail=_text(claims, "iss")
        )
    if not _number(claims, "nbf") <= moment < _number(claims, "exp"):
        raise NotAuthenticated("Lifetime validation failed, the token is expired.")
    return tenant_id


def _living_user(tx: Transaction, claims: dict[str, object], user_id: str) -> User:
    user = tx.users.find(user_id)
    if user is None or not user.account_enabled:
        raise NotAuthenticated("The access token is not valid.", detail="user gone or disabled")
    valid_from = user.sessions_valid_from
    if valid_from is not None and _number(claims, "iat") < int(valid_from.timestamp()):
        raise NotAuthenticated("The access token has been revoked.", detail="sessions were revoked")
    link = _text(claims, "rh")
    family = tx.sign_ins.find_family(link.removeprefix(FAMILY_PREFIX)) if link else None
    if link and (family is None or family.revoked_at is not None):
        raise NotAuthenticated("The access token has been revoked.", detail="family revoked")
    return user


def _text(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _number(claims: dict[str, object], name: str) -> int:
    value = claims.get(name)
    return value if isinstance(value, int) else 0


def _texts(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
