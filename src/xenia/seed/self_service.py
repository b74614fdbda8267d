"""Self-service sign-up of a seed: identity providers, custom attributes, API connectors and user flows.

Only what is missing is made, through the same use cases as everybody. Things are named as people name
them; what a name stands for is looked up here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

from xenia.core.actor import Actor
from xenia.core.api_connector import ConnectorAuthentication
from xenia.core.directory.identity_provider import (
    ClaimMapping,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
)
from xenia.core.ids import AppId, fold, parse_guid
from xenia.core.query import Compare, Query
from xenia.core.user_attributes import DataType, attribute_key
from xenia.core.user_flow import AttributeAssignment, Choice, Hook, PageText
from xenia.ports import Ports
from xenia.record import names_of, replace
from xenia.seed.document import (
    Seed,
    SeedAssignedAttribute,
    SeedAttribute,
    SeedChoice,
    SeedConnector,
    SeedFlow,
    SeedProvider,
    SeedTenant,
)
from xenia.seed.flow_languages import languages_of_entry
from xenia.usecases.self_service.manage_api_connectors import NewConnector, create_connector, list_connectors
from xenia.usecases.self_service.manage_identity_providers import (
    NewProvider,
    create_provider,
    default_provider,
    list_providers,
)
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute, list_attributes
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow, list_flows
from xenia.usecases.self_service.user_flow_rules import flow_id_of

_TYPES = {"string": DataType.STRING, "boolean": DataType.BOOLEAN, "integer": DataType.INTEGER}
_SHORT_NAMES = {"email": ProviderKind.EMAIL_PASSCODE, "entra": ProviderKind.ENTRA}
_PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}


def apply_self_service(ports: Ports, actor: Actor, seed: Seed, path: str, entry: SeedTenant) -> None:
    """Make what is missing of it. Raises SeedError with the line of the entry that was refused."""
    for index, provider in enumerate(entry.identity_provider):
        with seed.at(f"{path}.identity_provider[{index}]"):
            _apply_provider(ports, actor, provider)
    for index, attribute in enumerate(entry.user_attribute):
        with seed.at(f"{path}.user_attribute[{index}]"):
            _apply_attribute(ports, actor, attribute)
    for index, connector in enumerate(entry.api_connector):
        with seed.at(f"{path}.api_connector[{index}]"):
            _apply_connector(ports, actor, seed.folder, connector)
    for index, flow in enumerate(entry.user_flow):
        with seed.at(f"{path}.user_flow[{index}]"):
            _apply_flow(ports, actor, seed, f"{path}.user_flow[{index}]", flow)


def _apply_provider(ports: Ports, actor: Actor, entry: SeedProvider) -> None:
    kind = ProviderKind[entry.kind.upper()]
    known = default_provider(kind)
    if entry.id is not None and (known.provider_id or parse_guid(entry.id) is None):
        raise ValueError("id must be a GUID, and is for openid_connect and entra_tenant only")
    order = NewProvider(
        kind=kind,
        client_id=entry.client_id,
        client_secret=entry.client_secret,
        display_name=entry.name,
        well_known_url=entry.metadata_url,
        issuer=entry.issuer,
        endpoints=ProviderEndpoints(
            entry.endpoints.authorization, entry.endpoints.token, entry.endpoints.profile
        ),
        scope=entry.scope,
        client_authentication=entry.client_authentication,
        claims=_claims(known.claims, entry.claims),
        domains=entry.domains,
        id=entry.id,
    )
    if not any(_is_same(one, order, known.provider_id) for one in list_providers(ports, actor)):
        create_provider(ports, actor, order)


def _is_same(stored: IdentityProvider, order: NewProvider, fixed_id: str | None) -> bool:
    """Whether this entry was applied before: by the fixed id of its kind, its own id, or its name."""
    if stored.kind is not order.kind or not stored.client_id:
        return False
    if fixed_id or order.id:
        return stored.id == (fixed_id or fold(order.id or ""))
    return fold(stored.display_name) == fold(order.display_name)


def _claims(known: ClaimMapping, names: dict[str, str]) -> ClaimMapping | None:
    unknown = set(names) - set(names_of(ClaimMapping))
    if unknown:
        raise ValueError(f"claims: there is no '{min(unknown)}'")
    return replace(known, **names) if names else None


def _apply_attribute(ports: Ports, actor: Actor, entry: SeedAttribute) -> None:
    names = {fold(one.display_name) for one in list_attributes(ports, actor) if one.tenant_id}
    if fold(entry.name) not in names:
        create_attribute(ports, actor, NewAttribute(entry.name, _TYPES[entry.type], entry.description))


def _apply_connector(ports: Ports, actor: Actor, folder: Path, entry: SeedConnector) -> None:
    if entry.id is not None and parse_guid(entry.id) is None:
        raise ValueError("id must be a GUID")
    for stored in list_connectors(ports, actor):
        if stored.id == fold(entry.id or "") or (not entry.id and stored.display_name == entry.name):
            return
    kind = ConnectorAuthentication.NONE
    if entry.certificate:
        kind = ConnectorAuthentication.CERTIFICATE
    elif entry.username or entry.password:
        kind = ConnectorAuthentication.BASIC
    order = NewConnector(
        display_name=entry.name,
        target_url=entry.url,
        authentication=kind,
        username=entry.username,
        password=entry.password,
        pkcs12=_file(folder / entry.certificate) if entry.certificate else b"",
        pkcs12_password=entry.certificate_password,
        id=entry.id,
    )
    create_connector(ports, actor, order)


def _apply_flow(ports: Ports, actor: Actor, seed: Seed, path: str, entry: SeedFlow) -> None:
    wanted = flow_id_of(entry.name)
    if any(fold(flow.id) == fold(wanted) for flow in list_flows(ports, actor)):
        return
    attributes = []
    for index, assigned in enumerate(entry.attribute):
        with seed.at(f"{path}.attribute[{index}]"):
            attributes.append(_assignment(ports, actor, assigned))
    languages = languages_of_entry(
        *(seed, path, entry.language, tuple(attributes), list_attributes(ports, actor)),
        tenant_id=actor.tenant_id,
        now=ports.clock.now(),
    )
    hooks = ((Hook.AFTER_FEDERATION, entry.after_federation), (Hook.BEFORE_CREATION, entry.before_creation))
    order = NewFlow(
        name=entry.name,
        display_name=entry.display_name,
        description=entry.description,
        provider_ids=tuple(_provider_id(ports, actor, name) for name in entry.identity_providers),
        attributes=tuple(attributes),
        connectors={hook: _connector_id(ports, actor, name) for hook, name in hooks if name},
        app_ids=tuple(_app_id(ports, actor, name) for name in entry.apps),
        text=PageText(entry.organization_name, entry.intro, _logo(seed.folder, entry.logo)),
        requires_approval=entry.requires_approval,
        is_sign_up_allowed=entry.sign_up_allowed,
        languages=languages,
    )
    create_flow(ports, actor, order)


def _assignment(ports: Ports, actor: Actor, entry: SeedAssignedAttribute) -> AttributeAssignment:
    found = next(
        (
            one
            for one in list_attributes(ports, actor)
            if fold(entry.attribute) == fold(one.display_name)
            or attribute_key(entry.attribute) == attribute_key(one.id)
        ),
        None,
    )
    if found is None:
        raise ValueError(f"attribute: there is no '{entry.attribute}'")
    return AttributeAssignment(
        attribute_id=found.id,
        label=entry.label,
        input_type=entry.input,
        is_optional=entry.optional,
        help_text=entry.help,
        default=entry.default,
        choices=tuple(_choice(one) for one in entry.choices),
        is_hidden=entry.hidden,
        is_editable=entry.editable,
        is_stored=entry.stored,
    )


def _choice(entry: str | SeedChoice) -> Choice:
    if isinstance(entry, str):
        return Choice(entry, entry)
    return Choice(entry.name, entry.value or entry.name, entry.default)


def _provider_id(ports: Ports, actor: Actor, name: str) -> str:
    short = _SHORT_NAMES.get(fold(name))
    for one in list_providers(ports, actor):
        names = (one.id, one.display_name, one.kind.name)
        if one.kind is short or fold(name) in (fold(known) for known in names):
            return one.id
    raise ValueError(f"identity_providers: there is no '{name}'")


def _connector_id(ports: Ports, actor: Actor, name: str) -> str:
    return _one(
        name,
        "API connector",
        ((one.id, one.id, one.display_name) for one in list_connectors(ports, actor)),
    )


def _app_id(ports: Ports, actor: Actor, name: str) -> AppId:
    if parse_guid(name):
        return name
    with ports.store.read(actor.tenant_id) as tx:
        found = tx.applications.list(Query(Compare("display_name", "eq", name), limit=2)).items
    return _one(name, "app", ((one.app_id, one.app_id, one.display_name) for one in found))


def _one(name: str, what: str, known: Iterable[tuple[str, str, str]]) -> str:
    """The id (first) of the only thing known by this id or name. Raises ValueError."""
    found = [identifier for identifier, *names in known if fold(name) in (fold(entry) for entry in names)]
    if len(found) != 1:
        raise ValueError(f"there is {'no' if not found else 'more than one'} {what} '{name}'")
    return found[0]


def _logo(folder: Path, name: str) -> str:
    """The picture as a data address; its kind follows from the name, and is proven by its content later."""
    if not name:
        return ""
    kind = _PICTURES.get(Path(name).suffix.lower())
    if kind is None:
        raise ValueError("logo: choose a PNG, JPEG, GIF or WebP file")
    return f"data:image/{kind};base64,{base64.b64encode(_file(folder / name)).decode()}"


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
