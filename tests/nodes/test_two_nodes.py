"""Two ``xenia serve`` nodes on one PostgreSQL: whatever one has begun the other can finish, and nothing happens twice."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.cli.test_process import xenia
from tests.nodes.script import (
    TENANT,
    app_token,
    authorize_path,
    code_form,
    graph,
    invite,
    location,
    token_answer,
)
from tests.support.nodes import BASE, DATA_KEY, Node, Site, mails_to, passcode_for, until
from tests.support.walker import Walker, query_of
from xenia.outside.ambient import OffsetClock, SystemClock, SystemEntropy
from xenia.outside.keyring import RsaKeyRing
from xenia.outside.mail.render import MailRenderer
from xenia.outside.sealing import AesSealer
from xenia.settings import load
from xenia.storage.store import open_store
from xenia.wiring import Installation, mail_transport, server_info
from xenia.workers.mail import MailDispatcher

MARIA, NINO, PIA = (f"{name}@nordwind.example" for name in ("maria", "nino", "pia"))


def claims_of(token: str) -> dict[str, object]:
    """A token's payload."""
    import base64

    body = token.split(".")[1]
    found: dict[str, object] = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def kid_of(token: str) -> object:
    """Which key signed a token."""
    import base64

    head = token.split(".", maxsplit=1)[0]
    return msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def signs_in(walker: Walker, site: Site, link: str) -> str:
    """From the invitation's link to the authorization code of an app; the code."""
    walker.open(link)
    walker.submit("/redeem/start")
    walker.submit("/signin/code", code=passcode_for(site.smtp.behaviour, MARIA))
    walker.submit("/accept")
    page = walker.open(authorize_path())
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    return query_of(page.refresh or location(page.response))["code"]


def test_a_journey_that_hops_at_each_request_finishes(standing: tuple[Site, list[Node]]) -> None:
    site, nodes = standing
    both, (a, b) = site.balancer(*nodes), nodes
    token = app_token(site.balancer(a))
    invited = invite(site.balancer(b), token, MARIA)
    code = signs_in(both.walker(), site, invited["inviteRedeemUrl"])
    status, answer = token_answer(site.balancer(b), code_form(code))
    assert status == 200, answer
    assert claims_of(answer["id_token"])["iss"] == f"{BASE}/{TENANT}/v2.0"
    # A code is spent everywhere (RFC 6749 section 4.1.2).
    status, refused = token_answer(site.balancer(a), code_form(code))
    assert (status, refused["error"]) == (400, "invalid_grant")
    status, user = graph(
        both, token, "GET", f"/users/{invited['invitedUser']['id']}?$select=externalUserState"
    )
    assert (status, user["externalUserState"]) == (200, "Accepted")


def test_a_hand_over_that_hops_at_each_request_arrives(standing: tuple[Site, list[Node]]) -> None:
    """One node asks the other organisation, another receives the answer, a third request finds the end."""
    site, nodes = standing
    both = site.balancer(*nodes)
    berta = "berta@fabrikam.example"
    invited = invite(both, app_token(both), berta)
    walker = both.walker()
    walker.open(invited["inviteRedeemUrl"])
    walker.submit("/redeem/start")
    walker.submit("/federate")
    _arrives_at(walker, "/password")
    walker.submit("/password", password="Correct-horse-battery-9")
    _arrives_at(walker, "/accept")
    walker.submit("/accept")
    page = walker.open(authorize_path())
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    status, answer = token_answer(both, code_form(query_of(page.refresh or location(page.response))["code"]))
    assert status == 200, answer
    assert claims_of(answer["id_token"])["idp"] == f"{BASE}/d0de5000-0000-4000-8000-000000000002/"


def _arrives_at(walker: Walker, form: str) -> None:
    """The busy page of a node that does not know the errand looks again, as a browser would."""

    def look() -> bool:
        page = walker.page
        assert page is not None
        if "/progress" in page.url and not page.has_form(form):
            page = walker.open(page.url)
        return page.has_form(form)

    until(look)


def test_wrong_passcodes_count_across_nodes(standing: tuple[Site, list[Node]]) -> None:
    site, nodes = standing
    both = site.balancer(*nodes)
    invited = invite(both, app_token(both), NINO)
    walker = both.walker()
    walker.open(invited["inviteRedeemUrl"])
    walker.submit("/redeem/start")
    right = passcode_for(site.smtp.behaviour, NINO)
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    for _ in range(5):
        walker.submit("/signin/code", code=wrong)
    # Five tries in all, not five at each node: now the right one is of no use any more.
    page = walker.submit("/signin/code", code=right)
    assert "Too many tries with this code" in page.text
    assert not page.has_form("/accept")


def test_keys_that_one_node_takes_into_use_or_withdraws_are_so_for_all(site: Site, nodes: list[Node]) -> None:
    """Whoever stole a key makes tokens as good as a node's own, for as long as any node believes it.

    On a site of its own: for some seconds a node signs with a key that another already refuses.
    """
    a, b = (site.balancer(node) for node in nodes)
    stolen = app_token(a)
    published = {key["kid"] for key in _keys(site, nodes[1])}
    # A third node takes the next key into use early: nobody else has seen the successor it makes.
    store, sealer = open_store(site.database, durable=True), _sealer()
    try:
        ring = RsaKeyRing(store, sealer, SystemClock())
        ring.rotate(compromised=True)
        ring.rotate(compromised=True)
        token = ring.sign(claims_of(stolen), x5t=True)
        signing = ring.stored()[0].key.kid
    finally:
        store.close()
    assert {key.kid for key in ring.public_keys()} - published
    for node in (a, b):
        status, found = graph(node, token, "GET", "/users?$top=1&$select=id")
        assert status == 200, found
    until(lambda: [kid_of(app_token(node)) for node in (a, b)] == [signing, signing])
    for node in (a, b):
        status, _ = graph(node, stolen, "GET", "/users?$top=1&$select=id")
        assert status == 401


