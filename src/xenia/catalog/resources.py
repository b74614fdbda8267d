"""Everything served, in one list per version."""

from __future__ import annotations

from xenia.catalog.edm import Resource
from xenia.catalog.entities.api_connectors import API_CONNECTORS
from xenia.catalog.entities.application import APPLICATIONS, SERVICE_PRINCIPALS
from xenia.catalog.entities.claims_mappings import CLAIMS_MAPPINGS
from xenia.catalog.entities.consent_requests import CONSENT_REQUEST_RESOURCES
from xenia.catalog.entities.deleted_items import DELETED
from xenia.catalog.entities.events_flows import EVENTS_FLOW_RESOURCES, INCLUDED_APPS_OF_USER_FLOW
from xenia.catalog.entities.extension_properties import EXTENSION_PROPERTIES
from xenia.catalog.entities.federated_credentials import FEDERATED_IDENTITY_CREDENTIALS
from xenia.catalog.entities.granted_permissions import PERMISSION_RESOURCES
from xenia.catalog.entities.group import GROUPS
from xenia.catalog.entities.held_assignments import HELD_ASSIGNMENTS
from xenia.catalog.entities.identity_providers import IDENTITY_PROVIDERS, OLDER_IDENTITY_PROVIDERS
from xenia.catalog.entities.invitation import INVITATIONS
from xenia.catalog.entities.logs import DIRECTORY_AUDITS, SIGN_INS
from xenia.catalog.entities.memberships import MEMBERSHIPS, with_memberships
from xenia.catalog.entities.organization import ORGANIZATIONS
from xenia.catalog.entities.owners import OWNERS, with_owners
from xenia.catalog.entities.policies import AUTHORIZATION, AUTHORIZATION_BETA, POLICIES
from xenia.catalog.entities.token_lifetimes import TOKEN_LIFETIMES
from xenia.catalog.entities.user import ME, USERS, with_older_revoke
from xenia.catalog.entities.user_attributes import USER_FLOW_ATTRIBUTES
from xenia.catalog.entities.user_flows import USER_FLOW_RESOURCES
from xenia.core.directory.group import ObjectKind

RESOURCES: tuple[Resource, ...] = (
    INVITATIONS,
    with_memberships(USERS, ObjectKind.USER),
    with_memberships(ME, None),
    with_memberships(GROUPS, ObjectKind.GROUP),
    *DELETED,
    with_owners(APPLICATIONS),
    FEDERATED_IDENTITY_CREDENTIALS,
    EXTENSION_PROPERTIES,
    with_memberships(with_owners(SERVICE_PRINCIPALS), ObjectKind.SERVICE_PRINCIPAL),
    *OWNERS,
    *PERMISSION_RESOURCES,
    *CONSENT_REQUEST_RESOURCES,
    ORGANIZATIONS,
    *POLICIES,
    TOKEN_LIFETIMES,
    CLAIMS_MAPPINGS,
    IDENTITY_PROVIDERS,
    OLDER_IDENTITY_PROVIDERS,
    USER_FLOW_ATTRIBUTES,
    API_CONNECTORS,
    *USER_FLOW_RESOURCES,
    *EVENTS_FLOW_RESOURCES,
    DIRECTORY_AUDITS,
    SIGN_INS,
    *MEMBERSHIPS,
    *HELD_ASSIGNMENTS,
)


def _in_beta(resource: Resource) -> Resource:
    if resource is AUTHORIZATION:
        return AUTHORIZATION_BETA
    return with_older_revoke(resource) if resource.path in (USERS.path, ME.path) else resource


BETA_RESOURCES = (*(_in_beta(found) for found in RESOURCES), INCLUDED_APPS_OF_USER_FLOW)
