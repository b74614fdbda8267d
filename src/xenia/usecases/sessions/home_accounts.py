"""Who is signed in with this browser at home, over all tenants of this server: for requests that name no tenant.

One session row per browser and tenant stays the rule: nothing is joined here, each cookie opens its own tenant's
session. Guests do not count: at an alias a token is for the home tenant of its person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import TenantId, parse_guid
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.sign_in.situation import find_session

_MOST = 16
"""Cookies are the browser's to send: so many tenants are looked at, and no more."""


class HomeAccount(Record):
    """A member who is signed in with this browser at their own organization."""

    tenant: Tenant
    sign_in_name: str
    display_name: str


def signed_in_at_home(
    ports: Ports, secrets: Mapping[TenantId, str], now: datetime
) -> tuple[HomeAccount, ...]:
    """The members behind these session secrets, by tenant."""
    found: list[HomeAccount] = []
    for tenant_id, secret in list(secrets.items())[:_MOST]:
        if parse_guid(tenant_id) != tenant_id or tenant_id == PLATFORM_TENANT_ID:
            continue
        with ports.store.read(tenant_id) as tx:
            session, tenant = find_session(ports, tx, secret, now), tx.tenants.find(tenant_id)
            if session is None or tenant is None:
                continue
            for account in session.signed_in():
                user = tx.users.find(account.user_id)
                if user is not None and user.account_enabled and not user.is_external:
                    found.append(HomeAccount(tenant, user.sign_in_name, user.display_name))
    return tuple(found)
