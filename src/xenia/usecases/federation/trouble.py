"""Why a hand-over led to nothing: keys for the page, and the published error of each for the sign-in log."""

from __future__ import annotations

from datetime import datetime

from xenia.core import errors as e
from xenia.core.aadsts import aadsts_of
from xenia.core.signin.facts import Facts
from xenia.ports import Transaction
from xenia.record import replace
from xenia.usecases.sign_in.finish import sign_in_record
from xenia.usecases.sign_in.situation import BrowserContext, Situation

TROUBLES: dict[str, type[e.ProviderFailed]] = {
    "declined": e.ProviderDeclined,
    "down": e.ProviderDown,
    "busy": e.ProviderDown,
    "unreachable": e.ProviderDown,
    "code": e.ProviderCodeRefused,
    "issuer": e.ProviderIssuerWrong,
    "document": e.ProviderTokenRefused,
    "signature": e.ProviderTokenRefused,
    "audience": e.ProviderTokenRefused,
    "nonce": e.ProviderTokenRefused,
    "time": e.ProviderTokenRefused,
    "subject": e.ProviderTokenRefused,
    "not-fresh": e.ProviderTokenRefused,
    "not-home": e.ProviderTokenRefused,
    "profile": e.ProviderTokenRefused,
    "gone": e.ProviderFailed,
}
"""``Facts.trouble`` by its error."""


_NOT_ITS_FAULT = frozenset({"declined", "gone", "not-fresh", "not-home"})
"""What the person did, or an administrator here, says nothing of how well the provider works."""
_LONGEST_FAILURE = 300


class HandOverFailed(Exception):
    """The hand-over leads to nothing. ``args[0]`` is a key of ``TROUBLES``, ``args[1]`` a sentence for operators."""


def with_trouble(
    tx: Transaction,
    situation: Situation,
    failed: HandOverFailed,
    provider: str,
    browser: BrowserContext,
    record_id: str,
    now: datetime,
) -> Facts:
    """Facts for the page, which offers to try again; and a row in the sign-in log that names the reason."""
    reason, detail = str(failed.args[0]), str(failed.args[1])
    error = TROUBLES[reason](provider)
    provider_id = situation.facts.provider_id
    if provider_id is not None and reason not in _NOT_ITS_FAULT:
        tx.identity_providers.record_outcome(provider_id, now, detail[:_LONGEST_FAILURE])
    tx.logs.sign_in(
        sign_in_record(
            situation,
            browser,
            record_id,
            now,
            error_code=aadsts_of(error).code,
            reason=f"{error.message} ({detail})"[:1000],
        )
    )
    return replace(situation.facts, hand_over=None, errand=None, trouble=reason)
