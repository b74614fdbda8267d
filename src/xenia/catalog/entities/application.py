"""App registrations and their local instances (Microsoft Graph: application, servicePrincipal)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from xenia.catalog.edm import Action, Complex, Edm, Entity, Op, Prop, Resource, Returned, Sort, Stream, Write
from xenia.catalog.entities import application_changes, application_types, signing_certificates
from xenia.catalog.entities.application_types import KEY_CREDENTIAL, PASSWORD_CREDENTIAL
from xenia.catalog.entities.claims_mappings import MAPPINGS_OF_PRINCIPAL
from xenia.catalog.entities.token_lifetimes import token_lifetimes_of
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, Platform, ServicePrincipal
from xenia.core.errors import NotFound
from xenia.ports import Ports
from xenia.usecases.applications import (
    application_logos,
    enterprise_apps,
    manage_applications,
    read_applications,
)
from xenia.usecases.applications.application_rules import OWNED_BY
from xenia.usecases.applications.read_applications import DetailedApplication, DetailedPrincipal
from xenia.usecases.users import read_directory

_NAME = Op.EQ | Op.NE | Op.NOT | Op.GE | Op.LE | Op.IN | Op.STARTS
_PLAIN_NAME = Op.EQ | Op.IN | Op.GE | Op.LE | Op.STARTS
_WRITE_PERMITS = (*manage_applications.WRITE_APPLICATIONS, OWNED_BY)
_BOTH = Write.BOTH


def _of(read: Callable[[Application], object]) -> Callable[[DetailedApplication], object]:
    return lambda seen: read(seen.application)


def _of_principal(
    read: Callable[[Application], object],
) -> Callable[[DetailedPrincipal | ServicePrincipal], object]:
    """From the registration behind it; nothing where that is gone, or where the principal is told as a relation."""

    def told(seen: DetailedPrincipal | ServicePrincipal) -> object:
        application = seen.application if isinstance(seen, DetailedPrincipal) else None
        return read(application) if application else None

    return told


def _principal(seen: DetailedPrincipal | ServicePrincipal) -> ServicePrincipal:
    return seen.principal if isinstance(seen, DetailedPrincipal) else seen


def _redirects(platform: Platform) -> Callable[[DetailedApplication], object]:
    return _of(lambda application: {"redirectUris": application_types.uris(application, platform)})


def _nothing(_record: object) -> None:
    return None


def _name(name: str, **more: Any) -> Prop:
    return Prop(name, filter=_NAME, plain=_PLAIN_NAME, **more)


_NO_PUBLISHER = {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}
APPLICATION = Entity(
    "application",
    "An app registration of this tenant.",
    (
        Prop("id", nullable=False, filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        Prop("deletedDateTime", Edm.DATE, "deleted_at"),
        Prop("appId", filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        _name("displayName", sort=Sort.PLAIN, search=True, max_length=256, write=_BOTH, required=True),
        Prop(
            *("createdDateTime", Edm.DATE, "created_at"),
            filter=Op.EQ | Op.GE | Op.LE | Op.NE,
            plain=Op.EQ | Op.GE | Op.LE,
            sort=Sort.ADVANCED,
        ),
        Prop("description", write=_BOTH),
        Prop("notes", write=_BOTH),
        Prop(
            *("signInAudience", Edm.STRING, "audience"),
            filter=Op.EQ | Op.NE | Op.NOT,
            plain=Op.EQ,
            write=_BOTH,
        ),
        Prop(
            "identifierUris",
            many=True,
            write=_BOTH,
            filter=Op.EQ | Op.STARTS,
            plain=Op.EQ | Op.STARTS,
        ),
        Prop("publisherDomain", read=lambda seen: seen.publisher_domain),
        Prop("isFallbackPublicClient", Edm.BOOLEAN, write=_BOTH),
        Prop("groupMembershipClaims", write=_BOTH),
        Prop("tags", many=True, write=_BOTH),
        Prop("web", application_types.WEB, write=_BOTH, read=_of(application_types.web)),
        Prop("spa", application_types.SPA, write=_BOTH, read=_redirects(Platform.SPA)),
        Prop(
            *("publicClient", application_types.PUBLIC_CLIENT),
            write=_BOTH,
            read=_redirects(Platform.PUBLIC),
        ),
        Prop("api", application_types.API, write=_BOTH, read=_of(application_types.api)),
        Prop(
            *("appRoles", application_types.APP_ROLE),
            many=True,
            write=_BOTH,
            read=_of(application_types.app_roles),
        ),
        Prop(
            *("requiredResourceAccess", application_types.REQUIRED_ACCESS),
            many=True,
            write=_BOTH,
            read=_of(application_types.required_access),
        ),
        Prop(
            *("info", application_types.INFORMATIONAL),
            write=_BOTH,
            read=lambda seen: application_types.info(seen.application, seen.base_url),
        ),
        Prop(
            *("optionalClaims", application_types.OPTIONAL_CLAIMS),
            write=_BOTH,
            read=_of(application_types.optional_claims),
        ),
        Prop(
            *("passwordCredentials", PASSWORD_CREDENTIAL),
            many=True,
            write=Write.CREATE,
            read=application_types.passwords,
        ),
        Prop(*("keyCredentials", KEY_CREDENTIAL), many=True, write=_BOTH, read=application_types.keys),
        Prop(
            *("idTokenSignedResponseAlg", Edm.STRING, "id_token_signed_response_alg"),
            write=_BOTH,
        ),
        Prop("tokenEncryptionKeyId", Edm.GUID, read=_nothing),
        Prop("backChannelLogoutUri", returned=Returned.SELECT, write=_BOTH),
        Prop("verifiedPublisher", application_types.VERIFIED_PUBLISHER, read=lambda _seen: _NO_PUBLISHER),
    ),
    navs=(token_lifetimes_of(read_directory.get_application),),
    attribute_of=lambda seen, name: attrgetter(name)(seen.application),
    base="directoryObject",
)


def _action(
    name: str,
    run: Callable[..., object],
    returns: Complex | None,
    *params: Prop,
    permits: tuple[str, ...] = _WRITE_PERMITS,
) -> Action:
    kind = returns.name if returns else ""
    return Action(
        name,
        run,
        f"graph.{kind}" if kind else None,
        permits,
        params=params,
        structure=returns,
        context=f"microsoft.graph.{kind}" if kind else "",
    )


_KEY_ID = Prop("keyId", Edm.GUID, write=_BOTH)
_PROOF = Prop("proof", write=_BOTH)
_PASSWORD = Prop("passwordCredential", PASSWORD_CREDENTIAL, write=_BOTH)
_CREDENTIAL_ACTIONS = (
    _action("addPassword", application_changes.add_password, PASSWORD_CREDENTIAL, _PASSWORD),
    _action("removePassword", application_changes.remove_password, None, _KEY_ID),
    _action(
        *("addKey", application_changes.add_key, KEY_CREDENTIAL),
        Prop("keyCredential", KEY_CREDENTIAL, write=_BOTH),
        _PASSWORD,
        _PROOF,
    ),
    _action("removeKey", application_changes.remove_key, None, _KEY_ID, _PROOF),
)


def _read_logo(ports: Ports, actor: Actor, key: str) -> tuple[str, bytes]:
    logo = application_logos.get_logo(ports, actor, key)
    if logo is None:
        raise NotFound("Resource", "logo")
    return logo.media_type, logo.content


def _remove_logo(ports: Ports, actor: Actor, key: str) -> None:
    application_logos.set_logo(ports, actor, key, b"")


APPLICATIONS = Resource(
    "applications",
    APPLICATION,
    create=application_changes.create,
    update=application_changes.update,
    delete=manage_applications.delete_application,
    actions=_CREDENTIAL_ACTIONS,
    streams=(
        Stream(
            *("logo", _read_logo, application_logos.set_logo, _remove_logo),
            note="a PNG or JPEG picture of at most 20 kB and 1024 by 1024 pixels, recognised by its bytes; "
            "`info/logoUrl` says where everybody may see it",
        ),
    ),
    write_permits=_WRITE_PERMITS,
    list=read_applications.list_applications,
    get=read_applications.get_application,
    alternate_keys={"appId": partial(read_applications.get_application, by_app_id=True)},
    is_advanced=True,
    read_permits=read_directory.READ_APPLICATIONS,
    note="The service principal is made by a call of its own: `POST /servicePrincipals`. Owners change their own apps. "
    "Members of structures that are not given stay; lists are replaced whole. A scope or role is disabled before it "
    "is removed.",
)
DELETED_APPLICATIONS = Resource(
    "directory/deletedItems/microsoft.graph.application",
    APPLICATION,
    context="applications",
    described_at="applications",
    list=read_applications.list_deleted_applications,
    get=read_applications.get_deleted_application,
    is_advanced=True,
    read_permits=read_directory.READ_APPLICATIONS,
    note="Deleted registrations can be restored for 30 days, with the enterprise app that went with them.",
)


def _tags(seen: DetailedPrincipal | ServicePrincipal) -> object:
    hidden = [] if _principal(seen).visible_to_users else ["HideApp"]
    return ["WindowsAzureActiveDirectoryIntegratedApp", *hidden]


def _reply_urls(application: Application) -> object:
    return [found.uri for found in application.redirect_uris]


def _principal_names(seen: DetailedPrincipal | ServicePrincipal) -> object:
    application = seen.application if isinstance(seen, DetailedPrincipal) else None
    return [*(application.identifier_uris if application else ()), _principal(seen).app_id]


def _principal_info(seen: DetailedPrincipal | ServicePrincipal) -> object:
    if not isinstance(seen, DetailedPrincipal) or seen.application is None:
        return None
    return application_types.info(seen.application, seen.base_url)


SERVICE_PRINCIPAL = Entity(
    "servicePrincipal",
    "An app as this tenant knows it (enterprise app).",
    (
        Prop("id", nullable=False, filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        Prop(
            "appId",
            filter=Op.EQ | Op.NE | Op.NOT | Op.IN | Op.STARTS,
            plain=Op.EQ | Op.IN | Op.STARTS,
            write=Write.CREATE,
            required=True,
        ),
        _name("displayName", sort=Sort.PLAIN, search=True),
        Prop("appDisplayName", attribute="display_name"),
        Prop("appDescription", read=_of_principal(lambda application: application.description)),
        Prop(
            *("accountEnabled", Edm.BOOLEAN),
            write=_BOTH,
            filter=Op.EQ | Op.NE | Op.NOT | Op.IN,
            plain=Op.EQ | Op.IN,
        ),
        Prop("appOwnerOrganizationId", Edm.GUID, "owner_tenant_id", filter=Op.EQ | Op.NE, plain=Op.EQ),
        Prop(
            *("appRoleAssignmentRequired", Edm.BOOLEAN, "assignment_required"),
            write=_BOTH,
            filter=Op.EQ | Op.NE,
            plain=Op.EQ,
        ),
        Prop(
            *("appRoles", application_types.APP_ROLE),
            many=True,
            read=_of_principal(application_types.app_roles),
        ),
        Prop(
            *("oauth2PermissionScopes", application_types.PERMISSION_SCOPE),
            many=True,
            read=_of_principal(application_types.scopes),
        ),
        Prop("homepage", attribute="home_page_url"),
        Prop("logoutUrl", read=_of_principal(lambda application: application.logout_url)),
        Prop("replyUrls", many=True, read=_of_principal(_reply_urls)),
        Prop("info", application_types.INFORMATIONAL, read=_principal_info),
        Prop("servicePrincipalType", read=lambda _seen: "Application"),
        Prop(
            "servicePrincipalNames",
            many=True,
            read=_principal_names,
        ),
        Prop("signInAudience", read=_of_principal(lambda application: application.audience.value)),
        Prop("tags", many=True, write=_BOTH, read=_tags),
        Prop("verifiedPublisher", application_types.VERIFIED_PUBLISHER, read=lambda _seen: _NO_PUBLISHER),
        Prop(
            *("keyCredentials", KEY_CREDENTIAL), many=True, write=_BOTH, read=signing_certificates.credentials
        ),
        Prop("preferredTokenSigningKeyThumbprint", write=_BOTH, read=signing_certificates.preferred),
    ),
    navs=(token_lifetimes_of(read_directory.get_service_principal), MAPPINGS_OF_PRINCIPAL),
    attribute_of=lambda seen, name: attrgetter(name)(_principal(seen)),
    base="directoryObject",
)
SERVICE_PRINCIPALS = Resource(
    "servicePrincipals",
    SERVICE_PRINCIPAL,
    create=application_changes.create_principal,
    update=application_changes.update_principal,
    actions=(
        _action(
            *("addTokenSigningCertificate", signing_certificates.add, signing_certificates.SELF_SIGNED),
            *signing_certificates.PARAMETERS,
            permits=manage_applications.WRITE_APPLICATIONS,
        ),
    ),
    delete=enterprise_apps.delete_service_principal,
    write_permits=_WRITE_PERMITS,
    list=read_applications.list_service_principals,
    get=read_applications.get_service_principal,
    alternate_keys={"appId": partial(read_applications.get_service_principal, by_app_id=True)},
    is_advanced=True,
    read_permits=read_directory.READ_APPLICATIONS,
    note="Owners change and delete their own. Deleting is final: grants and assignments go with it, and refresh tokens "
    "end; a registration of this tenant stays.",
)
