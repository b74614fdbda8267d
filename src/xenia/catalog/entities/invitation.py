"""Invitations: create only, as in the original (Microsoft Graph: invitation)."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Complex, Edm, Entity, Prop, Resource, Service, Values, Write
from xenia.core.actor import Actor
from xenia.core.directory.user import UserType
from xenia.core.errors import InvalidValue
from xenia.core.invitation import CcRecipient, Invitation
from xenia.ports import Ports
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invitation_rules import INVITE_PERMISSIONS
from xenia.usecases.invitations.invite_guest import InvitationResult, invite_guest

_WIRE_NAMES = {
    "email": "invitedUserEmailAddress",
    "redirect_url": "inviteRedirectUrl",
    "display_name": "invitedUserDisplayName",
    "user_type": "invitedUserType",
    "cc": "invitedUserMessageInfo/ccRecipients",
    "message_body": "invitedUserMessageInfo/customizedMessageBody",
    "message_language": "invitedUserMessageInfo/messageLanguage",
    "user_id": "invitedUser",
    "sponsors": "invitedUserSponsors",
}
EMAIL_ADDRESS = Complex(
    "emailAddress", (Prop("name", write=Write.CREATE), Prop("address", write=Write.CREATE))
)
RECIPIENT = Complex("recipient", (Prop("emailAddress", EMAIL_ADDRESS, write=Write.CREATE),))
MESSAGE_INFO = Complex(
    "invitedUserMessageInfo",
    (
        Prop("messageLanguage", write=Write.CREATE),
        Prop("customizedMessageBody", write=Write.CREATE),
        Prop("ccRecipients", RECIPIENT, many=True, write=Write.CREATE),
    ),
)
USER_REFERENCE = Complex("user", (Prop("id", write=Write.CREATE),))


def _of(attribute: str) -> Any:
    return lambda result: getattr(result.invitation, attribute)


def _message_info(result: InvitationResult) -> object:
    """Present even when none was sent, with nulls: SDKs read members of it unasked."""
    invitation: Invitation = result.invitation
    cc = invitation.cc
    return {
        "messageLanguage": invitation.message_language,
        "customizedMessageBody": invitation.message_body,
        "ccRecipients": [
            {"emailAddress": {"name": cc.name if cc else None, "address": cc.address if cc else None}}
        ],
    }


def _create(ports: Ports, actor: Actor, values: Values) -> InvitationResult:
    try:
        return invite_guest(ports, actor, _order(values))
    except InvalidValue as error:
        name = _WIRE_NAMES.get(error.field, error.field)
        raise InvalidValue(name, f"Invalid value specified for property '{name}'. {error.message}") from None


def _order(values: Values) -> InvitationOrder:
    info = values.get("invitedUserMessageInfo") or {}
    sponsors = values.get("invitedUserSponsors")
    return InvitationOrder(
        email=values["invitedUserEmailAddress"],
        redirect_url=values["inviteRedirectUrl"],
        display_name=values.get("invitedUserDisplayName"),
        user_type=_user_type(values.get("invitedUserType")),
        send_message=values.get("sendInvitationMessage") or False,
        message_body=info.get("customizedMessageBody"),
        message_language=info.get("messageLanguage"),
        cc=_recipients(info.get("ccRecipients") or ()),
        sponsors=None if sponsors is None else tuple(item["id"] or "" for item in sponsors),
        reset_redemption=values.get("resetRedemption") or False,
        user_id=(values.get("invitedUser") or {}).get("id"),
    )


def _user_type(value: str | None) -> UserType:
    if value is None:
        return UserType.GUEST
    found = next((kind for kind in UserType if kind.value.lower() == value.lower()), None)
    if found is None:
        raise InvalidValue("user_type", "Guest or Member.")
    return found


def _recipients(items: Any) -> tuple[CcRecipient, ...]:
    """Those with an address: a client that echoes an earlier answer sends one with nulls."""
    addresses = [(item.get("emailAddress") or {}) for item in items]
    return tuple(
        CcRecipient(found.get("name"), found["address"]) for found in addresses if found.get("address")
    )


INVITATION = Entity(
    "invitation",
    "An invitation of somebody from outside; creating one creates the guest.",
    (
        Prop("id", nullable=False, read=_of("id")),
        Prop("inviteRedeemUrl", read=lambda result: result.redeem_url),
        Prop("invitedUserDisplayName", write=Write.CREATE, read=_of("display_name")),
        Prop("invitedUserType", write=Write.CREATE, read=_of("user_type"), values=("Guest", "Member")),
        Prop("invitedUserEmailAddress", write=Write.CREATE, required=True, nullable=False, read=_of("email")),
        Prop("sendInvitationMessage", Edm.BOOLEAN, write=Write.CREATE, read=_of("send_message")),
        Prop("resetRedemption", Edm.BOOLEAN, write=Write.CREATE, read=_of("reset_redemption")),
        Prop(
            "inviteRedirectUrl", write=Write.CREATE, required=True, nullable=False, read=_of("redirect_url")
        ),
        Prop("status", read=_of("status"), values=("PendingAcceptance", "Completed", "InProgress", "Error")),
        Prop("invitedUserMessageInfo", MESSAGE_INFO, write=Write.CREATE, read=_message_info),
        Prop("invitedUser", USER_REFERENCE, write=Write.CREATE, read=lambda result: {"id": result.user.id}),
        Prop("invitedUserSponsors", USER_REFERENCE, many=True, write=Write.CREATE, read=lambda _result: None),
    ),
)
INVITATIONS = Resource(
    "invitations",
    INVITATION,
    service=Service.INVITATIONS,
    create=_create,
    write_permits=INVITE_PERMISSIONS,
    note="Who may invite is decided by the guest invite settings as well, also for app-only callers. "
    "Invitations are not listed; the invited user tells its state.",
)
