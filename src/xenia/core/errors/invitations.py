"""Refusals of inviting and of redeeming."""

from __future__ import annotations

from xenia.core.errors.base import XeniaError


class InvitationRefused(XeniaError):
    """A rule of the tenant forbids this invitation."""


class InvitationsNotAllowed(InvitationRefused):
    """The guest invite setting admits this caller not (or nobody)."""

    def __init__(self) -> None:
        super().__init__(
            "Guest invitations not allowed for your company. Contact your company administrator for more details."
        )


class DomainNotAllowed(InvitationRefused):
    """Collaboration restrictions refuse the address's domain."""

    def __init__(self, domain: str, rule: str) -> None:
        listed = "is on the deny list" if rule == "deny" else "is not on the allow list"
        super().__init__(
            f"The domain {domain} {listed} of this organization. An administrator can change it under "
            "External collaboration settings, Collaboration restrictions."
        )
        self.domain = domain
        self.rule = rule


class InviteeIsMember(InvitationRefused):
    """The address lies in one of the tenant's own verified domains."""

    def __init__(self) -> None:
        super().__init__(
            "This user cannot be invited because the domain of the user's email address is a verified domain "
            "of this directory."
        )


class InviteeExists(InvitationRefused):
    """Somebody in the directory holds this address already (an ordinary user, or a blocked guest)."""

    def __init__(self, object_id: str, *, blocked: bool = False) -> None:
        tail = (
            ", but the account is blocked from signing in. If the account is unblocked, they can use that account "
            "to sign in to shared resources."
            if blocked
            else ". They can use that account to sign in to shared apps and resources."
        )
        super().__init__(f"The invited user already exists in the directory as object ID: {object_id}{tail}")
        self.object_id = object_id
        self.blocked = blocked


class AddressNotOnUser(InvitationRefused):
    """A redemption reset names an address that the user object does not hold."""

    def __init__(self) -> None:
        super().__init__(
            "The email you\u2019re using to invite this user doesn\u2019t match any emails on the user object. "
            "Please add this email to the user object and try again."
        )


class ResetNotPermitted(InvitationRefused):
    """The caller may invite but not reset a redemption."""

    def __init__(self) -> None:
        super().__init__("Generic authorization exception.")


class RedemptionRefused(XeniaError):
    """The guest cannot redeem; each subclass has its own page with a way on."""


class InvitationNotUsable(RedemptionRefused):
    """Unknown, forged, withdrawn, replaced or deleted: one answer, so that nothing can be probed."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("This invitation was withdrawn or replaced.", detail=detail)


class GuestBlocked(RedemptionRefused):
    """The invited user exists but may not sign in."""

    def __init__(self) -> None:
        super().__init__("This guest account is blocked from signing in.")


class GuestDomainRefused(RedemptionRefused):
    """The domain was acceptable when invited and is refused by now."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"The organization does not accept guests from {domain} at the moment.")
        self.domain = domain


class WrongAccount(RedemptionRefused):
    """Somebody else's account was proven on this invitation."""

    def __init__(self, signed_in: str, invited: str) -> None:
        super().__init__(f"You are signed in as {signed_in}, but this invitation is for {invited}.")
        self.signed_in = signed_in
        self.invited = invited


class PasscodesOff(RedemptionRefused):
    """The organisation does not send passcodes and the person has no other way in."""

    def __init__(self) -> None:
        super().__init__("This organization does not send codes by email.")
