"""Identity providers of a tenant: entering, changing and removing them (Microsoft Graph: identityProviderBase).

Client secrets come in here and are sealed at once; nothing reads them back to people. Which values a provider
may hold is ``provider_rules``; how people are sent there and back is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.identity_provider import (
    ENTRA_ISSUER,
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
    ProviderOutcome,
    identity_at,
)
from xenia.core.directory.provider_defaults import DISCOVERY_PATH, ProviderDefaults, default_provider
from xenia.core.directory.roles import EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, PROVIDER_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue
from xenia.core.ids import fold, parse_guid
from xenia.core.outgoing_url import origin_of
from xenia.core.query import AnyOf, Compare, Query, Text, all_of
from xenia.core.signin.foreign_claims import idp_of
from xenia.ports import Ports, Transaction
from xenia.record import Record, field, replace
from xenia.usecases.self_service.provider_rules import (
    OIDC_KINDS,
    SOCIAL_KINDS,
    all_providers,
    checked_authentication,
    checked_claims,
    checked_domains,
    checked_endpoints,
    checked_issuer,
    checked_scope,
    guard_issuer_is_free,
    needs_own_callback,
    require_provider,
)
from xenia.usecases.self_service.self_service_rules import (
    MASK,
    READ_PROVIDERS,
    WRITE_PROVIDERS,
    checked_outgoing_url,
    checked_text,
    guard_version,
    note_change,
    require_reader,
    require_writer,
    unknown_property,
)

__all__ = [
    "NewProvider",
    "ProviderDefaults",
    "create_provider",
    "default_provider",
    "get_provider",
    "list_providers",
    "next_callback_is_own",
    "provider_outcomes",
    "provider_reliance",
    "remove_provider",
    "update_provider",
]

SECRET_PURPOSE = "identity-provider"  # noqa: S105  (what the sealed value is for)
_PUBLISHED = ("well_known_url", "issuer", "endpoints")
"""What the social providers publish, besides who somebody is: of theirs, administrators enter a client only."""


class NewProvider(Record):
    """What somebody says who enters a provider. Blank values follow ``default_provider``."""

    kind: ProviderKind
    client_id: str = ""
    client_secret: str = ""
    display_name: str = ""
    well_known_url: str = ""
    issuer: str = ""
    endpoints: ProviderEndpoints = field(default_factory=ProviderEndpoints)
    scope: str = ""
    client_authentication: ClientAuthentication = ClientAuthentication.SECRET_POST
    claims: ClaimMapping | None = None
    domains: tuple[str, ...] = ()
    response_type: str = "code"
    id: str | None = None
    """Known before, for a redirect URI that can be registered before; None: one is made."""
    has_own_callback: bool = False
    """Wanted also where the shared redirect URI is free. Where it is not, every provider has one of its own."""


def list_providers(ports: Ports, actor: Actor) -> tuple[IdentityProvider, ...]:
    """The built-in providers, then those that were entered, oldest first. Raises NotPermitted."""
    require_reader(actor, *READ_PROVIDERS)
    with ports.store.read(actor.tenant_id) as tx:
        return all_providers(tx, actor.tenant_id)


def get_provider(ports: Ports, actor: Actor, provider_id: str) -> IdentityProvider:
    """The provider of this id, any case. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_PROVIDERS)
    with ports.store.read(actor.tenant_id) as tx:
        return require_provider(tx, actor.tenant_id, provider_id)


def create_provider(ports: Ports, actor: Actor, order: NewProvider) -> IdentityProvider:
    """Enter a provider (Microsoft Graph: create identityProvider). One of each social kind.

    Raises NotPermitted, InvalidValue, and Conflict when there is one of this kind, issuer or domain already.
    """
    _require_writer(actor)
    if order.kind in (ProviderKind.ENTRA, ProviderKind.EMAIL_PASSCODE):
        raise InvalidValue("kind", "This provider is built in.")
    now, record_id = ports.clock.now(), ports.entropy.guid()
    known = default_provider(order.kind)
    if order.id and parse_guid(order.id) is None:
        raise InvalidValue("id", "An id is a GUID.")
    provider_id = known.provider_id or fold(order.id or "") or ports.entropy.guid()
    changes = _changes_of(order, known)

    def work(tx: Transaction) -> IdentityProvider:
        if tx.identity_providers.find(provider_id) is not None:
            raise Conflict("id", f"{known.display_name} is set up already. Change that instead.")
        blank = _blank(provider_id, actor, order.kind, known, now)
        blank = replace(blank, has_own_callback=order.has_own_callback or needs_own_callback(tx, order.kind))
        made = _changed(ports, actor, tx, blank, changes)
        tx.identity_providers.add(made)
        note_change(tx, record_id, audit.CREATE_IDENTITY_PROVIDER, actor, now, before=None, after=made)
        return made

    return ports.store.write(actor.tenant_id, work)


def next_callback_is_own(ports: Ports, actor: Actor, kind: ProviderKind) -> bool:
    """Whether the next provider of this kind gets a redirect URI with its id. Raises NotPermitted."""
    require_reader(actor, *READ_PROVIDERS)
    with ports.store.read(actor.tenant_id) as tx:
        return needs_own_callback(tx, kind)


