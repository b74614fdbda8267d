"""Which claims a token carries. Pure: everything a token says is an argument here.

Claims follow the public token references of the field (ID tokens and access tokens, versions 1.0 and 2.0,
optional claims); the deliberate additions stand in ``docs/reference/token-claims.md``. Hashes of what else
an answer carries (``c_hash``, ``at_hash``) are added by whoever assembles it, and signing happens elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from xenia.core.claims_request import NOTHING_ASKED, ClaimsRequest
from xenia.core.directory.application import GRAPH_APP_ID, Application, ServicePrincipal
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import MAIL_ISSUER, User
from xenia.core.endpoints import V1, V2, issuer
from xenia.core.ids import AppId, ObjectId, fold
from xenia.core.signin.answer import SignedIn
from xenia.record import Record

ID_TOKEN_LIFETIME = timedelta(minutes=60)
APP_TOKEN_LIFETIME = timedelta(minutes=60)
NOT_BEFORE_SLACK = timedelta(minutes=5)
"""``nbf`` is back-dated for clients whose clocks run late; ``iat`` stays true."""

FAMILY_PREFIX = "1."
"""Begins ``rh``, the claim by which we find the family of an access token again."""

PLAIN_USER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""``wids`` of everybody, whatever roles they have: says that roles were looked up."""
_VOUCHING = frozenset({MAIL_ISSUER, "google.com", "live.com"})
"""Providers that let nobody sign in by a mailbox that is not theirs (``xms_edov``)."""

Claims = dict[str, object]


class ClientAuthentication(StrEnum):
    """How the client proved itself (``azpacr``/``appidacr``)."""

    NONE = "0"
    SECRET = "1"  # noqa: S105  (a published constant)
    ASSERTION = "2"


class Resource(Record):
    """The API an access token is for: its registration, its principal here, and the name the client used."""

    application: Application
    principal: ServicePrincipal
    identifier: str

    @property
    def version(self) -> str:
        """Version of its access tokens: the resource decides (``requestedAccessTokenVersion``)."""
        return V2 if self.application.requested_access_token_version == 2 else V1

    @property
    def is_graph(self) -> bool:
        """Whether this is our own Graph API."""
        return self.application.app_id == GRAPH_APP_ID


class Stamp(Record):
    """What makes one token this token: its time, its end and its id."""

    at: datetime
    lifetime: timedelta
    uti: str

    def claims(self) -> Claims:
        """``iat``, ``nbf``, ``exp``."""
        issued = int(self.at.timestamp())
        return {
            "iat": issued,
            "nbf": issued - int(NOT_BEFORE_SLACK.total_seconds()),
            "exp": issued + int(self.lifetime.total_seconds()),
        }


class IdTokenRequest(Record):
    """What the client asked of its ID token."""

    scopes: Collection[str]
    nonce: str | None = None
    version: str = V2
    asks_auth_time: bool = False
    claims: ClaimsRequest = NOTHING_ASKED


class UserGrant(Record):
    """What a client may do at a resource for a person."""

    scopes: tuple[str, ...]
    """``scp``: short permission values (and OpenID scopes at Graph)."""
    roles: tuple[str, ...]
    """Values of the resource's app roles assigned to the person."""
    client_authentication: ClientAuthentication
    family_id: str | None
    """All tokens that descend from one code: revoked together. Implicit tokens have none."""
    claims: ClaimsRequest = NOTHING_ASKED


