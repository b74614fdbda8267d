"""What a page costs on the way to the browser: a sign-in page 25 kB in four requests, an admin page 50 kB."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.support.walker import Page
from tests.ui.portal.office import Office, open_office
from xenia.core.actor import system_actor
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES
from xenia.core.user_flow import AttributeAssignment
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow
from xenia.web.static_files import StaticFiles

SIGN_IN_BYTES, SIGN_IN_REQUESTS = 25_000, 4
ADMIN_BYTES = 50_000
_FETCHED = re.compile(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/static/[^"]+)"')
_IMPORTED = re.compile(r"""(?:from|import)\s*\(?['"]\./([\w.-]+)['"]""")
STATIC = StaticFiles()


def fetched(page: Page) -> set[str]:
    """The files a browser asks for beside the page: named in it, and what scripts import."""
    found: set[str] = set()
    waiting = _FETCHED.findall(page.source)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            folder = path.rpartition("/")[0]
            if path.endswith(".js"):
                file = STATIC.find(path)
                assert file is not None
                waiting += [f"{folder}/{name}" for name in _IMPORTED.findall(file.body.decode())]
    return found


def weight(page: Page) -> int:
    """Compressed bytes of the page and of everything it fetches, as if nothing were cached."""
    files = [STATIC.find(path) for path in fetched(page)]
    return len(gzip.compress(page.source.encode(), 5)) + sum(len(file.gzipped or file.body) for file in files)


@pytest.fixture
def office(tmp_path: Path):
    with open_office(tmp_path) as opened:
        yield opened


def test_sign_in_pages_are_light(office: Office):
    server = office.platform
    server.policies(security_defaults=True)
    invited = server.invite()
    walker = server.walker()
    pages = [
        walker.open(server.authorize_url()),
        walker.submit("/identify", login="maria@nordwind.example"),
        walker.submit("/send"),
        server.walker().open(invited.redeem_url),
        server.walker().open(server.authorize_url(redirect_uri="https://evil.example/")),
    ]
    for page in pages:
        assert "<html" in page.source
        assert 1 + len(fetched(page)) <= SIGN_IN_REQUESTS, (page.url, fetched(page))
        assert weight(page) <= SIGN_IN_BYTES, page.url


PLACES = [
    "", "users", "users?top=100", "users/new", "users/invite", "app-registrations", "enterprise-apps", "audit-logs", "sign-in-logs", "app-registrations/new", "mail", "search?q=guest", "properties",
    "security-defaults", "external-identities/collaboration-settings", "external-identities/identity-providers",
    "external-identities/user-flows", "external-identities/user-flows/new", "external-identities/user-attributes",
    "external-identities/identity-providers/new/openid-connect", "external-identities/api-connectors/new", "external-identities/sign-up-requests",
]  # fmt: skip


FLOW_PARTS = ("identity-providers", "user-attributes", "page-layouts", "applications", "run", "funnel")


def _whole_flow(office: Office) -> str:
    """A flow that asks for everything there is."""
    built = office.platform
    operator = system_actor(built.tenant.id, built.ports.entropy.guid())
    asked = tuple(AttributeAssignment(each.id, each.display_name) for each in BUILT_IN_ATTRIBUTES)
    order = NewFlow("everything", attributes=asked, app_ids=(built.app.app_id,))
    return create_flow(built.ports, operator, order).id


def test_admin_pages_are_light(office: Office):
    for number in range(60):
        office.platform.invite(f"guest{number}@nordwind.example", send_message=False)
    desktop = office.sit()
    member, app, flow = office.people["member"].id, office.platform.app, _whole_flow(office)
    details = [
        f"users/{member}",
        f"users/{member}/properties",
        f"app-registrations/{app.id}",
        f"app-registrations/{app.id}/authentication",
        *(f"external-identities/user-flows/{flow}/{part}" for part in FLOW_PARTS),
    ]
    for place in (*PLACES, *details):
        page = desktop.open(place)
        assert page.status == 200, place
        assert weight(page) <= ADMIN_BYTES, page.url
