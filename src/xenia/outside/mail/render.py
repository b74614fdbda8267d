"""Rendering of mails: words, both parts and the finished message.

Owns wording and looks of every mail, and what its data may hold. Must not send, and must not read the directory:
all facts arrive in ``Mail.data``. Missing keys count as empty; values are text.

=============  ============================================================================================
Kind           Data
=============  ============================================================================================
every kind     ``tenant_name``, ``tenant_domain`` (sender when no ``mail_from`` is set), ``tenant_id``
invitation     ``inviter_name`` and ``inviter_address`` (empty: the organization invites), ``invited_address``,
               ``apps`` (names, may be empty), ``landing`` (host), ``message`` (plain text, may have lines),
               ``redeem_url``, ``way`` (``passcode`` or ``account``), ``privacy_url``, ``terms_url``,
               ``contact``, ``cc_name``
passcode       ``code`` (8 digits), ``app_name``, ``requested_at`` (ISO 8601), ``lifetime_minutes``, ``privacy_url``,
               ``known`` (``access``, ``invited`` or ``elsewhere``: who signs up is somebody here already)
test           ``requested_by``, ``requested_at``
method-added   ``method``, ``added_at``, ``contact``
consent-…      ``app_name``, ``asked_at``, ``contact``; when requested ``asker_name``, ``message`` (their words),
               ``expires_at``, ``request_url``; when decided ``reason`` (may be empty)
sign-up-…      ``app_name``, ``app_url`` (may be empty), ``asked_at``, ``reason`` (when denied), ``contact``
=============  ============================================================================================
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from xenia.core.mail import Mail, MailKind, RenderedMail
from xenia.outside.mail.message import Envelope, build_message
from xenia.outside.mail.strings_by_key import Languages, Strings
from xenia.ports import ServerInfo

FOLDER = Path(__file__).parent / "templates"
WIDTH = 72
_SUBJECT_PART = 80
_MANY_LINES = frozenset({"message"})
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
_DIRECTION_SIGNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class MailRenderer:
    """``MailPreview``, and what the dispatcher sends. One instance serves all threads."""

    def __init__(self, server: ServerInfo, languages: Languages | None = None) -> None:
        self._server = server
        self._languages = languages or Languages()
        self._html = _environment(escaping=True)
        self._text = _environment(escaping=False)

    def render(self, mail: Mail, mail_id: str, now: datetime) -> RenderedMail:
        """The finished message. The same mail and id give the same ``Message-ID`` whenever it is rendered.

        Raises ValueError when an address cannot stand in a header.
        """
        strings = self._languages.best(mail.language)
        facts = _facts(mail.data)
        subject = _subject(mail.kind, facts, strings)
        model = self._model(mail, facts, strings) | {"subject": subject}
        html = self._html.get_template(f"{mail.kind.value}.html.j2").render(model | {"t": _markup(strings)})
        text = self._text.get_template(f"{mail.kind.value}.txt.j2").render(model | {"t": strings.text})
        envelope = Envelope(
            mail_id=mail_id,
            kind=mail.kind.value,
            tenant_id=facts["tenant_id"],
            language=strings["meta.tag"],
            sender_name=strings.text(f"sender.{mail.kind.value}", org=facts["tenant_name"]),
            sender=self._server.mail_from or _own_sender(mail.kind, facts, self._server),
            to=mail.to,
            cc=mail.cc,
            cc_name=facts["cc_name"],
            reply_to=mail.reply_to,
            subject=subject,
        )
        return build_message(envelope, html, _tidy(text), now)

    def _model(self, mail: Mail, facts: Mapping[str, str], strings: Strings) -> dict[str, object]:
        person, apps = bool(facts["inviter_name"]), bool(facts["apps"])
        return {
            "f": facts,
            "to": mail.to,
            "lang": strings["meta.tag"],
            "direction": strings["meta.direction"],
            "base_url": self._server.base_url,
            "host": urlsplit(self._server.base_url).netloc,
            "loopback": self._server.is_loopback and self._server.mail_leaves,
            "lead": f"lead_{'person' if person else 'org'}{'_apps' if apps else ''}",
            "sender": "person" if person else "org",
            "way": "account" if facts["way"] == "account" else "passcode",
            "no_privacy": _no_privacy(mail, facts, strings),
            "code": _grouped(facts["code"]),
            "requested_at": _moment(facts["requested_at"], strings),
            "requested_time": _clock_time(facts["requested_at"], strings),
            "added_at": _moment(facts["added_at"], strings),
            "asked_at": _moment(facts["asked_at"], strings),
            "expires_at": _moment(facts["expires_at"], strings),
        }


def _environment(*, escaping: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=escaping,  # noqa: S701  (off for the text part only, which nobody reads as HTML)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters |= {"fill": _fill, "quoted": _quoted}
    return environment


def _markup(strings: Strings) -> Callable[..., Markup]:
    """Strings for HTML: every value is escaped unless a template made it."""

    def translate(key: str, /, **values: object) -> Markup:
        return Markup(strings[key]).format(**values)  # noqa: S704  (our own strings; format escapes the values)

    return translate


# --- facts --------------------------------------------------------------------------------------


def _facts(data: Mapping[str, str]) -> Mapping[str, str]:
    """The data, fit for one line each: a name with line breaks could pose as another paragraph or header."""
    clean = {key: _lines(text) if key in _MANY_LINES else _one_line(text) for key, text in data.items()}
    return defaultdict(str, clean)


def _one_line(text: str) -> str:
    return " ".join(_printable(text.replace("\n", " ").replace("\t", " ")).split())


def _lines(text: str) -> str:
    return "\n".join(_printable(line.replace("\t", "    ")) for line in re.split(r"\r\n|\r|\n", text)).strip()


def _printable(text: str) -> str:
    """Without control characters and without signs that turn the reading direction to disguise text."""
    return "".join(
        " " if unicodedata.category(sign) in _UNPRINTABLE else sign
        for sign in text
        if sign not in _DIRECTION_SIGNS
    )


def _subject(kind: MailKind, facts: Mapping[str, str], strings: Strings) -> str:
    values = {name: _shortened(facts[name]) for name in ("inviter_name", "apps", "tenant_name", "app_name")}
    key = f"{kind.value}.subject"
    if kind is MailKind.INVITATION:
        key += f"_{'person' if facts['inviter_name'] else 'org'}{'_apps' if facts['apps'] else ''}"
    return strings.text(
        key,
        inviter=values["inviter_name"],
        apps=values["apps"],
        org=values["tenant_name"],
        app=values["app_name"],
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _SUBJECT_PART else text[: _SUBJECT_PART - 1].rstrip() + "…"


def _no_privacy(mail: Mail, facts: Mapping[str, str], strings: Strings) -> str:
    if facts["contact"]:
        return strings.text("privacy.none_contact", org=facts["tenant_name"], contact=facts["contact"])
    return strings.text("privacy.none_reply" if mail.reply_to else "privacy.none", org=facts["tenant_name"])


def _own_sender(kind: MailKind, facts: Mapping[str, str], server: ServerInfo) -> str:
    """Without a configured sender mail stays in the mailbox; it then comes from the tenant's own domain."""
    domain = facts["tenant_domain"] or urlsplit(server.base_url).hostname or "localhost"
    return f"{'invites' if kind is MailKind.INVITATION else 'no-reply'}@{domain}"


def _grouped(code: str) -> str:
    return f"{code[:4]} {code[4:]}" if len(code) == 8 else code


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str, strings: Strings) -> str:
    moment = _read_moment(text)
    if moment is None:
        return text
    return strings.text("meta.moment", date=f"{moment:%Y-%m-%d}", time=f"{moment:%H:%M}")


def _clock_time(text: str, strings: Strings) -> str:
    moment = _read_moment(text)
    return text if moment is None else strings.text("meta.time", time=f"{moment:%H:%M}")


# --- text part ----------------------------------------------------------------------------------


def _fill(text: str, indent: str = "") -> str:
    """One paragraph in 72 columns. Addresses and links are never broken."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _quoted(text: str) -> str:
    """What a person wrote, each line marked as theirs."""
    lines: list[str] = []
    for line in text.split("\n"):
        wrapped = textwrap.wrap(line, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
        lines.extend(f"> {part}" for part in wrapped or [""])
    return "\n".join(line.rstrip() for line in lines)


def _tidy(text: str) -> str:
    """At most one empty line in a row, and exactly one line end at the end."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
