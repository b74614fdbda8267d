"""The administration portal: users, guests, apps, settings and logs of a tenant, in the words of the field.

A first-party client of the authorize endpoint with a session of its own. Screens read and change by the same use
cases as the Graph API; what a role may do is decided there, and pages only show it. They never call this server.
Pages are for people with a directory role, unless they are given the desk for owners of apps.
"""

from __future__ import annotations

from xenia.ports import Ports
from xenia.ui.portal.api_connectors import ApiConnectorPages
from xenia.ui.portal.app_claims import AppClaims
from xenia.ui.portal.app_credentials import AppCredentials
from xenia.ui.portal.app_detail import AppDetail
from xenia.ui.portal.app_exposed import AppExposed
from xenia.ui.portal.app_federated import AppFederated
from xenia.ui.portal.app_list import AppList
from xenia.ui.portal.app_manifest import AppManifest
from xenia.ui.portal.app_owners import AppOwners
from xenia.ui.portal.app_roles import AppRoles
from xenia.ui.portal.collaboration import Collaboration
from xenia.ui.portal.connector_bench import ConnectorBench
from xenia.ui.portal.consent_requests import ConsentRequestPages
from xenia.ui.portal.consent_settings import ConsentSettings
from xenia.ui.portal.desk import Desk
from xenia.ui.portal.enterprise_app_owners import EnterpriseAppOwners
from xenia.ui.portal.enterprise_app_permissions import EnterpriseAppPermissions
from xenia.ui.portal.enterprise_app_signing import EnterpriseAppSigning
from xenia.ui.portal.enterprise_apps import EnterpriseApps
from xenia.ui.portal.group_detail import GroupDetail
from xenia.ui.portal.group_list import GroupList
from xenia.ui.portal.identity_provider_form import IdentityProviderForm
from xenia.ui.portal.identity_providers import IdentityProviders
from xenia.ui.portal.invite import Invite
from xenia.ui.portal.logs import Logs
from xenia.ui.portal.mail import MailPages
from xenia.ui.portal.overview import Overview
from xenia.ui.portal.properties import Properties, SecurityDefaults
from xenia.ui.portal.refusals import Refusals
from xenia.ui.portal.search import Search
from xenia.ui.portal.sign_up_requests import SignUpRequestPages
from xenia.ui.portal.signing_in import SigningIn
from xenia.ui.portal.start import StartPages
from xenia.ui.portal.user_attributes import UserAttributePages
from xenia.ui.portal.user_detail import UserDetail
from xenia.ui.portal.user_facts import UserFacts
from xenia.ui.portal.user_flows import UserFlowPages
from xenia.ui.portal.user_list import UserList
from xenia.ui.portal.user_properties import UserProperties
from xenia.ui.portal.user_sessions import UserSessions
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.pages import Pages
from xenia.web.routing import Surface


def routes(ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard) -> Surface:
    """The portal surface. Templates are found under the prefix ``portal``."""
    desk = Desk(ports, pages, cookies, guard)
    owners = desk.for_owners()
    signing_in = SigningIn(owners)
    screens = (
        StartPages(desk),
        signing_in,
        Overview(owners),
        Search(desk),
        UserList(desk),
        UserProperties(desk),
        UserDetail(desk),
        UserFacts(desk),
        UserSessions(desk),
        Invite(desk),
        GroupList(desk),
        GroupDetail(desk),
        AppList(desk),
        AppDetail(owners),
        AppCredentials(owners),
        AppFederated(owners),
        AppClaims(owners),
        AppExposed(owners),
        AppRoles(owners),
        AppOwners(owners),
        AppManifest(owners),
        EnterpriseApps(owners),
        EnterpriseAppOwners(owners),
        EnterpriseAppPermissions(desk),
        EnterpriseAppSigning(desk),
        ConsentSettings(desk),
        ConsentRequestPages(desk),
        Collaboration(desk),
        IdentityProviders(desk),
        IdentityProviderForm(desk),
        UserFlowPages(desk),
        UserAttributePages(desk),
        ApiConnectorPages(desk),
        ConnectorBench(desk),
        SignUpRequestPages(desk),
        Properties(desk),
        SecurityDefaults(desk),
        MailPages(desk),
        Logs(desk),
    )
    return Surface(
        "portal",
        tuple(route for screen in screens for route in screen.routes()),
        Refusals(desk, signing_in).render,
    )
