"""**Run user flow**: the real sign-up page of an app, for trying; and removing the guests such runs left."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlencode

from xenia.core.actor import Actor
from xenia.core.directory.roles import FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR
from xenia.core.directory.user import CreationType, User
from xenia.core.endpoints import authorize_url
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.ids import AppId
from xenia.core.query import And, Compare, Query
from xenia.core.sign_up import TEST_GUEST
from xenia.ports import Ports, Transaction
from xenia.usecases.self_service.self_service_rules import (
    READ_FLOWS,
    WRITE_FLOWS,
    require_reader,
    require_writer,
)
from xenia.usecases.sign_up.run_seal import run_seal
from xenia.usecases.users.user_lifecycle import delete_user

_MOST = 999


def run_url(ports: Ports, actor: Actor, flow_id: str, app_id: AppId, redirect_uri: str) -> str:
    """The address that opens the flow as the app would, with the sign-up marked as a test. Changes nothing.

    The answer goes to the app, which did not ask for it and will refuse it: that is where the test ends.
    Raises NotPermitted, NotFound, and InvalidValue for an application outside the flow or an unregistered address.
    """
    require_writer(actor, FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR.name, *WRITE_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        flow = tx.user_flows.find(flow_id)
        app = tx.applications.find_by_app_id(app_id)
    if flow is None:
        raise NotFound("UserFlow", flow_id)
    if app is None or app.app_id not in flow.app_ids:
        raise InvalidValue("app_id", "Choose one of the flow's applications.")
    if app.redirect_uri(redirect_uri) is None:
        raise InvalidValue("redirect_uri", "Choose one of the application's redirect URIs.")
    challenge = hashlib.sha256(ports.entropy.token(48).encode()).digest()
    query = {
        "client_id": app.app_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": "openid profile email",
        "prompt": "create",
        "state": ports.entropy.token(16),
        "nonce": ports.entropy.token(16),
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "flow_run": run_seal(ports, actor.tenant_id, flow.id, app.app_id, ports.clock.now()),
    }
    return f"{authorize_url(ports.server.base_url, actor.tenant_id)}?{urlencode(query)}"


def list_test_guests(ports: Ports, actor: Actor) -> tuple[User, ...]:
    """Guests that test runs of any flow left. Raises NotPermitted."""
    require_reader(actor, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        return _test_guests(tx)


def remove_test_guests(ports: Ports, actor: Actor) -> int:
    """Delete them all, as *Delete user* does; how many. Raises NotPermitted."""
    guests = list_test_guests(ports, actor)
    for guest in guests:
        delete_user(ports, actor, guest.id)
    return len(guests)


def _test_guests(tx: Transaction) -> tuple[User, ...]:
    query = Query(
        filter=And(
            (
                Compare("employee_type", "eq", TEST_GUEST),
                Compare("creation_type", "eq", CreationType.SELF_SERVICE_SIGN_UP.value),
            )
        ),
        limit=_MOST,
    )
    return tuple(tx.users.list(query).items)
