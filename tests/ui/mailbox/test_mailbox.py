"""The mailbox: list, search, one message in its views, deletion, the JSON API, and what another site may not do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.platform import platform
from tests.support.walker import BASE, Walker
from tests.support.workshop import Workshop
from xenia.core.mail import CapturedMail
from xenia.outside.mail.mailbox import MailboxTransport
from xenia.ui.mailbox.handlers import MAIL_CSP

IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(200)]


def capture(workshop: Workshop, number: int, **changes: object) -> CapturedMail:
    """Put a mail into the mailbox, as the mail transport does; a minute passes."""
    values: dict[str, object] = {
        "id": IDS[number],
        "tenant_id": workshop.server.tenant.id,
        "kind": "test",
        "received_at": workshop.server.clock.advance(timedelta(minutes=1)),
        "sender": "Contoso <codes@login.test>",
        "recipients": ("maria@nordwind.example",),
        "subject": f"Mail {number}",
        "html": "<p>Hello</p>",
        "text": "Hello",
        "source": b"From: Contoso <codes@login.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n",
        **changes,
    }
    mail = CapturedMail(**values)  # type: ignore[arg-type]
    workshop.server.ports.store.write(None, lambda tx: tx.mailbox.add(mail))
    return mail


def invitation(workshop: Workshop, number: int, link: str) -> CapturedMail:
    return capture(workshop, number, kind="invitation", text=f"1. Open\n{link}\n2. Accept", subject="Invited")


def test_the_mails_of_this_server_are_understood(workshop: Workshop) -> None:
    """Code and link as the real renderer writes them."""
    server = workshop.server
    walker = workshop.walker()
    walker.open(server.invite("maria@nordwind.example", send_message=True).redeem_url)
    walker.submit("/redeem/start")
    for mail in server.mails_to("maria@nordwind.example"):
        MailboxTransport(server.ports.store, server.clock).deliver(
            server.ports.preview.render(
                mail, server.ports.entropy.guid(), server.clock.advance(timedelta(seconds=1))
            )
        )
    found = msgspec.json.decode(walker.send("GET", f"{BASE}/mailbox/api/messages").body)["messages"]
    assert {mail["kind"] for mail in found} == {"invitation", "passcode"}
    by_kind = {mail["kind"]: mail for mail in found}
    assert by_kind["passcode"]["code"] == server.code_for("maria@nordwind.example")
    assert by_kind["invitation"]["link"].startswith(f"{BASE}/redeem?rd=")


class TestPages:
    def test_an_empty_mailbox_says_what_will_come(self, workshop: Workshop) -> None:
        assert "Mail that Xenia sends shows up here." in workshop.walker().open("/mailbox").text

    def test_newest_first_with_the_newest_code_on_top(self, workshop: Workshop) -> None:
        capture(workshop, 1, kind="passcode", text="1111 2222\n\nThis code ...")
        capture(workshop, 2, kind="passcode", text="3333 4444\n\nThis code ...")
        capture(workshop, 3, subject="Latest")
        text = workshop.walker().open("/mailbox").text
        assert text.index("Latest") < text.index("Mail 2") < text.index("Mail 1")
        assert "Newest code 33334444" in text
        assert "11112222" not in text

    @pytest.mark.parametrize(
        ("search", "found"),
        [("subject:invited", {1}), ("to:nordwind", {0, 1}), ("from:codes hello", {0}), ("nobody", set())],
    )
    def test_search(self, workshop: Workshop, search: str, found: set[int]) -> None:
        capture(workshop, 0, subject="First thing")
        invitation(workshop, 1, f"{BASE}/redeem?rd=x")
        capture(workshop, 2, subject="Third thing", recipients=("olga@adatum.example",), text="Bye")
        workshop.walker().open("/mailbox")
        walker = workshop.walker()
        walker.open("/mailbox")
        page = walker.submit("/mailbox", search=search)
        assert {number for number in range(3) if IDS[number] in page.source} == found

    def test_older_mail_is_a_page_away(self, workshop: Workshop) -> None:
        for number in range(30):
            capture(workshop, number)
        walker = workshop.walker()
        first = walker.open("/mailbox")
        second = walker.follow("Next")
        shown = [{n for n in range(30) if f"messages/{IDS[n]}" in page.source} for page in (first, second)]
        assert shown == [set(range(5, 30)), set(range(5))]

    def test_the_list_refreshes_by_its_own_block(self, workshop: Workshop) -> None:
        capture(workshop, 1)
        response = workshop.walker().send("GET", f"{BASE}/mailbox?part=list&search=")
        assert b"Mail 1" in response.body
        assert b"<html" not in response.body

    def test_opening_marks_as_read_and_looking_by_head_does_not(self, workshop: Workshop) -> None:
        mail = capture(workshop, 1)
        walker = workshop.walker()
        walker.send("HEAD", f"{BASE}/mailbox/messages/{mail.id}")
        assert "New" in walker.open("/mailbox").text
        walker.open(f"/mailbox/messages/{mail.id}")
        assert " Read" in walker.open("/mailbox").text.partition("Received")[2]

    def test_views_of_a_message(self, workshop: Workshop) -> None:
        mail = capture(workshop, 1, text="Plain <b>words</b>")
        walker = workshop.walker()
        page = walker.open(f"/mailbox/messages/{mail.id}")
        assert f'src="/mailbox/messages/{mail.id}/html"' in page.source
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.source
        assert "frame-src 'self'" in (page.response.header("Content-Security-Policy") or "")
        assert "Plain <b>words</b>" in walker.follow("Text").text
        assert "Grüße" in walker.follow("Headers").text
        assert "=?utf-8?q?" in walker.follow("Source").text

    def test_the_accept_link_is_offered_only_when_it_is_ours(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        own = invitation(workshop, 1, f"{BASE}/redeem?rd=abc")
        links = dict(walker.open(f"/mailbox/messages/{own.id}").links)
        assert links["Open link"] == f"{BASE}/redeem?rd=abc"
        for number, link in enumerate(
            ["https://evil.example/redeem?rd=abc", f"{BASE}.evil.example/redeem?x", f"{BASE}/other?redeem"], 2
        ):
            foreign = invitation(workshop, number, link)
            assert "Open link" not in walker.open(f"/mailbox/messages/{foreign.id}").text

    def test_unknown_mail(self, workshop: Workshop) -> None:
        for path in ("", "/html"):
            assert workshop.walker().open(f"/mailbox/messages/{IDS[9]}{path}").status == 404

    def test_delete_one_and_all(self, workshop: Workshop) -> None:
        first, second = capture(workshop, 1), capture(workshop, 2)
        walker = workshop.walker()
        walker.open(f"/mailbox/messages/{first.id}")
        page = walker.submit("/delete")
        assert first.id not in page.source
        assert second.id in page.source
        walker.follow("Delete all")
        assert "Mail that Xenia sends shows up here." in walker.submit("/mailbox/delete-all").text

    def test_hostile_words_stay_words(self, workshop: Workshop) -> None:
        hostile = "<script>alert(1)</script>"
        mail = capture(workshop, 1, subject=hostile, sender=hostile, recipients=(hostile,), text=hostile)
        walker = workshop.walker()
        for path in ("/mailbox", f"/mailbox/messages/{mail.id}?view=text", f"/mailbox?search={hostile}"):
            assert hostile not in walker.open(path).source

    def test_it_says_when_mail_also_leaves(self, workshop: Workshop, tmp_path: Path) -> None:
        sentence = "Mail also leaves this machine."
        assert sentence not in workshop.walker().open("/mailbox").text
        (tmp_path / "other").mkdir()
        with platform(tmp_path / "other", mail_leaves=True) as server:
            assert sentence in Workshop(server).walker().open("/mailbox").text


def test_the_html_part_has_its_own_strict_policy(workshop: Workshop) -> None:
    mail = capture(workshop, 1, html='<base target="_top"><script>x()</script><p style="color:red">Hi</p>')
    response = workshop.walker().send("GET", f"{BASE}/mailbox/messages/{mail.id}/html")
    assert response.header("Content-Security-Policy") == MAIL_CSP
    assert MAIL_CSP == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
    )
    assert response.body.startswith(b'<!doctype html><meta charset="utf-8"><base target="_blank">')
    assert response.header("Cache-Control") == "no-store"


class TestForeignSites:
    def test_forms_of_other_sites_delete_nothing(self, workshop: Workshop) -> None:
        mail = capture(workshop, 1)
        walker = workshop.walker()
        fields = walker.open("/mailbox/delete-all").form("/mailbox/delete-all").fields
        for path in ("/mailbox/delete-all", f"/mailbox/messages/{mail.id}/delete"):
            foreign = {"origin": "https://evil.example"}
            assert walker.send("POST", BASE + path, form=fields, headers=foreign).status == 403
            assert walker.send("POST", BASE + path, form={}, headers={"origin": BASE}).status == 403
        assert mail.id in walker.open("/mailbox").source

    @pytest.mark.parametrize(
        "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
    )
    def test_pages_of_other_sites_delete_nothing_by_the_api(
        self, workshop: Workshop, headers: dict[str, str]
    ) -> None:
        mail = capture(workshop, 1)
        walker = workshop.walker()
        for path in ("/mailbox/api/messages", f"/mailbox/api/messages/{mail.id}"):
            assert walker.send("DELETE", BASE + path, headers=headers).status == 403
        assert mail.id in walker.open("/mailbox").source


class TestApi:
    def get(self, walker: Walker, path: str) -> dict[str, object]:
        response = walker.send("GET", f"{BASE}/mailbox/api/{path}")
        assert response.status == 200, response.body
        assert response.header("Cache-Control") == "no-store"
        decoded: dict[str, object] = msgspec.json.decode(response.body)
        return decoded

    def test_list_pages_and_searches(self, workshop: Workshop) -> None:
        for number in range(5):
            capture(workshop, number)
        walker = workshop.walker()
        first = self.get(walker, "messages?limit=3")
        assert [mail["id"] for mail in first["messages"]] == [IDS[4], IDS[3], IDS[2]]  # type: ignore[attr-defined]
        second = self.get(walker, f"messages?limit=3&before={first['next']}")
        assert [mail["id"] for mail in second["messages"]] == [IDS[1], IDS[0]]  # type: ignore[attr-defined]
        assert second["next"] is None
        assert self.get(walker, "messages?search=subject:nothing") == {"messages": [], "next": None}

    def test_codes_and_links_are_picked_out(self, workshop: Workshop) -> None:
        capture(workshop, 1, kind="passcode", text="12345678\n\nThe code")
        invitation(workshop, 2, f"{BASE}/redeem?rd=abc")
        walker = workshop.walker()
        assert self.get(walker, f"messages/{IDS[1]}")["code"] == "12345678"
        assert self.get(walker, f"messages/{IDS[2]}")["link"] == f"{BASE}/redeem?rd=abc"

    def test_one_message_is_whole_and_stays_unread(self, workshop: Workshop) -> None:
        capture(workshop, 1)
        walker = workshop.walker()
        message = self.get(walker, f"messages/{IDS[1]}")
        assert message["from"] == "Contoso <codes@login.test>"
        assert message["to"] == ["maria@nordwind.example"]
        assert message["html"] == "<p>Hello</p>"
        assert {"name": "Subject", "value": "Grüße"} in message["headers"]  # type: ignore[operator]
        assert self.get(walker, f"messages/{IDS[1]}")["read_at"] is None

    def test_delete(self, workshop: Workshop) -> None:
        capture(workshop, 1), capture(workshop, 2)
        walker = workshop.walker()
        assert walker.send("DELETE", f"{BASE}/mailbox/api/messages/{IDS[1]}").status == 204
        assert walker.send("DELETE", f"{BASE}/mailbox/api/messages/{IDS[1]}").status == 404
        removed = walker.send("DELETE", f"{BASE}/mailbox/api/messages")
        assert msgspec.json.decode(removed.body) == {"removed": 1}

    @pytest.mark.parametrize("limit", ["0", "201", "x", "-1"])
    def test_a_wrong_limit_is_refused_in_json(self, workshop: Workshop, limit: str) -> None:
        response = workshop.walker().send("GET", f"{BASE}/mailbox/api/messages?limit={limit}")
        assert response.status == 422
        assert "limit" in msgspec.json.decode(response.body)["error"]["message"]

    def test_unknown_messages_and_methods(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        assert walker.send("GET", f"{BASE}/mailbox/api/messages/{IDS[7]}").status == 404
        assert walker.send("PUT", f"{BASE}/mailbox/api/messages").status == 405
