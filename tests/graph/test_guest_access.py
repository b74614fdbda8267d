"""What members and guests see of the directory: three levels, four ways of asking, through the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.graph_calls import GraphWorld
from xenia.core.audit import SignInRecord
from xenia.core.directory.roles import DIRECTORY_READERS, GLOBAL_ADMINISTRATOR, REPORTS_READER, DirectoryRole
from xenia.core.directory.tenant import GuestAccess
from xenia.core.guest_access import EVERYTHING, GUEST_VIEW_OF_OTHERS, NOTHING, directory_sight

SAME, LIMITED, RESTRICTED = GuestAccess.SAME_AS_MEMBERS, GuestAccess.LIMITED, GuestAccess.RESTRICTED
READ = "User.Read User.Read.All AuditLog.Read.All Policy.Read.All Organization.Read.All"

ASKS = (
    "me",
    "list",
    "own by id",
    "own by name",
    "other by id",
    "other by name",
    "relation of other",
    "policies",
)
FULL = (200, 200, 200, 200, 200, 200, 200, 200)
# Level, whether a guest asks, role held, status of each way to ask.
TABLE: list[tuple[GuestAccess, bool, DirectoryRole | None, tuple[int, ...]]] = [
    *((level, False, None, FULL) for level in GuestAccess),
    (SAME, True, None, (200, 200, 200, 200, 200, 200, 200, 403)),
    (LIMITED, True, None, (200, 403, 200, 200, 200, 403, 200, 403)),
    (RESTRICTED, True, None, (200, 403, 200, 200, 403, 403, 403, 403)),
    *((level, True, DIRECTORY_READERS, FULL) for level in GuestAccess),
    *((level, True, GLOBAL_ADMINISTRATOR, FULL) for level in GuestAccess),
    (LIMITED, True, REPORTS_READER, (200, 403, 200, 200, 200, 403, 200, 403)),
]


@pytest.mark.parametrize(("level", "is_guest", "role", "statuses"), TABLE)
def test_who_may_ask_what(
    world: GraphWorld,
    level: GuestAccess,
    is_guest: bool,
    role: DirectoryRole | None,
    statuses: tuple[int, ...],
) -> None:
    asking = world.add("maria", *([role] if role else []), guest=is_guest)
    other = world.add("olena", job_title="Engineer")
    world.guests_see(level)
    urls = {
        "me": "me",
        "list": "users",
        "own by id": f"users/{asking.id}",
        "own by name": f"users/{asking.user_principal_name.replace('#', '%23')}",
        "other by id": f"users/{other.id}",
        "other by name": f"users/{other.user_principal_name}",
        "relation of other": f"users/{other.id}/sponsors",
        "policies": "policies/authorizationPolicy",
    }
    token = world.token(asking, READ)
    answered = {ask: world.get(url, token=token).status for ask, url in urls.items()}
    assert answered == dict(zip(ASKS, statuses, strict=True))


def test_a_guest_of_the_default_level_sees_five_properties_of_others(world: GraphWorld) -> None:
    guest, other = world.add("maria", guest=True), world.add("olena", job_title="Engineer", city="Kyiv")
    names = "id,displayName,mail,userPrincipalName,userType,jobTitle,city,accountEnabled,createdDateTime,identities"
    told = world.get(f"users/{other.id}?$select={names}", token=world.token(guest, READ)).body
    hidden = {"jobTitle", "city", "accountEnabled", "createdDateTime", "identities"}
    assert {name for name in hidden if told[name]} == set()
    assert (told["displayName"], told["userType"], told["mail"]) == ("Olena", "Member", other.mail)
    own = world.get("me?$select=createdDateTime,accountEnabled", token=world.token(guest, READ)).body
    assert own["accountEnabled"] is True


def test_existence_of_others_cannot_be_probed_by_the_restricted(world: GraphWorld) -> None:
    guest, other = world.add("maria", guest=True), world.add("olena")
    world.guests_see(RESTRICTED)
    token = world.token(guest, READ)
    unknown = "00000000-1111-4222-8333-444444444444"
    answers = [
        world.get(f"users/{key}", token=token)
        for key in (other.id, unknown, other.user_principal_name, "x@y.zz")
    ]
    assert {(answer.status, answer.code, answer.message) for answer in answers} == {
        (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }


def test_scopes_narrow_what_the_level_grants(world: GraphWorld) -> None:
    member, other = world.add("olena"), world.add("petra", job_title="Engineer")
    own_only = world.token(member, "User.Read")
    assert world.get("me", token=own_only).status == 200
    assert world.get(f"users/{member.id}", token=own_only).status == 200
    assert world.get(f"users/{other.id}", token=own_only).status == 403
    assert world.get("users", token=own_only).status == 403
    assert world.get("me", token=world.token(member, "openid profile")).status == 403
    basic = world.token(member, "User.Read User.ReadBasic.All")
    told = world.get(f"users/{other.id}", token=basic).body
    assert (told["displayName"], told["jobTitle"]) == ("Petra", None)
    assert world.get("users?$filter=startswith(displayName,'P')", token=basic).status == 200
    # A filter over what is hidden would tell it.
    assert world.get("users?$filter=jobTitle eq 'Engineer'", token=basic).status == 403
    assert world.get("users", token=world.token(None, "User.ReadBasic.All")).status == 200
    assert world.get("users", token=world.token(None, "Policy.Read.All")).status == 403


def test_sign_in_activity_is_log_data(world: GraphWorld) -> None:
    member = world.add("olena", last_sign_in_at=world.clock.now())
    url = f"users/{member.id}?$select=signInActivity"
    told = world.get(url).body["signInActivity"]
    assert told["lastSignInDateTime"] == "2026-07-01T12:00:00Z"
    for token in (world.token(member, READ), world.token(None, "User.Read.All")):
        assert world.get(url, token=token).body["signInActivity"] is None
    filtered = "users?$filter=signInActivity/lastSignInDateTime le 2027-01-01T00:00:00Z"
    assert world.get(filtered, token=world.token(None, "User.Read.All")).status == 403
    with_log = world.get(filtered, token=world.token(None, "User.Read.All AuditLog.Read.All"))
    assert [item["id"] for item in with_log.body["value"]] == [member.id]


def test_guests_learn_name_and_domains_of_the_organisation(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    told = world.get("organization", token=world.token(guest, READ)).body["value"][0]
    assert (told["displayName"], told["verifiedDomains"][0]["isInitial"]) == ("Contoso", True)
    assert (told["createdDateTime"], told["privacyProfile"]) == (None, None)
    assert world.get("organization").body["value"][0]["createdDateTime"]


@pytest.mark.parametrize("level", list(GuestAccess))
@pytest.mark.parametrize("is_guest", [True, False])
def test_the_sight_is_as_documented(level: GuestAccess, is_guest: bool) -> None:
    sight = directory_sight(level, frozenset(), is_guest=is_guest)
    expected = EVERYTHING
    if is_guest and level is not SAME:
        expected = GUEST_VIEW_OF_OTHERS if level is LIMITED else NOTHING
    assert sight.others == expected
    assert sight.lists_users == (not is_guest or level is SAME)
    assert sight.reads_tenant == (not is_guest)


def test_sign_in_activity_comes_from_the_sign_in_log(world: GraphWorld) -> None:
    """The newest successful sign-in of their own; failures, other tenants' and those of apps in their name count for nothing."""
    maria, never = world.add("maria", guest=True), world.add("petra")
    at = world.clock.now()

    def record(minutes: int, **changes: object) -> SignInRecord:
        made = SignInRecord(
            id=f"00000000-0000-4000-8000-{minutes:012d}",
            tenant_id=world.tenant.id,
            at=at + timedelta(minutes=minutes),
            correlation_id="c0ffee00-0000-4000-8000-00000000000c",
            app_id="c0ffee00-0000-4000-8000-00000000000a",
            app_name="Orders",
            error_code=0,
            user_id=maria.id,
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    records = (
        record(1),
        record(2),
        record(3, error_code=50126),
        record(4, is_interactive=False, event_type="nonInteractiveUser"),
    )
    world.ports.store.write(world.tenant.id, lambda tx: tx.logs.sign_in_all(records))
    newest = "2026-07-01T12:02:00Z"
    one = world.get(f"users/{maria.id}?$select=signInActivity").body["signInActivity"]
    assert one["lastSignInDateTime"] == newest
    listed = world.get("users?$select=id,signInActivity").body["value"]
    told = {item["id"]: item["signInActivity"] for item in listed}
    assert told[maria.id]["lastSignInDateTime"] == newest
    assert told[never.id] is None
    reader = world.token(None, "User.Read.All AuditLog.Read.All")
    for moment, found in ((newest, [maria.id]), ("2026-07-01T12:03:00Z", [])):
        filtered = f"users?$filter=signInActivity/lastSignInDateTime ge {moment}"
        assert [item["id"] for item in world.get(filtered, token=reader).body["value"]] == found
