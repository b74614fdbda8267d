"""Sentences that say on the next page what was just done. The address carries a key, never the text itself."""

from __future__ import annotations

_DONE: dict[str, tuple[str, str | None]] = {
    "saved": ("Saved.", None),
    "resent": (
        "The invitation was sent again.",
        "The link is the same as before. The timeline shows its delivery.",
    ),
    "reset": (
        "Redemption status reset.",
        "The person accepts and signs in anew. Object ID and app assignments stay.",
    ),
    "withdrawn": ("The invitation was withdrawn.", "Its link no longer works."),
    "revoked": (
        "Sessions revoked.",
        "Apps may keep working until their access tokens run out, at latest in 90 minutes.",
    ),
    "session-ended": (
        "The browser was signed out.",
        "Apps used there may keep working until their access tokens run out, at latest in 90 minutes.",
    ),
    "tokens-revoked": (
        "The refresh tokens were revoked.",
        "The app may keep working until its access token runs out, at latest in 90 minutes.",
    ),
    "blocked": ("Sign-in blocked.", "Running sessions ended."),
    "unblocked": ("Sign-in allowed again.", None),
    "mfa-reset": ("Authenticator apps removed.", "The next sign-in asks for a new registration."),
    "method-removed": ("The authentication method was deleted.", None),
    "deleted": ("The user was deleted.", "It can be restored for 30 days."),
    "restored": (
        "The user was restored.",
        "Withdrawn invitations stay withdrawn: invite again where needed.",
    ),
    "purged": ("The user was deleted permanently.", None),
    "role-added": ("The role was assigned.", None),
    "role-removed": ("The role was removed.", None),
    "app-registered": ("The app was registered.", "Its enterprise app was created too."),
    "app-deleted": (
        "The app registration was deleted.",
        "It can be restored for 30 days, with its enterprise app: see Deleted applications.",
    ),
    "uri-added": ("The redirect URI was added.", None),
    "credential-removed": ("The credential was deleted.", None),
    "certificate-added": ("The certificate was added.", None),
    "certificate-removed": ("The certificate was removed.", None),
    "scope-deleted": ("The scope was deleted.", None),
    "role-deleted": ("The app role was deleted.", None),
    "app-restored": ("The app registration was restored.", "Its enterprise app works again too."),
    "app-purged": ("The app registration was deleted for good.", None),
    "consented": ("Admin consent granted.", None),
    "permission-revoked": ("The permission was revoked.", "The app's refresh tokens for it ended."),
    "enterprise-app-deleted": ("The app was deleted from this organization.", None),
    "consent-request-approved": (
        "The request was approved.",
        "The app was granted for everybody; who asked is told.",
    ),
    "consent-request-denied": ("The request was denied.", "Who asked is told by mail."),
    "consent-request-blocked": ("The app was blocked.", "It is disabled here; who asked is told by mail."),
    "classified": ("The permission is of low impact now.", None),
    "unclassified": ("The permission is not of low impact any more.", None),
    "assigned": ("The assignment was added.", None),
    "unassigned": ("The assignment was removed.", None),
    "group-created": ("The group was created.", None),
    "group-deleted": ("The group was deleted.", "Its members stay."),
    "member-added": ("The member was added.", "Tokens tell it from the next sign-in or renewal on."),
    "member-removed": ("The member was removed.", "Tokens issued before keep telling it until they run out."),
    "owner-added": ("The owner was added.", None),
    "owner-removed": ("The owner was removed.", None),
    "flow-created": ("The user flow was created.", "Add an application: until then nobody can sign up."),
    "flow-deleted": ("The user flow was deleted.", "Guests who came through it stay."),
    "flow-app-added": ("The application was added.", "Its sign-in page now offers to create an account."),
    "flow-app-removed": ("The application was removed.", "It has no sign-up any more."),
    "test-guests-removed": ("Test guests were removed.", "They can be restored for 30 days."),
    "attribute-created": ("The attribute was added.", "User flows can ask for it now."),
    "attribute-deleted": ("The attribute was deleted.", None),
    "connector-created": ("The API connector was added.", "Try it in its test bench."),
    "connector-deleted": ("The API connector was deleted.", None),
    "provider-created": ("The identity provider was added.", "Press Test to see whether it can be reached."),
    "provider-deleted": ("The identity provider was deleted.", None),
    "request-approved": ("The request was approved.", "The guest exists and can sign in."),
    "request-denied": ("The request was denied.", None),
}


def done_notices(key: str) -> list[dict[str, str | None]]:
    """The green notice of this key; none for an unknown one, so that nobody can put words into our pages."""
    found = _DONE.get(key)
    return [{"kind": "ok", "title": found[0], "text": found[1]}] if found else []
