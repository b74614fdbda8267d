"""Tenant-wide policies, all kept in one document (Microsoft Graph: authorizationPolicy, authenticationMethodsPolicy, security defaults)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from xenia.catalog.edm import Complex, Edm, Entity, Prop, Resource, Service, Values, Write
from xenia.core.actor import Actor
from xenia.core.directory.policies import marks_of
from xenia.core.directory.tenant import GuestAccess, InvitesFrom, TenantPolicies, Toggle, UserConsent
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory

E = TypeVar("E", bound=StrEnum)
_READ = ("Policy.Read.All", "Policy.ReadWrite.Authorization")
_FOR_SELF = "ManagePermissionGrantsForSelf"
_READ_DEFAULTS = ("Policy.Read.All", "Policy.ReadWrite.SecurityDefaults")
_READ_METHODS = (
    *("Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod"),
    *("Policy.Read.All", "Policy.ReadWrite.Authorization"),
)
_READ_FLOWS = ("Policy.Read.All", "Policy.ReadWrite.AuthenticationFlows")
_WRITE_FLOWS = "Policy.ReadWrite.AuthenticationFlows"
_WRITE_AUTHORIZATION = "Policy.ReadWrite.Authorization"
_WRITE_DEFAULTS = "Policy.ReadWrite.SecurityDefaults"
_WRITE_METHODS = "Policy.ReadWrite.AuthenticationMethod"


def _constant(value: object) -> Callable[[Any], object]:
    return lambda _record: value


def _member(kind: type[E], name: str, value: object) -> E:
    """An enumeration member, any case. Raises InvalidValue."""
    text = value.lower() if isinstance(value, str) else None
    found = next((member for member in kind if member.value.lower() == text), None)
    if found is None:
        raise InvalidValue(
            name, f"Invalid value specified for property '{name}' of resource 'AuthorizationPolicy'."
        )
    return found


def _save(
    ports: Ports, actor: Actor, permission: str, change: Callable[[TenantPolicies], TenantPolicies]
) -> None:
    """Apply to the policies as they are stored; somebody else's save of the same in between is a conflict, not lost."""
    with ports.store.read(actor.tenant_id) as tx:
        present = tx.tenants.policies(actor.tenant_id)
    manage_tenant.update_policies(
        ports, actor, change(present), seen=marks_of(present), permission=permission
    )


# --- authorization policy ---------------------------------------------------------------------------

DEFAULT_PERMISSIONS = Complex(
    "defaultUserRolePermissions",
    (
        Prop("allowedToCreateApps", Edm.BOOLEAN, write=Write.UPDATE),
        Prop("allowedToCreateSecurityGroups", Edm.BOOLEAN),
        Prop("allowedToCreateTenants", Edm.BOOLEAN),
        Prop("allowedToReadOtherUsers", Edm.BOOLEAN),
        Prop("permissionGrantPoliciesAssigned", many=True, write=Write.UPDATE),
    ),
)


def _default_permissions(policies: TenantPolicies) -> object:
    return {
        "allowedToCreateApps": policies.members_may_register_apps,
        "allowedToCreateSecurityGroups": False,
        "allowedToCreateTenants": False,
        "allowedToReadOtherUsers": True,
        "permissionGrantPoliciesAssigned": []
        if policies.user_consent is UserConsent.NONE
        else [f"{_FOR_SELF}.{policies.user_consent.value}"],
    }


def _user_consent(assigned: list[str]) -> UserConsent:
    """What the assigned policies come to: of those this server knows, one at most. Raises InvalidValue."""
    wanted = [name.lower() for name in assigned if name.lower().startswith(f"{_FOR_SELF.lower()}.")]
    if not wanted:
        return UserConsent.NONE
    known = {f"{_FOR_SELF}.{each.value}".lower(): each for each in (UserConsent.LOW, UserConsent.ALL)}
    if len(wanted) > 1 or wanted[0] not in known:
        raise InvalidValue(
            "permissionGrantPoliciesAssigned",
            "Assign ManagePermissionGrantsForSelf.microsoft-user-default-low, "
            "ManagePermissionGrantsForSelf.microsoft-user-default-legacy, or nothing.",
        )
    return known[wanted[0]]


def _get_authorization(ports: Ports, actor: Actor, _key: str) -> TenantPolicies:
    return read_directory.get_policies(ports, actor, *_READ)


def _update_authorization(ports: Ports, actor: Actor, _key: str, values: Values) -> None:
    changes: dict[str, Any] = {}
    if "allowInvitesFrom" in values:
        changes["allow_invites_from"] = _member(InvitesFrom, "allowInvitesFrom", values["allowInvitesFrom"])
    if "guestUserRoleId" in values:
        changes["guest_access"] = _member(GuestAccess, "guestUserRoleId", values["guestUserRoleId"])
    permissions = values.get("defaultUserRolePermissions") or {}
    if permissions.get("permissionGrantPoliciesAssigned") is not None:
        changes["user_consent"] = _user_consent(permissions["permissionGrantPoliciesAssigned"])
    allowed = permissions.get("allowedToCreateApps")
    if allowed is not None:
        changes["members_may_register_apps"] = allowed
    _save(ports, actor, _WRITE_AUTHORIZATION, lambda policies: replace(policies, **changes))


