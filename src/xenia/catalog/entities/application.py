"""App registrations and their local instances (Microsoft Graph: application, servicePrincipal)."""

from __future__ import annotations

from functools import partial
from typing import Any

from xenia.catalog.edm import Action, Complex, Edm, Entity, Op, Prop, Resource, Sort, Write
from xenia.catalog.entities import application_changes
from xenia.core.directory.application import Application, Platform, ServicePrincipal
from xenia.usecases import manage_applications, read_directory

_NAME = Op.EQ | Op.NE | Op.NOT | Op.GE | Op.LE | Op.IN | Op.STARTS
_PLAIN_NAME = Op.EQ | Op.IN | Op.GE | Op.LE | Op.STARTS


def _uris(application: Application, platform: Platform) -> list[str]:
    return [found.uri for found in application.redirect_uris if found.platform is platform]


IMPLICIT = Complex(
    "implicitGrantSettings",
    (
        Prop("enableIdTokenIssuance", Edm.BOOLEAN, write=Write.BOTH),
        Prop("enableAccessTokenIssuance", Edm.BOOLEAN, write=Write.BOTH),
    ),
)
WEB = Complex(
    "webApplication",
    (
        Prop("redirectUris", many=True, write=Write.BOTH),
        Prop("homePageUrl", write=Write.BOTH),
        Prop("logoutUrl", write=Write.BOTH),
        Prop("implicitGrantSettings", IMPLICIT, write=Write.BOTH),
    ),
)
SPA = Complex("spaApplication", (Prop("redirectUris", many=True, write=Write.BOTH),))
PUBLIC_CLIENT = Complex("publicClientApplication", (Prop("redirectUris", many=True, write=Write.BOTH),))
PERMISSION_SCOPE = Complex(
    "permissionScope",
    (
        Prop("id", Edm.GUID),
        Prop("value"),
        Prop("type"),
        Prop("isEnabled", Edm.BOOLEAN),
        Prop("adminConsentDisplayName"),
        Prop("adminConsentDescription"),
        Prop("userConsentDisplayName"),
        Prop("userConsentDescription"),
    ),
)
API = Complex(
    "apiApplication",
    (
        Prop("requestedAccessTokenVersion", Edm.INT32),
        Prop("oauth2PermissionScopes", PERMISSION_SCOPE, many=True),
    ),
)
APP_ROLE = Complex(
    "appRole",
    (
        Prop("id", Edm.GUID),
        Prop("value"),
        Prop("displayName"),
        Prop("description"),
        Prop("allowedMemberTypes", many=True),
        Prop("isEnabled", Edm.BOOLEAN),
    ),
)
RESOURCE_ACCESS = Complex(
    "resourceAccess",
    (Prop("id", Edm.GUID, nullable=False, write=Write.BOTH), Prop("type", nullable=False, write=Write.BOTH)),
)
REQUIRED_ACCESS = Complex(
    "requiredResourceAccess",
    (
        Prop("resourceAppId", nullable=False, write=Write.BOTH),
        Prop("resourceAccess", RESOURCE_ACCESS, many=True, write=Write.BOTH),
    ),
)
INFORMATIONAL = Complex(
    "informationalUrl",
    (
        Prop("logoUrl"),
        Prop("marketingUrl"),
        Prop("privacyStatementUrl", write=Write.BOTH),
        Prop("supportUrl"),
        Prop("termsOfServiceUrl", write=Write.BOTH),
    ),
)


def _web(application: Application) -> object:
    return {
        "redirectUris": _uris(application, Platform.WEB),
        "homePageUrl": application.home_page_url,
        "logoutUrl": application.logout_url,
        "implicitGrantSettings": {
            "enableIdTokenIssuance": application.id_token_issuance,
            "enableAccessTokenIssuance": application.access_token_issuance,
        },
    }


def _api(application: Application) -> object:
    scopes = [
        {
            "id": scope.id,
            "value": scope.value,
            "type": scope.type,
            "isEnabled": scope.is_enabled,
            "adminConsentDisplayName": scope.admin_consent_display_name,
            "adminConsentDescription": scope.admin_consent_description,
            "userConsentDisplayName": scope.user_consent_display_name,
            "userConsentDescription": scope.user_consent_description,
        }
        for scope in application.scopes
    ]
    return {
        "requestedAccessTokenVersion": application.requested_access_token_version,
        "oauth2PermissionScopes": scopes,
    }


def _app_roles(application: Application) -> object:
    return [
        {
            "id": role.id,
            "value": role.value,
            "displayName": role.display_name,
            "description": role.description,
            "allowedMemberTypes": list(role.allowed_member_types),
            "isEnabled": role.is_enabled,
        }
        for role in application.app_roles
    ]


def _required(application: Application) -> object:
    return [
        {
            "resourceAppId": item.resource_app_id,
            "resourceAccess": [{"id": key, "type": kind} for key, kind in item.access],
        }
        for item in application.required_resource_access
    ]


def _info(application: Application) -> object:
    return {
        "logoUrl": None,
        "marketingUrl": None,
        "privacyStatementUrl": application.privacy_statement_url,
        "supportUrl": None,
        "termsOfServiceUrl": application.terms_of_service_url,
    }


def _name(name: str, **more: Any) -> Prop:
    return Prop(name, filter=_NAME, plain=_PLAIN_NAME, **more)