def pairwise_subject(tenant: Tenant, user_id: ObjectId, recipient: AppId) -> str:
    """``sub``: differs for every recipient, never changes, and tells nothing (OpenID Connect Core section 8.1)."""
    digest = hmac.digest(
        bytes.fromhex(tenant.subject_salt), f"{user_id}|{recipient}".encode(), hashlib.sha256
    )
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def left_half_hash(value: str) -> str:
    """``c_hash``/``at_hash`` of an RS256 token (OpenID Connect Core section 3.3.2.11)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def id_token(
    signed_in: SignedIn, request: IdTokenRequest, roles: tuple[str, ...], login_hint: str, stamp: Stamp
) -> Claims:
    """Claims of an ID token. ``login_hint`` is the opaque form that finds this account again."""
    user, tenant, client = signed_in.user, signed_in.tenant, signed_in.client
    claims: Claims = {
        "aud": client.app_id,
        "iss": issuer(signed_in.base_url, tenant.id, request.version),
        **stamp.claims(),
        **_provider(signed_in),
        **({"nonce": request.nonce} if request.nonce is not None else {}),
        **(_v1_person(signed_in) if request.version == V1 else _v2_person(user, request.scopes)),
        **_email(user, asked="email" in request.scopes),
        **({"roles": list(roles)} if roles else {}),
        "oid": user.id,
        "sid": signed_in.sid,
        "sub": pairwise_subject(tenant, user.id, client.app_id),
        "tid": tenant.id,
        "uti": stamp.uti,
        "ver": request.version,
    }
    if request.asks_auth_time:
        claims["auth_time"] = int(signed_in.auth_time.timestamp())
    asked = {**optional_claims(client, "idToken"), **{name: {} for name in request.claims.id_token}}
    return (
        claims
        | _optional(asked, signed_in, login_hint)
        | _extensions(client, "idToken", user)
        | _role_claims(client, signed_in)
    )


def user_access_token(signed_in: SignedIn, resource: Resource, grant: UserGrant, stamp: Stamp) -> Claims:
    """Claims of an access token by which the client acts for the person."""
    user, tenant, version = signed_in.user, signed_in.tenant, resource.version
    claims: Claims = {
        **_access_base(signed_in, resource, grant.client_authentication, stamp),
        **_provider(signed_in),
        **(_v1_person(signed_in) if version == V1 else _v2_person(user, ("profile",))),
        **_email(user, asked="email" in grant.scopes and resource.is_graph),
        "oid": user.id,
        **({"rh": f"{FAMILY_PREFIX}{grant.family_id}"} if grant.family_id else {}),
        "scp": " ".join(grant.scopes),
        "sid": signed_in.sid,
        "sub": pairwise_subject(tenant, user.id, resource.application.app_id),
    }
    if grant.roles:
        claims["roles"] = list(grant.roles)
    if resource.is_graph:
        claims |= {
            "acct": 1 if user.is_guest else 0,
            "idtyp": "user",
            "xms_st": {"sub": pairwise_subject(tenant, user.id, signed_in.client.app_id)},
        }
    asked = optional_claims(resource.application, "accessToken")
    if "xms_cc" in asked and grant.claims.capabilities:
        claims["xms_cc"] = list(grant.claims.capabilities)
    return (
        claims
        | _optional(asked, signed_in, "")
        | _extensions(resource.application, "accessToken", user)
        | _role_claims(resource.application, signed_in)
    )


def app_access_token(
    client: Application,
    principal: ServicePrincipal,
    tenant: Tenant,
    resource: Resource,
    roles: tuple[str, ...],
    authentication: ClientAuthentication,
    base_url: str,
    stamp: Stamp,
) -> Claims:
    """Claims of an access token of an app without a person (client credentials)."""
    version = resource.version
    own_issuer = issuer(base_url, tenant.id, version)
    asked = optional_claims(resource.application, "accessToken")
    claims: Claims = {
        "aud": audience(resource, asked),
        "iss": own_issuer,
        **stamp.claims(),
        **_client_claims(client, version, resource, authentication),
        "oid": principal.id,
        "sub": principal.id,
        "tid": tenant.id,
        "uti": stamp.uti,
        "ver": version,
    }
    if version == V1:
        claims["idp"] = own_issuer
    if roles:
        claims["roles"] = list(roles)
    if resource.is_graph or "idtyp" in asked:
        claims["idtyp"] = "app"
    if resource.is_graph:
        claims["xms_tcdt"] = int(tenant.created_at.timestamp())
    return claims


def audience(resource: Resource, asked: Mapping[str, object]) -> str:
    """``aud``: the GUID in v2.0, and in v1.0 the name the client used unless the resource wants the GUID."""
    properties = asked.get("aud")
    wants_guid = isinstance(properties, Collection) and "use_guid" in properties
    return resource.application.app_id if resource.version == V2 or wants_guid else resource.identifier


def optional_claims(application: Application, token: str) -> dict[str, Collection[str]]:
    """Configured optional claims of ``idToken`` or ``accessToken``: name -> additional properties.

    The configuration is what an app owner wrote: whatever is malformed there is passed over.
    """
    found: dict[str, Collection[str]] = {}
    for item in (application.optional_claims or {}).get(token, ()):
        name, properties = item.get("name"), item.get("additionalProperties")
        if isinstance(name, str):
            found[name] = frozenset(map(str, properties)) if isinstance(properties, list) else frozenset()
    return found


def _access_base(
    signed_in: SignedIn, resource: Resource, authentication: ClientAuthentication, stamp: Stamp
) -> Claims:
    tenant, version = signed_in.tenant, resource.version
    return {
        "aud": audience(resource, optional_claims(resource.application, "accessToken")),
        "iss": issuer(signed_in.base_url, tenant.id, version),
        **stamp.claims(),
        **_client_claims(signed_in.client, version, resource, authentication),
        **({"xms_tcdt": int(tenant.created_at.timestamp())} if resource.is_graph else {}),
        "tid": tenant.id,
        "uti": stamp.uti,
        "ver": version,
    }


def _client_claims(
    client: Application, version: str, resource: Resource, authentication: ClientAuthentication
) -> Claims:
    if version == V2:
        return {"azp": client.app_id, "azpacr": authentication.value}
    name: Claims = {"app_displayname": client.display_name} if resource.is_graph else {}
    return {"appid": client.app_id, "appidacr": authentication.value, **name}


def _provider(signed_in: SignedIn) -> Claims:
    """``idp`` only where it says something: the person authenticated elsewhere."""
    provider = signed_in.identity_provider
    return {} if provider is None else {"idp": provider}


def _v2_person(user: User, scopes: Collection[str]) -> Claims:
    if "profile" not in scopes:
        return {}
    return {"name": user.display_name, "preferred_username": user.sign_in_name}


def _v1_person(signed_in: SignedIn) -> Claims:
    user = signed_in.user
    claims: Claims = {
        "acr": "1",
        "amr": list(authentication_methods(signed_in)),
        "ipaddr": signed_in.ip_address,
        "name": user.display_name,
        "unique_name": unique_name(user, signed_in.identity_provider),
    }
    if user.surname:
        claims["family_name"] = user.surname
    if user.given_name:
        claims["given_name"] = user.given_name
    if not user.is_external:
        claims["upn"] = user.user_principal_name
    return claims


def authentication_methods(signed_in: SignedIn) -> tuple[str, ...]:
    """``amr``: each method once, and ``mfa`` when two factors were proven (RFC 8176)."""
    methods = dict.fromkeys(method for proof in signed_in.proofs for method in proof.amr)
    if len({proof.factor for proof in signed_in.proofs}) > 1:
        methods["mfa"] = None
    return tuple(methods)


def unique_name(user: User, provider: str | None) -> str:
    """``unique_name`` of v1.0 tokens: guests of a mail or social provider carry its name in front."""
    is_plain = provider is None or "/" in provider
    return user.sign_in_name if is_plain else f"{provider}#{user.sign_in_name}"


def _email(user: User, *, asked: bool) -> Claims:
    """Guests always show the address they are known by; members when asked."""
    return {"email": user.mail} if user.mail and (user.is_external or asked) else {}


def _role_claims(application: Application, signed_in: SignedIn) -> Claims:
    """``wids``: directory roles, for applications that ask for group claims of roles."""
    kinds = {kind.strip() for kind in (application.group_membership_claims or "").split(",")}
    if not kinds & {"All", "DirectoryRole"}:
        return {}
    return {"wids": sorted(signed_in.directory_roles | {PLAIN_USER})}


def _optional(
    asked: Mapping[str, Collection[str] | Mapping[str, str]], signed_in: SignedIn, login_hint: str
) -> Claims:
    """The optional claims that were asked for and are known."""
    user, tenant = signed_in.user, signed_in.tenant
    verified = signed_in.identity_provider in _VOUCHING or tenant.owns(user.mail or "")
    owned, other = _owned_addresses(user, tenant)
    known: Claims = {
        "acct": 1 if user.is_guest else 0,
        "auth_time": int(signed_in.auth_time.timestamp()),
        "ctry": user.country,
        "email": user.mail,
        "email_verified": verified if user.mail else None,
        "family_name": user.surname,
        "given_name": user.given_name,
        "idtyp": "user" if "include_user_token" in asked.get("idtyp", ()) else None,
        "ipaddr": signed_in.ip_address,
        "login_hint": login_hint,
        "preferred_username": user.sign_in_name,
        "sid": signed_in.sid,
        "signin_state": ["kmsi"] if signed_in.is_persistent else None,
        "tenant_ctry": tenant.country,
        "tenant_region_scope": "WW",
        "upn": _optional_upn(user, asked.get("upn", ())),
        "verified_primary_email": owned,
        "verified_secondary_email": other,
        "xms_edov": verified if user.mail else None,
        "xms_pl": user.preferred_language,
        "xms_tpl": tenant.notification_language,
    }
    return {name: known[name] for name in asked if known.get(name) not in (None, "", [])}


def _owned_addresses(user: User, tenant: Tenant) -> tuple[list[str], list[str]]:
    """The addresses of a person in the tenant's own domains: their main one, and further ones.

    Only there does the tenant itself say whose address it is.
    """
    main = [user.mail] if user.mail and tenant.owns(user.mail) else []
    return main, [address for address in user.other_mails if tenant.owns(address)]


def _extensions(application: Application, token: str, user: User) -> Claims:
    """``extn.{Name}``: custom attributes that the application's owner configured (optional claims: directory extensions).

    Only configured ones: what the directory keeps of a person is not for a client's request parameter to fetch.
    """
    if not user.extensions:
        return {}
    asked = {fold(name) for name in optional_claims(application, token)}
    return {f"extn.{name.split('_', 2)[-1]}": value for name, value in user.extensions if fold(name) in asked}


def _optional_upn(user: User, properties: Collection[str] | Mapping[str, str]) -> str:
    if not user.is_external:
        return user.user_principal_name
    if "include_externally_authenticated_upn_without_hash" in properties:
        return user.user_principal_name.replace("#EXT#", "_EXT_")
    if "include_externally_authenticated_upn" in properties:
        return user.user_principal_name
    return user.sign_in_name
