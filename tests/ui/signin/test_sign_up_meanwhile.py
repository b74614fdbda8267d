"""What changes while somebody signs up, and what somebody tries who wants more than the page offers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.journeys import enrol
from tests.support.platform import RunningServer, platform
from tests.support.self_service import (
    FLOW,
    NAMES,
    NEWCOMER,
    arrive,
    change_flow,
    create_account,
    details,
    guests,
    open_flow,
    stations,
)
from tests.support.walker import Page, Walker
from xenia.core.directory.user import CreationType, UserType
from xenia.core.errors import Conflict
from xenia.core.signin.interaction import INTERACTION_LIFETIME
from xenia.core.user_attributes import AttributeKind, DataType, UserAttribute
from xenia.core.user_flow import AttributeAssignment
from xenia.usecases.self_service.manage_user_attributes import delete_attribute
from xenia.usecases.self_service.sign_up_requests import approve_request, list_requests
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import delete_user, restore_user, update_user

SIZE = "extension_0123456789abcdef0123456789abcdef_Size"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        running.policies(security_defaults=False)
        yield running


def to_details(server: RunningServer, walker: Walker, address: str = NEWCOMER) -> Page:
    """The attribute page, of somebody whose mailbox is proven."""
    create_account(server, walker, address)
    return walker.submit("/signin/review", button="Accept")


def post(walker: Walker, page: Page, action: str, path: str = "", **values: str) -> Page:
    """A form as it stood on a page that was seen before, with whatever else somebody adds to it."""
    form = page.form(action)
    target = f"{walker.base}{path or form.action}"
    return walker._arrive("POST", target, {**form.fields, **values})


# --- the account ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "said"),
    [("deleted", "You are not a guest here yet"), ("disabled", "Your account is blocked")],
)
def test_who_is_thrown_out_before_arriving_stays_out(server: RunningServer, what: str, said: str) -> None:
    server.policies(security_defaults=True)
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    to_details(server, walker)
    page = walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    assert "More information required" in page.text
    (guest,) = guests(server)
    if what == "deleted":
        delete_user(server.ports, server.actor(), guest.id)
    else:
        update_user(server.ports, server.actor(), guest.id, {"account_enabled": False})
    page = walker.submit("/signin/enrol")
    assert said in page.text
    page = walker.open(walker.page.url if walker.page else "")
    assert said in page.text
    assert len(guests(server)) == (0 if what == "deleted" else 1), "nobody is made again behind the back"


def test_who_signs_up_anew_sets_up_a_second_factor_anew(server: RunningServer) -> None:
    """What the deleted account proved and agreed to is not the new one's."""
    server.policies(security_defaults=True)
    open_flow(server)
    walker = server.walker()
    to_details(server, walker)
    enrol(server, walker)
    assert walker.page is not None
    assert walker.page.has_form("/consent")
    (before,) = guests(server)
    delete_user(server.ports, server.actor(), before.id)
    page = walker.submit("/consent", button="Accept")
    assert "You are not a guest here yet" in page.text
    page = walker.submit("/sign-up", button="Create an account")
    assert "Review permissions" in page.text
    page = walker.submit("/signin/review", button="Accept")
    assert "More information required" in page.text
    (after,) = guests(server)
    assert after.id != before.id


def test_a_guest_who_was_deleted_and_came_back_is_not_restored_beside_themselves(
    server: RunningServer,
) -> None:
    open_flow(server)
    first = server.walker()
    to_details(server, first)
    (before,) = guests(server)
    delete_user(server.ports, server.actor(), before.id)
    server.clock.advance(timedelta(minutes=1))
    again = server.walker()
    to_details(server, again)
    with pytest.raises(Conflict):
        restore_user(server.ports, server.actor(), before.id)
    assert len(guests(server)) == 1


# --- the flow ------------------------------------------------------------------------------------


