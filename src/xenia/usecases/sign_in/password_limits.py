"""How often a password may be tried, on a page or by an app: one count for both, or apps would be the way around."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.ids import TenantId, fold
from xenia.core.networks import network_of
from xenia.ports import Ports, Transaction

PASSWORD_TRIES_PER_ACCOUNT = 10
PASSWORD_TRIES_PER_NETWORK = 100
PASSWORD_WINDOW = timedelta(minutes=10)


def password_key(tenant_id: TenantId, login: str, browser: str = "") -> str:
    """What tries of this account are counted under; a browser that knows the account counts for itself."""
    return f"password:{tenant_id}:{fold(login)}{browser}"


def count_password_try(
    ports: Ports,
    tx: Transaction,
    tenant_id: TenantId,
    login: str,
    ip_address: str,
    now: datetime,
    browser: str = "",
) -> timedelta | None:
    """Count a try. None when it is allowed, else the time to wait; return refusals, so that the count commits."""
    keys = (
        # The network first: what it is refused must not lock the account.
        (
            f"password-network:{network_of(ip_address)}",
            PASSWORD_TRIES_PER_NETWORK * ports.server.signin_limit_scale,
        ),
        (password_key(tenant_id, login, browser), PASSWORD_TRIES_PER_ACCOUNT),
    )
    waits = (tx.limits.hit(key, limit, PASSWORD_WINDOW, now) for key, limit in keys)
    return next((wait for wait in waits if wait is not None), None)


def whole_login(tenant: Tenant | None, login: str) -> str:
    """A user name without its domain belongs to the tenant's default domain."""
    return f"{login}@{tenant.default_domain}" if tenant is not None and "@" not in login else login


def with_password(tx: Transaction, login: str) -> User | None:
    """The member of this name. People from outside prove themselves elsewhere, even if a password was left behind."""
    user = tx.users.find_by_upn(login)
    return None if user is not None and user.is_external else user