AUTHORIZATION_POLICY = Entity(
    "authorizationPolicy",
    "Who may invite guests, and what guests may see.",
    (
        Prop("id", nullable=False, read=_constant("authorizationPolicy")),
        Prop("displayName", read=_constant("Authorization Policy")),
        Prop(
            "description",
            read=_constant("Used to manage authorization related settings across the company."),
        ),
        Prop("allowInvitesFrom", write=Write.UPDATE, values=tuple(InvitesFrom)),
        Prop("allowedToSignUpEmailBasedSubscriptions", Edm.BOOLEAN, read=_constant(False)),
        Prop("allowedToUseSSPR", Edm.BOOLEAN, read=_constant(False)),
        Prop("allowEmailVerifiedUsersToJoinOrganization", Edm.BOOLEAN, read=_constant(False)),
        Prop("allowUserConsentForRiskyApps", Edm.BOOLEAN, read=_constant(None)),
        Prop("blockMsolPowerShell", Edm.BOOLEAN, read=_constant(False)),
        Prop("guestUserRoleId", Edm.GUID, "guest_access", write=Write.UPDATE),
        Prop(
            "defaultUserRolePermissions",
            DEFAULT_PERMISSIONS,
            write=Write.UPDATE,
            read=_default_permissions,
        ),
    ),
    base="policyBase",
)
AUTHORIZATION = Resource(
    "policies/authorizationPolicy",
    AUTHORIZATION_POLICY,
    Service.POLICIES,
    "policies/authorizationPolicy",
    is_single=True,
    get=_get_authorization,
    update=_update_authorization,
    read_permits=_READ,
    write_permits=(_WRITE_AUTHORIZATION,),
    note="Members read it, Global and Privileged Role Administrators change it.",
)

# --- security defaults --------------------------------------------------------------------------------


def _get_defaults(ports: Ports, actor: Actor, _key: str) -> TenantPolicies:
    return read_directory.get_policies(ports, actor, *_READ_DEFAULTS)


def _update_defaults(ports: Ports, actor: Actor, _key: str, values: Values) -> None:
    changes: dict[str, Any] = {}
    if values.get("isEnabled") is not None:
        changes["security_defaults"] = values["isEnabled"]
    _save(ports, actor, _WRITE_DEFAULTS, lambda policies: replace(policies, **changes))


SECURITY_DEFAULTS_POLICY = Entity(
    "identitySecurityDefaultsEnforcementPolicy",
    "Whether everybody, guests included, must prove a second factor.",
    (
        Prop("id", nullable=False, read=_constant("00000000-0000-0000-0000-000000000005")),
        Prop("displayName", read=_constant("Security Defaults")),
        Prop("description", read=_constant("Everybody signs in with multifactor authentication.")),
        Prop("isEnabled", Edm.BOOLEAN, "security_defaults", nullable=False, write=Write.UPDATE),
    ),
    base="policyBase",
)
SECURITY_DEFAULTS = Resource(
    "policies/identitySecurityDefaultsEnforcementPolicy",
    SECURITY_DEFAULTS_POLICY,
    Service.POLICIES,
    is_single=True,
    get=_get_defaults,
    update=_update_defaults,
    read_permits=_READ_DEFAULTS,
    write_permits=(_WRITE_DEFAULTS,),
)

# --- authentication methods ---------------------------------------------------------------------------

INCLUDE_TARGET = Complex(
    "authenticationMethodTarget",
    (Prop("targetType"), Prop("id"), Prop("isRegistrationRequired", Edm.BOOLEAN)),
)
EXCLUDE_TARGET = Complex("excludeTarget", (Prop("targetType"), Prop("id")))
EMAIL_CONFIGURATION = Entity(
    "emailAuthenticationMethodConfiguration",
    "E-mail one-time passcode, the way in of guests.",
    (
        Prop("id", nullable=False, read=_constant("Email")),
        Prop("state", read=_constant("enabled"), values=("enabled", "disabled")),
        Prop("excludeTargets", EXCLUDE_TARGET, many=True, read=_constant([])),
        Prop(
            "allowExternalIdToUseEmailOtp",
            attribute="email_passcode",
            write=Write.UPDATE,
            values=tuple(Toggle),
        ),
        Prop(
            "includeTargets",
            INCLUDE_TARGET,
            many=True,
            read=_constant([{"targetType": "group", "id": "all_users", "isRegistrationRequired": False}]),
        ),
    ),
    base="authenticationMethodConfiguration",
)


def _get_email(ports: Ports, actor: Actor, key: str) -> TenantPolicies:
    if key.lower() != "email":
        raise NotFound("Resource", key)
    return read_directory.get_policies(ports, actor, *_READ_METHODS)


