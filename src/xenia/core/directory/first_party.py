"""Application (client) IDs of the applications that ship with Xenia. Fixed, so that links and scripts last."""

from __future__ import annotations

from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.ids import AppId, TenantId

PLATFORM_TENANT_ID: TenantId = "78656e69-6100-4000-8000-0000000000ff"
"""Owner of the registrations below. It has no users and no door: nobody addresses it by name or GUID."""

PORTAL_APP_ID: AppId = "78656e69-6100-4000-8000-000000000001"
"""The administration portal."""
ACCOUNT_APP_ID: AppId = "78656e69-6100-4000-8000-000000000002"
"""My Apps and the guest's own pages; also the client of a redemption."""
TESTER_APP_ID: AppId = "78656e69-6100-4000-8000-000000000003"
"""The built-in multi-tenant client "Tester"."""

GUEST_SIGN_IN_APP_ID: AppId = "78656e69-6100-4000-8000-000000000004"
"""The client as which one tenant of this server has another prove who its people are."""

FIRST_PARTY_APP_IDS: tuple[AppId, ...] = (
    PORTAL_APP_ID,
    ACCOUNT_APP_ID,
    TESTER_APP_ID,
    GUEST_SIGN_IN_APP_ID,
    GRAPH_APP_ID,
)

PORTAL_CALLBACK = "/admin/signed-in"
ACCOUNT_CALLBACK = "/account/signed-in"
TESTER_PAGE = "/tester/"
GUEST_SIGN_IN_CALLBACK = "/federation/oauth2"
"""Where these applications receive their answers: paths on every origin of this server."""
