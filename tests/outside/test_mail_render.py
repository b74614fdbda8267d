"""The mails: facts on both parts, safe headers, languages, size. Everything is parsed back by the standard library."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from string import Formatter
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.inviting import SERVER
from xenia.core.mail import Mail, MailKind, RenderedMail
from xenia.outside.mail.message import Envelope, build_message
from xenia.outside.mail.render import MailRenderer
from xenia.outside.mail.strings_by_key import Languages

NOW = datetime(2026, 7, 1, 14, 7, 30, tzinfo=UTC)
MAIL_ID = "5f0c1a52-0000-4000-8000-000000000001"
LINK = (
    "https://login.contoso.example/redeem?rd=https%3A%2F%2Flogin.contoso.example%2Fredeem%2F%3Ftenant%3D"
    "11111111-1111-4111-8111-111111111111%26user%3D22222222-2222-4222-8222-222222222222%26ticket%3D"
    "aAwLvtnp3s3OtgriJ-sFIhFhh30fhLJbh1Q9P5kPeEc%26ver%3D2.0"
)
FACTS = {
    "tenant_name": "Contoso",
    "tenant_domain": "contoso.example",
    "inviter_name": "Nikos Pappas",
    "inviter_address": "nikos@contoso.example",
    "invited_address": "maria@nordwind.example",
    "apps": "Orders portal",
    "landing": "orders.contoso.example",
    "message": "Hello Maria,\nplease check the dates.",
    "redeem_url": LINK,
    "way": "passcode",
    "privacy_url": "https://contoso.example/privacy",
    "terms_url": "",
    "contact": "privacy@contoso.example",
}
INVITATION = Mail(
    MailKind.INVITATION,
    "maria@nordwind.example",
    "en-US",
    FACTS,
    cc="sam@contoso.example",
    reply_to="nikos@contoso.example",
)
PASSCODE = Mail(
    MailKind.PASSCODE,
    "maria@nordwind.example",
    "en-US",
    {
        "code": "12345678",
        "tenant_name": "Contoso",
        "app_name": "Orders portal",
        "requested_at": NOW.isoformat(),
        "lifetime_minutes": "30",
        "privacy_url": "https://contoso.example/privacy",
    },
)
TEST = Mail(
    MailKind.TEST,
    "a@b.example",
    "en",
    {"tenant_name": "Contoso", "requested_by": "Ada", "requested_at": NOW.isoformat()},
)
METHOD = Mail(
    MailKind.METHOD_ADDED,
    "a@b.example",
    "en",
    {"tenant_name": "Contoso", "method": "Authenticator app", "added_at": NOW.isoformat()},
)
DECISION = {
    "tenant_name": "Contoso",
    "app_name": "Orders",
    "app_url": "https://orders.example/",
    "asked_at": NOW.isoformat(),
    "reason": "",
    "contact": "help@contoso.example",
}
APPROVED = Mail(MailKind.SIGN_UP_APPROVED, "kim@nordwind.example", "en", DECISION)
DENIED = Mail(
    MailKind.SIGN_UP_DENIED,
    "kim@nordwind.example",
    "en",
    {**DECISION, "reason": "<b>Not a supplier</b>", "app_name": ""},
)
ASKED = Mail(
    MailKind.CONSENT_REQUESTED,
    "nikos@contoso.example",
    "en",
    {
        **DECISION,
        "asker_name": "Mara Member",
        "message": "For the <b>plan</b>",
        "expires_at": NOW.isoformat(),
        "request_url": "https://login.example/admin/contoso/admin-consent-requests/1",
    },
)
CONSENTED = Mail(MailKind.CONSENT_APPROVED, "kim@nordwind.example", "en", DECISION)
NOT_CONSENTED = Mail(
    MailKind.CONSENT_DENIED, "kim@nordwind.example", "en", {**DECISION, "reason": "<b>Not now</b>"}
)
ALL = [INVITATION, PASSCODE, TEST, METHOD, APPROVED, DENIED, ASKED, CONSENTED, NOT_CONSENTED]


class Page(HTMLParser):
    """What a reader of the HTML part sees, and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._silent = 0
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in ("style", "title")
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def render(mail: Mail, **server: object) -> RenderedMail:
    return MailRenderer(replace(SERVER, **server)).render(mail, MAIL_ID, NOW)  # type: ignore[arg-type]


