"""The permissions this server's Graph API understands, with their published identifiers.

Only what is served is listed: a permission that guards nothing would promise something. Identifiers are
those of Microsoft Graph ("Microsoft Graph permissions reference"), so manifests and scripts fit.
"""

from __future__ import annotations

from xenia.core.directory.application import AppRole, Scope
from xenia.record import Record


class GraphPermission(Record):
    """One permission: what it allows, and its ids as delegated scope and as application role."""

    value: str
    title: str
    description: str
    scope_id: str | None = None
    role_id: str | None = None
    user_may_consent: bool = False
    """Whether an ordinary user may grant it for themself (else only an administrator may)."""


GRAPH_PERMISSIONS: tuple[GraphPermission, ...] = (
    GraphPermission(
        "openid", "Sign users in", "Lets people sign in to the app.",
        "37f7f235-527c-4136-accd-4a02d197296e", user_may_consent=True,
    ),
    GraphPermission(
        "profile", "View users' basic profile", "Lets the app see name and user name.",
        "14dad69e-099b-42c9-810b-d002981feec1", user_may_consent=True,
    ),
    GraphPermission(
        "email", "View users' email address", "Lets the app see the primary e-mail address.",
        "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", user_may_consent=True,
    ),
    GraphPermission(
        "offline_access", "Maintain access to data you have given it access to",
        "Lets the app see and update data while the person is not using it.",
        "7427e0e9-2fba-42fe-b0c0-848c9e6a8182", user_may_consent=True,
    ),
    GraphPermission(
        "User.Read", "Sign in and read user profile", "Read the profile of the signed-in user.",
        "e1fe6dd8-ba31-4d61-89e7-88639da4683d", user_may_consent=True,
    ),
    GraphPermission(
        "User.ReadBasic.All", "Read all users' basic profiles", "Read names and addresses of all users.",
        "b340eb25-3456-403f-be2f-af7a0d370277", "97235f07-e226-4f63-ace3-39588e11d3a1", user_may_consent=True,
    ),
    GraphPermission(
        "User.Read.All", "Read all users' full profiles", "Read the full profiles of all users.",
        "a154be20-db9c-4678-8ab7-66f6cc099a59", "df021288-bdef-4463-88db-98f22de89214",
    ),
    GraphPermission(
        "User.ReadWrite.All", "Read and write all users' full profiles", "Read and change all users.",
        "204e0828-b5ca-4ad8-b9f3-f32a958e7cc4", "741f803b-c850-494e-b5df-cde7c675a1ca",
    ),
    GraphPermission(
        "User.Invite.All", "Invite guest users to the organization", "Invite guests to the organization.",
        "63dd7cd9-b489-4adf-a28c-ac38b9a0f962", "09850681-111b-4a89-9bed-3f2cae46d706",
    ),
    GraphPermission(
        "Group.Read.All", "Read all groups", "Read groups, their members and owners.",
        "5f8c59db-677d-491f-a6b8-5f174b11ec1d", "5b567255-7703-4780-807c-7be8301ae99b",
    ),
    GraphPermission(
        "Group.ReadWrite.All", "Read and write all groups", "Create, read, change and delete groups.",
        "4e46008b-f24c-477d-8fff-7bb4ec7aafe0", "62a82d76-70ea-41e2-9197-370581804d09",
    ),
    GraphPermission(
        "Group.Create", "Create groups", "Create groups without reading or changing others.",
        role_id="bf7b1a76-6e77-406b-b258-bf5c7720e98f",
    ),
    GraphPermission(
        "GroupMember.Read.All", "Read group memberships", "Read basic group properties and memberships.",
        "bc024368-1153-4739-b217-4326f2e966d0", "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    ),
    GraphPermission(
        "GroupMember.ReadWrite.All", "Read and write group memberships", "Read groups and change their members.",
        "f81125ac-d3b7-4573-a3b2-7099cc39df9e", "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    ),
    GraphPermission(
        "Member.Read.Hidden", "Read hidden memberships", "Read the members of groups that hide them.",
        "f6a3db3e-f7e8-4ed2-a414-557c8c9830be", "658aa5d8-239f-45c4-aa12-864f4fc7e490",
    ),
    GraphPermission(
        "AppRoleAssignment.ReadWrite.All", "Manage app role assignments", "Assign people, groups and apps to apps.",
        "84bccea3-f856-4a8a-967b-dbe0a3d53a64", "06b708a9-e830-4db3-a914-8e69da51d44f",
    ),
    GraphPermission(
        "Directory.Read.All", "Read directory data", "Read users, apps and other directory data.",
        "06da0dbc-49e2-44d2-8312-53f166ab848a", "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    ),
    GraphPermission(
        "Directory.ReadWrite.All", "Read and write directory data", "Read and change directory data.",
        "c5366453-9fb0-48a5-a156-24f0c49a4b84", "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
    ),
    GraphPermission(
        "Organization.Read.All", "Read organization information", "Read the organization and its domains.",
        "4908d5b9-3fb2-4b1e-9336-1888b7937185", "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    ),
    GraphPermission(
        "AuditLog.Read.All", "Read all audit log data", "Read audit logs and sign-in logs.",
        "e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20", "b0afded3-3588-46d8-8b3d-9842eff778da",
    ),
    GraphPermission(
        "Application.Read.All", "Read applications", "Read app registrations and service principals.",
        "c79f8feb-a9db-4090-85f9-90d820caa0eb", "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    ),
    GraphPermission(
        "Application.ReadWrite.All", "Read and write all applications", "Register, change and delete apps.",
        "bdfbf15f-ee85-4955-8675-146e8e5296b5", "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    ),
    GraphPermission(
        "Application.ReadWrite.OwnedBy", "Manage apps that this app creates or owns",
        "Register apps, and change and delete those it owns.",
        role_id="18a4783c-866b-4cc7-a460-3d5e5662c884",
    ),
    GraphPermission(
        "Policy.Read.All", "Read your organization's policies", "Read the organization's policies.",
        "572fea84-0151-49b2-9301-11cb16974376", "246dd0d5-5bd0-4def-940b-0421030a5b68",
    ),
    GraphPermission(
        "Policy.ReadWrite.Authorization", "Read and write your organization's authorization policy",
        "Read and change who may invite guests and what guests may see.",
        "edd3c878-b384-41fd-95ad-e7407dd775be", "fb221be6-99f2-473f-bd32-01c6a0e9ca3b",
    ),
    GraphPermission(
        "Policy.ReadWrite.ApplicationConfiguration", "Read and write your organization's application configuration policies",
        "Read and change how long tokens live.",
        "b27add92-efb2-4f16-84f5-8108ba77985c", "be74164b-cff1-491c-8741-e671cb536e13",
    ),
    GraphPermission(
        "Policy.ReadWrite.AuthenticationFlows", "Read and write your organization's authentication flow policies",
        "Read and change whether people may sign up by themselves.",
        "edb72de9-4252-4d03-a925-451deef99db7", "25f85f3c-f66c-4205-8cd5-de92dd7f0cec",
    ),
    GraphPermission(
        "IdentityProvider.Read.All", "Read identity providers", "Read the identity providers of the organization.",
        "43781733-b5a7-4d1b-98f4-e8edff23e1a9", "e321f0bb-e7f7-481e-bb28-e3b0b32d4bd0",
    ),
    GraphPermission(
        "IdentityProvider.ReadWrite.All", "Read and write identity providers",
        "Read and change the identity providers of the organization.",
        "f13ce604-1677-429f-90bd-8a10b9f01325", "90db2b9a-d928-4d33-a4dd-8442ae3d41e4",
    ),
    GraphPermission(
        "IdentityUserFlow.Read.All", "Read all identity user flows", "Read user flows and user attributes.",
        "2903d63d-4611-4d43-99ce-a33f3f52e343", "1b0c317f-dd31-4305-9932-259a8b6e8099",
    ),
    GraphPermission(
        "IdentityUserFlow.ReadWrite.All", "Read and write all identity user flows",
        "Read and change user flows and user attributes.",
        "281892cc-4dbf-4e3a-b6cc-b21029bb4e82", "65319a09-a2be-469d-8782-f6b07debf789",
    ),
    GraphPermission(
        "APIConnectors.Read.All", "Read API connectors for authentication flows", "Read API connectors.",
        "1b6ff35f-31df-4332-8571-d31ea5a4893f", "b86848a7-d5b1-41eb-a9b4-54a4e6306e97",
    ),
    GraphPermission(
        "APIConnectors.ReadWrite.All", "Read and write API connectors for authentication flows",
        "Read and change API connectors.",
        "c67b52c5-7c69-48b6-9d48-7b3af3ded914", "1dfe531a-24a6-4f1b-80f4-7a0dc5a0a171",
    ),
    GraphPermission(
        "EventListener.Read.All", "Read your organization's authentication event listeners",
        "Read user flows as authentication events flows.",
        "f7dd3bed-5eec-48da-bc73-1c0ef50bc9a1", "b7f6385c-6ce6-4639-a480-e23c42ed9784",
    ),
    GraphPermission(
        "EventListener.ReadWrite.All", "Read and write your organization's authentication event listeners",
        "Read and change user flows as authentication events flows.",
        "d11625a6-fe21-4fc6-8d3d-063eba5525ad", "0edf5e9e-4ce8-468a-8432-d08631d18c43",
    ),
    GraphPermission(
        "DelegatedPermissionGrant.ReadWrite.All", "Manage all delegated permission grants",
        "Read, give and take back delegated permissions of apps.",
        "41ce6ca6-6826-4807-84f1-1c82854f7ee5", "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    ),
    GraphPermission(
        "Policy.ReadWrite.PermissionGrant", "Manage consent and permission grant policies",
        "Read and change which permissions are of low impact.",
        "2672f8bb-fd5e-42e0-85e1-ec764dd2614e", "a402ca1c-2696-4531-972d-6e5ee4aa11ea",
    ),
    GraphPermission(
        "Policy.ReadWrite.ConsentRequest", "Read and write your organization's consent request policy",
        "Read and change whether people may ask for admin consent, and who is told.",
        "4d135e65-66b8-41a8-9f8b-081452c91774", "999f8c63-0a38-4f1b-91fd-ed1947bdd1a9",
    ),
    GraphPermission(
        "ConsentRequest.Read.All", "Read consent requests", "Read requests for admin consent.",
        "f3bfad56-966e-4590-a536-82ecf548ac1e", "1260ad83-98fb-4785-abbb-d6cc1806fd41",
    ),
)  # fmt: skip

_BY_VALUE = {permission.value.casefold(): permission for permission in GRAPH_PERMISSIONS}


def find_graph_permission(value: str) -> GraphPermission | None:
    """The permission of this name (any case), or None when this server does not serve it."""
    return _BY_VALUE.get(value.strip().casefold())


def graph_scopes() -> tuple[Scope, ...]:
    """The delegated permissions, as the Graph registration exposes them."""
    return tuple(
        Scope(
            id=permission.scope_id,
            value=permission.value,
            type="User" if permission.user_may_consent else "Admin",
            admin_consent_display_name=permission.title,
            admin_consent_description=permission.description,
            user_consent_display_name=permission.title,
            user_consent_description=permission.description,
        )
        for permission in GRAPH_PERMISSIONS
        if permission.scope_id is not None
    )


def graph_app_roles() -> tuple[AppRole, ...]:
    """The application permissions, as the Graph registration defines them."""
    return tuple(
        AppRole(
            permission.role_id, permission.value, permission.title, permission.description, ("Application",)
        )
        for permission in GRAPH_PERMISSIONS
        if permission.role_id is not None
    )
