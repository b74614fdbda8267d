"""Tenants are walls: every repository method is driven from a second tenant and sees, and changes, nothing.

A method that is not listed here fails the suite, so that none is added without its probe.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.storage.records import (
    ADMIN,
    CONTOSO,
    FABRIKAM,
    HOUR,
    MIA,
    NOW,
    add_tenants,
    app_key,
    application,
    assignment,
    audit,
    authenticator,
    certificate,
    code,
    connector,
    connector_call,
    consent_request,
    device_code,
    family,
    federated,
    federation,
    grant,
    group,
    interaction,
    invitation,
    logout_notice,
    mail,
    passcode,
    password,
    portal_session,
    principal,
    provider,
    refresh_token,
    secret,
    session,
    sign_in,
    sign_up_event,
    sign_up_request,
    user,
    user_attribute,
    user_flow,
)
from xenia.core.directory.application import Logo
from xenia.core.directory.group import GroupLink, ObjectKind
from xenia.core.errors import NotFound
from xenia.core.query import Compare, Page, Query
from xenia.core.sign_up import RequestState, Stage
from xenia.storage.schema import metadata
from xenia.storage.store import SqlStore, SqlTransaction

OWNER = GroupLink.OWNER
EMPTY = Page((), None, 0)
COUNTED = Query(count=True)
BOUND = (
    "users",
    "groups",
    "credentials",
    "applications",
    "invitations",
    "sign_ins",
    "logs",
    "outbox",
    "logout_notices",
    "identity_providers",
    "user_flows",
    "user_attributes",
    "api_connectors",
    "consent_requests",
    "app_keys",
    "sign_ups",
)
PLATFORM_WIDE = {
    "app_keys.find_anywhere",
    "applications.find_by_app_id",
    "applications.find_by_identifier_uri",
    "applications.secrets",
    "applications.certificates",
    "applications.federated_credentials",
    "applications.use_assertion",
    "sign_ins.find_code_anywhere",
    "sign_ins.find_device_code_anywhere",
    "sign_ins.tenant_of_device_code",
    "sign_ins.tenant_of_refresh_token",
    "logout_notices.claim",
    "logout_notices.renew",
    "logout_notices.release",
    "logout_notices.hasten",
    "logout_notices.settle",
    "logout_notices.next_due",
    "outbox.find",
    "outbox.claim",
    "outbox.renew",
    "outbox.release",
    "outbox.hasten",
    "outbox.settle",
    "outbox.next_due",
}
# What each method answers (or raises) in a tenant where nothing of this is; None: answers nothing.
LOGO = Logo("image/png", b"picture")
PROBES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "users.find": (lambda it: it.find(MIA, deleted=True), None),
    "users.find_by_upn": (lambda it: it.find_by_upn(user().user_principal_name), None),
    "users.find_by_identity": (lambda it: it.find_by_identity("mail", "mia@example.com"), None),
    "users.find_by_address": (lambda it: it.find_by_address("mia@example.com"), ()),
    "users.list": (lambda it: it.list(COUNTED), EMPTY),
    "users.add": (lambda it: it.add(user("other", name="other")), ValueError),
    "users.replace": (lambda it: it.replace(user(display_name="Taken over")), ValueError),
    "users.forget_extension": (lambda it: it.forget_extension("extension_app_code"), 0),
    "users.remove": (lambda it: it.remove(MIA), None),
    "users.sponsors": (lambda it: it.sponsors(MIA), ()),
    "users.set_sponsors": (lambda it: it.set_sponsors(MIA, [ADMIN]), NotFound),
    "users.roles": (lambda it: it.roles(MIA), frozenset()),
    "users.add_role": (lambda it: it.add_role(MIA, "role-2"), None),
    "users.remove_role": (lambda it: it.remove_role(MIA, "role-1"), None),
    "users.with_role": (lambda it: it.with_role("role-1"), ()),
    "users.manager": (lambda it: it.manager(MIA), None),
    "users.set_manager": (lambda it: it.set_manager(MIA, ADMIN), NotFound),
    "groups.find": (lambda it: it.find("group-1"), None),
    "groups.list": (lambda it: it.list(COUNTED), EMPTY),
    "groups.add": (lambda it: it.add(group("x")), ValueError),
    "groups.replace": (lambda it: it.replace(group(tenant_id=FABRIKAM)), NotFound),
    "groups.remove": (lambda it: it.remove("group-1"), None),
    "groups.attach": (lambda it: it.attach(OWNER, "group-1", MIA, ObjectKind.USER), NotFound),
    "groups.detach": (lambda it: it.detach(OWNER, "group-1", ADMIN), False),
    "groups.is_linked": (lambda it: it.is_linked(OWNER, "group-1", ADMIN), False),
    "groups.objects": (lambda it: it.objects(OWNER, "group-1", COUNTED, transitive=True), EMPTY),
    "groups.containing": (lambda it: it.containing(MIA, COUNTED, transitive=True), EMPTY),
    "groups.ids_containing": (lambda it: it.ids_containing(MIA), ()),
    "groups.assigned_containing": (lambda it: it.assigned_containing(MIA, "sp-object"), ()),
    "credentials.password": (lambda it: it.password(MIA), None),
    "credentials.set_password": (lambda it: it.set_password(password(hashed="mine")), NotFound),
    "credentials.remove_password": (lambda it: it.remove_password(MIA), False),
    "credentials.authenticator_apps": (lambda it: it.authenticator_apps(MIA), ()),
    "credentials.add_authenticator_app": (
        lambda it: it.add_authenticator_app(authenticator("x")),
        ValueError,
    ),
    "credentials.confirm_authenticator_app": (
        lambda it: it.confirm_authenticator_app("totp-1", NOW, 9),
        False,
    ),
    "credentials.use_authenticator_step": (lambda it: it.use_authenticator_step("totp-1", 9), False),
    "credentials.remove_authenticator_app": (lambda it: it.remove_authenticator_app("totp-1"), False),
    "applications.find": (lambda it: it.find("app-object"), None),
    "applications.list": (lambda it: it.list(COUNTED), EMPTY),
    "applications.add": (lambda it: it.add(application("x", "x")), ValueError),
    "applications.replace": (lambda it: it.replace(application()), ValueError),
    "applications.remove": (lambda it: it.remove("app-object"), None),
    "applications.add_secret": (lambda it: it.add_secret(secret("s2")), NotFound),
    "applications.remove_secret": (lambda it: it.remove_secret("app-object", "secret-1"), False),
    "applications.add_certificate": (lambda it: it.add_certificate(certificate("c2")), NotFound),
    "applications.remove_certificate": (lambda it: it.remove_certificate("app-object", "cert-1"), False),
    "applications.owners": (lambda it: it.owners("app-object"), ()),
    "applications.add_owner": (lambda it: it.add_owner("app-object", MIA), NotFound),
    "applications.remove_owner": (lambda it: it.remove_owner("app-object", MIA), False),
    "applications.logo": (lambda it: it.logo("app-object"), None),
    "applications.put_logo": (lambda it: it.put_logo("app-object", LOGO), NotFound),
    "applications.add_owning_app": (lambda it: it.add_owning_app("app-object", "sp-object"), NotFound),
    "applications.principal_owners": (lambda it: it.principal_owners("sp-object"), ()),
    "applications.add_principal_owner": (lambda it: it.add_principal_owner("sp-object", MIA), NotFound),
    "applications.remove_principal_owner": (lambda it: it.remove_principal_owner("sp-object", MIA), False),
    "applications.add_federated_credential": (
        lambda it: it.add_federated_credential(federated("x", name="x", subject="x")),
        NotFound,
    ),
    "applications.replace_federated_credential": (
        lambda it: it.replace_federated_credential(federated(subject="other")),
        NotFound,
    ),
    "applications.remove_federated_credential": (
        lambda it: it.remove_federated_credential("app-object", "fic-1"),
        False,
    ),
    "applications.service_principal": (lambda it: it.service_principal("app-id"), None),
    "applications.find_service_principal": (lambda it: it.find_service_principal("sp-object"), None),
    "applications.list_service_principals": (lambda it: it.list_service_principals(COUNTED), EMPTY),
    "applications.add_service_principal": (
        lambda it: it.add_service_principal(principal("x", "x")),
        ValueError,
    ),
    "applications.replace_service_principal": (
        lambda it: it.replace_service_principal(principal()),
        ValueError,
    ),
    "applications.remove_service_principal": (lambda it: it.remove_service_principal("sp-object"), None),
    "applications.assignments_of": (lambda it: it.assignments_of(MIA), ()),
    "applications.assignments_held": (lambda it: it.assignments_held(MIA), ()),
    "applications.assignments_to": (lambda it: it.assignments_to("sp-object"), ()),
    "applications.add_assignment": (lambda it: it.add_assignment(assignment("as-2")), NotFound),
    "applications.remove_assignment": (lambda it: it.remove_assignment("as-1"), False),
    "applications.find_assignment": (lambda it: it.find_assignment("as-1"), None),
    "applications.find_grant": (lambda it: it.find_grant("gr-1"), None),
    "applications.list_grants": (lambda it: it.list_grants(COUNTED), EMPTY),
    "applications.grants_of": (lambda it: it.grants_of("sp-object"), ()),
    "applications.put_grant": (lambda it: it.put_grant(grant("gr-2")), NotFound),
    "applications.remove_grant": (lambda it: it.remove_grant("gr-1"), False),
    "invitations.find": (lambda it: it.find("inv-1"), None),
    "invitations.of_user": (lambda it: it.of_user(MIA), ()),
    "invitations.without_usable": (lambda it: it.without_usable((MIA,)), frozenset()),
    "invitations.add": (lambda it: it.add(invitation("inv-2", FABRIKAM)), NotFound),
    "invitations.replace": (lambda it: it.replace(invitation("inv-1", FABRIKAM)), NotFound),
    "invitations.complete": (lambda it: it.complete("inv-1", NOW), False),
    "invitations.withdraw_all": (lambda it: it.withdraw_all(MIA, NOW), 0),
    "sign_ins.add_interaction": (lambda it: it.add_interaction(interaction("x")), ValueError),
    "sign_ins.find_interaction": (lambda it: it.find_interaction("ctx-1"), None),
    "sign_ins.advance_interaction": (
        lambda it: it.advance_interaction(interaction("ctx-1", FABRIKAM)),
        False,
    ),
    "sign_ins.finish_interaction": (
        lambda it: it.finish_interaction(interaction("ctx-1", FABRIKAM), NOW),
        False,
    ),
    "sign_ins.add_federation": (lambda it: it.add_federation(federation("x")), ValueError),
    "sign_ins.find_federation": (lambda it: it.find_federation("state-1"), None),
    "sign_ins.consume_federation": (lambda it: it.consume_federation("state-1", NOW), False),
    "sign_ins.find_session": (lambda it: it.find_session("session-1"), None),
    "sign_ins.put_session": (lambda it: it.put_session(session("session-1", FABRIKAM)), None),
    "sign_ins.remove_session": (lambda it: it.remove_session("session-1"), None),
    "sign_ins.sessions_of": (lambda it: it.sessions_of(MIA), ()),
    "sign_ins.end_sessions_of": (lambda it: it.end_sessions_of(MIA, NOW), 0),
    "sign_ins.find_portal_session": (lambda it: it.find_portal_session("portal-1"), None),
    "sign_ins.add_portal_session": (lambda it: it.add_portal_session(portal_session("x")), ValueError),
    "sign_ins.remove_portal_session": (lambda it: it.remove_portal_session("portal-1"), None),
    "sign_ins.remove_portal_sessions_of_sid": (lambda it: it.remove_portal_sessions_of_sid("sid-1"), None),
    "sign_ins.add_passcode": (lambda it: it.add_passcode(passcode("x")), ValueError),
    "sign_ins.passcodes_of": (lambda it: it.passcodes_of("ctx-1"), ()),
    "sign_ins.live_passcodes_for": (lambda it: it.live_passcodes_for("mia@example.com", NOW), 0),
    "sign_ins.count_passcode_try": (lambda it: it.count_passcode_try("pc-1"), NotFound),
    "sign_ins.consume_passcode": (lambda it: it.consume_passcode("pc-1", NOW), False),
    "sign_ins.replace_passcodes": (lambda it: it.replace_passcodes("ctx-1", NOW), None),
    "sign_ins.add_code": (lambda it: it.add_code(code("x"), family("x")), ValueError),
    "sign_ins.find_code": (lambda it: it.find_code("code-1"), None),
    "sign_ins.consume_code": (lambda it: it.consume_code("code-1", NOW), False),
    "sign_ins.count_verifier_failure": (lambda it: it.count_verifier_failure("code-1"), NotFound),
    "sign_ins.find_family": (lambda it: it.find_family("family-1"), None),
    "sign_ins.revoke_family": (lambda it: it.revoke_family("family-1", NOW), None),
    "sign_ins.add_family": (lambda it: it.add_family(family("x")), ValueError),
    "sign_ins.add_refresh_token": (lambda it: it.add_refresh_token(refresh_token("x")), ValueError),
    "sign_ins.find_refresh_token": (lambda it: it.find_refresh_token("refresh-1"), None),
    "sign_ins.consume_refresh_token": (lambda it: it.consume_refresh_token(refresh_token(), NOW), False),
    "sign_ins.retry_refresh_token": (lambda it: it.retry_refresh_token("refresh-used", NOW), False),
    "sign_ins.add_device_code": (lambda it: it.add_device_code(device_code("x")), ValueError),
    "sign_ins.find_device_code": (lambda it: it.find_device_code("device-1"), None),
    "sign_ins.claim_device_code": (
        lambda it: it.claim_device_code(device_code(), FABRIKAM, NOW),
        ValueError,
    ),
    "sign_ins.poll_device_code": (lambda it: it.poll_device_code("device-1", HOUR, NOW), False),
    "sign_ins.decide_device_code": (lambda it: it.decide_device_code(device_code(), NOW), ValueError),
    "sign_ins.consume_device_code": (lambda it: it.consume_device_code("device-1", NOW), False),
    "sign_ins.revoke_families_of_sid": (lambda it: it.revoke_families_of_sid(MIA, "sid-1", NOW), None),
    "sign_ins.families_of": (lambda it: it.families_of(MIA), ()),
    "sign_ins.held_refresh_tokens": (lambda it: it.held_refresh_tokens(MIA, NOW), ()),
    "sign_ins.revoke_families_by": (lambda it: it.revoke_families_by(family().app_id, None, NOW), None),
    "sign_ins.revoke_families_of": (lambda it: it.revoke_families_of(MIA, NOW), None),
    "logs.audit": (lambda it: it.audit(audit("x")), ValueError),
    "logs.sign_in": (lambda it: it.sign_in(sign_in("x")), ValueError),
    "logs.sign_in_all": (lambda it: it.sign_in_all([sign_in("x")]), ValueError),
    "logs.list_audit": (lambda it: it.list_audit(Query(Compare("target_id", "ne", "x"), count=True)), EMPTY),
    "logs.list_sign_ins": (lambda it: it.list_sign_ins(COUNTED), EMPTY),
    "logs.last_sign_ins": (lambda it: it.last_sign_ins([MIA]), {}),
    "logs.find_audit": (lambda it: it.find_audit("audit-1"), None),
    "logs.find_sign_in": (lambda it: it.find_sign_in("sign-in-1"), None),
    "logout_notices.add": (lambda it: it.add(logout_notice("x")), ValueError),
    "logout_notices.of_user": (lambda it: it.of_user(MIA), ()),
    "outbox.of_subject": (lambda it: it.of_subject("inv-1"), ()),
    "outbox.enqueue": (lambda it: it.enqueue(mail("key"), "m2", "sealed", NOW), None),
    "identity_providers.find": (lambda it: it.find("Google-OAUTH"), None),
    "identity_providers.list": (lambda it: it.list(), ()),
    "identity_providers.add": (lambda it: it.add(provider("x")), ValueError),
    "identity_providers.replace": (lambda it: it.replace(provider()), ValueError),
    "identity_providers.outcomes": (lambda it: it.outcomes(), {}),
    "identity_providers.record_outcome": (lambda it: it.record_outcome("Google-OAUTH", NOW), None),
    "identity_providers.remove": (lambda it: it.remove("Google-OAUTH"), False),
    "user_flows.find": (lambda it: it.find("B2X_1_Partners"), None),
    "user_flows.of_app": (lambda it: it.of_app("app-id"), None),
    "user_flows.list": (lambda it: it.list(), ()),
    "user_flows.add": (lambda it: it.add(user_flow("x")), ValueError),
    "user_flows.replace": (lambda it: it.replace(user_flow(tenant_id=FABRIKAM)), NotFound),
    "user_flows.remove": (lambda it: it.remove("B2X_1_Partners"), False),
    "user_attributes.find": (lambda it: it.find("extension_0_Size"), None),
    "user_attributes.list": (lambda it: it.list(), ()),
    "user_attributes.add": (lambda it: it.add(user_attribute("x")), ValueError),
    "user_attributes.replace": (lambda it: it.replace(user_attribute(tenant_id=FABRIKAM)), NotFound),
    "user_attributes.remove": (lambda it: it.remove("extension_0_Size"), False),
    "api_connectors.find": (lambda it: it.find("connector-1"), None),
    "api_connectors.list": (lambda it: it.list(), ()),
    "api_connectors.add": (lambda it: it.add(connector("x")), ValueError),
    "api_connectors.replace": (lambda it: it.replace(connector(tenant_id=FABRIKAM)), NotFound),
    "api_connectors.remove": (lambda it: it.remove("connector-1"), False),
    "api_connectors.note_call": (lambda it: it.note_call(connector_call("x")), ValueError),
    "api_connectors.calls": (lambda it: it.calls("connector-1", 9), ()),
    "app_keys.add": (lambda it: it.add(app_key("x")), ValueError),
    "app_keys.of_principal": (lambda it: it.of_principal("sp-object"), ()),
    "app_keys.remove": (lambda it: it.remove("app-key-1"), False),
    "consent_requests.add": (lambda it: it.add(consent_request("x")), ValueError),
    "consent_requests.find": (lambda it: it.find("asked-1"), None),
    "consent_requests.pending_of": (lambda it: it.pending_of("app-id"), None),
    "consent_requests.list": (lambda it: it.list(), ()),
    "consent_requests.replace": (lambda it: it.replace(consent_request()), ValueError),
    "sign_ups.record": (lambda it: it.record(sign_up_event(interaction_id="x")), ValueError),
    "sign_ups.events": (lambda it: it.events("B2X_1_Partners", NOW, NOW + HOUR), ()),
    "sign_ups.count": (lambda it: it.count("B2X_1_Partners", Stage.STARTED, NOW), 0),
    "sign_ups.add_request": (lambda it: it.add_request(sign_up_request("x")), ValueError),
    "sign_ups.find_request": (lambda it: it.find_request("request-1"), None),
    "sign_ups.request_of": (lambda it: it.request_of("google.com", "1234", "B2X_1_Partners"), None),
    "sign_ups.list_requests": (lambda it: it.list_requests(), ()),
    "sign_ups.decide_request": (
        lambda it: it.decide_request(
            sign_up_request(), RequestState.APPROVED, NOW, by="Eve", reason="", user_id=None
        ),
        False,
    ),
}


def _fill(tx: SqlTransaction) -> None:
    tx.users.add(user(other_mails=("second@example.com",)))
    tx.users.add(user(ADMIN, name="ada"))
    tx.users.set_sponsors(MIA, [ADMIN])
    tx.users.set_manager(MIA, ADMIN)
    tx.users.add_role(MIA, "role-1")
    tx.groups.add(group())
    tx.groups.attach(GroupLink.MEMBER, "group-1", MIA, ObjectKind.USER)
    tx.groups.attach(OWNER, "group-1", ADMIN, ObjectKind.USER)
    tx.credentials.set_password(password())
    tx.credentials.add_authenticator_app(authenticator())
    tx.invitations.add(invitation())
    tx.applications.add(application())
    tx.applications.add_secret(secret())
    tx.applications.add_certificate(certificate())
    tx.applications.add_federated_credential(federated())
    tx.applications.add_owner("app-object", MIA)
    tx.applications.add_service_principal(principal())
    tx.applications.add_owning_app("app-object", "sp-object")
    tx.applications.put_logo("app-object", LOGO)
    tx.applications.add_principal_owner("sp-object", MIA)
    tx.applications.add_assignment(assignment())
    tx.applications.add_assignment(assignment("as-3", principal_id="group-1", principal_type="Group"))
    tx.applications.put_grant(grant())
    tx.sign_ins.add_interaction(interaction())
    tx.sign_ins.put_session(session())
    tx.sign_ins.add_portal_session(portal_session())
    tx.sign_ins.add_passcode(passcode())
    tx.sign_ins.add_code(code(), family())
    tx.sign_ins.add_refresh_token(refresh_token())
    tx.sign_ins.add_refresh_token(refresh_token("refresh-used", consumed_at=NOW))
    tx.sign_ins.add_device_code(device_code())
    tx.logs.audit(audit())
    tx.logs.sign_in(sign_in())
    tx.outbox.enqueue(mail("key"), "m1", "sealed", NOW)
    tx.logout_notices.add(logout_notice())
    tx.sign_ins.add_federation(federation())
    tx.identity_providers.add(provider())
    tx.identity_providers.record_outcome("Google-OAUTH", NOW - HOUR)
    tx.user_flows.add(user_flow(app_ids=("app-id",)))
    tx.user_attributes.add(user_attribute())
    tx.api_connectors.add(connector())
    tx.api_connectors.note_call(connector_call())
    tx.consent_requests.add(consent_request())
    tx.app_keys.add(app_key())
    tx.sign_ups.record(sign_up_event())
    tx.sign_ups.add_request(sign_up_request())


def _rows_of(store: SqlStore, tenant_id: str) -> dict[str, list[Any]]:
    with store._reading.begin() as connection:
        return {
            table.name: sorted(
                map(str, connection.execute(sa.select(table).where(table.c.tenant_id == tenant_id)))
            )
            for table in metadata.sorted_tables
            if "tenant_id" in table.c
        }


def _methods() -> set[str]:
    found = set()
    for repository in BOUND:
        kind = inspect.signature(getattr(SqlTransaction, repository).fget, eval_str=True).return_annotation
        found |= {
            f"{repository}.{name}"
            for name, _ in inspect.getmembers(kind, inspect.isfunction)
            if name[0] != "_"
        }
    return found


def test_every_method_has_a_probe_or_is_documented_as_platform_wide():
    assert _methods() == set(PROBES) | PLATFORM_WIDE
    assert not set(PROBES) & PLATFORM_WIDE


def test_no_method_sees_or_changes_another_tenants_row(store: SqlStore):
    add_tenants(store)
    store.write(CONTOSO, _fill)
    before = _rows_of(store, CONTOSO)
    assert [name for name, rows in before.items() if not rows] == []

    for method, (probe, expected) in PROBES.items():

        def attempt(tx, method=method, probe=probe):
            return probe(getattr(tx, method.partition(".")[0]))

        if isinstance(expected, type):
            with pytest.raises(expected):
                store.write(FABRIKAM, attempt)
        else:
            assert store.write(FABRIKAM, attempt) == expected, method
        assert _rows_of(store, CONTOSO) == before, method


@pytest.mark.parametrize("method", sorted(PROBES))
def test_without_a_tenant_no_bound_method_answers(store: SqlStore, method: str):
    with pytest.raises(RuntimeError, match="bound to a tenant"):
        store.write(None, lambda tx: PROBES[method][0](getattr(tx, method.partition(".")[0])))


def test_platform_wide_methods_need_no_tenant(store: SqlStore):
    add_tenants(store)
    store.write(CONTOSO, _fill)

    def work(tx):
        return (
            tx.applications.find_by_app_id("app-id") == application(),
            tx.applications.secrets("app-object") == (secret(),),
            tx.applications.federated_credentials("app-object") == (federated(),),
            tx.sign_ins.find_code_anywhere("code-1") == code(),
            tx.sign_ins.find_device_code_anywhere("user-device-1") == device_code(),
            tx.sign_ins.tenant_of_device_code("device-1") == CONTOSO,
            tx.sign_ins.tenant_of_refresh_token("refresh-1") == CONTOSO,
            len(tx.outbox.claim(1, NOW, timedelta(minutes=1))),
            tx.applications.use_assertion("app-object", "jti", NOW + HOUR),
        )

    assert store.write(None, work) == (True, True, True, True, True, True, True, 1, True)