def parsed(mail: RenderedMail) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(mail.source, policy=policy.default))


def parts(mail: RenderedMail) -> tuple[str, str]:
    """Text and visible HTML, as they come out of the wire format."""
    message = parsed(mail)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return " ".join(text.get_content().split()), Page(html.get_content()).text


def test_a_decision_says_how_to_go_on() -> None:
    for part in parts(render(APPROVED)):
        assert "You can use Orders from now on" in part
        assert "Sign in with kim@nordwind.example" in part
    assert "https://orders.example/" in parts(render(APPROVED))[0]
    for part in parts(render(replace(DENIED, language="de"))):
        assert "nicht angenommen" in part
        assert "<b>Not a supplier</b>" in part
        assert "help@contoso.example" in part


# --- facts --------------------------------------------------------------------------------------

EXPECTED = (
    "Nikos Pappas",
    "nikos@contoso.example",
    "Contoso",
    "contoso.example",
    "maria@nordwind.example",
    "Orders portal",
    "orders.contoso.example",
    "Hello Maria,",
    "Nikos Pappas wrote:",
    "What happens next",
    "code that is sent to maria@nordwind.example",
    "Contoso will see your name and email address",
    "https://contoso.example/privacy",
    "Only accept if you know Nikos Pappas or Contoso and expected this.",
    "To report this mail, write to privacy@contoso.example",
    LINK,
)


@pytest.mark.parametrize("fact", EXPECTED)
def test_both_parts_of_the_invitation_hold_every_fact(fact: str) -> None:
    for part in parts(render(INVITATION)):
        assert fact in part


def test_the_caution_stands_before_the_link_and_nothing_claims_an_end() -> None:
    text, html = parts(render(INVITATION))
    assert text.index("Only accept") < text.index(LINK)
    assert html.index("Only accept") < html.index("Accept invitation")
    assert "expire" not in (text + html).lower()


def test_the_link_stands_unbroken_on_a_line_of_its_own() -> None:
    body = parsed(render(INVITATION)).get_body(("plain",))
    assert body is not None
    assert LINK in body.get_content().splitlines()
    assert all(len(line) <= 72 for line in body.get_content().splitlines() if line != LINK)


def test_every_link_of_the_html_part_is_ours_or_the_tenants() -> None:
    page = Page(render(INVITATION).html)
    assert set(page.links) == {LINK, "https://contoso.example/privacy"}


def test_the_message_is_plain_escaped_text() -> None:
    body = 'Hi <b>you</b> & "all"\n<a href="https://evil.example">x</a>\n\n-- \n<script>alert(1)</script>'
    mail = render(replace(INVITATION, data={**FACTS, "message": body}))
    page = Page(mail.html)
    assert "https://evil.example" not in page.links
    assert not any(tag in ("script", "b") for tag, _ in page.tags)
    assert "Hi <b>you</b>" in page.text
    for line in body.splitlines():
        assert f"> {line}".rstrip() in mail.text.splitlines()


def test_a_message_cannot_pose_as_another_part_of_the_mail() -> None:
    mail = render(
        replace(
            INVITATION,
            data={**FACTS, "message": "x\n\nWhat happens next\n1. Open this link:\nhttps://evil.example"},
        )
    )
    assert "https://evil.example" not in mail.text.splitlines()
    assert "> https://evil.example" in mail.text.splitlines()
    poser = render(
        replace(INVITATION, data={**FACTS, "inviter_name": "Eve\n\nWhat happens next\nhttps://evil.example"})
    )
    assert "https://evil.example" not in poser.text.splitlines()


