"""Audit and sign-in logs: filters, paging, details, and who may read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.journeys import administrator_signs_in, become_guest
from tests.ui.portal.office import Office
from xenia.core.audit import (
    INVITE_EXTERNAL_USER,
    UPDATE_POLICY,
    AuthenticationStep,
    Change,
    SignInRecord,
    Target,
    audit_record,
)
from xenia.core.directory.roles import REPORTS_READER
from xenia.core.query import Query
from xenia.usecases.users.user_roles import add_role

MORNING = datetime(2026, 7, 10, 8, 0, tzinfo=UTC)
CORRELATION = "c0ffee00-0000-4000-8000-0000000000aa"


def write_audit(office: Office, number: int, **changes: object) -> str:
    """An audit record of its own hour; its id."""
    built = office.platform
    record = audit_record(
        f"a0d17000-0000-4000-8000-{number:012}",
        INVITE_EXTERNAL_USER,
        replace(built.actor(), correlation_id=CORRELATION, ip_address="192.0.2.77"),
        MORNING + timedelta(hours=number),
        targets=(Target(f"t{number}", "User", f"Guest {number}", f"g{number}#EXT#@contoso"),),
    )
    record = replace(record, **changes)  # type: ignore[arg-type]
    built.ports.store.write(built.tenant.id, lambda tx: tx.logs.audit(record))
    return record.id


def write_sign_in(office: Office, number: int, **changes: object) -> str:
    """A sign-in of its own hour; its id."""
    built = office.platform
    record = SignInRecord(
        id=f"51{number:06}-0000-4000-8000-000000000000",
        tenant_id=built.tenant.id,
        at=MORNING + timedelta(hours=number),
        correlation_id=CORRELATION,
        app_id=built.app.app_id,
        app_name="Orders",
        error_code=0,
        user_display_name="Maria Winter",
        user_principal_name="maria_nordwind.example#EXT#@contoso.onxenia.localhost",
        sign_in_identifier="maria@nordwind.example",
        user_type="Guest",
        ip_address="192.0.2.77",
    )
    record = replace(record, **changes)  # type: ignore[arg-type]
    built.ports.store.write(built.tenant.id, lambda tx: tx.logs.sign_in(record))
    return record.id


def shown(office: Office, address: str) -> list[str]:
    """Ids of the rows, as the links of the page name them."""
    page = office.sit().open(address)
    assert page.status == 200, page.text
    kind = address.partition("?")[0]
    base = f"{office.root}/{kind}/"
    return [url.removeprefix(base) for _, url in page.links if url.startswith(base)]


# --- audit ----------------------------------------------------------------------------------


def test_audit_log_is_newest_first_and_leads_to_the_record(office: Office) -> None:
    first, second = write_audit(office, 1), write_audit(office, 2)
    ids = shown(office, "audit-logs?from=2026-07-10")
    assert ids == [second, first]
    page = office.sit().open("audit-logs?from=2026-07-10")
    for word in (
        "Invite external user",
        "UserManagement",
        "Success",
        "Guest 2",
        "Nikos Pappas",
        "Invited Users",
    ):
        assert word in page.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("activity=invite+EXT", {1, 3}),
        ("activity=external", set()),
        ("category=Policy", {2}),
        ("service=Core+Directory", {2}),
        ("status=failure", {3}),
        ("status=success", {1, 2}),
        ("target=guest+1", {1}),
        ("target=g3%23EXT", {3}),
        ("target=B2BManagementPolicy", {2}),
        ("by=pappas", {1, 2}),
        ("by=invitation+robot", {3}),
        (f"correlation={CORRELATION.upper()}", {1, 2}),
        ("from=2026-07-11", {3}),
        ("to=2026-07-10", {1, 2}),
        ("from=2026-07-10&to=2026-07-10&status=success&category=UserManagement", {1}),
        ("activity=%25", set()),
    ],
)
def test_audit_filters(office: Office, query: str, expected: set[int]) -> None:
    ids = {1: write_audit(office, 1)}
    ids[2] = write_audit(
        office,
        2,
        activity=UPDATE_POLICY.name,
        category="Policy",
        service="Core Directory",
        targets=(Target("B2BManagementPolicy", "Policy", "B2BManagementPolicy"),),
    )
    ids[3] = write_audit(
        office,
        3,
        at=MORNING + timedelta(days=1),
        result="failure",
        correlation_id="c0ffee00-0000-4000-8000-0000000000bb",
        initiated_by_user=None,
        initiated_by_name=None,
        initiated_by_upn=None,
        initiated_by_app=office.platform.app.app_id,
        initiated_by_app_name="Invitation robot",
    )
    wanted = [value for number, value in ids.items() if number in expected]
    found = shown(office, f"audit-logs?{query}" + ("" if "from=" in query else "&from=2026-07-10"))
    assert sorted(found) == sorted(wanted)


def test_filters_are_chips_that_can_be_removed(office: Office) -> None:
    write_audit(office, 1)
    page = office.sit().open("audit-logs?activity=Invite&status=success")
    chips = {label: url for label, url in page.links if label.endswith(":")}
    assert chips["Activity:"].endswith("/audit-logs?status=success")
    empty = office.sit().open("audit-logs?activity=Nothing+like+this")
    assert "No record fits these filters." in empty.text
    assert ("Clear filters", f"{office.root}/audit-logs") in empty.links


def test_audit_pages_follow_each_other_without_gaps(office: Office) -> None:
    written = [write_audit(office, number) for number in range(120)]
    desktop = office.sit()
    page = desktop.open("audit-logs?from=2026-07-10")
    found: list[str] = []
    base = f"{office.root}/audit-logs/"
    for _ in range(3):
        found += [url.removeprefix(base) for _, url in page.links if url.startswith(base)]
        following = next((url for label, url in page.links if label == "Next"), None)
        if following is None:
            break
        write_audit(office, 1000 + len(found))
        page = desktop.open(following)
        assert "First page" in page.text
    assert found == written[::-1]
    assert desktop.open("audit-logs?after=bm90IG91cnM").status == 422


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "2026-07-10T00:00"])
@pytest.mark.parametrize("log", ["audit-logs", "sign-in-logs"])
def test_wrong_days_are_said(office: Office, log: str, day: str) -> None:
    page = office.sit().open(f"{log}?from={day}")
    assert page.status == 422
    assert "Enter a day like 2026-07-31." in page.text


def test_audit_record_shows_before_and_after(office: Office) -> None:
    guest = office.platform.invite("maria@nordwind.example").user
    changes = (
        Change("AccountEnabled", "[true]", "[false]"),
        Change("Mail", "[]", '["<script>@x.example"]'),
        Change("City", '["Athens"]', "[]"),
        Change("Odd", "no json {", None),
    )
    key = write_audit(
        office,
        1,
        targets=(Target(guest.id, "User", "Maria Winter", guest.user_principal_name, changes),),
        details=(("InvitationId", "42"),),
    )
    page = office.sit().open(f"audit-logs/{key}")
    assert ("Maria Winter", f"{office.root}/users/{guest.id}") in page.links
    assert ("Nikos Pappas", f"{office.root}/users/{office.platform.admin.id}") in page.links
    for part in (
        "<del>Yes</del>",
        "<ins>No</ins>",
        "<ins>&lt;script&gt;@x.example</ins>",
        "<del>Athens</del>",
    ):
        assert part in page.source
    for word in ("Changed", "Added", "Removed", "InvitationId", "42", CORRELATION, "192.0.2.77"):
        assert word in page.text
    correlated = dict(page.links)["Sign-ins with this correlation ID"]
    assert correlated.endswith(f"/sign-in-logs?correlation={CORRELATION}")


def test_what_the_portal_does_is_in_the_log(office: Office) -> None:
    desktop = office.sit()
    desktop.open("properties")
    office.platform.clock.advance(timedelta(minutes=1))
    desktop.send("/properties", country="GR")
    newest = shown(office, "audit-logs?activity=Set+Company")[0]
    page = desktop.open(f"audit-logs/{newest}")
    assert "<ins>GR</ins>" in page.source
    assert "Added" in page.text


# --- sign-ins -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("user=maria", {1, 2}),
        ("user=maria@nordwind.example", {1, 2}),
        ("user=daemon", {3}),
        ("app=order", {1, 3}),
        ("app=portal", {2}),
        ("status=success", {1, 3}),
        ("status=failure", {2}),
        ("code=50126", {2}),
        ("code=aadsts50126", {2}),
        ("type=servicePrincipal", {3}),
        ("type=interactiveUser", {1, 2}),
        (f"correlation={CORRELATION}", {1, 2}),
        ("to=2026-07-10", {1, 2}),
    ],
)
def test_sign_in_filters(office: Office, query: str, expected: set[int]) -> None:
    ids = {
        1: write_sign_in(office, 1),
        2: write_sign_in(office, 2, app_name="Xenia portal", error_code=50126),
        3: write_sign_in(
            office,
            30,
            event_type="servicePrincipal",
            is_interactive=False,
            user_display_name=None,
            user_principal_name=None,
            sign_in_identifier=None,
            user_type=None,
            service_principal_name="Orders daemon",
            correlation_id="c0ffee00-0000-4000-8000-0000000000bb",
        ),
    }
    found = shown(office, f"sign-in-logs?{query}")
    assert sorted(found) == sorted(ids[number] for number in expected)


def test_sign_ins_are_found_by_ids(office: Office) -> None:
    user_id = office.platform.admin.id
    mine, other = write_sign_in(office, 1, user_id=user_id), write_sign_in(office, 2)
    assert shown(office, f"sign-in-logs?user={user_id.upper()}") == [mine]
    assert shown(office, f"sign-in-logs?app={office.platform.app.app_id}") == [other, mine]


@pytest.mark.parametrize("code", ["50126x", "AADSTS", "-1", "9999999999", "\u0665"])
def test_wrong_error_codes_are_said(office: Office, code: str) -> None:
    page = office.sit().open(f"sign-in-logs?code={code}")
    assert page.status == 422
    assert "Enter a number, like 50011 or AADSTS50011." in page.text


def test_empty_sign_in_log_says_what_will_be_here(office: Office) -> None:
    assert "Sign-ins to the apps of this directory show up here." in office.sit().open("sign-in-logs").text


def test_real_sign_ins_show_how_they_were_proven(office: Office) -> None:
    built = office.platform
    become_guest(built, built.walker())
    with built.ports.store.read(built.tenant.id) as tx:
        record = next(each for each in tx.logs.list_sign_ins(Query(limit=9)).items if each.steps)
    desktop = office.sit()
    basic = desktop.open(f"sign-in-logs/{record.id}")
    assert "Success" in basic.text
    assert "Cross tenant access type" in basic.text
    assert (record.user_display_name, f"{office.root}/users/{record.user_id}") in basic.links
    details = desktop.open(dict(basic.links)["Authentication details"])
    for step in record.steps:
        assert step.method in details.text
    assert (
        "Authentication details",
        f"{office.root}/sign-in-logs/{record.id}/authentication-details",
    ) in details.links


def test_administrators_find_their_own_sign_in(office: Office) -> None:
    walker = office.platform.walker()
    page, _ = administrator_signs_in(
        office.platform, walker, f"{office.root}/sign-in-logs?user={office.platform.admin.id}"
    )
    assert page.status == 200
    assert "Sign-in logs" in page.text
    assert "Nikos Pappas" in page.text
    assert "No sign-in fits" not in page.text


def test_failures_are_explained(office: Office) -> None:
    step = AuthenticationStep("Password", MORNING, succeeded=False, detail="Incorrect password")
    key = write_sign_in(
        office,
        1,
        error_code=50126,
        failure_reason="Error validating credentials.",
        steps=(step,),
        cross_tenant_access="b2bCollaboration",
        home_tenant_id="c0ffee00-0000-4000-8000-0000000000dd",
    )
    desktop = office.sit()
    page = desktop.open(f"sign-in-logs/{key}")
    assert "Failure: AADSTS50126" in page.text
    assert "Error validating credentials." in page.text
    assert ("About this number", "/error?code=50126") in page.links
    facts = page.text.rpartition("Basic info")[2]
    assert facts.index("Cross tenant access type") < facts.index("Home tenant ID") < facts.index("Username")
    details = desktop.open(f"sign-in-logs/{key}/authentication-details")
    assert "Incorrect password" in details.text
    unknown = write_sign_in(office, 2, error_code=1234567)
    assert "Failure: AADSTS1234567" in desktop.open(f"sign-in-logs/{unknown}").text
    assert "Nothing was proven" in desktop.open(f"sign-in-logs/{unknown}/authentication-details").text


# --- who may read ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["audit-logs", "audit-logs/{audit}", "sign-in-logs", "sign-in-logs/{sign_in}"]
)
def test_only_roles_that_read_logs_see_records(office: Office, path: str) -> None:
    ids = {"audit": write_audit(office, 1), "sign_in": write_sign_in(office, 1)}
    reporter = office.people["reporter"] = office.people["member"]
    place = path.format(**ids)
    for name in ("admin", "reader", "useradmin"):
        assert office.sit(name).open(place).status == 200
    for name in ("helpdesk", "inviter", "appadmin"):
        page = office.sit(name).open(place)
        assert page.status == 403
        assert "You need Reports Reader to read this." in page.text
        assert "Ask Nikos Pappas." in page.text
        assert "Maria Winter" not in page.source
        assert "Guest 1" not in page.source
    assert office.sit("reporter").open(place).status == 403
    add_role(office.platform.ports, office.platform.actor(), reporter.id, REPORTS_READER.template_id)
    assert office.sit("reporter").open(place).status == 200


def test_records_of_another_tenant_are_not_there(office: Office) -> None:
    ids = (f"audit-logs/{write_audit(office, 1)}", f"sign-in-logs/{write_sign_in(office, 1)}")
    stranger = office.sit(tenant=office.other)
    for path in ids:
        assert office.sit().open(path).status == 200
        assert stranger.open(path).status == 404
    page = stranger.open("sign-in-logs")
    assert "Maria Winter" not in page.source
    assert "Guest 1" not in stranger.open("audit-logs").source


def test_guests_are_turned_away_and_strangers_sign_in(office: Office) -> None:
    office.people["guest"] = office.platform.invite("maria@nordwind.example").user
    for path in ("audit-logs", "sign-in-logs"):
        assert office.sit("guest").open(path).status == 403
        answer = office.platform.walker().send("GET", f"{office.root}/{path}")
        assert answer.status in {302, 303}
