"""Tenants, users and what hangs on them: kept whole, found in every documented way, refused when taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.records import (
    ADMIN,
    CONTOSO,
    FABRIKAM,
    HOUR,
    MIA,
    NOW,
    add_tenants,
    authenticator,
    invitation,
    password,
    tenant,
    user,
)
from xenia.core.directory.tenant import Domain, DomainRestrictions, DomainRule, TenantPolicies
from xenia.core.directory.user import Identity, UserType
from xenia.core.errors import Conflict, NotFound
from xenia.core.invitation import InvitationStatus
from xenia.core.query import Compare, Query
from xenia.storage.store import SqlStore


@pytest.fixture(autouse=True)
def _tenants(store: SqlStore) -> None:
    add_tenants(store)


def test_a_tenant_is_found_by_every_name_in_any_case(store: SqlStore):
    with store.read(None) as tx:
        for name in (CONTOSO, CONTOSO.upper(), "Contoso", "CONTOSO.COM", "contoso.onxenia.localhost"):
            assert tx.tenants.find_by_name(name) == tenant()
        assert tx.tenants.find(CONTOSO) == tenant()
        assert tx.tenants.find_by_name("contoso.org") is None
        assert tx.tenants.find_by_name("con\x00toso") is None
        assert [found.id for found in tx.tenants.list()] == [CONTOSO, FABRIKAM]


@pytest.mark.parametrize(
    ("taken", "field"),
    [
        (tenant(CONTOSO, "northwind"), "id"),
        (
            tenant(
                "new", "northwind", domains=(Domain("northwind.com", is_initial=True), Domain("Contoso.com"))
            ),
            "domains",
        ),
    ],
)
def test_a_taken_tenant_id_or_domain_is_refused(store: SqlStore, taken, field: str):
    with pytest.raises(Conflict) as refused:
        store.write(None, lambda tx: tx.tenants.add(taken, TenantPolicies()))
    assert refused.value.field == field
    with store.read(None) as tx:
        assert len(tx.tenants.list()) == 2


def test_replacing_a_tenant_moves_its_names(store: SqlStore):
    changed = tenant(domains=(Domain("contoso.onxenia.localhost", is_initial=True), Domain("contoso.net")))
    store.write(None, lambda tx: tx.tenants.replace(changed))
    with store.read(None) as tx:
        assert tx.tenants.find_by_name("contoso.net") == changed
        assert tx.tenants.find_by_name("contoso.com") is None
    with pytest.raises(NotFound):
        store.write(None, lambda tx: tx.tenants.replace(tenant("nobody", "nobody")))


def test_policies_are_saved_once_per_version(store: SqlStore):
    denied = DomainRestrictions(DomainRule.DENY, denied=("evil.test",))
    policies = TenantPolicies(domain_restrictions=denied)
    store.write(CONTOSO, lambda tx: tx.tenants.replace_policies(CONTOSO, policies))
    with store.read(CONTOSO) as tx:
        assert tx.tenants.policies(CONTOSO) == replace(policies, version=1)
        assert tx.tenants.policies(FABRIKAM) == TenantPolicies()
    with pytest.raises(Conflict) as refused:
        store.write(CONTOSO, lambda tx: tx.tenants.replace_policies(CONTOSO, policies))
    assert refused.value.field == "version"


def test_a_user_comes_back_as_stored_and_is_found_in_every_way(store: SqlStore):
    mia = user(
        user_principal_name="Mïa_Example.com#EXT#@contoso.onxenia.localhost",
        other_mails=("Second@Example.com",),
        proxy_addresses=("SMTP:third@example.com", "x500:/o=first@example.com"),
        business_phones=("+1",),
        last_sign_in_at=NOW,
        identities=(Identity("federated", "https://idp.test", "AbC"), Identity("emailAddress", "x", None)),
    )
    store.write(CONTOSO, lambda tx: tx.users.add(mia))
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) == mia
        assert tx.users.find_by_upn("MÏA_example.com#ext#@contoso.onxenia.localhost") == mia
        assert tx.users.find_by_identity("https://idp.test", "AbC") == mia
        assert tx.users.find_by_identity("https://idp.test", "abc") is None
        for address in ("MIA@example.com", "second@example.com", "third@EXAMPLE.com"):
            assert tx.users.find_by_address(address) == (mia,)
        assert tx.users.find_by_address("/o=first@example.com") == ()


def test_a_taken_name_or_identity_is_refused_and_nothing_of_the_user_stays(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.users.add(user()))
    same_name = user(ADMIN, name="other", user_principal_name=user().user_principal_name.upper())
    same_identity = user(ADMIN, name="other", identities=user().identities)
    for taken, field in (
        (same_name, "user_principal_name"),
        (same_identity, "identities"),
        (user(name="other"), "id"),
    ):

        def attempt(tx, taken=taken, field=field):
            with pytest.raises(Conflict) as refused:
                tx.users.add(taken)
            assert refused.value.field == field
            return tx.users.find(ADMIN)  # the transaction goes on after a refusal

        assert store.write(CONTOSO, attempt) is None


def test_replacing_a_user_moves_identities_and_addresses(store: SqlStore):
    store.write(CONTOSO, lambda tx: (tx.users.add(user()), tx.users.add(user(ADMIN, name="ada"))))
    moved = user(mail="new@example.com", identities=(Identity("federated", "mail", "new@example.com"),))
    store.write(CONTOSO, lambda tx: tx.users.replace(moved))
    with store.read(CONTOSO) as tx:
        assert tx.users.find_by_identity("mail", "mia@example.com") is None
        assert tx.users.find_by_identity("mail", "new@example.com") == moved
        assert tx.users.find_by_address("mia@example.com") == ()
        assert tx.users.find_by_address("new@example.com") == (moved,)
    with pytest.raises(Conflict):
        store.write(
            CONTOSO,
            lambda tx: tx.users.replace(
                replace(moved, user_principal_name=user(name="ada").user_principal_name)
            ),
        )
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.users.replace(user("nobody", name="nobody")))


def test_a_deleted_user_frees_its_names_and_conflicts_on_restoring(store: SqlStore):
    gone = replace(user(), deleted_at=NOW)
    store.write(CONTOSO, lambda tx: (tx.users.add(user()), tx.users.replace(gone)))
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) is None
        assert tx.users.find(MIA, deleted=True) == gone
        assert tx.users.find_by_upn(gone.user_principal_name) is None
        assert tx.users.find_by_identity("mail", "mia@example.com") is None
        assert tx.users.find_by_address("mia@example.com") == ()
        assert tx.users.list(Query()).items == ()
        assert tx.users.list(Query(), deleted=True).items == (gone,)
    again = user(ADMIN)
    store.write(CONTOSO, lambda tx: tx.users.add(again))
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.users.replace(user()))


def test_sponsors_managers_and_roles(store: SqlStore):
    def work(tx):
        tx.users.add(user())
        tx.users.add(user(ADMIN, name="ada"))
        tx.users.set_sponsors(MIA, [ADMIN, MIA, ADMIN])
        tx.users.set_manager(MIA, MIA)
        tx.users.set_manager(MIA, ADMIN)
        for _ in range(2):
            tx.users.add_role(ADMIN, "role-1")
        tx.users.add_role("service-principal", "role-1")

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert [sponsor.id for sponsor in tx.users.sponsors(MIA)] == [ADMIN, MIA]
        assert tx.users.manager(MIA) == ADMIN
        assert tx.users.manager(ADMIN) is None
        assert tx.users.roles(ADMIN) == {"role-1"}
        assert tx.users.with_role("role-1") == (ADMIN, "service-principal")
    for refused in (
        lambda tx: tx.users.set_sponsors(MIA, ["nobody"]),
        lambda tx: tx.users.set_manager(MIA, "nobody"),
    ):
        with pytest.raises(NotFound):
            store.write(CONTOSO, refused)

    def undo(tx):
        tx.users.set_sponsors(MIA, [])
        tx.users.set_manager(MIA, None)
        tx.users.remove_role(ADMIN, "role-1")

    store.write(CONTOSO, undo)
    with store.read(CONTOSO) as tx:
        assert tx.users.sponsors(MIA) == ()
        assert tx.users.manager(MIA) is None
        assert tx.users.roles(ADMIN) == frozenset()


def test_removing_a_user_takes_everything_along(store: SqlStore):
    def work(tx):
        tx.users.add(user(other_mails=("x@example.com",)))
        tx.users.add_role(MIA, "role-1")
        tx.credentials.set_password(password())
        tx.credentials.add_authenticator_app(authenticator())
        tx.invitations.add(invitation())
        tx.users.remove(MIA)
        tx.users.add(user(other_mails=("x@example.com",)))

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) is not None
        assert tx.users.roles(MIA) == frozenset()
        assert tx.credentials.password(MIA) is None
        assert tx.credentials.authenticator_apps(MIA) == ()
        assert tx.invitations.of_user(MIA) == ()


def test_passwords_are_kept_and_replaced(store: SqlStore):
    store.write(CONTOSO, lambda tx: (tx.users.add(user()), tx.credentials.set_password(password())))
    store.write(CONTOSO, lambda tx: tx.credentials.set_password(password(hashed="new")))
    with store.read(CONTOSO) as tx:
        assert tx.credentials.password(MIA) == password(hashed="new")
        assert tx.credentials.password(ADMIN) is None
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.credentials.set_password(password("nobody")))


def test_an_authenticator_step_counts_once_and_never_goes_back(store: SqlStore):
    store.write(
        CONTOSO, lambda tx: (tx.users.add(user()), tx.credentials.add_authenticator_app(authenticator()))
    )
    with store.read(CONTOSO) as tx:
        assert tx.credentials.authenticator_apps(MIA) == (authenticator(),)

    def steps(tx):
        found = tx.credentials
        return [
            found.confirm_authenticator_app("totp-1", NOW, 10),
            found.confirm_authenticator_app("totp-1", NOW, 11),
            found.use_authenticator_step("totp-1", 10),
            found.use_authenticator_step("totp-1", 11),
            found.use_authenticator_step("totp-1", 9),
            found.use_authenticator_step("unknown", 12),
        ]

    assert store.write(CONTOSO, steps) == [True, False, False, True, False, False]
    with store.read(CONTOSO) as tx:
        assert tx.credentials.authenticator_apps(MIA) == (
            replace(authenticator(), confirmed_at=NOW, last_step=11),
        )
    assert store.write(CONTOSO, lambda tx: tx.credentials.remove_authenticator_app("totp-1")) is True
    assert store.write(CONTOSO, lambda tx: tx.credentials.remove_authenticator_app("totp-1")) is False


def test_an_invitation_is_completed_once_and_not_after_withdrawal(store: SqlStore):
    later = invitation("inv-2", created_at=NOW + HOUR)
    store.write(
        CONTOSO,
        lambda tx: (tx.users.add(user()), tx.invitations.add(invitation()), tx.invitations.add(later)),
    )
    with store.read(CONTOSO) as tx:
        assert tx.invitations.find("inv-1") == invitation()
        assert tx.invitations.of_user(MIA) == (later, invitation())

    assert store.write(CONTOSO, lambda tx: [tx.invitations.complete("inv-1", NOW) for _ in range(2)]) == [
        True,
        False,
    ]
    assert store.write(CONTOSO, lambda tx: tx.invitations.withdraw_all(MIA, NOW)) == 2
    assert store.write(CONTOSO, lambda tx: tx.invitations.complete("inv-2", NOW)) is False
    with store.read(CONTOSO) as tx:
        done = tx.invitations.find("inv-1")
        assert done == replace(
            invitation(), status=InvitationStatus.COMPLETED, redeemed_at=NOW, withdrawn_at=NOW
        )
    changed = replace(later, generation=2)
    store.write(CONTOSO, lambda tx: tx.invitations.replace(changed))
    with store.read(CONTOSO) as tx:
        assert tx.invitations.find("inv-2") == changed
    for refused in (
        lambda tx: tx.invitations.add(invitation("inv-3", user_id="nobody")),
        lambda tx: tx.invitations.replace(invitation("inv-9")),
    ):
        with pytest.raises(NotFound):
            store.write(CONTOSO, refused)


def test_moments_keep_microseconds_and_their_zone(store: SqlStore):
    odd = NOW + timedelta(microseconds=1)
    store.write(CONTOSO, lambda tx: tx.users.add(user(created_at=odd, user_type=UserType.MEMBER)))
    with store.read(CONTOSO) as tx:
        found = tx.users.list(Query(Compare("created_at", "eq", odd))).items
        assert [entry.created_at for entry in found] == [odd]
        assert found[0].created_at.utcoffset() == timedelta(0)
        assert tx.users.list(Query(Compare("created_at", "eq", NOW))).items == ()


def test_who_has_no_usable_invitation(store: SqlStore):
    def work(tx):
        for user_id, name in ((MIA, "mia"), (ADMIN, "eve")):
            tx.users.add(user(user_id, name=name))
        tx.invitations.add(invitation())

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        # Who was never invited is not meant.
        assert tx.invitations.without_usable((MIA, ADMIN)) == frozenset()
        assert tx.invitations.without_usable(()) == frozenset()
    store.write(CONTOSO, lambda tx: tx.invitations.withdraw_all(MIA, NOW))
    with store.read(CONTOSO) as tx:
        assert tx.invitations.without_usable((MIA, ADMIN)) == {MIA}
        assert tx.invitations.without_usable((ADMIN,)) == frozenset()
    store.write(CONTOSO, lambda tx: tx.invitations.add(invitation("inv-2", created_at=NOW + HOUR)))
    with store.read(CONTOSO) as tx:
        assert tx.invitations.without_usable((MIA, ADMIN)) == frozenset()
