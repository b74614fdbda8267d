"""User flows for tests, and short ways through a sign-up."""

from __future__ import annotations

from dataclasses import replace

from tests.support.platform import RunningServer
from tests.support.walker import Page, Walker, query_of
from xenia.core.directory.identity_provider import EMAIL_PASSCODE_PROVIDER_ID, ENTRA_PROVIDER_ID
from xenia.core.directory.user import User
from xenia.core.query import Query
from xenia.core.sign_up import SignUpEvent
from xenia.core.user_flow import AttributeAssignment, UserFlow

FLOW = "B2X_1_suppliers"
NEWCOMER = "kim@nordwind.example"


def open_flow(server: RunningServer, **changes: object) -> UserFlow:
    """The switch on, and a flow of the app "Orders" with codes by mail."""
    server.policies(self_service_sign_up=True)
    flow = UserFlow(
        FLOW,
        server.tenant.id,
        server.clock.now(),
        provider_ids=(ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID),
        app_ids=(server.app.app_id,),
    )
    flow = replace(flow, **changes)  # type: ignore[arg-type]
    server.ports.store.write(server.tenant.id, lambda tx: tx.user_flows.add(flow))
    return flow


def change_flow(server: RunningServer, **changes: object) -> None:
    """What an administrator changes while somebody is on the way."""

    def work(tx):  # type: ignore[no-untyped-def]
        found = tx.user_flows.find(FLOW)
        tx.user_flows.replace(replace(found, **changes))

    server.ports.store.write(server.tenant.id, work)


NAMES = (
    AttributeAssignment("givenName", "Given Name"),
    AttributeAssignment("surname", "Surname"),
    AttributeAssignment("jobTitle", "What you do", is_optional=True),
)


def create_account(server: RunningServer, walker: Walker, address: str = NEWCOMER, **authorize: str) -> Page:
    """From the app to the page after the proven mailbox."""
    walker.open(server.authorize_url(**authorize))
    walker.submit("/signin/sign-up")  # "Create one", in whatever language the page is
    return verify_address(server, walker, address)


def verify_address(server: RunningServer, walker: Walker, address: str = NEWCOMER) -> Page:
    """Type the address on *Create account*, and the code that is mailed there."""
    walker.submit("/sign-up-address", address=address)
    walker.submit("/send")
    return walker.submit("/signin/code", code=server.code_for(address))


def details(walker: Walker, **values: str) -> Page:
    """Accept *Review permissions*, then send the details."""
    walker.submit("/signin/review", button="Accept")
    return walker.submit(
        "/signin/details", button="Continue", **{"givenName": "Kim", "surname": "Larsen", **values}
    )


def arrive(walker: Walker) -> dict[str, str]:
    """Agree to what the app asks for; what the app is told."""
    assert walker.page is not None
    page = walker.page
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    assert page.refresh is not None, page.text
    assert page.refresh.startswith("https://orders.example/signed-in"), page.refresh
    return query_of(page.refresh)


def guests(server: RunningServer) -> tuple[User, ...]:
    """Everybody in the directory but the administrator."""
    with server.ports.store.read(server.tenant.id) as tx:
        found = tx.users.list(Query(limit=100)).items
    return tuple(user for user in found if user.id != server.admin.id)


def events(server: RunningServer) -> list[SignUpEvent]:
    """The funnel, oldest first."""
    with server.ports.store.read(server.tenant.id) as tx:
        now = server.clock.now()
        return list(tx.sign_ups.events(FLOW, now.replace(year=2000), now.replace(year=2100)))


def stations(server: RunningServer) -> list[str]:
    """Stations and reasons in the order they were recorded."""
    return [event.left_because or event.stage.value for event in events(server)]
