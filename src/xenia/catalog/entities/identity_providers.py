"""Identity providers (Microsoft Graph: identityProviderBase and its kinds; the older identityProvider).

One record stands behind every kind; which properties it shows depends on what the provider is. Secrets go in
and are never told: they read as ``******``.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.catalog.edm import TYPE, Action, Complex, Entity, Prop, Resource, Returned, Service, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.directory.identity_provider import (
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.errors import InvalidValue
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.self_service import manage_identity_providers as providers

MASK = "******"
READ_PERMITS = ("IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All")
WRITE_PERMITS = ("IdentityProvider.ReadWrite.All",)
_BUILT_IN, _SOCIAL, _OPENID_CONNECT = (
    "builtInIdentityProvider",
    "socialIdentityProvider",
    "oidcIdentityProvider",
)
_SOCIAL_KINDS = (ProviderKind.GOOGLE, ProviderKind.FACEBOOK)
_WITH_SECRET, _WITH_KEY = "oidcClientSecretAuthentication", "oidcPrivateJwtKeyClientAuthentication"
_CLAIMS = {
    "sub": "subject",
    "name": "display_name",
    "given_name": "given_name",
    "family_name": "surname",
    "email": "email",
    "email_verified": "email_verified",
    "phone_number": "phone_number",
    "phone_number_verified": "phone_number_verified",
}
_ADDRESS_CLAIMS = {
    "street_address": "street_address",
    "locality": "city",
    "region": "state",
    "postal_code": "postal_code",
    "country": "country",
}


def _attribute(provider: IdentityProvider, name: str) -> object:
    if name != "wire_type":
        return getattr(provider, name)
    if provider.is_built_in:
        return _BUILT_IN
    return _SOCIAL if provider.kind in _SOCIAL_KINDS else _OPENID_CONNECT


def _masked(provider: IdentityProvider) -> str | None:
    return MASK if provider.sealed_secret else None


# --- the parts of an OpenID Connect provider --------------------------------------------------------------

CLIENT_AUTHENTICATION = Complex(
    "oidcClientAuthentication",
    (),
    derived=(
        Complex(_WITH_SECRET, (Prop("clientSecret", nullable=False, write=Write.BOTH),)),
        Complex(_WITH_KEY, ()),
    ),
)
ADDRESS_CLAIMS = Complex(
    "oidcAddressInboundClaims", tuple(Prop(name, write=Write.BOTH) for name in _ADDRESS_CLAIMS)
)
CLAIM_MAPPING = Complex(
    "oidcInboundClaimMappingOverride",
    (
        *(Prop(name, write=Write.BOTH) for name in _CLAIMS),
        Prop("address", ADDRESS_CLAIMS, write=Write.BOTH),
    ),
)


def _authentication(provider: IdentityProvider) -> object:
    if provider.client_authentication is ClientAuthentication.PRIVATE_KEY_JWT:
        return {TYPE: f"#microsoft.graph.{_WITH_KEY}"}
    return {TYPE: f"#microsoft.graph.{_WITH_SECRET}", "clientSecret": _masked(provider)}


def _mapping(provider: IdentityProvider) -> object:
    claims = provider.claims
    return {
        **{name: getattr(claims, field) for name, field in _CLAIMS.items()},
        "address": {name: _last(getattr(claims, field)) for name, field in _ADDRESS_CLAIMS.items()},
    }


def _last(path: str) -> str:
    """Parts of the address are named inside it (OpenID Connect Core section 5.1.1)."""
    return path.removeprefix("address.")


def _claim_mapping(given: Values | None, present: ClaimMapping) -> ClaimMapping:
    """What is given goes over what is there; null means the standard name. Raises InvalidValue."""
    if given is None:
        return ClaimMapping()
    standard = ClaimMapping()
    changes = {
        field: given[name] or getattr(standard, field) for name, field in _CLAIMS.items() if name in given
    }
    address = given.get("address") or {}
    for name, field in _ADDRESS_CLAIMS.items():
        if name in address:
            changes[field] = f"address.{address[name]}" if address[name] else getattr(standard, field)
    return replace(present, **changes)


def _response_type(values: Values) -> None:
    wanted = values.get("responseType")
    if wanted is not None and wanted.replace(" ", "").lower() != "code":
        raise InvalidValue(
            "responseType",
            "Only the response type 'code' is supported: the others hand out tokens in the open.",
        )


# --- verbs ------------------------------------------------------------------------------------------------


def _list(ports: Ports, actor: Actor, query: Query) -> Page[IdentityProvider]:
    return page_of(providers.list_providers(ports, actor), query)


def _create(ports: Ports, actor: Actor, values: Values) -> IdentityProvider:
    if values[TYPE] == _OPENID_CONNECT:
        return providers.create_provider(ports, actor, _openid_connect_order(values))
    if values[TYPE] == _BUILT_IN:
        raise InvalidValue(
            "identityProviderType", "Built-in identity providers exist in every tenant already."
        )
    return providers.create_provider(ports, actor, _social_order(values, values.get("identityProviderType")))


def _social_order(values: Values, kind: str | None) -> providers.NewProvider:
    found = next((each for each in _SOCIAL_KINDS if each.value.lower() == (kind or "").lower()), None)
    if found is None:
        raise InvalidValue("identityProviderType", "The identity provider type is 'Google' or 'Facebook'.")
    return providers.NewProvider(
        kind=found,
        display_name=values.get("displayName") or found.value,
        client_id=values.get("clientId") or "",
        client_secret=_secret(values.get("clientSecret")) or "",
    )


def _openid_connect_order(values: Values) -> providers.NewProvider:
    _response_type(values)
    authentication = values.get("clientAuthentication") or {}
    return providers.NewProvider(
        kind=ProviderKind.OPENID_CONNECT,
        display_name=values.get("displayName") or "",
        client_id=values.get("clientId") or "",
        client_secret=_secret(authentication.get("clientSecret")) or "",
        well_known_url=values.get("wellKnownEndpoint") or "",
        issuer=values.get("issuer") or "",
        scope=values.get("scope") or "",
        client_authentication=_method(authentication),
        claims=_claim_mapping(values.get("inboundClaimMapping"), ClaimMapping()),
    )


def _method(authentication: Values) -> ClientAuthentication:
    if authentication.get(TYPE) == _WITH_KEY:
        return ClientAuthentication.PRIVATE_KEY_JWT
    return ClientAuthentication.SECRET_POST


def _secret(given: str | None) -> str | None:
    """The mask is what we tell, so somebody who sends back what was read changes nothing."""
    return None if given == MASK else given


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    present = providers.get_provider(ports, actor, key)
    kind = _attribute(present, "wire_type")
    if values.get(TYPE) not in (None, "identityProviderBase", kind):
        raise InvalidValue(
            TYPE, f"The identity provider '{present.id}' is of type '#microsoft.graph.{kind}'."
        )
    _response_type(values)
    if values.get("identityProviderType") not in (None, present.kind.value):
        raise InvalidValue("identityProviderType", "The type of an identity provider cannot be changed.")
    providers.update_provider(ports, actor, key, _changes(present, values))


def _changes(present: IdentityProvider, values: Values) -> Mapping[str, object]:
    fields = {
        "displayName": "display_name",
        "clientId": "client_id",
        "issuer": "issuer",
        "wellKnownEndpoint": "well_known_url",
    }
    if _attribute(present, "wire_type") == _OPENID_CONNECT:
        fields["scope"] = "scope"
    changes: dict[str, object] = {
        field: values[name] or "" for name, field in fields.items() if name in values
    }
    authentication = values.get("clientAuthentication")
    secret = _secret((authentication or values).get("clientSecret"))
    if secret is not None:
        changes["client_secret"] = secret
    if authentication is not None:
        methods = (_method(authentication), present.client_authentication)
        # How the secret is sent is not told by the API: one way of sending it is not taken for another.
        if methods[0] is not methods[1] and ClientAuthentication.PRIVATE_KEY_JWT in methods:
            changes["client_authentication"] = methods[0]
    if "inboundClaimMapping" in values:
        changes["claims"] = _claim_mapping(values["inboundClaimMapping"], present.claims)
    return changes


def _available(ports: Ports, actor: Actor, _values: Values) -> object:
    # The same for every tenant, but told to those alone who may read providers.
    providers.list_providers(ports, actor)
    return ["AADSignup", "Google", "Facebook", "EmailOTP", "MicrosoftAccount"]


IDENTITY_PROVIDER = Entity(
    "identityProviderBase",
    "A provider with which guests prove who they are.",
    (
        Prop("id", nullable=False),
        Prop("displayName", write=Write.BOTH),
    ),
    attribute_of=_attribute,
    kind="wire_type",
    is_abstract=True,
    derived=(
        Entity(
            _BUILT_IN,
            "One of every tenant's own providers.",
            (Prop("identityProviderType", attribute="kind", write=Write.BOTH),),
        ),
        Entity(
            _SOCIAL,
            "Google or Facebook.",
            (
                Prop("identityProviderType", attribute="kind", write=Write.BOTH),
                Prop("clientId", write=Write.BOTH),
                Prop("clientSecret", write=Write.BOTH, read=_masked),
                # Of older documentation: published samples still send it.
                Prop("scope", write=Write.BOTH, returned=Returned.NEVER),
            ),
        ),
        Entity(
            _OPENID_CONNECT,
            "Any provider with a discovery document.",
            (
                Prop("clientId", nullable=False, write=Write.BOTH),
                Prop("issuer", nullable=False, write=Write.BOTH),
                Prop("wellKnownEndpoint", attribute="well_known_url", write=Write.BOTH),
                Prop("scope", nullable=False, write=Write.BOTH),
                Prop("responseType", nullable=False, write=Write.BOTH, read=lambda _provider: "code"),
                Prop(
                    "clientAuthentication",
                    CLIENT_AUTHENTICATION,
                    nullable=False,
                    write=Write.BOTH,
                    read=_authentication,
                ),
                Prop("inboundClaimMapping", CLAIM_MAPPING, write=Write.BOTH, read=_mapping),
            ),
        ),
    ),
)
_AVAILABLE = Action(
    "availableProviderTypes",
    _available,
    "Collection(Edm.String)",
    READ_PERMITS,
    context="Collection(Edm.String)",
    is_function=True,
    of_collection=True,
)
IDENTITY_PROVIDERS = Resource(
    "identity/identityProviders",
    IDENTITY_PROVIDER,
    Service.IDENTITY,
    list=_list,
    get=providers.get_provider,
    create=_create,
    update=_update,
    delete=providers.remove_provider,
    actions=(_AVAILABLE,),
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="`@odata.type` names the kind, with or without `#`. Built-in providers are listed first and stay.",
)


# --- the older type ---------------------------------------------------------------------------------------


def _create_older(ports: Ports, actor: Actor, values: Values) -> IdentityProvider:
    named = {**values, "displayName": values.get("name")}
    return providers.create_provider(ports, actor, _social_order(named, values.get("type")))


def _update_older(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    renamed = {("displayName" if name == "name" else name): value for name, value in values.items()}
    if "type" in renamed:
        renamed["identityProviderType"] = renamed.pop("type")
    _update(ports, actor, key, renamed)


OLDER_IDENTITY_PROVIDER = Entity(
    "identityProvider",
    "The older form of an identity provider; new programs use `/identity/identityProviders`.",
    (
        Prop("id", nullable=False),
        Prop("type", attribute="kind", write=Write.BOTH),
        Prop("name", attribute="display_name", write=Write.BOTH),
        Prop("clientId", write=Write.BOTH),
        Prop("clientSecret", write=Write.BOTH, read=_masked),
    ),
)
OLDER_IDENTITY_PROVIDERS = Resource(
    "identityProviders",
    OLDER_IDENTITY_PROVIDER,
    Service.IDENTITY,
    list=_list,
    get=providers.get_provider,
    create=_create_older,
    update=_update_older,
    delete=providers.remove_provider,
    actions=(_AVAILABLE,),
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
)
