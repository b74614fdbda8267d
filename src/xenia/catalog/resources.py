"""Everything served, in one list per version."""

from __future__ import annotations

from xenia.catalog.edm import Resource
from xenia.catalog.entities.application import APPLICATIONS, SERVICE_PRINCIPALS
from xenia.catalog.entities.invitation import INVITATIONS
from xenia.catalog.entities.logs import DIRECTORY_AUDITS, SIGN_INS
from xenia.catalog.entities.organization import ORGANIZATIONS
from xenia.catalog.entities.policies import AUTHORIZATION, AUTHORIZATION_BETA, POLICIES
from xenia.catalog.entities.user import DELETED_ITEMS, DELETED_USERS, ME, USERS

RESOURCES: tuple[Resource, ...] = (
    INVITATIONS,
    USERS,
    ME,
    DELETED_USERS,
    DELETED_ITEMS,
    APPLICATIONS,
    SERVICE_PRINCIPALS,
    ORGANIZATIONS,
    *POLICIES,
    DIRECTORY_AUDITS,
    SIGN_INS,
)
BETA_RESOURCES = tuple(AUTHORIZATION_BETA if found is AUTHORIZATION else found for found in RESOURCES)