def update_provider(
    ports: Ports,
    actor: Actor,
    provider_id: str,
    changes: Mapping[str, object],
    *,
    expected_version: int | None = None,
) -> IdentityProvider:
    """Set properties named as in ``IdentityProvider``, and ``client_secret``; ``******`` leaves the secret as it is.

    Works for the built-in Microsoft account too, whose client is entered this way. Raises NotPermitted, NotFound,
    InvalidValue, and Conflict when it changed meanwhile.
    """
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> tuple[IdentityProvider, IdentityProvider]:
        before = require_provider(tx, actor.tenant_id, provider_id)
        if before.kind in (ProviderKind.ENTRA, ProviderKind.EMAIL_PASSCODE):
            raise InvalidValue("id", "This provider is built in and has nothing to set.")
        guard_version(before.version, expected_version, "identity provider")
        after = _changed(ports, actor, tx, before, changes)
        if after == before:
            return before, before
        if tx.identity_providers.find(before.id) is None:
            tx.identity_providers.add(after)
        else:
            tx.identity_providers.replace(after)
        note_change(tx, record_id, audit.UPDATE_IDENTITY_PROVIDER, actor, now, before=before, after=after)
        return before, require_provider(tx, actor.tenant_id, before.id)

    before, after = ports.store.write(actor.tenant_id, work)
    for url in {before.well_known_url, after.well_known_url} - {""}:
        ports.provider_documents.forget(url)
    return after


def remove_provider(ports: Ports, actor: Actor, provider_id: str) -> None:
    """Remove a provider; guests who sign in there cannot any more until their redemption is reset.

    Raises NotPermitted, NotFound, InvalidValue for a built-in one, and Conflict while a user flow offers it.
    """
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        provider = require_provider(tx, actor.tenant_id, provider_id)
        if provider.is_built_in and tx.identity_providers.find(provider.id) is None:
            raise InvalidValue("id", f"{provider.display_name} is built in and cannot be removed.")
        flows = [flow.id for flow in tx.user_flows.list() if provider.id in flow.provider_ids]
        if flows:
            raise Conflict("id", f"Remove it from these user flows first: {', '.join(flows)}.")
        tx.identity_providers.remove(provider.id)
        note_change(tx, record_id, audit.DELETE_IDENTITY_PROVIDER, actor, now, before=provider, after=None)

    ports.store.write(actor.tenant_id, work)


