"""Demands: what this sign-in must prove, computed anew at every step from request, directory and policies."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.tenant import TenantPolicies
from xenia.core.errors import XeniaError
from xenia.core.sign_up import RequestState
from xenia.record import Record

SIGN_IN_FREQUENCY_SKEW = timedelta(minutes=5)
"""So much later than the frequency says, that clients which renew on the minute are not cut off."""


def oldest_sign_in(policies: TenantPolicies, at: datetime) -> datetime:
    """Proofs older than this do not count at that moment (sign-in frequency)."""
    frequency = policies.sign_in_frequency
    return (
        datetime.min.replace(tzinfo=at.tzinfo)
        if frequency is None
        else at - frequency - SIGN_IN_FREQUENCY_SKEW
    )


class SignUpDemands(Record):
    """What the user flow asks of somebody who is no user here yet."""

    is_open: bool
    """Switched on for the tenant, allowed by the flow, and the flow still serves this application."""
    first_hook: bool = False
    """A connector is asked after the account is proven."""
    asks_details: bool = False
    """The flow has a page of attributes."""
    second_hook: bool = False
    """A connector is asked before the guest is created."""
    requires_approval: bool = False
    request: RequestState | None = None
    """What became of this account's request for approval, when there is one."""


class Demands(Record):
    """What must hold before anything is issued. Nothing in it is remembered between steps."""

    silent: bool = False
    """``prompt=none``: no page may be shown."""
    choose_account: bool = False
    """``prompt=select_account``, or several accounts are signed in and none was named."""
    fresh_since: datetime | None = None
    """Proofs older than this do not count (``prompt=login``, ``max_age``)."""
    passcodes_off: bool = False
    """The tenant does not send passcodes."""
    refusal: XeniaError | None = None
    """What directory or policy say against this account; known only once it is proven."""
    must_redeem: bool = False
    """The user is a guest whose invitation awaits acceptance."""
    second_factor: bool = False
    """Security defaults or a policy require a second factor."""
    has_second_factor: bool = False
    """The user has a proven authenticator app."""
    must_change_password: bool = False
    """The member's password was set by somebody else and must be replaced now."""
    missing_scopes: tuple[str, ...] = ()
    """Requested scopes nobody has agreed to."""
    force_consent: bool = False
    """``prompt=consent``."""
    consent_error: XeniaError | None = None
    """The silent answer when consent is missing, or why only an administrator may consent."""
    admin_must_consent: bool = False
    sign_up: SignUpDemands | None = None
    """Somebody who is no user here yet signs up; None in every other sign-in."""
    offer_stay: bool = False
    """Ask *Stay signed in?* (members, interactively, when the tenant wants it)."""
