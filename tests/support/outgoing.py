"""The ports to other people's servers, real, with the loopback peers of tests allowed."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from xenia.outside.errands import BackgroundErrands
from xenia.outside.fetcher import Answer, FetchPolicy, GuardedFetcher
from xenia.outside.foreign_tokens import JoserfcTokens
from xenia.outside.provider_documents import CachedDocuments
from xenia.ports import Clock


class Outgoing(TypedDict):
    """Arguments of ``Ports``."""

    fetcher: GuardedFetcher
    provider_documents: CachedDocuments
    foreign_tokens: JoserfcTokens
    errands: BackgroundErrands


def outgoing(
    clock: Clock,
    *,
    own_origins: tuple[str, ...] = (),
    answer_own: Answer | None = None,
    allow_private: bool = True,
    ca_bundle: Path | None = None,
) -> Outgoing:
    """For ``Ports(…, **outgoing(clock))``."""
    policy = FetchPolicy(frozenset(own_origins), answer_own, allow_private=allow_private, ca_bundle=ca_bundle)
    fetcher = GuardedFetcher(policy)
    return Outgoing(
        fetcher=fetcher,
        provider_documents=CachedDocuments(fetcher, clock),
        foreign_tokens=JoserfcTokens(),
        errands=BackgroundErrands(),
    )