def test_an_organization_invites_where_no_person_does() -> None:
    mail = render(
        replace(
            INVITATION, reply_to=None, data={**FACTS, "inviter_name": "", "inviter_address": "", "apps": ""}
        )
    )
    text, html = parts(mail)
    assert mail.subject == "Contoso invited you to its apps"
    for part in (text, html):
        assert "Contoso (contoso.example) invited you to work together." in part
        assert "Only accept if you know Contoso and expected this." in part
        assert "Message from Contoso:" in part
    assert parsed(mail)["Reply-To"] is None


@pytest.mark.parametrize(
    ("contact", "reply_to", "sentence"),
    [
        ("dpo@contoso.example", None, "You can ask dpo@contoso.example before you accept."),
        ("", "nikos@contoso.example", "Reply to this mail to ask before you accept."),
        ("", None, "Contoso has not given a link to its privacy statement."),
    ],
)
def test_a_missing_privacy_statement_is_said(contact: str, reply_to: str | None, sentence: str) -> None:
    mail = render(
        replace(INVITATION, reply_to=reply_to, data={**FACTS, "privacy_url": "", "contact": contact})
    )
    for part in parts(mail):
        assert sentence in part


def test_a_privacy_address_that_is_no_web_address_is_not_made_a_link() -> None:
    mail = render(replace(INVITATION, data={**FACTS, "privacy_url": "javascript:alert(1)"}))
    assert Page(mail.html).links.count("javascript:alert(1)") == 0


@pytest.mark.parametrize(
    ("is_loopback", "mail_leaves", "said"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_link_that_opens_on_one_computer_only_says_so(
    is_loopback: bool, mail_leaves: bool, said: bool
) -> None:
    mail = render(
        INVITATION, is_loopback=is_loopback, mail_leaves=mail_leaves, base_url="https://localhost:8443"
    )
    for part in parts(mail):
        assert ("opens only on the computer of the person who invited you" in part) is said


def test_the_way_without_passcodes_is_named_too() -> None:
    for part in parts(render(replace(INVITATION, data={**FACTS, "way": "account"}))):
        assert "your account for maria@nordwind.example" in part


# --- codes and notices --------------------------------------------------------------------------


def test_the_code_mail_begins_with_the_code_and_leads_nowhere() -> None:
    mail = render(PASSCODE)
    assert mail.text.splitlines()[0] == "1234 5678"
    assert mail.subject == "Your Contoso account verification code"
    assert "1234" not in mail.subject
    text, html = parts(mail)
    for part in (text, html):
        assert "for signing in to Orders portal at Contoso, asked for at 14:07 UTC." in part
        assert "30 minutes" in part
        assert "Contoso will never ask you for this code." in part
        assert "Not you? You can ignore this mail." in part
        assert "https://contoso.example/privacy" in part
    page = Page(mail.html)
    assert page.links == []
    assert page.words[[bool(word.strip()) for word in page.words].index(True)] == "1234 5678"


def test_a_code_for_the_organization_itself_names_it_once() -> None:
    mail = render(replace(PASSCODE, data={**PASSCODE.data, "app_name": "Contoso"}))
    assert "for signing in at Contoso, asked for at 14:07 UTC." in " ".join(mail.text.split())


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ("access", "You already have access to Contoso. The code signs you in; no new account is made."),
        ("invited", "Contoso has invited you already."),
        ("elsewhere", "You already have an account at Contoso, with another way to sign in."),
    ],
)
def test_the_code_mail_tells_somebody_who_signs_up_that_they_are_here_already(
    known: str, sentence: str
) -> None:
    told = replace(PASSCODE, data={**PASSCODE.data, "known": known})
    for part in parts(render(told)):
        assert sentence in part
    for part in parts(render(PASSCODE)):
        assert "already" not in part
    german = parts(render(replace(told, language="de")))
    assert all("bereits" in part for part in german)


