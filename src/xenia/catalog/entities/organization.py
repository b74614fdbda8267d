"""The organisation: a list of one (Microsoft Graph: organization)."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Complex, Edm, Entity, Prop, Resource, Values, Write
from xenia.core.actor import Actor
from xenia.core.errors import NotFound
from xenia.core.ids import parse_guid
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory
from xenia.usecases.users.read_directory import SeenTenant

_PUBLIC = frozenset({"id", "display_name"})
VERIFIED_DOMAIN = Complex(
    "verifiedDomain",
    (
        Prop("capabilities"),
        Prop("isDefault", Edm.BOOLEAN),
        Prop("isInitial", Edm.BOOLEAN),
        Prop("name"),
        Prop("type"),
    ),
)
PRIVACY_PROFILE = Complex(
    "privacyProfile",
    (
        Prop("contactEmail", attribute="privacy_contact", write=Write.UPDATE),
        Prop("statementUrl", attribute="privacy_statement_url", write=Write.UPDATE),
    ),
)


def _attribute(seen: SeenTenant, name: str) -> object:
    return getattr(seen.tenant, name) if seen.whole or name in _PUBLIC else None


def _domains(seen: SeenTenant) -> object:
    return [
        {
            "capabilities": "Email",
            "isDefault": domain.name == seen.tenant.default_domain,
            "isInitial": domain.is_initial,
            "name": domain.name,
            "type": "Managed",
        }
        for domain in seen.tenant.domains
    ]


def _privacy(seen: SeenTenant) -> object:
    if not seen.whole:
        return None
    return {"contactEmail": seen.tenant.privacy_contact, "statementUrl": seen.tenant.privacy_statement_url}


def _mails(seen: SeenTenant) -> object:
    contact = seen.tenant.technical_contact
    return [contact] if contact and seen.whole else []


def _list(ports: Ports, actor: Actor, _query: Query) -> Page[SeenTenant]:
    return Page((read_directory.get_organization(ports, actor),), total=1)


def _get(ports: Ports, actor: Actor, key: str) -> SeenTenant:
    if parse_guid(key) != actor.tenant_id:
        raise NotFound("Resource", key)
    return read_directory.get_organization(ports, actor)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    _get(ports, actor, key)
    changes: dict[str, Any] = {}
    if "technicalNotificationMails" in values:
        changes["technical_contact"] = next(iter(values["technicalNotificationMails"] or ()), None)
    if "preferredLanguage" in values:
        changes["notification_language"] = values["preferredLanguage"]
    profile = values.get("privacyProfile") or {}
    for prop in PRIVACY_PROFILE.props:
        if prop.name in profile:
            changes[prop.field] = profile[prop.name]
    manage_tenant.update_tenant_properties(ports, actor, changes)


ORGANIZATION = Entity(
    "organization",
    "The tenant itself: its name, domains and contacts.",
    (
        Prop("id", nullable=False),
        Prop("displayName"),
        Prop("verifiedDomains", VERIFIED_DOMAIN, many=True, read=_domains),
        Prop("tenantType", read=lambda _seen: "AAD"),
        Prop("createdDateTime", Edm.DATE, "created_at"),
        Prop("countryLetterCode", attribute="country"),
        Prop("preferredLanguage", attribute="notification_language", write=Write.UPDATE),
        Prop("privacyProfile", PRIVACY_PROFILE, write=Write.UPDATE, read=_privacy),
        Prop("technicalNotificationMails", many=True, write=Write.UPDATE, read=_mails),
    ),
    attribute_of=_attribute,
    base="directoryObject",
)
ORGANIZATIONS = Resource(
    "organization",
    ORGANIZATION,
    list=_list,
    get=_get,
    update=_update,
    read_permits=read_directory.READ_ORGANIZATION,
    write_permits=("Organization.ReadWrite.All", "Directory.ReadWrite.All"),
    note="Guests see name and domains.",
)