APPLICATION = Entity(
    "application",
    "An app registration of this tenant.",
    (
        Prop("id", nullable=False, filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        Prop("appId", filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        _name("displayName", sort=Sort.PLAIN, search=True, max_length=256, write=Write.BOTH, required=True),
        Prop(
            *("createdDateTime", Edm.DATE, "created_at"),
            filter=Op.EQ | Op.GE | Op.LE | Op.NE,
            plain=Op.EQ | Op.GE | Op.LE,
            sort=Sort.ADVANCED,
        ),
        Prop(
            "signInAudience",
            attribute="audience",
            filter=Op.EQ | Op.NE | Op.NOT,
            plain=Op.EQ,
            write=Write.CREATE,
        ),
        Prop("identifierUris", many=True),
        Prop("isFallbackPublicClient", Edm.BOOLEAN, write=Write.BOTH),
        Prop("groupMembershipClaims"),
        Prop("web", WEB, write=Write.BOTH, read=_web),
        Prop("spa", SPA, write=Write.BOTH, read=lambda record: {"redirectUris": _uris(record, Platform.SPA)}),
        Prop(
            "publicClient",
            PUBLIC_CLIENT,
            write=Write.BOTH,
            read=lambda record: {"redirectUris": _uris(record, Platform.PUBLIC)},
        ),
        Prop("api", API, read=_api),
        Prop("appRoles", APP_ROLE, many=True, read=_app_roles),
        Prop("requiredResourceAccess", REQUIRED_ACCESS, many=True, write=Write.UPDATE, read=_required),
        Prop("info", INFORMATIONAL, write=Write.BOTH, read=_info),
    ),
    base="directoryObject",
)
PASSWORD_CREDENTIAL = Complex(
    "passwordCredential",
    (Prop("displayName", write=Write.BOTH), Prop("endDateTime", Edm.DATE, write=Write.BOTH)),
)
_ADD_PASSWORD = Action(
    "addPassword",
    application_changes.add_password,
    "graph.passwordCredential",
    manage_applications.WRITE_APPLICATIONS,
    params=(Prop("passwordCredential", PASSWORD_CREDENTIAL, write=Write.BOTH),),
    context="microsoft.graph.passwordCredential",
)
_REMOVE_PASSWORD = Action(
    "removePassword",
    application_changes.remove_password,
    None,
    manage_applications.WRITE_APPLICATIONS,
    params=(Prop("keyId", Edm.GUID, write=Write.BOTH),),
)
APPLICATIONS = Resource(
    "applications",
    APPLICATION,
    create=application_changes.create,
    update=application_changes.update,
    delete=manage_applications.delete_application,
    actions=(_ADD_PASSWORD, _REMOVE_PASSWORD),
    write_permits=manage_applications.WRITE_APPLICATIONS,
    list=read_directory.list_applications,
    get=read_directory.get_application,
    alternate_keys={"appId": partial(read_directory.get_application, by_app_id=True)},
    is_advanced=True,
    read_permits=read_directory.READ_APPLICATIONS,
    note="Registering an app creates its service principal too. Owners change their own apps.",
)


def _tags(principal: ServicePrincipal) -> object:
    hidden = [] if principal.visible_to_users else ["HideApp"]
    return ["WindowsAzureActiveDirectoryIntegratedApp", *hidden]


SERVICE_PRINCIPAL = Entity(
    "servicePrincipal",
    "An app as this tenant knows it (enterprise app).",
    (
        Prop("id", nullable=False, filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
        Prop("appId", filter=Op.EQ | Op.NE | Op.NOT | Op.IN | Op.STARTS, plain=Op.EQ | Op.IN | Op.STARTS),
        _name("displayName", sort=Sort.PLAIN, search=True),
        Prop("appDisplayName", attribute="display_name"),
        Prop(
            *("accountEnabled", Edm.BOOLEAN),
            write=Write.UPDATE,
            filter=Op.EQ | Op.NE | Op.NOT | Op.IN,
            plain=Op.EQ | Op.IN,
        ),
        Prop("appOwnerOrganizationId", Edm.GUID, "owner_tenant_id", filter=Op.EQ | Op.NE, plain=Op.EQ),
        Prop(
            "appRoleAssignmentRequired",
            Edm.BOOLEAN,
            "assignment_required",
            write=Write.UPDATE,
            filter=Op.EQ | Op.NE,
            plain=Op.EQ,
        ),
        Prop("homepage", attribute="home_page_url"),
        Prop("servicePrincipalType", read=lambda _record: "Application"),
        Prop("servicePrincipalNames", many=True, read=lambda record: [record.app_id]),
        Prop("tags", many=True, write=Write.UPDATE, read=_tags),
    ),
    base="directoryObject",
)
SERVICE_PRINCIPALS = Resource(
    "servicePrincipals",
    SERVICE_PRINCIPAL,
    update=application_changes.update_principal,
    write_permits=manage_applications.WRITE_APPLICATIONS,
    list=read_directory.list_service_principals,
    get=read_directory.get_service_principal,
    alternate_keys={"appId": partial(read_directory.get_service_principal, by_app_id=True)},
    is_advanced=True,
    read_permits=read_directory.READ_APPLICATIONS,
)
