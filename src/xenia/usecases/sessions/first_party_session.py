"""Sessions of our own surfaces (portal, My Apps): clients of the same authorize engine, with an audience
and a session of their own. They redeem their code in process and never call this server over HTTP.
"""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.claims import ClientAuthentication
from xenia.core.directory.first_party import ACCOUNT_APP_ID, PORTAL_APP_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import ApplicationNotFound, TenantNotFound, XeniaError
from xenia.core.ids import AppId, CorrelationId, TenantId
from xenia.core.logout import FrontChannelLogout
from xenia.core.session import SURFACE_SESSION, PortalSession
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.sessions.ending_sign_ins import end_accounts
from xenia.usecases.sign_in.situation import find_session, surface_hash
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.redeem_code import CodeRedemption, spend_code

SURFACES: dict[str, AppId] = {"portal": PORTAL_APP_ID, "account": ACCOUNT_APP_ID}


class OpenedSession(Record):
    """A new session; ``secret`` is the cookie's value and is not kept."""

    secret: str
    session: PortalSession


def open_session(
    ports: Ports, tenant_id: TenantId, surface: str, *, code: str, verifier: str, redirect_uri: str
) -> OpenedSession:
    """Redeem the code that came back to the surface and open its session.

    Raises what ``redeem_code`` raises: a code used twice, of another client, or without the right verifier
    opens nothing.
    """
    now = ports.clock.now()
    secret = ports.entropy.token()
    redemption = CodeRedemption(code, redirect_uri, verifier, (), redirect_uri)

    def work(tx: Transaction) -> PortalSession | XeniaError:
        tenant = tx.tenants.find(tenant_id)
        if tenant is None:
            raise TenantNotFound(tenant_id)
        spent = spend_code(ports, tx, tenant, _ourselves(tx, tenant_id, surface), redemption, now)
        if isinstance(spent, XeniaError):
            return spent
        _, signed_in = spent
        session = PortalSession(
            secret_hash=surface_hash(ports, surface, secret),
            tenant_id=tenant_id,
            user_id=signed_in.user.id,
            surface=surface,
            sid=signed_in.sid,
            created_at=now,
            expires_at=now + SURFACE_SESSION,
        )
        tx.sign_ins.add_portal_session(session)
        return session

    opened = ports.store.write(tenant_id, work)
    if isinstance(opened, XeniaError):
        raise opened
    return OpenedSession(secret, opened)


def _ourselves(tx: Transaction, tenant_id: TenantId, surface: str) -> AuthenticatedClient:
    """The surface as an authenticated client: it runs in this process and needs no secret to prove that."""
    app_id = SURFACES[surface]
    application, principal = tx.applications.find_by_app_id(app_id), tx.applications.service_principal(app_id)
    if application is None or principal is None:
        raise ApplicationNotFound(app_id, tenant_id)
    return AuthenticatedClient(application, principal, ClientAuthentication.SECRET)


def find_actor(
    ports: Ports,
    tenant_id: TenantId,
    surface: str,
    secret: str | None,
    *,
    ip_address: str,
    correlation_id: CorrelationId,
) -> Actor | None:
    """The signed-in person behind the surface's cookie, with the roles held right now; None when nobody."""
    if secret is None:
        return None
    now = ports.clock.now()
    with ports.store.read(tenant_id) as tx:
        session = tx.sign_ins.find_portal_session(surface_hash(ports, surface, secret))
        if session is None or session.surface != surface or session.expires_at <= now:
            return None
        user = tx.users.find(session.user_id)
        if user is None or not user.account_enabled:
            return None
        if user.sessions_valid_from and session.created_at < user.sessions_valid_from:
            return None
        return Actor(
            tenant_id,
            correlation_id,
            ip_address=ip_address,
            user_id=user.id,
            display_name=user.display_name,
            upn=user.sign_in_name,
            mail=user.mail,
            is_guest=user.is_guest,
            roles=tx.users.roles(user.id),
        )


def close_session(
    ports: Ports, tenant: Tenant, surface: str, secret: str | None, *, session_secret: str | None = None
) -> tuple[FrontChannelLogout, ...]:
    """Sign out of the surface, of every surface and app opened from the same sign-in, and of that sign-in itself.

    The answer is what the browser still has to load.
    """
    if secret is None:
        return ()
    hashed, now = surface_hash(ports, surface, secret), ports.clock.now()

    def work(tx: Transaction) -> tuple[FrontChannelLogout, ...]:
        opened = tx.sign_ins.find_portal_session(hashed)
        if opened is None:
            return ()
        tx.sign_ins.remove_portal_session(hashed)
        tx.sign_ins.remove_portal_sessions_of_sid(opened.sid)
        session = find_session(ports, tx, session_secret, now)
        account = session.account(opened.user_id) if session is not None else None
        if session is None or account is None or account.signed_out_at is not None:
            return ()
        return end_accounts(ports, tx, tenant, session, {opened.user_id}, now)

    told = ports.store.write(tenant.id, work)
    ports.logout_queued()
    return told
