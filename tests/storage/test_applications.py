"""Registrations, credentials, service principals, assignments and grants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.storage.records import (
    ADMIN,
    CONTOSO,
    FABRIKAM,
    HOUR,
    MIA,
    NOW,
    add_tenants,
    application,
    assignment,
    certificate,
    federated,
    grant,
    principal,
    secret,
    user,
)
from xenia.core.errors import Conflict, NotFound
from xenia.core.query import AnyOf, Compare, Order, Query, Text
from xenia.storage.store import SqlStore


@pytest.fixture(autouse=True)
def _directory(store: SqlStore) -> None:
    add_tenants(store)
    store.write(
        CONTOSO,
        lambda tx: (
            tx.users.add(user()),
            tx.applications.add(application()),
            tx.applications.add_service_principal(principal()),
        ),
    )


def test_a_registration_comes_back_as_stored(store: SqlStore):
    with store.read(CONTOSO) as tx:
        assert tx.applications.find("app-object") == application()
        assert tx.applications.find("other") is None
        assert tx.applications.list(Query()).items == (application(),)
        by_uri = Query(AnyOf("identifier_uris", Compare("", "eq", "API://app-id")), (Order("display_name"),))
        assert tx.applications.list(by_uri).items == (application(),)


def test_clients_are_found_from_every_tenant_by_client_id_and_uri(store: SqlStore):
    for tenant_id in (CONTOSO, FABRIKAM, None):
        with store.read(tenant_id) as tx:
            assert tx.applications.find_by_app_id("app-id") == application()
            assert tx.applications.find_by_identifier_uri("api://APP-ID") == application()
            assert tx.applications.find_by_app_id("other") is None
            assert tx.applications.find_by_identifier_uri("api://other") is None


@pytest.mark.parametrize(
    ("taken", "field"),
    [
        (application("other", "app-id"), "app_id"),
        (application("other", "other-id", identifier_uris=("API://app-id",)), "identifier_uris"),
    ],
)
def test_a_taken_client_id_or_uri_is_refused(store: SqlStore, taken, field: str):
    with pytest.raises(Conflict) as refused:
        store.write(CONTOSO, lambda tx: tx.applications.add(taken))
    assert refused.value.field == field


def test_a_registration_is_saved_once_per_version(store: SqlStore):
    renamed = replace(application(), display_name="Shop", identifier_uris=("api://shop",))
    store.write(CONTOSO, lambda tx: tx.applications.replace(renamed))
    with store.read(CONTOSO) as tx:
        assert tx.applications.find("app-object") == replace(renamed, version=1)
        assert tx.applications.find_by_identifier_uri("api://app-id") is None
        assert tx.applications.find_by_identifier_uri("api://shop") is not None
        assert tx.applications.list(Query(Text("display_name", "startsWith", "SH"))).items != ()
    with pytest.raises(Conflict) as refused:
        store.write(CONTOSO, lambda tx: tx.applications.replace(renamed))
    assert refused.value.field == "version"
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.applications.replace(application("other", "other")))


def test_credentials_and_owners(store: SqlStore):
    def work(tx):
        tx.applications.add_secret(secret())
        tx.applications.add_certificate(certificate())
        for _ in range(2):
            tx.applications.add_owner("app-object", MIA)

    store.write(CONTOSO, work)
    with store.read(FABRIKAM) as tx:  # a client of another tenant proves itself with them
        assert tx.applications.secrets("app-object") == (secret(),)
        assert tx.applications.certificates("app-object") == (certificate(),)
        assert tx.applications.owners("app-object") == ()
    with store.read(CONTOSO) as tx:
        assert tx.applications.owners("app-object") == (MIA,)
    for refused in (
        lambda tx: tx.applications.add_secret(secret("s", "nothing")),
        lambda tx: tx.applications.add_certificate(certificate("c", "nothing")),
        lambda tx: tx.applications.add_owner("app-object", ADMIN),
    ):
        with pytest.raises(NotFound):
            store.write(CONTOSO, refused)
    gone = store.write(
        CONTOSO,
        lambda tx: [
            tx.applications.remove_secret("app-object", "secret-1"),
            tx.applications.remove_secret("app-object", "secret-1"),
            tx.applications.remove_certificate("app-object", "cert-1"),
            tx.applications.remove_certificate("app-object", "cert-1"),
        ],
    )
    assert gone == [True, False, True, False]


def test_apps_own_registrations_and_enterprise_apps_until_they_go(store: SqlStore):
    def work(tx):
        tx.applications.add_service_principal(principal("robot", "robot"))
        for _ in range(2):
            tx.applications.add_owner("app-object", MIA)
            tx.applications.add_owning_app("app-object", "robot")
            tx.applications.add_principal_owner("sp-object", "robot")
            tx.applications.add_principal_owner("sp-object", MIA)

    store.write(CONTOSO, work)
    mine = AnyOf("owners", Compare("", "eq", MIA))
    with store.read(CONTOSO) as tx:
        assert set(tx.applications.owners("app-object")) == {MIA, "robot"}
        assert set(tx.applications.principal_owners("sp-object")) == {MIA, "robot"}
        assert [found.id for found in tx.applications.list_service_principals(Query(mine)).items] == [
            "sp-object"
        ]
    for refused in (
        lambda tx: tx.applications.add_owning_app("app-object", "nothing"),
        lambda tx: tx.applications.add_principal_owner("nothing", MIA),
    ):
        with pytest.raises(NotFound):
            store.write(CONTOSO, refused)
    store.write(CONTOSO, lambda tx: tx.applications.remove_service_principal("robot"))
    store.write(CONTOSO, lambda tx: tx.users.remove(MIA))
    with store.read(CONTOSO) as tx:
        assert tx.applications.owners("app-object") == ()
        assert tx.applications.principal_owners("sp-object") == ()


def test_owners_are_removed_once(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.applications.add_owner("app-object", MIA))
    store.write(CONTOSO, lambda tx: tx.applications.add_owning_app("app-object", "sp-object"))
    store.write(CONTOSO, lambda tx: tx.applications.add_principal_owner("sp-object", MIA))
    removals = (
        lambda tx: tx.applications.remove_owner("app-object", MIA),
        lambda tx: tx.applications.remove_owner("app-object", "sp-object"),
        lambda tx: tx.applications.remove_principal_owner("sp-object", MIA),
    )
    for remove in removals:
        assert [store.write(CONTOSO, remove) for _ in range(2)] == [True, False]
    with store.read(CONTOSO) as tx:
        assert tx.applications.owners("app-object") == ()


def test_federated_credentials_are_unique_by_name_and_by_issuer_with_subject(store: SqlStore):
    other = federated("fic-2", name="Other", subject="repo:contoso/orders")  # another one: capitals count
    store.write(
        CONTOSO,
        lambda tx: (
            tx.applications.add_federated_credential(federated()),
            tx.applications.add_federated_credential(other),
        ),
    )
    with store.read(FABRIKAM) as tx:  # a client of another tenant proves itself with them
        assert tx.applications.federated_credentials("app-object") == (other, federated())
    for taken, field in (
        (federated("fic-3", subject="third"), "name"),
        (federated("fic-3", name="third"), "subject"),
    ):
        with pytest.raises(Conflict) as refused:
            store.write(CONTOSO, lambda tx, taken=taken: tx.applications.add_federated_credential(taken))
        assert refused.value.field == field
    with pytest.raises(Conflict):
        store.write(
            CONTOSO,
            lambda tx: tx.applications.replace_federated_credential(
                replace(other, subject="repo:Contoso/orders")
            ),
        )
    changed = replace(other, subject="elsewhere", description="moved")
    store.write(CONTOSO, lambda tx: tx.applications.replace_federated_credential(changed))
    with store.read(CONTOSO) as tx:
        assert tx.applications.federated_credentials("app-object") == (changed, federated())
    remove = lambda tx: tx.applications.remove_federated_credential("app-object", "fic-1")  # noqa: E731
    assert [store.write(CONTOSO, remove) for _ in range(2)] == [True, False]
    for refusal in (
        lambda tx: tx.applications.add_federated_credential(federated("x", "nothing")),
        lambda tx: tx.applications.replace_federated_credential(federated()),
    ):
        with pytest.raises(NotFound):
            store.write(CONTOSO, refusal)


def test_what_was_deleted_is_found_only_when_asked_for_and_keeps_its_names(store: SqlStore):
    gone_app, gone_principal = (
        replace(application(), deleted_at=NOW),
        replace(principal(), deleted_at=NOW),
    )
    store.write(
        CONTOSO,
        lambda tx: (
            tx.applications.replace(gone_app),
            tx.applications.replace_service_principal(gone_principal),
        ),
    )
    with store.read(CONTOSO) as tx:
        apps = tx.applications
        assert apps.find("app-object") is None
        assert apps.find_by_app_id("app-id") is None
        assert apps.find_by_identifier_uri("api://app-id") is None
        assert apps.list(Query()).items == ()
        assert apps.service_principal("app-id") is None
        assert apps.find_service_principal("sp-object") is None
        assert apps.list_service_principals(Query()).items == ()
        deleted = replace(gone_app, version=1)
        assert apps.find("app-object", deleted=True) == deleted
        assert apps.find_by_app_id("app-id", deleted=True) == deleted
        assert apps.list(Query(), deleted=True).items == (deleted,)
        assert apps.service_principal("app-id", deleted=True) == gone_principal
    with pytest.raises(Conflict):  # its names stay its own: it may come back
        store.write(
            CONTOSO,
            lambda tx: tx.applications.add(
                application("other", identifier_uris=("api://app-id",), app_id="other")
            ),
        )
    store.write(CONTOSO, lambda tx: tx.applications.replace(replace(deleted, deleted_at=None)))
    with store.read(CONTOSO) as tx:
        assert tx.applications.find_by_app_id("app-id") == replace(application(), version=2)


def test_a_client_assertion_is_used_once_at_the_whole_server(store: SqlStore):
    use = lambda tx: tx.applications.use_assertion("app-object", "jti", NOW + HOUR)  # noqa: E731
    assert [store.write(tenant, use) for tenant in (CONTOSO, CONTOSO, FABRIKAM)] == [True, False, False]
    assert store.write(CONTOSO, lambda tx: tx.applications.use_assertion("other", "jti", NOW)) is True


def test_removing_a_registration_takes_its_credentials_along(store: SqlStore):
    store.write(
        CONTOSO, lambda tx: (tx.applications.add_secret(secret()), tx.applications.remove("app-object"))
    )
    with store.read(CONTOSO) as tx:
        assert tx.applications.find("app-object") is None
        assert tx.applications.secrets("app-object") == ()
        assert tx.applications.service_principal("app-id") == principal()


def test_a_service_principal_is_one_per_tenant_and_app(store: SqlStore):
    with store.read(CONTOSO) as tx:
        assert tx.applications.service_principal("app-id") == principal()
        assert tx.applications.find_service_principal("sp-object") == principal()
        assert tx.applications.list_service_principals(Query(Compare("app_id", "eq", "app-id"))).items == (
            principal(),
        )
    with pytest.raises(Conflict) as refused:
        store.write(CONTOSO, lambda tx: tx.applications.add_service_principal(principal("second")))
    assert refused.value.field == "app_id"
    off = principal(account_enabled=False)
    store.write(CONTOSO, lambda tx: tx.applications.replace_service_principal(off))
    with store.read(CONTOSO) as tx:
        assert tx.applications.list_service_principals(
            Query(Compare("account_enabled", "eq", value=False))
        ).items == (off,)
    with pytest.raises(NotFound):
        store.write(
            CONTOSO, lambda tx: tx.applications.replace_service_principal(principal("third", "third"))
        )


def test_assignments_are_given_once_and_end_with_their_ends(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.applications.add_assignment(assignment()))
    with store.read(CONTOSO) as tx:
        assert tx.applications.assignments_of(MIA) == (assignment(),)
        assert tx.applications.assignments_to("sp-object") == (assignment(),)
    with pytest.raises(Conflict):
        store.write(CONTOSO, lambda tx: tx.applications.add_assignment(assignment("as-2")))
    with pytest.raises(NotFound):
        store.write(
            CONTOSO, lambda tx: tx.applications.add_assignment(assignment("as-3", resource_id="nothing"))
        )
    assert store.write(CONTOSO, lambda tx: tx.applications.remove_assignment("as-1")) is True
    assert store.write(CONTOSO, lambda tx: tx.applications.remove_assignment("as-1")) is False
    store.write(CONTOSO, lambda tx: (tx.applications.add_assignment(assignment()), tx.users.remove(MIA)))
    with store.read(CONTOSO) as tx:
        assert tx.applications.assignments_to("sp-object") == ()


def test_a_grant_replaces_the_one_of_same_client_principal_and_resource(store: SqlStore):
    mine = grant("gr-2", consent_type="Principal", principal_id=MIA)
    wider = grant("gr-3", scopes=("read", "write"))
    store.write(CONTOSO, lambda tx: [tx.applications.put_grant(item) for item in (grant(), mine, wider)])
    with store.read(CONTOSO) as tx:
        assert set(tx.applications.grants_of("sp-object")) == {mine, wider}
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.applications.put_grant(grant("gr-4", client_id="nothing")))
    assert store.write(CONTOSO, lambda tx: [tx.applications.remove_grant("gr-2") for _ in range(2)]) == [
        True,
        False,
    ]
    store.write(CONTOSO, lambda tx: tx.applications.remove_service_principal("sp-object"))
    with store.read(CONTOSO) as tx:
        assert tx.applications.grants_of("sp-object") == ()
        assert tx.applications.service_principal("app-id") is None