def _list_configurations(ports: Ports, actor: Actor, _query: Query) -> Page[TenantPolicies]:
    return Page((read_directory.get_policies(ports, actor, *_READ_METHODS),), total=1)


def _update_email(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    _get_email(ports, actor, key)
    changes: dict[str, Any] = {}
    if "allowExternalIdToUseEmailOtp" in values:
        wanted = values["allowExternalIdToUseEmailOtp"]
        changes["email_passcode"] = _member(Toggle, "allowExternalIdToUseEmailOtp", wanted)
    _save(ports, actor, _WRITE_METHODS, lambda policies: replace(policies, **changes))


METHOD_CONFIGURATIONS = Resource(
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations",
    EMAIL_CONFIGURATION,
    Service.POLICIES,
    "authenticationMethodConfigurations",
    list=_list_configurations,
    get=_get_email,
    update=_update_email,
    typed_items=True,
    read_permits=_READ_METHODS,
    write_permits=(_WRITE_METHODS,),
    note="The configuration `email` (any case) is served.",
)


def _configurations(policies: TenantPolicies) -> object:
    email = {prop.name: EMAIL_CONFIGURATION.value(prop, policies) for prop in EMAIL_CONFIGURATION.props}
    return [{"@odata.type": f"#microsoft.graph.{EMAIL_CONFIGURATION.name}", **email}]


METHODS_POLICY = Entity(
    "authenticationMethodsPolicy",
    "How people may prove who they are.",
    (
        Prop("id", nullable=False, read=_constant("authenticationMethodsPolicy")),
        Prop("displayName", read=_constant("Authentication Methods Policy")),
        Prop("description", read=_constant("The ways in which people of the tenant may sign in.")),
        Prop("policyVersion", read=_constant("1.5")),
        Prop("policyMigrationState", read=_constant("migrationComplete")),
        Prop(
            "authenticationMethodConfigurations",
            Complex(EMAIL_CONFIGURATION.name, EMAIL_CONFIGURATION.props),
            many=True,
            read=_configurations,
        ),
    ),
)


def _get_methods(ports: Ports, actor: Actor, _key: str) -> TenantPolicies:
    return read_directory.get_policies(ports, actor, *_READ_METHODS)


AUTHENTICATION_METHODS = Resource(
    "policies/authenticationMethodsPolicy",
    METHODS_POLICY,
    Service.POLICIES,
    "policies/authenticationMethodsPolicy",
    is_single=True,
    get=_get_methods,
    read_permits=_READ_METHODS,
)

# --- authentication flows -------------------------------------------------------------------------------


def _get_flows(ports: Ports, actor: Actor, _key: str) -> TenantPolicies:
    return read_directory.get_policies(ports, actor, *_READ_FLOWS)


def _update_flows(ports: Ports, actor: Actor, _key: str, values: Values) -> None:
    wanted = (values.get("selfServiceSignUp") or {}).get("isEnabled")
    if wanted is not None:
        _save(ports, actor, _WRITE_FLOWS, lambda policies: replace(policies, self_service_sign_up=wanted))


SELF_SERVICE = Complex(
    "selfServiceSignUpAuthenticationFlowConfiguration",
    (Prop("isEnabled", Edm.BOOLEAN, nullable=False, write=Write.UPDATE),),
)
FLOWS_POLICY = Entity(
    "authenticationFlowsPolicy",
    "Whether guests may sign up by themselves.",
    (
        Prop("id", nullable=False, read=_constant("authenticationFlowsPolicy")),
        Prop("displayName", read=_constant("Authentication flows policy")),
        Prop(
            "description",
            read=_constant(
                "Authentication flows policy allows modification of settings related to authentication flows in the tenant, "
                "such as self-service sign up configuration."
            ),
        ),
        Prop(
            "selfServiceSignUp",
            SELF_SERVICE,
            write=Write.UPDATE,
            read=lambda policies: {"isEnabled": policies.self_service_sign_up},
        ),
    ),
)
AUTHENTICATION_FLOWS = Resource(
    "policies/authenticationFlowsPolicy",
    FLOWS_POLICY,
    Service.POLICIES,
    is_single=True,
    get=_get_flows,
    update=_update_flows,
    read_permits=_READ_FLOWS,
    write_permits=(_WRITE_FLOWS,),
    note="While it is off, user flows do nothing.",
)
POLICIES = (
    AUTHORIZATION,
    AUTHENTICATION_FLOWS,
    SECURITY_DEFAULTS,
    AUTHENTICATION_METHODS,
    METHOD_CONFIGURATIONS,
)


def _beta_list(_ports: Ports, _actor: Actor, _query: Query) -> Page[TenantPolicies]:
    return Page((_get_authorization(_ports, _actor, ""),), total=1)


AUTHORIZATION_BETA = replace(AUTHORIZATION, is_single=False, list=_beta_list)
"""Under /beta the policy is a collection of one."""
