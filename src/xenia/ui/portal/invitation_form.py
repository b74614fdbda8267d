"""The fields of **Invite external user**: reading them, keeping them, and turning them into an order.

Owns the translation between form and ``InvitationOrder``. What is allowed is decided by the use case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from xenia.core.directory.user import UserType
from xenia.core.errors import InvalidValue
from xenia.core.invitation import CcRecipient
from xenia.core.wording import ENGLISH_TAG, LANGUAGES
from xenia.ports import Ports
from xenia.ui.portal.desk import Visit
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.users.user_dossier import find_person

_DRAFT = "invitation-draft"
BASICS = ("email", "display_name", "message", "cc", "redirect_url", "language")
PROFILE: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Identity", (("given_name", "First name"), ("surname", "Last name"))),
    (
        "Job information",
        (
            ("job_title", "Job title"),
            ("company_name", "Company name"),
            ("department", "Department"),
            ("employee_id", "Employee ID"),
            ("employee_type", "Employee type"),
            ("office_location", "Office location"),
        ),
    ),
    (
        "Contact information",
        (
            ("street_address", "Street address"),
            ("city", "City"),
            ("state", "State or province"),
            ("postal_code", "ZIP or postal code"),
            ("country", "Country or region"),
            ("business_phones", "Business phone"),
            ("mobile_phone", "Mobile phone"),
            ("fax_number", "Fax number"),
        ),
    ),
    ("Settings", (("usage_location", "Usage location"), ("preferred_language", "Preferred language"))),
)
_PROFILE_NAMES = tuple(name for _, fields in PROFILE for name, _ in fields)
_TEXTS = (*BASICS, *_PROFILE_NAMES, "user_type", "manager", "sponsors")
_FIELD_NAMES = {
    "message_body": "message",
    "message_language": "language",
    "app_assignments": "apps",
}
MAIL_LANGUAGES = [
    ("", "Their preference, else the organization's"),
    ("en-US", "English"),
    *(
        (tag, name)
        for tag, name in sorted(LANGUAGES.items(), key=lambda entry: entry[1])
        if tag != ENGLISH_TAG
    ),
]


class InvitationForm:
    """What was typed, in one mapping, plus the apps that were ticked."""

    def __init__(self, texts: Mapping[str, str], apps: tuple[str, ...], *, send: bool) -> None:
        self.texts = {name: texts.get(name, "") for name in _TEXTS}
        self.apps = apps
        self.send = send

    @property
    def has_profile(self) -> bool:
        """Whether anything beyond the basics was filled in."""
        names = (*_PROFILE_NAMES, "manager", "sponsors")
        return any(self.texts[name] for name in names) or self.texts["user_type"] == UserType.MEMBER

    @classmethod
    def fresh(cls, visit: Visit, base_url: str) -> InvitationForm:
        """The empty form; an address may come along in the link."""
        my_apps = f"{base_url}/myapps?tenantId={visit.tenant.id}"
        email = visit.request.query.get("email")[:254]
        return cls(
            {"redirect_url": my_apps, "user_type": UserType.GUEST.value, "email": email}, (), send=True
        )

    @classmethod
    def posted(cls, visit: Visit) -> InvitationForm:
        """What the browser sent."""
        texts = {name: visit.form(name).replace("\r\n", "\n").strip() for name in _TEXTS}
        return cls(texts, visit.request.form.all("apps")[:50], send="send" in visit.request.form)

    def order(self, ports: Ports, visit: Visit) -> InvitationOrder:
        """The order. Raises InvalidValue when manager or a sponsor names nobody."""
        texts = self.texts
        sponsors = tuple(
            _person_id(ports, visit, "sponsors", line)
            for line in texts["sponsors"].split("\n")
            if line.strip()
        )
        return InvitationOrder(
            email=texts["email"],
            redirect_url=texts["redirect_url"],
            display_name=texts["display_name"] or None,
            user_type=UserType.MEMBER if texts["user_type"] == UserType.MEMBER else UserType.GUEST,
            send_message=self.send,
            message_body=texts["message"] or None,
            message_language=texts["language"] or None,
            cc=(CcRecipient(None, texts["cc"]),) if texts["cc"] else (),
            sponsors=sponsors or None,
            manager=_person_id(ports, visit, "manager", texts["manager"]) if texts["manager"] else None,
            properties={name: texts[name] for name in _PROFILE_NAMES if texts[name]},
            app_assignments=tuple(_pair(app) for app in self.apps),
        )

    def sealed(self, ports: Ports, visit: Visit) -> str:
        """The form as one parameter, for the frame that shows its mail. Nobody else can read or make it."""
        kept = {"texts": {k: v for k, v in self.texts.items() if v}, "apps": self.apps, "send": self.send}
        return ports.sealer.seal(json.dumps(kept).encode(), f"{_DRAFT}:{visit.tenant.id}")

    @classmethod
    def unsealed(cls, ports: Ports, visit: Visit, sealed: str) -> InvitationForm | None:
        """The form behind the parameter, or None."""
        try:
            kept = json.loads(ports.sealer.open(sealed, f"{_DRAFT}:{visit.tenant.id}"))
        except ValueError:
            return None
        return cls(kept["texts"], tuple(kept["apps"]), send=bool(kept["send"]))

    def body(self) -> dict[str, object]:
        """The same wish as the body of the API call."""
        info = {
            name: value
            for name, value in (
                ("customizedMessageBody", self.texts["message"]),
                ("messageLanguage", self.texts["language"]),
                (
                    "ccRecipients",
                    [{"emailAddress": {"address": self.texts["cc"]}}] if self.texts["cc"] else None,
                ),
            )
            if value
        }
        body: dict[str, object] = {
            "invitedUserEmailAddress": self.texts["email"] or "name@example.com",
            "inviteRedirectUrl": self.texts["redirect_url"],
            "sendInvitationMessage": self.send,
        }
        if self.texts["display_name"]:
            body["invitedUserDisplayName"] = self.texts["display_name"]
        return body | ({"invitedUserMessageInfo": info} if info else {})


def field_of(name: str) -> str:
    """The control that an attribute of the order is typed into."""
    return _FIELD_NAMES.get(name, name)


def _pair(app: str) -> tuple[str, str]:
    principal, _, role = app.partition(":")
    return principal, role


def _person_id(ports: Ports, visit: Visit, field: str, text: str) -> str:
    found = find_person(ports, visit.actor, text)
    if found is None:
        raise InvalidValue(
            field,
            f"No single user is called \u201c{text.strip()[:80]}\u201d. Enter an email address, user principal name or object ID.",
        )
    return found.id
