"""Users in the words of the portal: identities, invitation states, rows of lists."""

from __future__ import annotations

from xenia.core.directory.user import ExternalUserState, User

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


def state_of(user: User) -> dict[str, str] | None:
    """Badge and words of the invitation state; None for people who were never invited."""
    if user.external_user_state is None:
        return None
    return {"kind": _SIGNS[user.external_user_state], "text": STATE_WORDS[user.external_user_state.value]}


def row_of(user: User, url: str) -> dict[str, object]:
    """A user as a row of a list."""
    return {
        "id": user.id,
        "name": user.display_name,
        "url": url,
        "upn": user.user_principal_name,
        "mail": user.mail,
        "type": user.user_type.value,
        "identities": identities_words(user),
        "state": state_of(user),
        "enabled": user.account_enabled,
        "created_at": user.created_at,
    }
