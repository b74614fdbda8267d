"""Lists: filters against the database, paging, counting, searching, ordering, and their refusals."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.audit import SignInRecord
from xenia.ports import Transaction

GUESTS = "$filter=userType eq 'Guest'"


def _names(body: dict[str, Any]) -> list[str]:
    return [item["displayName"] for item in body["value"]]


@pytest.mark.parametrize(
    ("query", "how_many", "eventual"),
    [
        (GUESTS, 23, False),
        ("$filter=userType eq 'guest' and accountEnabled eq true", 18, False),
        ("$filter=externalUserState eq 'Accepted'", 23, False),
        ("$filter=creationType eq 'Invitation'", 23, False),
        ("$filter=mail eq 'GUEST07@nordwind.example'", 1, False),
        ("filter=otherMails/any(m:m eq 'guest07@nordwind.example')", 1, False),
        ("$filter=proxyAddresses/any(p:p eq 'smtp:guest07@nordwind.example')", 1, False),
        (
            "$filter=identities/any(c:c/issuerAssignedId eq 'guest07@nordwind.example' and c/issuer eq 'mail')",
            1,
            False,
        ),
        (
            "$filter=identities/any(c:c/issuerAssignedId eq 'guest07@nordwind.example' and c/issuer eq 'google.com')",
            0,
            False,
        ),
        ("$filter=startswith(displayName,'GUEST1')", 10, False),
        ("$filter=city eq 'łÓDŹ'", 15, False),
        ("$filter=city eq 'ÅNGSTRÖM'", 8, False),
        ("$filter=department in ('d0','D1')", 12, False),
        ("$filter=createdDateTime ge 2026-07-01T12:00:00Z and userType eq 'Guest'", 23, False),
        ("$filter=createdDateTime gt 2026-07-01T12:00:00Z", 0, False),
        ("$filter=companyName eq 'Nordwind'&$count=true", 11, True),
        ("$filter=companyName eq null and userType eq 'Guest'&$count=true", 12, True),
        ("$filter=city ne 'Łódź' and userType eq 'Guest'&$count=true", 8, True),
        ("$filter=not(startswith(displayName,'guest'))&$count=true", 2, True),
        ("$filter=endsWith(userPrincipalName,'%23EXT%23@contoso.onxenia.localhost')&$count=true", 23, True),
        ("$filter=otherMails/$count ne 0&$count=true", 23, True),
        ('$search="displayName:guest1"', 10, True),
        ('$search="displayName:pappas"', 1, True),
        ('$search="displayName:guest0" OR "mail:guest1"', 20, True),
        ('$search=("displayName:guest0" OR "mail:guest1") AND "userPrincipalName:guest00"', 1, True),
        ("$filter=businessPhones/any(p:p eq '%2B380 44 000')", 1, False),
    ],
)
def test_filters_find_what_they_say(
    reading_world: GraphWorld, query: str, how_many: int, eventual: bool
) -> None:
    answer = reading_world.get(f"users?{query}", eventual=eventual)
    assert answer.status == 200, answer.body
    assert len(answer.body["value"]) == how_many
    assert answer.body.get("@odata.count", how_many) == how_many


REFUSALS: list[tuple[str, bool, str, str]] = [
    ("users/$count", False, "Request_BadRequest", "$count is not currently supported."),
    (
        'users?$search="displayName:x"',
        False,
        "Request_UnsupportedQuery",
        (
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        ),
    ),
    (
        "users?$filter=endsWith(mail,'x')",
        False,
        "Request_UnsupportedQuery",
        (
            "Operator 'endsWith' is not supported because the required parameters might be missing. Try adding "
            "$count=true query parameter and ConsistencyLevel:eventual header. Refer to "
            "https://aka.ms/graph-docs/advanced-queries for more information"
        ),
    ),
    (
        "users?$filter=endsWith(mail,'x')&$count=true",
        False,
        "Request_UnsupportedQuery",
        "Operator 'endsWith'",
    ),
    ("users?$filter=endsWith(mail,'x')", True, "Request_UnsupportedQuery", "Operator 'endsWith'"),
    (
        "users?$filter=passwordProfile/password eq 'x'",
        True,
        "Request_UnsupportedQuery",
        "Unsupported or invalid query filter clause specified for property 'password' of resource 'User'.",
    ),
    (
        "users?$filter=userType eq 'Guest'&$orderby=displayName",
        False,
        "Request_UnsupportedQuery",
        "Sorting not supported for current query.",
    ),
    ("users?$orderby=createdDateTime", False, "Request_UnsupportedQuery", "Operator 'orderby'"),
    ("users?$orderby=city", True, "Request_UnsupportedQuery", "Sorting not supported for current query."),
    ("users?$orderby=nobody", False, "BadRequest", "Could not find a property named 'nobody'"),
    ("users?$filter=displayName eq", False, "BadRequest", "Invalid filter clause"),
    (
        "users?$select=nobody",
        False,
        "BadRequest",
        "Parsing OData Select and Expand failed: Could not find a property named 'nobody' on type 'microsoft.graph.user'.",
    ),
    ("users?$expand=directReports", False, "BadRequest", "Parsing OData Select and Expand failed"),
    ("users?$expand=manager,sponsors", False, "Request_UnsupportedQuery", "Only one relation"),
    (
        "users?$top=1000",
        False,
        "Request_UnsupportedQuery",
        "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.",
    ),
    ("users?$top=0", False, "Request_UnsupportedQuery", "Invalid page size specified: '0'."),
    ("users?$top=-1", False, "Request_UnsupportedQuery", "Invalid page size"),
    ("users?$skip=5", False, "BadRequest", "'$skip' is not supported by the service."),
    ("users?$apply=x", False, "BadRequest", "'$apply'"),
    ("users?$top=5&top=6", False, "BadRequest", "more than once"),
    (
        "users?$skiptoken=abc",
        False,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired",
    ),
    ('users?$search="city:x"', True, "BadRequest", "cannot be searched"),
    ("users?$search=x", True, "BadRequest", "Syntax error in $search"),
    ("me/foo", False, "BadRequest", "Resource not found for the segment 'foo'."),
    ("foo/bar", False, "BadRequest", "Resource not found for the segment 'foo'."),
]


@pytest.mark.parametrize(("url", "eventual", "code", "message"), REFUSALS)
def test_queries_are_refused_in_the_words_of_the_field(
    reading_world: GraphWorld, url: str, eventual: bool, code: str, message: str
) -> None:
    answer = reading_world.get(url, eventual=eventual)
    assert (answer.status, answer.code) == (400, code), answer.body
    assert answer.message.startswith(message) or message in answer.message


def test_count_without_its_header_is_silently_ignored(reading_world: GraphWorld) -> None:
    assert "@odata.count" not in reading_world.get("users?$count=true&$top=1").body
    counted = reading_world.get("users?$count=true&$top=1", eventual=True).body
    assert list(counted)[:2] == ["@odata.context", "@odata.count"]
    assert counted["@odata.count"] == 25
    plain = reading_world.get(f"users/$count?{GUESTS}", eventual=True)
    assert (plain.body, plain.header("content-type")) == ("23", "text/plain; charset=utf-8")


@given(
    top=st.integers(1, 30),
    order=st.sampled_from(
        ["", "displayName", "displayName desc", "userPrincipalName", "createdDateTime desc"]
    ),
    is_filtered=st.booleans(),
)
def test_pages_visit_each_row_once(
    reading_world: GraphWorld, top: int, order: str, is_filtered: bool
) -> None:
    query = f"users?$select=id,displayName,userPrincipalName&$count=true&$top={top}"
    query += f"&$orderby={quote(order)}" if order else ""
    query += "&$filter=userType%20eq%20'Guest'" if is_filtered else ""
    pages = reading_world.pages(query, eventual=True)
    rows = [row for page in pages for row in page]
    assert len({row["id"] for row in rows}) == len(rows) == (23 if is_filtered else 25)
    assert all(len(page) == top for page in pages[:-1])
    assert set(rows[0]) == {"id", "displayName", "userPrincipalName"}
    name, _, direction = order.partition(" ")
    if name in rows[0]:
        told = [row[name].casefold() for row in rows]
        assert told == sorted(told, reverse=direction == "desc")


def test_a_row_that_appears_meanwhile_moves_no_other(world: GraphWorld) -> None:
    for name in "bdfh":
        world.add(f"user{name}", guest=True)
    first = world.get("users?$top=3&$orderby=displayName").body
    world.add("aaa", guest=True)
    second = world.get(first["@odata.nextLink"]).body
    assert _names(first) + _names(second) == ["Nikos Pappas", "Userb", "Userd", "Userf", "Userh"]


def test_a_page_token_carries_everything_and_belongs_to_one_list(world: GraphWorld) -> None:
    for number in range(3):
        world.add(f"guest{number}", guest=True, company_name="Nordwind")
    url = "users?$filter=companyName%20eq%20'Nordwind'&$count=true&$top=2&$select=id"
    link: str = world.get(url, eventual=True).body["@odata.nextLink"]
    assert link.startswith(f"{BASE}/v1.0/users?")
    token = link.partition("$skiptoken=")[2]
    # Neither the header nor the other options are needed again.
    page = world.get(f"users?$skiptoken={token}").body
    assert [set(item) for item in page["value"]] == [{"id"}]
    assert "@odata.count" not in page
    for wrong in (token[:-2] + "xx", token[1:], "", token.swapcase()):
        answer = world.get(f"users?$skiptoken={wrong}")
        assert (answer.status, answer.code) == (400, "Directory_ExpiredPageToken")
    assert world.get(f"auditLogs/directoryAudits?$skiptoken={token}").status == 400
    assert world.get(f"{BASE}/beta/users?$skiptoken={token}").status == 400


def test_maxpagesize_is_a_wish_that_is_granted(reading_world: GraphWorld) -> None:
    answer = reading_world.get("users", headers={"prefer": "odata.maxpagesize=4"})
    assert len(answer.body["value"]) == 4


def test_logs_tell_what_was_done_newest_first(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    assert world.call("PATCH", f"users/{guest.id}", {"accountEnabled": False}).status == 204
    answer = world.get(
        f"auditLogs/DirectoryAudits?$filter=targetResources/any(t:t/id eq '{guest.id}') "
        "and activityDisplayName eq 'Disable account'"
    )
    assert answer.body["@odata.context"] == f"{BASE}/v1.0/$metadata#auditLogs/directoryAudits"
    record = answer.body["value"][0]
    assert record["initiatedBy"]["user"]["id"] == world.admin.id
    assert record["initiatedBy"]["app"] is None
    assert record["activityDateTime"] == "2026-07-01T12:00:00.0000000Z"
    changes = {item["displayName"]: item for item in record["targetResources"][0]["modifiedProperties"]}
    assert (changes["AccountEnabled"]["oldValue"], changes["AccountEnabled"]["newValue"]) == (
        "[true]",
        "[false]",
    )
    one = world.get(f"auditLogs/directoryAudits/{record['id']}")
    assert one.body["id"] == record["id"]
    assert world.get("auditLogs/signIns").body["value"] == []
    member = world.token(world.add("olena"), "AuditLog.Read.All")
    assert world.get("auditLogs/directoryAudits", token=member).status == 403


def test_sign_ins_of_apps_are_told_to_those_who_ask_for_them(world: GraphWorld) -> None:
    now = world.clock.now()

    def record(record_id: str, event_type: str) -> SignInRecord:
        return SignInRecord(
            *(record_id, world.tenant_id, now, "c0ffee", world.app.app_id, "Orders", 0), event_type=event_type
        )

    def work(tx: Transaction) -> None:
        tx.logs.sign_in(record("s-person", "interactiveUser"))
        tx.logs.sign_in(record("s-app", "servicePrincipal"))

    world.ports.store.write(world.tenant_id, work)
    assert [item["id"] for item in world.get("auditLogs/signIns").body["value"]] == ["s-person"]
    for word, found in (("servicePrincipal", ["s-app"]), ("nonInteractiveUser", [])):
        url = f"{BASE}/beta/auditLogs/signIns?$filter=signInEventTypes/any(t:t eq '{word}') and status/errorCode eq 0"
        told = world.get(url).body["value"]
        assert [item["id"] for item in told] == found
        assert all(item["signInEventTypes"] == [word] for item in told)
