"""Bringing a seed into the directory: tenants, users and guests, through the same use cases as everybody.

Only what is missing is made. The outcome names what was made now, because passwords and authenticator
keys can be told only once.
"""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor, system_actor
from xenia.core.audit import Target, audit_record
from xenia.core.credentials import AuthenticatorApp
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.ids import AppId, TenantId
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.seed.applications import apply_app
from xenia.seed.consent import apply_consent_requests
from xenia.seed.document import Seed, SeedGuest, SeedTenant, SeedUser
from xenia.seed.groups import apply_group
from xenia.seed.self_service import apply_self_service
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import invite_guest
from xenia.usecases.sign_in.second_factor import SEAL_PURPOSE
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, add_role, create_member

RANDOM = "random"
"""``authenticator_secret`` that stands for a key made per installation."""


class SeededUser(Record):
    """A member of the seed. The password is known only to the start that set it; the key stays readable."""

    user: User
    is_administrator: bool
    is_new: bool = False
    """Whether this start made the account."""
    password: str | None = None
    authenticator_secret: str | None = None


class SeededTenant(Record):
    """A tenant of the seed with its people and apps, in the order of the file."""

    tenant: Tenant
    users: tuple[SeededUser, ...]
    apps: tuple[tuple[str, AppId], ...]
    """Display name and client id."""


class AppliedSeed(Record):
    """What the seed stands for in this directory."""

    tenants: tuple[SeededTenant, ...]


def apply_seed(ports: Ports, seed: Seed) -> AppliedSeed:
    """Make what is missing. Raises SeedError with the line of the entry that was refused."""
    return AppliedSeed(
        tuple(_apply_tenant(ports, seed, f"tenant[{i}]", entry) for i, entry in enumerate(seed.tenants))
    )


def _apply_tenant(ports: Ports, seed: Seed, path: str, entry: SeedTenant) -> SeededTenant:
    with seed.at(path):
        tenant = _find_tenant(ports, entry) or create_tenant(
            ports,
            None,
            NewTenant(
                display_name=entry.name,
                label=entry.short_name,
                id=entry.id,
                domains=entry.domains,
                privacy_statement_url=entry.privacy_statement_url,
                terms_url=entry.terms_url,
                policies=entry.settings.policies(),
            ),
        )
    actor = system_actor(tenant.id, ports.entropy.guid(), "Seed")
    users = []
    for index, user in enumerate(entry.user):
        with seed.at(f"{path}.user[{index}]"):
            users.append(_apply_user(ports, actor, tenant, user))
    if entry.consent_requests is not None:
        with seed.at(f"{path}.consent_requests"):
            apply_consent_requests(ports, actor, entry.consent_requests)
    for index, guest in enumerate(entry.guest):
        with seed.at(f"{path}.guest[{index}]"):
            _apply_guest(ports, actor, guest)
    for index, group in enumerate(entry.group):
        with seed.at(f"{path}.group[{index}]"):
            apply_group(ports, actor, group)
    apps = []
    for index, app in enumerate(entry.app):
        with seed.at(f"{path}.app[{index}]"):
            apps.append((app.name, apply_app(ports, actor, seed, f"{path}.app[{index}]", app)))
    apply_self_service(ports, actor, seed, path, entry)
    return SeededTenant(tenant, tuple(users), tuple(apps))


def _find_tenant(ports: Ports, entry: SeedTenant) -> Tenant | None:
    with ports.store.read(None) as tx:
        return tx.tenants.find_by_name(entry.id or entry.short_name)


def _apply_user(ports: Ports, actor: Actor, tenant: Tenant, entry: SeedUser) -> SeededUser:
    upn = entry.name if "@" in entry.name else f"{entry.name}@{tenant.default_domain}"
    with ports.store.read(tenant.id) as tx:
        found = tx.users.find_by_upn(upn)
        roles = tx.users.roles(found.id) if found else frozenset()
        apps = tx.credentials.authenticator_apps(found.id) if found else ()
    if found is not None:
        confirmed = next((app for app in apps if app.confirmed_at), None)
        key = ports.sealer.open(confirmed.sealed_secret, SEAL_PURPOSE).decode() if confirmed else None
        return SeededUser(found, bool(roles), authenticator_secret=key)
    properties = dict(entry.properties) | ({"mail": entry.mail} if entry.mail else {})
    order = NewMember(upn, entry.display_name, entry.password, properties=properties, id=entry.id)
    created = create_member(ports, actor, order)
    for role in entry.roles:
        add_role(ports, actor, created.user.id, role)
    secret = entry.authenticator_secret
    if secret == RANDOM:
        secret = ports.entropy.totp_secret()
    if secret:
        add_authenticator(ports, actor, created.user, secret)
    return SeededUser(
        created.user, bool(entry.roles), is_new=True, password=created.password, authenticator_secret=secret
    )


def add_authenticator(ports: Ports, actor: Actor, user: User, secret: str) -> None:
    """Register an authenticator app that counts from the start: whoever has the seed has the key.

    Raises ValueError when the secret is not base32.
    """
    key = secret.replace(" ", "").upper()
    now = ports.clock.now()
    try:
        ports.totp.code(key, now)
    except ValueError:
        raise ValueError("authenticator_secret must be base32 (letters A to Z, digits 2 to 7)") from None
    app = AuthenticatorApp(
        id=ports.entropy.guid(),
        tenant_id=actor.tenant_id,
        user_id=user.id,
        display_name="Authenticator app",
        sealed_secret=ports.sealer.seal(key.encode(), SEAL_PURPOSE),
        created_at=now,
        confirmed_at=now,
    )
    target = Target(user.id, "User", user.display_name, user.user_principal_name)
    record = audit_record(ports.entropy.guid(), audit.REGISTERED_SECURITY_INFO, actor, now, targets=(target,))

    def work(tx: Transaction) -> None:
        tx.credentials.add_authenticator_app(app)
        tx.logs.audit(record)

    ports.store.write(actor.tenant_id, work)


def _apply_guest(ports: Ports, actor: Actor, entry: SeedGuest) -> None:
    with ports.store.read(actor.tenant_id) as tx:
        if tx.users.find_by_address(entry.mail):
            return
    url = entry.redirect_url
    order = InvitationOrder(
        email=entry.mail,
        redirect_url=f"{ports.server.base_url}{url}" if url.startswith("/") else url,
        display_name=entry.display_name,
        send_message=entry.send_message,
        message_body=entry.message,
    )
    invite_guest(ports, replace(actor, correlation_id=ports.entropy.guid()), order)


def administrator_of(ports: Ports, tenant_id: TenantId, role_template_id: str) -> User | None:
    """The oldest enabled holder of the role, to greet by name at start."""
    with ports.store.read(tenant_id) as tx:
        holders = [tx.users.find(user_id) for user_id in tx.users.with_role(role_template_id)]
    able = [user for user in holders if user is not None and user.account_enabled]
    return min(able, key=lambda user: user.created_at, default=None)
