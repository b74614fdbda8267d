"""Users in the words of the portal: identities, invitation states, rows of lists."""

from __future__ import annotations

from collections.abc import Iterable

from xenia.core.directory.identity_provider import HIDDEN_SUBJECTS
from xenia.core.directory.user import CreationType, ExternalUserState, User
from xenia.core.sign_up import TEST_GUEST
from xenia.core.user_attributes import UserAttribute

STATE_WORDS = {
    ExternalUserState.PENDING_ACCEPTANCE.value: "Pending acceptance",
    ExternalUserState.ACCEPTED.value: "Accepted",
}
_SIGNS = {
    ExternalUserState.PENDING_ACCEPTANCE: "pending",
    ExternalUserState.ACCEPTED: "accepted",
}


def identities_words(user: User) -> str:
    """The **Identities** column: the providers the person signs in with, else the directory itself."""
    others = [each.issuer for each in user.identities if each.sign_in_type != "userPrincipalName"]
    own = [each.issuer for each in user.identities if each.sign_in_type == "userPrincipalName"]
    return ", ".join(dict.fromkeys(others or own)) or "–"


def identity_rows(user: User) -> list[dict[str, str | None]]:
    """Each way in. Where the wire names no subject, the page names none either (Microsoft Graph: objectIdentity)."""
    return [
        {
            "type": each.sign_in_type,
            "issuer": each.issuer,
            "subject": None if each.issuer in HIDDEN_SUBJECTS else each.subject,
        }
        for each in user.identities
    ]


def extension_rows(user: User, attributes: Iterable[UserAttribute]) -> list[tuple[str, str, str]]:
    """(name, property, value) of the custom attributes this user has; one whose definition went keeps its property."""
    names = {each.id: each.display_name for each in attributes}
    return [
        (names.get(key, key), key, ("Yes" if value else "No") if isinstance(value, bool) else str(value))
        for key, value in user.extensions
    ]


def is_test_guest(user: User) -> bool:
    """Whether **Run user flow** made this guest."""
    return user.employee_type == TEST_GUEST and user.creation_type is CreationType.SELF_SERVICE_SIGN_UP


def state_of(user: User, *, withdrawn: bool) -> dict[str, str] | None:
    """Badge and words of the invitation state; None for people who were never invited.

    *withdrawn*: none of the invitations of a pending guest can be used. Microsoft Graph has no word for that
    (``externalUserState`` stays ``PendingAcceptance``), but whoever looks at a list has to know.
    """
    if user.external_user_state is None:
        return None
    if user.is_pending and withdrawn:
        return {"kind": "disabled", "text": "Withdrawn"}
    return {"kind": _SIGNS[user.external_user_state], "text": STATE_WORDS[user.external_user_state.value]}


def row_of(user: User, url: str, *, withdrawn: bool) -> dict[str, object]:
    """A user as a row of a list."""
    return {
        "id": user.id,
        "name": user.display_name,
        "url": url,
        "upn": user.user_principal_name,
        "mail": user.mail,
        "type": user.user_type.value,
        "identities": identities_words(user),
        "state": state_of(user, withdrawn=withdrawn),
        "enabled": user.account_enabled,
        "created_at": user.created_at,
    }
