"""Records of what was done (directory audit) and of who signed in. Written with what they describe."""

from __future__ import annotations

from datetime import datetime

from xenia.core.actor import Actor
from xenia.core.ids import AppId, CorrelationId, ObjectId, TenantId
from xenia.record import Record


class Change(Record):
    """A modified property; values are JSON text, as the log API carries them."""

    property: str
    old: str | None
    new: str | None


class Target(Record):
    """An object an audited activity was about."""

    id: str
    type: str
    """``User``, ``Group``, ``Application``, ``ServicePrincipal``, ``Policy``, ``Directory`` or ``Other``."""
    display_name: str | None = None
    user_principal_name: str | None = None
    changes: tuple[Change, ...] = ()


class AuditRecord(Record):
    """One row of the audit log (``directoryAudit``)."""

    id: str
    tenant_id: TenantId
    at: datetime
    activity: str
    category: str
    service: str
    operation: str
    result: str
    correlation_id: CorrelationId
    initiated_by_user: ObjectId | None = None
    initiated_by_name: str | None = None
    initiated_by_upn: str | None = None
    initiated_by_app: AppId | None = None
    initiated_by_app_name: str | None = None
    initiated_by_service_principal: ObjectId | None = None
    ip_address: str | None = None
    targets: tuple[Target, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    result_reason: str | None = None


class Activity(Record):
    """Name, category, service and operation of an audited activity, in the words of the field."""

    name: str
    category: str = "UserManagement"
    service: str = "Core Directory"
    operation: str = "Update"


INVITE_EXTERNAL_USER = Activity("Invite external user", service="Invited Users", operation="Add")
INVITE_WITH_RESET = Activity(
    "Invite external user with reset invitation status", service="Invited Users", operation="Add"
)
INVITE_INTERNAL_USER = Activity(
    "Invite internal user to B2B collaboration", service="Invited Users", operation="Add"
)
INVITATION_EMAIL = Activity("Invitation Email", service="Invited Users", operation="Add")
REDEEM_INVITE = Activity("Redeem external user invite", service="B2B Auth", operation="Update")
DELETE_EXTERNAL_USER = Activity("Delete external user", service="Invited Users", operation="Delete")
ADD_USER = Activity("Add user", operation="Add")
ADD_SPONSOR = Activity("Add user sponsor", operation="Add")
UPDATE_USER = Activity("Update user")
DELETE_USER = Activity("Delete user", operation="Delete")
HARD_DELETE_USER = Activity("Hard Delete user", operation="Delete")
RESTORE_USER = Activity("Restore user")
DISABLE_ACCOUNT = Activity("Disable account")
ENABLE_ACCOUNT = Activity("Enable account")
CHANGE_PASSWORD = Activity("Change user password")
REVOKE_SESSIONS = Activity("Update StsRefreshTokenValidFrom Timestamp")
END_SESSION = Activity("Sign out user session")
REVOKE_REFRESH_TOKENS = Activity("Revoke user refresh tokens of application")
TELL_APP_OF_SIGN_OUT = Activity("Back-channel logout of application", service="Authentication")
REGISTERED_SECURITY_INFO = Activity(
    "User registered security info", service="Authentication Methods", operation="Add"
)
DELETED_SECURITY_INFO = Activity(
    "User deleted security info", service="Authentication Methods", operation="Delete"
)
ADMIN_DELETED_SECURITY_INFO = Activity(
    "Admin deleted security info", service="Authentication Methods", operation="Delete"
)
ADD_GROUP = Activity("Add group", "GroupManagement", operation="Add")
UPDATE_GROUP = Activity("Update group", "GroupManagement")
DELETE_GROUP = Activity("Delete group", "GroupManagement", operation="Delete")
ADD_GROUP_MEMBER = Activity("Add member to group", "GroupManagement", operation="Add")
REMOVE_GROUP_MEMBER = Activity("Remove member from group", "GroupManagement", operation="Delete")
ADD_GROUP_OWNER = Activity("Add owner to group", "GroupManagement", operation="Add")
REMOVE_GROUP_OWNER = Activity("Remove owner from group", "GroupManagement", operation="Delete")
ADD_APPLICATION = Activity("Add application", "ApplicationManagement", operation="Add")
UPDATE_APPLICATION = Activity("Update application", "ApplicationManagement")
DELETE_APPLICATION = Activity("Delete application", "ApplicationManagement", operation="Delete")
RESTORE_APPLICATION = Activity("Restore application", "ApplicationManagement")
HARD_DELETE_APPLICATION = Activity("Hard delete application", "ApplicationManagement", operation="Delete")
ADD_APPLICATION_OWNER = Activity("Add owner to application", "ApplicationManagement", operation="Assign")
REMOVE_APPLICATION_OWNER = Activity(
    "Remove owner from application", "ApplicationManagement", operation="Unassign"
)
ADD_PRINCIPAL_OWNER = Activity("Add owner to service principal", "ApplicationManagement", operation="Assign")
REMOVE_PRINCIPAL_OWNER = Activity(
    "Remove owner from service principal", "ApplicationManagement", operation="Unassign"
)
ADD_SERVICE_PRINCIPAL = Activity("Add service principal", "ApplicationManagement", operation="Add")
UPDATE_CREDENTIALS = Activity(
    "Update application \u2013 Certificates and secrets management", "ApplicationManagement"
)
UPDATE_SERVICE_PRINCIPAL_CREDENTIALS = Activity(
    "Update service principal \u2013 Certificates and secrets management", "ApplicationManagement"
)
ASSIGN_APP_ROLE_TO_GROUP = Activity(
    "Add app role assignment to group", "ApplicationManagement", operation="Add"
)
REMOVE_APP_ROLE_FROM_GROUP = Activity(
    "Remove app role assignment from group", "ApplicationManagement", operation="Delete"
)
ASSIGN_APP_ROLE = Activity("Add app role assignment grant to user", operation="Add")
REMOVE_APP_ROLE = Activity("Remove app role assignment from user", operation="Delete")
GRANT_APP_PERMISSION = Activity(
    "Add app role assignment to service principal", "ApplicationManagement", operation="Add"
)
GRANT_DELEGATED = Activity("Add delegated permission grant", "ApplicationManagement", operation="Add")
UPDATE_DELEGATED = Activity("Update delegated permission grant", "ApplicationManagement")
REMOVE_DELEGATED = Activity("Remove delegated permission grant", "ApplicationManagement", operation="Delete")
REMOVE_APP_PERMISSION = Activity(
    "Remove app role assignment from service principal", "ApplicationManagement", operation="Delete"
)
REMOVE_SERVICE_PRINCIPAL = Activity("Remove service principal", "ApplicationManagement", operation="Delete")
CONSENT_TO_APPLICATION = Activity("Consent to application", "ApplicationManagement", operation="Add")
REQUEST_CONSENT = Activity("Create request for admin consent", "ApplicationManagement", operation="Add")
DECIDE_CONSENT_REQUEST = Activity("Decide request for admin consent", "ApplicationManagement")
UPDATE_AUTHORIZATION_POLICY = Activity("Update authorization policy", "AuthorizationPolicy")
UPDATE_POLICY = Activity("Update policy", "Policy")
UPDATE_COMPANY = Activity("Set Company Information", "DirectoryManagement")
CREATE_TENANT = Activity("Create company", "DirectoryManagement", operation="Add")
ROTATE_SIGNING_KEY = Activity("Rotate token signing key", "KeyManagement")
ADD_ROLE_MEMBER = Activity("Add member to role", "RoleManagement", operation="Add")
REMOVE_ROLE_MEMBER = Activity("Remove member from role", "RoleManagement", operation="Delete")
APPROVE_SIGN_UP = Activity("Approve sign-up request", operation="Add")
DENY_SIGN_UP = Activity("Deny sign-up request")
CREATE_IDENTITY_PROVIDER = Activity("Create identity provider", "Resource", "B2C", "Add")
UPDATE_IDENTITY_PROVIDER = Activity("Update identity provider", "Resource", "B2C")
DELETE_IDENTITY_PROVIDER = Activity("Delete identity provider", "Resource", "B2C", "Delete")
CREATE_USER_FLOW = Activity("Create user flow", "Resource", "B2C", "Add")
UPDATE_USER_FLOW = Activity("Update user flow", "Resource", "B2C")
DELETE_USER_FLOW = Activity("Delete user flow", "Resource", "B2C", "Delete")
CREATE_USER_ATTRIBUTE = Activity("Create user attribute", "Resource", "B2C", "Add")
UPDATE_USER_ATTRIBUTE = Activity("Update user attribute", "Resource", "B2C")
DELETE_USER_ATTRIBUTE = Activity("Delete user attribute", "Resource", "B2C", "Delete")
CREATE_API_CONNECTOR = Activity("Create API connector", "Resource", "B2C", "Add")
UPDATE_API_CONNECTOR = Activity("Update API connector", "Resource", "B2C")
DELETE_API_CONNECTOR = Activity("Delete API connector", "Resource", "B2C", "Delete")


def audit_record(
    record_id: str,
    activity: Activity,
    actor: Actor,
    now: datetime,
    *,
    targets: tuple[Target, ...] = (),
    details: tuple[tuple[str, str], ...] = (),
    result: str = "success",
    reason: str | None = None,
) -> AuditRecord:
    """The audit row of *activity* done by *actor* at *now*."""
    return AuditRecord(
        id=record_id,
        tenant_id=actor.tenant_id,
        at=now,
        activity=activity.name,
        category=activity.category,
        service=activity.service,
        operation=activity.operation,
        result=result,
        correlation_id=actor.correlation_id,
        initiated_by_user=actor.user_id,
        initiated_by_name=actor.display_name or None,
        initiated_by_upn=actor.upn or None,
        initiated_by_app=actor.app_id if actor.is_app_only else None,
        initiated_by_app_name=(actor.app_name or None) if actor.is_app_only else None,
        initiated_by_service_principal=actor.service_principal_id,
        ip_address=actor.ip_address or None,
        targets=targets,
        details=details,
        result_reason=reason,
    )


class AuthenticationStep(Record):
    """One proof within a sign-in, for the log's Authentication Details."""

    method: str
    at: datetime
    succeeded: bool
    detail: str
    requirement: str = "Primary authentication"


class SignInRecord(Record):
    """One row of the sign-in log (``signIn``)."""

    id: str
    tenant_id: TenantId
    at: datetime
    correlation_id: CorrelationId
    app_id: AppId
    app_name: str
    error_code: int
    """AADSTS number; 0 is success."""
    failure_reason: str = ""
    user_id: ObjectId | None = None
    user_display_name: str | None = None
    user_principal_name: str | None = None
    sign_in_identifier: str | None = None
    user_type: str | None = None
    is_interactive: bool = True
    event_type: str = "interactiveUser"
    """``interactiveUser``, ``nonInteractiveUser`` or ``servicePrincipal``."""
    service_principal_id: ObjectId | None = None
    service_principal_name: str | None = None
    resource_id: str | None = None
    resource_name: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    client_app: str = "Browser"
    cross_tenant_access: str = "none"
    home_tenant_id: TenantId | None = None
    identity_provider: str | None = None
    requirement: str = "singleFactorAuthentication"
    steps: tuple[AuthenticationStep, ...] = ()
    token_id: str | None = None
    """``uti`` of the issued token."""
    issuer: str | None = None
    """``iss`` of the issued ID token."""
    session_id: str | None = None