def test_the_other_kinds_say_what_happened() -> None:
    for part in parts(render(TEST)):
        assert "Ada asked for it on 2026-07-01 at 14:07 UTC." in part
    for part in parts(render(METHOD)):
        assert "Authenticator app was added as a second step for your account at Contoso" in part
        assert "Tell Contoso at once" in part


# --- form ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mail", ALL, ids=lambda mail: mail.kind.value)
def test_every_mail_is_small_self_contained_and_readable_by_machines(mail: Mail) -> None:
    rendered = render(mail)
    message = parsed(rendered)
    assert len(rendered.source) < 60_000
    assert not message.defects
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert all(len(line) <= 998 for line in rendered.source.split(b"\r\n"))
    assert b"\n" not in rendered.source.replace(b"\r\n", b"")
    page = Page(rendered.html)
    for tag, attributes in page.tags:
        assert tag not in ("img", "script", "link", "iframe", "form", "object", "video")
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "table":
            assert attributes["role"] == "presentation"
    assert "url(" not in rendered.html
    assert "@import" not in rendered.html
    assert ("html", {"lang": "en", "dir": "ltr"}) in page.tags
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    assert "prefers-color-scheme: dark" in rendered.html


@pytest.mark.parametrize("mail", ALL, ids=lambda mail: mail.kind.value)
def test_headers_of_every_mail(mail: Mail) -> None:
    message = parsed(render(mail))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{MAIL_ID}@contoso.example>"
    assert message["Content-Language"] == "en"
    assert message["X-Xenia-Kind"] == mail.kind.value
    assert message["Date"].datetime == NOW.replace(microsecond=0)
    assert message["From"].addresses[0].addr_spec == "invites@contoso.example"


def test_the_envelope_of_the_invitation() -> None:
    mail = render(INVITATION)
    message = parsed(mail)
    assert message["From"].addresses[0].display_name == "Contoso invitations"
    assert message["To"].addresses[0].addr_spec == "maria@nordwind.example"
    assert message["Cc"].addresses[0].addr_spec == "sam@contoso.example"
    assert message["Reply-To"].addresses[0].addr_spec == "nikos@contoso.example"
    assert message["Subject"] == mail.subject == "Nikos Pappas invited you to Orders portal at Contoso"
    assert mail.recipients == ("maria@nordwind.example", "sam@contoso.example")


def test_the_message_id_is_stable_and_the_second_rendering_equals_the_first() -> None:
    renderer = MailRenderer(SERVER)
    first = renderer.render(INVITATION, MAIL_ID, NOW)
    assert renderer.render(INVITATION, MAIL_ID, NOW) == first
    assert renderer.render(INVITATION, MAIL_ID.replace("1", "2"), NOW).message_id != first.message_id


def test_without_a_configured_sender_the_tenants_own_domain_sends() -> None:
    assert render(INVITATION, mail_from="").sender == "invites@contoso.example"
    assert render(PASSCODE, mail_from="", base_url="https://localhost:8443").sender == "no-reply@localhost"
    assert render(PASSCODE, mail_from="Contoso <post@contoso.example>").sender == "post@contoso.example"


def test_internationalized_domains_travel_in_ascii() -> None:
    mail = render(replace(INVITATION, to="jo@bücher.example", cc="al@bücher.example"))
    assert mail.recipients == ("jo@xn--bcher-kva.example", "al@xn--bcher-kva.example")
    assert parsed(mail)["To"].addresses[0].addr_spec == "jo@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address", ["", "maria", "a@b@c", "a\r\nBcc: x@y.example", "ä@b.example", "a@b c.example"]
)
def test_what_is_no_address_never_becomes_a_header(address: str) -> None:
    try:
        mail = render(replace(INVITATION, to=address))
    except ValueError:
        return
    assert [one.addr_spec for one in parsed(mail)["To"].addresses] == list(mail.recipients[:1])
    assert "Bcc" not in parsed(mail)


