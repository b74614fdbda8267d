"""What a lab's check is made of, and what several labs look for. Reading only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from xenia.core.audit import SignInRecord
from xenia.core.directory.first_party import ACCOUNT_APP_ID, PORTAL_APP_ID
from xenia.core.directory.user import User
from xenia.core.query import Compare, Query, all_of
from xenia.ports import Transaction
from xenia.record import Record

_OWN_PAGES = all_of(
    Compare("app_id", "ne", ACCOUNT_APP_ID),
    Compare("app_id", "ne", PORTAL_APP_ID),
)
"""Accepting an invitation leaves a sign-in record too; the labs are about signing in to an app."""


class Criterion(Record):
    """One success criterion of a lab."""

    title: str
    met: bool
    evidence: tuple[tuple[str, str], ...] = ()
    """What proves it: (label, value)."""
    missing: str = ""
    """What is still to be done, when it is not met."""


class Lab(Record):
    """A guided lab."""

    name: str
    title: str
    goal: str
    minutes: int
    check: Callable[[Transaction], tuple[Criterion, ...]]


def successful_sign_in(tx: Transaction, counts: Callable[[User], bool]) -> tuple[User, SignInRecord] | None:
    """The newest sign-in to an app by a guest that still exists and *counts*."""
    success = all_of(Compare("user_type", "eq", "guest"), Compare("error_code", "eq", 0), _OWN_PAGES)
    for record in tx.logs.list_sign_ins(Query(success, limit=20)).items:
        user = tx.users.find(record.user_id) if record.user_id else None
        if user is not None and counts(user):
            return user, record
    return None


def failed_sign_in(tx: Transaction, user: User) -> SignInRecord | None:
    """The newest sign-in of this user to an app that was refused."""
    failed = all_of(Compare("user_id", "eq", user.id), Compare("error_code", "ne", 0), _OWN_PAGES)
    return next(iter(tx.logs.list_sign_ins(Query(failed, limit=1)).items), None)


def failure_words(record: SignInRecord) -> str:
    """What the last attempt came to, as a sentence."""
    reason = record.failure_reason or "see the sign-in logs"
    return f"The last attempt ({record.app_name}, {time_words(record.at)}) had error {record.error_code}: {reason}"


def name_of(guest: User) -> str:
    """What the person is called in evidence."""
    return guest.mail or guest.display_name


def time_words(moment: datetime) -> str:
    """A moment in evidence."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
