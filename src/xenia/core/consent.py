"""Consent: what is asked, who may agree to it, and what a name on the page may hide. Pure.

Whoever agrees for themselves is held to the tenant's setting; whoever agrees for everybody needs a role. Who
publishes an app is told as far as it is known: this server checks no publisher, and says so.
"""

from __future__ import annotations

import unicodedata

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.tenant import UserConsent
from xenia.core.ids import ObjectId
from xenia.core.wording import mark
from xenia.record import Record

COMMON_PERMISSIONS = {
    "openid": (mark("Sign you in"), mark("Lets the app know who you are when you sign in.")),
    "profile": (mark("View your basic profile"), mark("Your name and the organization you are a guest of.")),
    "email": (mark("View your email address"), mark("The address you sign in with.")),
    "offline_access": (
        mark("Maintain access to data you have given it access to"),
        mark("The app keeps its access while you are away. It gets no further permissions by that."),
    ),
    "User.Read": (
        mark("Sign you in and read your profile"),
        mark("What this organization knows of you: name, addresses, job title and the like."),
    ),
}
"""Title and explanation of what nearly every app asks for, by value at Graph: said in the reader's language. All others
are shown as the API's publisher, or Graph, wrote them."""


class ConsentItem(Record):
    """One permission on the page."""

    scope: str
    """As requested; what ``Facts.consented_scopes`` remembers."""
    value: str
    client_id: ObjectId
    """Service principal that gets it: the app's, or that of an API which is asked for together with it."""
    resource_id: ObjectId
    """Service principal of the resource."""
    permission_id: str
    title: str
    description: str
    admin_only: bool = False
    is_low: bool = False
    """Whether the tenant classified it as of low impact."""
    is_trusted: bool = False
    """Whether the owner of the API lets the app have it without asking anybody (``preAuthorizedApplications``)."""
    role_id: str | None = None
    """Set for application permissions: the role of the resource that the app itself is given."""
    resource_name: str = ""


class Publisher(Record):
    """Who registered the app."""

    domain: str
    is_home: bool
    """Registered in the very tenant that is asked."""


class ConsentNeed(Record):
    """What the consent page lists; nothing is to be asked when ``missing`` is empty."""

    items: tuple[ConsentItem, ...] = ()
    """Everything the request needs."""
    missing: tuple[ConsentItem, ...] = ()
    """Those nobody agreed to yet."""
    admin_only: bool = False
    """Somebody without an administrator role cannot agree."""
    may_grant_for_all: bool = False
    """The person holds a role that may agree for everybody."""
    for_organization: bool = False
    """The admin consent endpoint: agreeing for everybody is all there is."""
    new_principals: tuple[ServicePrincipal, ...] = ()
    """Apps this tenant does not know yet; they come with the agreement."""
    publisher: Publisher | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The missing scopes as they were requested."""
        return tuple(item.scope for item in self.missing)

    def shown(self, *, everything: bool) -> tuple[ConsentItem, ...]:
        """What the page lists: what is new, or all of it when consent was demanded anew."""
        return self.items if everything or self.for_organization or not self.missing else self.missing


NOTHING = ConsentNeed()


def needs_administrator(
    missing: tuple[ConsentItem, ...],
    setting: UserConsent,
    *,
    is_own_app: bool,
    assignment_required: bool,
) -> bool:
    """Whether an ordinary person may not agree to these permissions for themselves.

    ``LOW`` admits the organization's own apps and what it classified as of low impact; no publisher is verified
    here, so apps of others never pass. An app that requires assignment is an administrator's to decide about.
    """
    if not missing:
        return False
    if assignment_required or setting is UserConsent.NONE or any(item.admin_only for item in missing):
        return True
    return setting is UserConsent.LOW and not (is_own_app and all(item.is_low for item in missing))


def alphabets(text: str) -> frozenset[str]:
    """The scripts of its letters, as far as the Unicode names tell (``LATIN``, ``CYRILLIC``, ...)."""
    return frozenset(
        unicodedata.name(sign, "UNKNOWN").partition(" ")[0].partition("-")[0]
        for sign in text
        if sign.isalpha()
    )


def mixes_alphabets(name: str) -> bool:
    """Whether one word of the name mixes scripts that hold look-alikes, as names do that pose as another (UTS 39)."""
    look_alike = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL"}
    return any(len(alphabets(word) & look_alike) > 1 for word in name.split())
