"""Directory roles and what they permit in the portal and in delegated API calls."""

from __future__ import annotations

from xenia.record import Record


class DirectoryRole(Record):
    """A built-in directory role, addressed by its published template id."""

    template_id: str
    name: str


GLOBAL_ADMINISTRATOR = DirectoryRole("62e90394-69f5-4237-9190-012177145e10", "Global Administrator")
PRIVILEGED_ROLE_ADMINISTRATOR = DirectoryRole(
    "e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"
)
SECURITY_ADMINISTRATOR = DirectoryRole("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator")
CONDITIONAL_ACCESS_ADMINISTRATOR = DirectoryRole(
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"
)
AUTHENTICATION_POLICY_ADMINISTRATOR = DirectoryRole(
    "0526716b-113d-4c15-b2c8-68e3c22b9f80", "Authentication Policy Administrator"
)
GLOBAL_READER = DirectoryRole("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader")
USER_ADMINISTRATOR = DirectoryRole("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator")
GROUPS_ADMINISTRATOR = DirectoryRole("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator")
GUEST_INVITER = DirectoryRole("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter")
HELPDESK_ADMINISTRATOR = DirectoryRole("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator")
CLOUD_APPLICATION_ADMINISTRATOR = DirectoryRole(
    "158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"
)
EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR = DirectoryRole(
    "be2f45a1-457d-42af-a067-6ec1fa63bc45", "External Identity Provider Administrator"
)
USER_FLOW_ADMINISTRATOR = DirectoryRole(
    "6e591065-9bad-43ed-90f3-e9424366d2f0", "External ID User Flow Administrator"
)
USER_FLOW_ATTRIBUTE_ADMINISTRATOR = DirectoryRole(
    "0f971eea-41eb-4569-a71e-57bb8a3eff1e", "External ID User Flow Attribute Administrator"
)
REPORTS_READER = DirectoryRole("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader")
SECURITY_READER = DirectoryRole("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader")
DIRECTORY_READERS = DirectoryRole("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers")

ALL_ROLES: tuple[DirectoryRole, ...] = (
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    CONDITIONAL_ACCESS_ADMINISTRATOR,
    AUTHENTICATION_POLICY_ADMINISTRATOR,
    GLOBAL_READER,
    USER_ADMINISTRATOR,
    GROUPS_ADMINISTRATOR,
    GUEST_INVITER,
    HELPDESK_ADMINISTRATOR,
    CLOUD_APPLICATION_ADMINISTRATOR,
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    USER_FLOW_ADMINISTRATOR,
    USER_FLOW_ATTRIBUTE_ADMINISTRATOR,
    REPORTS_READER,
    SECURITY_READER,
    DIRECTORY_READERS,
)

_BY_TEMPLATE = {role.template_id: role for role in ALL_ROLES}
_BY_NAME = {role.name.casefold(): role for role in ALL_ROLES}


def find_role(template_id_or_name: str) -> DirectoryRole | None:
    """The role of this template id or display name (any case), or None."""
    key = template_id_or_name.strip()
    return _BY_TEMPLATE.get(key.lower()) or _BY_NAME.get(key.casefold())


INVITING_ROLES = frozenset(
    role.template_id for role in (GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR, GUEST_INVITER)
)
"""Roles that may invite under every setting but ``none``."""

USER_WRITING_ROLES = frozenset(role.template_id for role in (GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR))
GROUP_WRITING_ROLES = frozenset(
    role.template_id for role in (GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR, GROUPS_ADMINISTRATOR)
)
"""May make, change and delete groups; owners may change theirs."""
GUEST_SUPPORT_ROLES = USER_WRITING_ROLES | {HELPDESK_ADMINISTRATOR.template_id}
"""May reset redemption, revoke sessions and reset the MFA of guests."""
APP_WRITING_ROLES = frozenset(
    role.template_id for role in (GLOBAL_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR)
)
LOG_READING_ROLES = frozenset(
    role.template_id
    for role in (GLOBAL_ADMINISTRATOR, GLOBAL_READER, USER_ADMINISTRATOR, REPORTS_READER, SECURITY_READER)
)
"""May read audit and sign-in logs. User administrators too: they answer when a guest cannot get in."""

PROVIDER_WRITING_ROLES = frozenset(
    role.template_id for role in (GLOBAL_ADMINISTRATOR, EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR)
)
FLOW_WRITING_ROLES = frozenset(
    role.template_id for role in (GLOBAL_ADMINISTRATOR, USER_FLOW_ADMINISTRATOR, USER_ADMINISTRATOR)
)
"""May change user flows and what they consist of, API connectors included."""
ATTRIBUTE_WRITING_ROLES = frozenset(
    role.template_id for role in (GLOBAL_ADMINISTRATOR, USER_FLOW_ATTRIBUTE_ADMINISTRATOR)
)
"""May define custom attributes: they change what the directory knows of everybody."""
SELF_SERVICE_READING_ROLES = (
    PROVIDER_WRITING_ROLES | FLOW_WRITING_ROLES | ATTRIBUTE_WRITING_ROLES | {GLOBAL_READER.template_id}
)
"""May see providers, user flows, attributes and connectors, never their secrets."""
