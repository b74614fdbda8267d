"""A tenant with people of every standing, on a real store: the ground on which inviting is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from tests.support.clock import START, SetClock
from tests.support.outgoing import outgoing
from tests.support.stores import make_sqlite_store
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, AppRole, ServicePrincipal
from xenia.core.directory.roles import (
    CLOUD_APPLICATION_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    GUEST_INVITER,
    HELPDESK_ADMINISTRATOR,
    USER_ADMINISTRATOR,
)
from xenia.core.directory.tenant import Domain, Tenant, TenantPolicies
from xenia.core.directory.user import ExternalUserState, User, UserType, mail_identity, upn_identity
from xenia.core.mail import OutgoingMail
from xenia.outside.ambient import SystemEntropy
from xenia.outside.mail.render import MailRenderer
from xenia.outside.sealing import AesSealer
from xenia.outside.words import Wordbook
from xenia.ports import Ports, ServerInfo, Store, Transaction
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import InvitationResult, invite_guest

TENANT = "11111111-1111-4111-8111-111111111111"
OTHER_TENANT = "22222222-2222-4222-8222-222222222222"
INITIAL = "contoso.onxenia.localhost"
ORDERS = "99999999-9999-4999-8999-999999999999"
ORDERS_PRINCIPAL = "88888888-8888-4888-8888-888888888888"
READER_ROLE = "77777777-7777-4777-8777-777777777777"

ROLES = {
    "admin": GLOBAL_ADMINISTRATOR,
    "useradmin": USER_ADMINISTRATOR,
    "inviter": GUEST_INVITER,
    "helpdesk": HELPDESK_ADMINISTRATOR,
    "appadmin": CLOUD_APPLICATION_ADMINISTRATOR,
    "member": None,
}


@dataclass
class World:
    """The ports, the people by name, and short ways to ask and to change."""

    ports: Ports
    clock: SetClock
    people: dict[str, User]
    woken: list[None] = field(default_factory=list)

    def actor(self, name: str, **changes: Any) -> Actor:
        """This person in the portal."""
        user = self.people[name]
        role = ROLES.get(name)
        actor = Actor(
            TENANT,
            "c0ffee00-0000-4000-8000-000000000000",
            ip_address="192.0.2.7",
            user_id=user.id,
            display_name=user.display_name,
            upn=user.user_principal_name,
            mail=user.mail,
            is_guest=user.is_guest,
            roles=frozenset() if role is None else frozenset({role.template_id}),
        )
        return replace(actor, **changes)

    def app(self, *permissions: str, roles: frozenset[str] = frozenset()) -> Actor:
        """An app acting without a person."""
        return Actor(
            TENANT,
            "c0ffee00-0000-4000-8000-000000000000",
            app_id=ORDERS,
            app_name="Orders",
            service_principal_id=ORDERS_PRINCIPAL,
            app_permissions=frozenset(permissions),
            roles=roles,
        )

    def invite(
        self, email: str = "maria@nordwind.example", by: str = "admin", **order: Any
    ) -> InvitationResult:
        order.setdefault("redirect_url", "https://app.contoso.example/welcome")
        return invite_guest(self.ports, self.actor(by), InvitationOrder(email, **order))

    def policies(self, **changes: Any) -> None:
        def work(tx: Transaction) -> None:
            stored = tx.tenants.policies(TENANT)
            tx.tenants.replace_policies(TENANT, replace(stored, **changes))

        self.ports.store.write(None, work)

    def change_user(self, user_id: str, **changes: Any) -> User:
        def work(tx: Transaction) -> User:
            user = tx.users.find(user_id)
            assert user is not None
            changed = replace(user, **changes)
            tx.users.replace(changed)
            return changed

        return self.ports.store.write(TENANT, work)

    def accept(self, result: InvitationResult) -> User:
        """What a completed redemption by passcode leaves behind."""
        now = self.clock.now()

        def work(tx: Transaction) -> User:
            assert tx.invitations.complete(result.invitation.id, now)
            user = tx.users.find(result.user.id)
            assert user is not None
            accepted = replace(
                user,
                identities=(*user.identities, mail_identity(result.invitation.email.lower())),
                external_user_state=ExternalUserState.ACCEPTED,
                external_user_state_changed_at=now,
            )
            tx.users.replace(accepted)
            return accepted

        return self.ports.store.write(TENANT, work)

    def read(self, ask: Callable[[Transaction], Any], tenant_id: str | None = TENANT) -> Any:
        with self.ports.store.read(tenant_id) as tx:
            return ask(tx)

    def user(self, user_id: str) -> User:
        user = self.read(lambda tx: tx.users.find(user_id))
        assert user is not None
        return cast("User", user)

    def mails_about(self, invitation_id: str) -> tuple[OutgoingMail, ...]:
        return cast("tuple[OutgoingMail, ...]", self.read(lambda tx: tx.outbox.of_subject(invitation_id)))


SERVER = ServerInfo(
    base_url="https://login.contoso.example",
    hosts=("login.contoso.example",),
    is_loopback=False,
    mail_leaves=True,
    tools=False,
    instance="t",
    mail_from="invites@contoso.example",
)


@contextmanager
def inviting_world(directory: Path, server: ServerInfo = SERVER) -> Iterator[World]:
    """The world in a SQLite file below *directory*."""
    store = make_sqlite_store(directory)
    try:
        yield make_world(store, server)
    finally:
        store.close()


def make_world(store: Store, server: ServerInfo = SERVER) -> World:
    """Contoso on any empty store."""
    clock, entropy, woken = SetClock(), SystemEntropy(), []  # type: ignore[var-annotated]
    unused = cast("Any", None)
    ports = Ports(
        store=store,
        clock=clock,
        entropy=entropy,
        sealer=AesSealer(bytes(range(32)), entropy),
        passwords=unused,
        totp=unused,
        keys=unused,
        assertions=unused,
        preview=MailRenderer(server),
        wordbook=Wordbook(),
        server=server,
        **outgoing(clock),
        mail_queued=lambda: woken.append(None),
        logout_queued=lambda: None,
    )
    people = {
        name: _member(f"{number:08d}-0000-4000-8000-000000000000", name) for number, name in enumerate(ROLES)
    }
    _fill(store, people)
    return World(ports, clock, people, woken)


def _member(user_id: str, name: str) -> User:
    upn = f"{name}@{INITIAL}"
    return User(
        id=user_id,
        tenant_id=TENANT,
        user_principal_name=upn,
        display_name=name.capitalize(),
        user_type=UserType.MEMBER,
        created_at=START,
        mail=f"{name}@contoso.example",
        identities=(upn_identity(upn, INITIAL),),
    )


def _fill(store: Store, people: dict[str, User]) -> None:
    def tenants(tx: Transaction) -> None:
        domains = (Domain(INITIAL, is_initial=True), Domain("contoso.example", is_default=True))
        tx.tenants.add(Tenant(TENANT, "Contoso", domains, START, "00" * 16), TenantPolicies())
        other = (Domain("fabrikam.onxenia.localhost", is_initial=True, is_default=True),)
        tx.tenants.add(Tenant(OTHER_TENANT, "Fabrikam", other, START, "01" * 16), TenantPolicies())

    def directory(tx: Transaction) -> None:
        for name, user in people.items():
            tx.users.add(user)
            role = ROLES[name]
            if role is not None:
                tx.users.add_role(user.id, role.template_id)
        reader = AppRole(READER_ROLE, "reader", "Reader")
        tx.applications.add(
            Application(
                "66666666-6666-4666-8666-666666666666", TENANT, ORDERS, "Orders", START, app_roles=(reader,)
            )
        )
        tx.applications.add_service_principal(
            ServicePrincipal(ORDERS_PRINCIPAL, TENANT, ORDERS, "Orders", TENANT, START)
        )

    store.write(None, tenants)
    store.write(TENANT, directory)
