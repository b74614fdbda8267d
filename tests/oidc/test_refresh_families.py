"""Families of refresh tokens as a state machine: whatever the order of uses, reuse and revocation, a model foretells it.

The model knows nothing of rows: it holds what RFC 9700 section 4.14.2 and the grace for retries promise.
"""

from __future__ import annotations

import tempfile
import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from tests.support.protocol import Protocol, body_of, protocol
from tests.support.renewing import may_stay, signed_in
from xenia.core.directory.application import Platform
from xenia.core.refresh_token import REFRESH_IDLE, RETRY_GRACE
from xenia.usecases.users.user_security import revoke_sessions

INVALID, EXPIRED, REVOKED = [70000], [700082], [50173]


class _Token:
    def __init__(self, family: _Family, text: str, access: str, issued_at: datetime) -> None:
        self.family, self.text, self.access, self.issued_at = family, text, access, issued_at
        self.used_at: datetime | None = None


class _Family:
    def __init__(self) -> None:
        self.tokens: list[_Token] = []
        self.revoked = False


class Families(RuleBasedStateMachine):
    """Several sign-ins of one person, their tokens used by whoever holds them."""

    tokens = Bundle("tokens")

    @initialize()
    def start(self) -> None:
        self.stack = ExitStack()
        directory = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.idp: Protocol = may_stay(self.stack.enter_context(protocol(Path(directory))))
        self.families: list[_Family] = []

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(target=tokens)
    def sign_in(self) -> _Token:
        answer = signed_in(self.idp, Platform.PUBLIC, user=self.idp.server.admin)
        family = _Family()
        self.families.append(family)
        return self._issued(family, answer)

    @rule(target=tokens, token=tokens)
    def use(self, token: _Token) -> object:
        answer = body_of(self.idp.refresh(token.text, client_secret=None))
        expected = self._foretold(token)
        assert answer.get("error_codes") == expected, (expected, answer)
        return self._issued(token.family, answer) if expected is None else multiple()

    @rule(target=tokens, token=tokens)
    def use_twice_at_once(self, token: _Token) -> object:
        answers: list[dict[str, Any]] = []
        begin = threading.Barrier(2)

        def use() -> None:
            begin.wait()
            answers.append(body_of(self.idp.refresh(token.text, client_secret=None)))

        racers = [threading.Thread(target=use) for _ in range(2)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        expected = sorted((self._foretold(token) or [] for _ in range(2)), key=str)
        assert sorted((answer.get("error_codes") or [] for answer in answers), key=str) == expected, answers
        given = [self._issued(token.family, answer) for answer in answers if "error" not in answer]
        return multiple(*given)

    @rule(token=tokens)
    def use_by_another_client(self, token: _Token) -> None:
        answer = body_of(self.idp.refresh(token.text, client_id=self.idp.api.app_id, client_secret=None))
        assert answer["error_codes"] == INVALID

    @rule(token=tokens)
    def use_from_a_foreign_page(self, token: _Token) -> None:
        answer = body_of(self.idp.refresh(token.text, client_secret=None, origin="https://evil.example"))
        assert answer["error_codes"] == [9002326]

    @rule()
    def revoke(self) -> None:
        self.idp.server.clock.advance(timedelta(seconds=1))
        revoke_sessions(self.idp.server.ports, self.idp.server.actor(), self.idp.server.admin.id)
        for family in self.families:
            family.revoked = True
        self.idp.server.clock.advance(timedelta(seconds=1))

    @rule(
        seconds=st.sampled_from([1, 29, 30, 3600]) | st.integers(1, 86400 * 100),
    )
    def wait(self, seconds: int) -> None:
        self.idp.server.clock.advance(timedelta(seconds=seconds))

    @invariant()
    def at_most_the_living_answer(self) -> None:
        """A revoked family has no access token that still opens our own API."""
        if not hasattr(self, "idp"):
            return
        for family in self.families:
            if family.revoked and family.tokens:
                held = family.tokens[-1].access
                answer = self.idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {held}")
                assert answer.status == 401

    def _issued(self, family: _Family, answer: dict[str, str]) -> _Token:
        now = self.idp.server.clock.now()
        token = _Token(family, answer["refresh_token"], answer["access_token"], now)
        family.tokens.append(token)
        return token

    def _foretold(self, token: _Token) -> list[int] | None:
        now, family = self.idp.server.clock.now(), token.family
        if family.revoked:
            return REVOKED
        if token.used_at is None:
            if now >= token.issued_at + REFRESH_IDLE:
                return EXPIRED
            for sibling in family.tokens:
                sibling.used_at = sibling.used_at or now
            return None
        if now - token.used_at < RETRY_GRACE:
            return EXPIRED if now >= token.issued_at + REFRESH_IDLE else None
        family.revoked = True
        return INVALID


TestFamilies = Families.TestCase
TestFamilies.settings = settings(
    max_examples=settings.default.max_examples // 4,  # type: ignore[attr-defined]  # of the profile
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
