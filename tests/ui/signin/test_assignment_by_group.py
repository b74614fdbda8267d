"""*Assignment required*: who is in an assigned group signs in; who is in a group of that group does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.support.journeys import MARIA, become_guest, everybody_agreed, guest_signs_in
from tests.support.platform import RunningServer
from tests.support.walker import query_of
from xenia.core.directory.group import GroupLink
from xenia.usecases.applications.enterprise_apps import assign_principal
from xenia.usecases.groups.manage_groups import NewGroup, add_to_group, create_group


def test_direct_members_of_an_assigned_group_sign_in_and_nobody_else(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    ports, actor = server.ports, server.actor()
    with ports.store.read(server.tenant.id) as tx:
        (maria,) = tx.users.find_by_address(MARIA)
        app = tx.applications.service_principal(server.app.app_id)
    assert app is not None
    required = replace(app, assignment_required=True)
    ports.store.write(server.tenant.id, lambda tx: tx.applications.replace_service_principal(required))
    everybody_agreed(server)
    outer = create_group(ports, actor, NewGroup("Buyers"))
    inner = create_group(ports, actor, NewGroup("Trainees", members=(maria.id,)))
    add_to_group(ports, actor, GroupLink.MEMBER, outer.id, inner.id)
    assign_principal(ports, actor, app.id, outer.id)

    walker = server.walker("203.0.113.1")
    walker.open(server.authorize_url())
    walker.submit("/identify", login=MARIA)
    walker.submit("/send")
    refused = walker.submit("/signin/code", code=server.code_for(MARIA))
    assert (refused.status, "50105" in refused.text) == (403, True)
    add_to_group(ports, actor, GroupLink.MEMBER, outer.id, maria.id)
    server.clock.advance(timedelta(seconds=1))
    page = guest_signs_in(server, server.walker("203.0.113.2"), server.authorize_url(), secret)
    assert page.refresh is not None
    assert "code" in query_of(page.refresh)