def test_what_one_node_changes_the_others_see_at_once(standing: tuple[Site, list[Node]]) -> None:
    site, nodes = standing
    a, b = (site.balancer(node) for node in nodes)
    metadata = "/tailspin/v2.0/.well-known/openid-configuration"
    # Asked before, so that a node which remembers what it did not find would go on not finding it.
    assert [node.send("GET", metadata).status for node in (a, b)] == [400, 400]
    data = ("--data", str(site.directory / "a"), "--database", site.database)
    made = xenia("tenant", "create", "Tailspin", "tailspin", *data, env={"XENIA_DATA_KEY": DATA_KEY})
    assert made.returncode == 0, made.stderr
    assert [node.send("GET", metadata).status for node in (a, b)] == [200, 200]
    token = app_token(b)
    invited = invite(b, token, PIA)
    user = f"/users/{invited['invitedUser']['id']}"
    walker = b.walker()
    assert walker.open(invited["inviteRedeemUrl"]).has_form("/redeem/start")
    status, _ = graph(a, token, "PATCH", user, {"accountEnabled": False})
    assert status == 204
    refused = walker.submit("/redeem/start")
    assert (refused.status, "AADSTS500571" in refused.text) == (403, True)


def test_each_mail_leaves_once_though_every_node_dispatches(site: Site, nodes: list[Node]) -> None:
    both = site.balancer(*nodes)
    token = app_token(both)
    people = [f"guest{number}@nordwind.example" for number in range(30)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda address: invite(both, token, address), people))
    received = site.smtp.behaviour.received
    until(lambda: len(received) >= len(people))
    for node in nodes:
        assert node.running.stop() == 0
    assert Counter(address for mail in received for address in mail.rcpt_tos) == dict.fromkeys(people, 1)


@pytest.mark.faults
def test_killing_a_node_mid_way_loses_nothing(site: Site, nodes: list[Node], tmp_path: Path) -> None:
    both, (a, b) = site.balancer(*nodes), nodes
    token = app_token(both)
    invited = invite(both, token, MARIA)
    walker = both.walker()
    walker.open(invited["inviteRedeemUrl"])
    walker.submit("/redeem/start")
    passcode = passcode_for(site.smtp.behaviour, MARIA)
    # From here the mail server keeps every delivery hanging, so that the killed node dies with mail in its hands.
    site.smtp.behaviour.reached_data.clear()
    site.smtp.behaviour.hangs_on_data = True
    others = [f"guest{number}@nordwind.example" for number in range(6)]
    for address in others:
        invite(site.balancer(a), token, address)
    assert site.smtp.behaviour.reached_data.wait(60)
    a.process.send_signal(signal.SIGKILL)
    a.process.wait(timeout=30)

    survivor = site.balancer(b)
    walker.router = survivor  # type: ignore[assignment]  # the balancer takes the dead node out
    walker.submit("/signin/code", code=passcode)
    walker.submit("/accept")
    status, user = graph(
        survivor, token, "GET", f"/users/{invited['invitedUser']['id']}?$select=externalUserState"
    )
    assert (status, user["externalUserState"]) == (200, "Accepted")
    b.process.send_signal(signal.SIGKILL)
    b.process.wait(timeout=30)
    site.smtp.behaviour.hangs_on_data = False
    _deliver_after_the_leases(site, tmp_path)
    for address in others:
        # The dead nodes' deliveries hung, so none was accepted: one mail each, not two.
        assert len(mails_to(site.smtp.behaviour, address)) == 1


def _keys(site: Site, node: Node) -> list[dict[str, str]]:
    answer = site.balancer(node).send("GET", f"/{TENANT}/discovery/v2.0/keys")
    found: list[dict[str, str]] = msgspec.json.decode(answer.body)["keys"]
    return found


def _sealer() -> AesSealer:
    import base64

    return AesSealer(base64.b64decode(DATA_KEY), SystemEntropy())


def _deliver_after_the_leases(site: Site, directory: Path) -> None:
    """Another node, started when the leases of the dead ones have lapsed."""
    flags = {"smtp": f"smtp+plain://127.0.0.1:{site.smtp.port}", "mail_from": "guests@example.org"}
    settings = load({**flags, "public_url": BASE, "data": directory / "c"}, environment={})
    store, sealer, clock = open_store(site.database, durable=True), _sealer(), OffsetClock(SystemClock())
    clock.advance(timedelta(minutes=6))
    info = server_info(Installation(settings, BASE, (), site.database, b""), sealer)
    try:
        MailDispatcher(store, clock, sealer, MailRenderer(info), mail_transport(settings.mail)).deliver_due()
        with store.read(None) as tx:
            assert tx.outbox.next_due() is None
    finally:
        store.close()
