"""Clocks and unpredictable values."""

from __future__ import annotations

import base64
from datetime import UTC, timedelta

from xenia.core.ids import parse_guid
from xenia.outside.ambient import OffsetClock, SystemClock, SystemEntropy


def test_time_is_aware_and_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_turned_clock_keeps_running() -> None:
    base = SystemClock()
    clock = OffsetClock(base)
    before = base.now()
    assert clock.advance(timedelta(days=1)) >= before + timedelta(days=1)
    clock.advance(-timedelta(days=1))
    assert clock.now() - base.now() < timedelta(hours=1)


def test_values_have_their_shape_and_do_not_repeat() -> None:
    entropy = SystemEntropy()
    guids = {entropy.guid() for _ in range(100)}
    assert len(guids) == 100
    assert all(parse_guid(guid) == guid and guid[14] == "4" and guid[19] in "89ab" for guid in guids)
    assert len(base64.urlsafe_b64decode(entropy.token(32) + "=")) == 32
    assert all(len(entropy.digits(8)) == 8 and entropy.digits(8).isdigit() for _ in range(50))
    assert len(entropy.key()) == 32