def test_a_flow_that_is_deleted_on_the_way_is_politely_inert(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    to_details(server, walker)
    server.ports.store.write(server.tenant.id, lambda tx: tx.user_flows.remove(FLOW))
    page = walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    assert "Orders is not open for sign-up" in page.text
    assert guests(server) == ()
    page = walker.submit("/sign-in-instead", button="Sign in")
    assert page.has_form("/signin/identify")


def define_size(server: RunningServer, kind: DataType) -> None:
    """A custom attribute of this type."""
    attribute = UserAttribute(
        SIZE,
        "Size",
        "",
        kind,
        AttributeKind.CUSTOM,
        tenant_id=server.tenant.id,
        created_at=server.clock.now(),
    )
    server.ports.store.write(server.tenant.id, lambda tx: tx.user_attributes.add(attribute))


def asks_size(server: RunningServer, kind: DataType = DataType.STRING, **changes: object) -> None:
    """A flow that asks for a custom attribute."""
    define_size(server, kind)
    open_flow(server, attributes=(AttributeAssignment(SIZE, "Size"),), **changes)


def forget_size(server: RunningServer) -> None:
    """The flow asks no longer, and the attribute goes."""
    change_flow(server, attributes=())
    delete_attribute(server.ports, server.actor(), SIZE)


def test_an_attribute_that_went_meanwhile_is_not_stored(server: RunningServer) -> None:
    asks_size(server)
    walker = server.walker()
    page = to_details(server, walker)
    forget_size(server)
    walker.open(page.url)
    page = post(walker, page, "/signin/details", **{SIZE: "Large"})
    if page.has_form("/signin/proceed"):
        walker.submit("/signin/proceed", button="Continue")
    arrive(walker)
    (guest,) = guests(server)
    assert guest.extensions == ()


@pytest.mark.parametrize("made_anew", [None, DataType.INTEGER], ids=["gone", "of another type"])
def test_a_request_that_waited_longer_than_its_attribute_makes_a_guest_without_it(
    server: RunningServer, made_anew: DataType | None
) -> None:
    asks_size(server, requires_approval=True)
    walker = server.walker()
    to_details(server, walker)
    walker.submit("/signin/details", button="Continue", **{SIZE: "Large"})
    (request,) = list_requests(server.ports, server.actor())
    assert dict(request.details) == {SIZE: "Large"}
    forget_size(server)
    if made_anew is not None:
        define_size(server, made_anew)
    approve_request(server.ports, server.actor(), request.id)
    (guest,) = guests(server)
    assert guest.extensions == ()


# --- forged and repeated posts -------------------------------------------------------------------


def test_nothing_is_taken_that_the_page_does_not_ask(server: RunningServer) -> None:
    asks_size(server)
    walker = server.walker()
    page = to_details(server, walker)
    forged = {
        SIZE: "Large",
        "extension_0123456789abcdef0123456789abcdef_Other": "x",
        "userType": "Member",
        "user_type": "Member",
        "creationType": "Invitation",
        "accountEnabled": "true",
        "mail": "ceo@contoso.example",
        "email": "ceo@contoso.example",
        "city": "Rome",
        "displayName": "The CEO",
        "employeeType": "Test sign-up",
        "id": server.admin.id,
        "user_id": server.admin.id,
        "roles": "Global Administrator",
        "flow_id": "B2X_1_other",
    }
    post(walker, page, "/signin/details", **forged)
    arrive(walker)
    (guest,) = guests(server)
    assert (guest.user_type, guest.creation_type) == (UserType.GUEST, CreationType.SELF_SERVICE_SIGN_UP)
    assert guest.mail == NEWCOMER
    assert (guest.city, guest.display_name, guest.employee_type) == (None, "kim", None)
    assert guest.extensions == ((SIZE, "Large"),)
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.users.find(server.admin.id) == server.admin


def test_pages_seen_before_lead_to_the_one_that_is_due(server: RunningServer) -> None:
    """The back button, at every step: what was posted already is not posted again."""
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    seen: list[tuple[Page, str, dict[str, str]]] = []

    def step(action: str, **values: str) -> Page:
        assert walker.page is not None
        seen.append((walker.page, action, values))
        return post(walker, walker.page, action, **values)

    walker.open(server.authorize_url(prompt="create"))
    step("/sign-up-address", address=NEWCOMER)
    step("/signin/send")
    step("/signin/code", code=server.code_for(NEWCOMER))
    step("/signin/review")
    at_details = walker.page
    assert at_details is not None
    assert at_details.has_form("/signin/details")
    for page, action, values in seen:
        again = post(walker, page, action, **values)
        assert again.has_form("/signin/details"), action
        assert walker.open(again.url).has_form("/signin/details"), "and so does loading it anew"
    assert len(server.mails_to(NEWCOMER)) == 1
    sent = {"givenName": "Kim", "surname": "Larsen"}
    post(walker, at_details, "/signin/details", **sent)
    page = post(walker, at_details, "/signin/details", **{**sent, "givenName": "Pat"})
    arrive(walker)
    page = post(walker, at_details, "/signin/details", **{**sent, "givenName": "Pat"})
    assert "This sign-in is over" in page.text
    assert [guest.given_name for guest in guests(server)] == ["Kim"]


def test_a_sign_up_begun_in_one_tenant_ends_in_no_other(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    other = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    walker = server.walker()
    page = to_details(server, walker)
    path = page.form("/signin/details").action.replace(server.tenant.id, other.id)
    for action in ("details", "proceed", "review", "cancel", "sign-up-address"):
        moved = path.replace("/details", f"/{action}")
        refused = post(walker, page, "/signin/details", moved, givenName="Kim", surname="L", address=NEWCOMER)
        assert "This sign-in is over" in refused.text, action
    with server.ports.store.read(other.id) as tx:
        assert tx.users.find_by_address(NEWCOMER) == ()
    assert guests(server) == ()
    walker.page = page
    walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    assert "code" in arrive(walker)


def test_a_sign_up_that_took_too_long_is_over_and_leaves_nobody(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    page = to_details(server, walker)
    server.clock.advance(INTERACTION_LIFETIME)
    late = post(walker, page, "/signin/details", givenName="Kim", surname="Larsen")
    assert "This sign-in is over" in late.text
    assert "Go back to the app" in late.text
    assert guests(server) == ()
    create_account(server, walker)
    details(walker)
    arrive(walker)
    assert len(guests(server)) == 1


# --- every kind of app ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirect_uri", "more"),
    [
        ("https://spa.example/", {}),
        ("http://localhost/cb", {}),
        ("http://localhost:5123/cb", {}),
        ("https://orders.example/signed-in", {"response_type": "id_token", "response_mode": "fragment"}),
    ],
    ids=["spa", "native", "native at a port", "fragment"],
)
def test_guests_of_every_kind_of_app_arrive_there(
    server: RunningServer, redirect_uri: str, more: dict[str, str]
) -> None:
    open_flow(server)
    walker = server.walker()
    create_account(server, walker, redirect_uri=redirect_uri, **more)
    page = walker.submit("/signin/review", button="Accept")
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    assert page.refresh is not None, page.text
    assert page.refresh.startswith(redirect_uri), page.refresh
    assert ("id_token=" if more else "code=") in page.refresh
    assert stations(server)[-1] == "guest-created"