HEADERS = {
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Xenia-Kind",
    "X-Xenia-Tenant",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
}
HOSTILE = st.text(max_size=60) | st.sampled_from(
    (
        "Eve\r\nBcc: x@y.example",
        'Eve" <evil@y.example>, "',
        "Eve, <evil@y.example>",
        "=?utf-8?q?Eve=0ABcc=3A_x?=",
        "Eve\u2028Bcc: x@y.example",
        "é" * 90 + ", evil@y.example",
        "\x00\x1b[31m",
        "Müller, GmbH & Co (KG) <\\",
    )
)


@given(tenant=HOSTILE, inviter=HOSTILE, apps=HOSTILE, cc=HOSTILE, message=HOSTILE)
def test_nothing_that_people_type_adds_headers_or_recipients(
    tenant: str, inviter: str, apps: str, cc: str, message: str
) -> None:
    facts = {
        **FACTS,
        "tenant_name": tenant,
        "inviter_name": inviter,
        "apps": apps,
        "cc_name": cc,
        "message": message,
    }
    mail = render(replace(INVITATION, data=facts))
    read = parsed(mail)
    assert set(read.keys()) <= HEADERS
    assert len(read.keys()) == len(set(read.keys()))
    for header, address in (
        ("From", "invites@contoso.example"),
        ("To", "maria@nordwind.example"),
        ("Cc", "sam@contoso.example"),
        ("Reply-To", "nikos@contoso.example"),
    ):
        assert [one.addr_spec for one in read[header].addresses] == [address]
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    text = read.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert "\n" not in read["Subject"]
    assert Page(mail.html).links.count(LINK) == 2


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r")), subject=st.text(max_size=200))
@example(
    text="blanks at the end  \n\t\n.\n..\nFrom here\n--=_" + MAIL_ID + "--\n=3D" + "x" * 2000,
    subject="Bcc: x@y.example",
)
def test_both_parts_arrive_as_they_were_written(text: str, subject: str) -> None:
    envelope = Envelope(
        MAIL_ID,
        "test",
        "",
        "en",
        "",
        "no-reply@contoso.example",
        "maria@nordwind.example",
        None,
        "",
        None,
        subject,
    )
    mail = build_message(envelope, text, text, NOW)
    assert all(len(line) <= 76 for line in mail.source.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    for kind in ("plain", "html"):
        part = parsed(mail).get_body((kind,))
        assert part is not None
        assert part.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


@given(tag=st.text(max_size=20) | st.from_regex(r"[a-z]{2}(-[A-Z]{2})?", fullmatch=True))
def test_any_language_tag_gives_a_mail(tag: str) -> None:
    assert render(replace(PASSCODE, language=tag)).text.startswith("1234 5678")


# --- languages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de", "de"), ("de-AT", "de"), ("DE-de", "de"), ("en-GB", "en"), ("xx", "en"), ("", "en")],
)
def test_the_nearest_language_is_taken(tag: str, language: str) -> None:
    mail = render(replace(INVITATION, language=tag))
    assert f'<html lang="{language}"' in mail.html
    assert parsed(mail)["Content-Language"] == language


def test_a_german_invitation_frames_the_message_as_it_was_written() -> None:
    text, html = parts(render(replace(INVITATION, language="de-DE")))
    for part in (text, html):
        assert "Nikos Pappas schreibt:" in part
        assert "Hello Maria," in part


def test_languages_know_the_same_keys_and_values() -> None:
    languages = Languages()
    english = languages.best("en")
    for tag in languages.known():
        strings = languages.best(tag)
        assert set(strings.by_key) == set(english.by_key)
        for key, text in strings.by_key.items():
            assert _names(text) == _names(english[key]), key


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_string_of_the_templates_exists() -> None:
    from xenia.outside.mail.render import FOLDER

    known = set(Languages().best("en").by_key)
    for template in FOLDER.glob("*.j2"):
        for key in re.findall(r't\("([a-z-]+\.[a-z_]+)"\s*[,)]', template.read_text("utf-8")):
            assert key in known, f"{template.name}: {key}"
