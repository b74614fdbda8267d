"""Every refusal of the protocol has its number, OAuth name and place."""

from __future__ import annotations

import inspect

from xenia.core import errors
from xenia.core.aadsts import AADSTS, ASSERTION_CODES, aadsts_of

SUBERRORS = {
    None, "bad_token", "consent_required", "basic_action", "additional_action", "message_only",
    "user_password_expired", "token_expired",
}  # fmt: skip


def _concrete(kind: type) -> set[type]:
    below = kind.__subclasses__()
    return {kind}.union(*(_concrete(child) for child in below)) if below else {kind}


def test_every_protocol_error_has_a_row_of_its_own() -> None:
    # A surface may narrow a refusal of the core (it takes that one's row); the core's own each have theirs.
    kinds = {kind for kind in _concrete(errors.ProtocolError) if kind.__module__.startswith("xenia.core.")}
    kinds -= {errors.ProtocolError}
    assert {kind.__name__ for kind in kinds if kind not in AADSTS} == set()


def test_every_refused_redemption_has_a_row() -> None:
    kinds = _concrete(errors.RedemptionRefused) - {errors.RedemptionRefused}
    assert {kind.__name__ for kind in kinds if kind not in AADSTS} == set()


def test_rows_are_within_the_vocabulary_of_clients() -> None:
    for kind, row in AADSTS.items():
        assert row.suberror in SUBERRORS, kind
        assert 400 <= row.status < 600, kind
        assert row.error.replace("_", "").isalpha(), kind
        assert (inspect.getdoc(kind) or "").strip(), kind


def test_nothing_told_before_the_redirect_uri_is_proven_may_redirect() -> None:
    for kind in (
        errors.RedirectUriMismatch,
        errors.NoRedirectUri,
        errors.RedirectUriNotAbsolute,
        errors.TenantNotFound,
    ):
        assert not AADSTS[kind].may_redirect
    for kind in (
        errors.ApplicationNotFound,
        errors.ApplicationDisabled,
        errors.InvalidClientId,
        errors.NotMultiTenant,
    ):
        assert not AADSTS[kind].may_redirect


def test_an_expired_or_revoked_grant_makes_clients_sign_in_again() -> None:
    for kind in (errors.InvalidGrant, errors.CodeExpired, errors.CodeReused):
        assert (AADSTS[kind].error, AADSTS[kind].suberror) == ("invalid_grant", "bad_token")


def test_what_nobody_expected_tells_nothing() -> None:
    assert aadsts_of(RuntimeError("secret")).error == "server_error"


def test_reasons_of_an_assertion_have_their_numbers() -> None:
    for reason, code in ASSERTION_CODES.items():
        assert aadsts_of(errors.ClientAssertionInvalid(reason, "")).code == code
