"""Signing out of a browser session at one tenant. Tokens already issued stay valid until they expire.

The account stays listed as signed out, so that the next sign-in can offer it.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core.directory.application import Application
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import AppId, ObjectId
from xenia.core.logout import FrontChannelLogout
from xenia.core.query import Query
from xenia.core.session import SessionAccount
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.sessions.ending_sign_ins import end_accounts
from xenia.usecases.sign_in.situation import find_session

_PAGE = 100


def signed_in_accounts(
    ports: Ports, tenant: Tenant, session_secret: str | None, now: datetime
) -> tuple[SessionAccount, ...]:
    """Who is signed in with this browser at this tenant."""
    with ports.store.read(tenant.id) as tx:
        session = find_session(ports, tx, session_secret, now)
        return session.signed_in() if session is not None else ()


def sign_out(
    ports: Ports, tenant: Tenant, session_secret: str | None, user_id: ObjectId | None, now: datetime
) -> tuple[FrontChannelLogout, ...]:
    """End the session of this account (None: of all accounts) here and in its apps; what the browser must load.

    Portal sessions that came from it end too; apps with a back channel are told in the background.
    """

    def work(tx: Transaction) -> tuple[FrontChannelLogout, ...]:
        session = find_session(ports, tx, session_secret, now)
        if session is None:
            return ()
        leaving = {entry.user_id for entry in session.signed_in() if user_id in (None, entry.user_id)}
        return end_accounts(ports, tx, tenant, session, leaving, now) if leaving else ()

    told = ports.store.write(tenant.id, work)
    ports.logout_queued()
    return told


def find_return_client(ports: Ports, tenant: Tenant, client_id: AppId | None, uri: str) -> Application | None:
    """The application that registered *uri* as a redirect URI: the named one, else any of this tenant's."""
    with ports.store.read(tenant.id) as tx:
        if client_id is not None:
            named = tx.applications.find_by_app_id(client_id)
            known = named is not None and tx.applications.service_principal(client_id) is not None
            return named if named is not None and known and named.redirect_uri(uri) is not None else None
        query = Query(limit=_PAGE)
        while True:
            page = tx.applications.list(query)
            found = next((app for app in page.items if app.redirect_uri(uri) is not None), None)
            if found is not None or page.next is None:
                return found
            query = replace(query, after=page.next)