def provider_outcomes(ports: Ports, actor: Actor) -> Mapping[str, ProviderOutcome]:
    """How hand-overs to each provider last went, by its id. Raises NotPermitted."""
    require_reader(actor, *READ_PROVIDERS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.identity_providers.outcomes()


def provider_reliance(ports: Ports, actor: Actor, provider_id: str) -> int:
    """How many users sign in at this provider. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_PROVIDERS)
    with ports.store.read(actor.tenant_id) as tx:
        provider = require_provider(tx, actor.tenant_id, provider_id)
        count = _relying(tx, provider)
        if provider.kind is ProviderKind.ENTRA:
            # Their identities share an issuer with those of other servers' tenants, which are counted there.
            elsewhere = (one for one in tx.identity_providers.list() if one.kind is ProviderKind.ENTRA_TENANT)
            count -= sum(_relying(tx, one) for one in elsewhere)
        return count


def _relying(tx: Transaction, provider: IdentityProvider) -> int:
    identity = identity_at(provider.kind, idp_of(provider), "")
    is_shared = identity.issuer == ENTRA_ISSUER and provider.kind is ProviderKind.ENTRA_TENANT
    below = Text("subject", "startsWith", identity.subject or "") if is_shared else None
    there = AnyOf("identities", all_of(Compare("issuer", "eq", identity.issuer), below))
    return tx.users.list(Query(there, limit=1, count=True)).total or 0


def _blank(
    provider_id: str, actor: Actor, kind: ProviderKind, known: ProviderDefaults, now: datetime
) -> IdentityProvider:
    return IdentityProvider(
        id=provider_id,
        tenant_id=actor.tenant_id,
        kind=kind,
        display_name=known.display_name,
        created_at=now,
        well_known_url=known.well_known_url,
        issuer=known.issuer,
        endpoints=known.endpoints,
        scope=known.scope,
        claims=known.claims,
    )


def _changes_of(order: NewProvider, known: ProviderDefaults) -> dict[str, object]:
    """What an order says; what it leaves blank stays as it is known."""
    changes: dict[str, object] = {
        "client_id": order.client_id,
        "client_authentication": order.client_authentication,
        "response_type": order.response_type,
    }
    optional: dict[str, object] = {
        "display_name": order.display_name,
        "well_known_url": order.well_known_url,
        "issuer": order.issuer,
        "scope": order.scope,
        "claims": order.claims,
        "domains": order.domains,
        "client_secret": order.client_secret,
        "endpoints": None if order.endpoints == ProviderEndpoints() else order.endpoints,
    }
    changes |= {name: value for name, value in optional.items() if value}
    if not known.well_known_url and order.issuer and not order.well_known_url:
        changes["well_known_url"] = f"{order.issuer.rstrip('/')}{DISCOVERY_PATH}"
    return changes


def _changed(
    ports: Ports, actor: Actor, tx: Transaction, before: IdentityProvider, changes: Mapping[str, object]
) -> IdentityProvider:
    """The provider with *changes*, all of it checked. Raises InvalidValue, Conflict."""
    checked: dict[str, object] = {}
    for name, value in changes.items():
        rule = _RULES.get(name)
        if rule is None:
            raise unknown_property(name)
        if name in _PUBLISHED and value != getattr(before, name):
            _guard_published(ports, actor, before.kind, name)
        checked[name] = rule(ports, tx, before, value)
        if name == "claims" and _who(checked[name]) != _who(before.claims):
            _guard_published(ports, actor, before.kind, name)
    checked.pop("response_type", None)
    secret = checked.pop("client_secret", None)
    after = replace(before, **checked)  # type: ignore[arg-type]  # _RULES gave the record's types
    if before.kind in OIDC_KINDS:
        after = replace(after, issuer=checked_issuer(ports, after.issuer, after.well_known_url))
        guard_issuer_is_free(tx, after)
    if secret:
        after = replace(after, sealed_secret=ports.sealer.seal(str(secret).encode(), SECRET_PURPOSE))
    if not after.client_id:
        raise InvalidValue("client_id", "Enter the client ID the provider gave you.")
    _guard_secret(before, after, is_new=bool(secret))
    return after


def _guard_published(ports: Ports, actor: Actor, kind: ProviderKind, name: str) -> None:
    """A social provider's addresses, and where it says who somebody is, are changed for rehearsals alone.

    Who may enter them could otherwise make every account of that provider their own: by a server of theirs,
    or by taking a name that anybody may choose for the subject.
    """
    if kind not in SOCIAL_KINDS or actor.is_system or ports.server.allows_private:
        return
    if name == "claims":
        text = "This provider's claims for the subject and the address are published and cannot be changed."
        raise InvalidValue(name, text)
    raise InvalidValue("endpoints", "The addresses of this provider are published and cannot be changed.")


def _who(claims: object) -> tuple[str, ...]:
    """Claims that say who somebody is, and whose mailbox is theirs."""
    assert isinstance(claims, ClaimMapping)
    return claims.subject, claims.email, claims.email_verified


def _guard_secret(before: IdentityProvider, after: IdentityProvider, *, is_new: bool) -> None:
    by_secret = (ClientAuthentication.SECRET_POST, ClientAuthentication.SECRET_BASIC)
    if after.client_authentication not in by_secret or is_new:
        return
    if not after.sealed_secret:
        raise InvalidValue("client_secret", "Enter the client secret the provider gave you.")
    if _destination(before) != _destination(after):
        # Else whoever may change the address, and may not read the secret, has it sent to themself.
        raise InvalidValue("client_secret", "The provider's address changes: enter the client secret anew.")


def _destination(provider: IdentityProvider) -> tuple[str, ...]:
    addresses = (provider.well_known_url, provider.endpoints.token)
    return tuple(origin_of(address) if address else "" for address in addresses)


def _secret(value: object) -> str | None:
    """The new secret, or None for *unchanged*. Raises InvalidValue."""
    if value is None or value == MASK:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > 4000 or not value.isprintable():
        raise InvalidValue("client_secret", "Enter the client secret the provider gave you.")
    return value.strip()


def _response_type(value: object) -> object:
    if value != "code":
        raise InvalidValue(
            "response_type", "Only the response type code is supported: tokens never pass a browser."
        )
    return value


_Rule = Callable[[Ports, Transaction, IdentityProvider, object], object]
_RULES: dict[str, _Rule] = {
    "display_name": lambda _p, _tx, _one, value: checked_text("display_name", value, 120, is_required=True),
    "client_id": lambda _p, _tx, _one, value: checked_text("client_id", value, 1000, is_required=True),
    "client_secret": lambda _p, _tx, _one, value: _secret(value),
    "well_known_url": lambda ports, _tx, _one, value: checked_outgoing_url(ports, "well_known_url", value),
    "issuer": lambda _p, _tx, _one, value: checked_text("issuer", value, 2000),
    "endpoints": lambda ports, _tx, _one, value: checked_endpoints(ports, value),
    "scope": lambda _p, _tx, one, value: checked_scope(one.kind, value),
    "client_authentication": lambda _p, _tx, one, value: checked_authentication(one.kind, value),
    "claims": lambda _p, _tx, one, value: checked_claims(one.kind, value),
    "domains": lambda _p, tx, one, value: checked_domains(tx, one.tenant_id, one.id, one.kind, value),
    "response_type": lambda _p, _tx, _one, value: _response_type(value),
}


def _require_writer(actor: Actor) -> None:
    require_writer(
        actor, PROVIDER_WRITING_ROLES, EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR.name, *WRITE_PROVIDERS
    )
