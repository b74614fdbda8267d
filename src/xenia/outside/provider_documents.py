"""Discovery documents and keys of identity providers, fetched through the guarded fetcher and cached.

Owns freshness: how long a document is believed, and when keys are fetched anew (OpenID Connect Core
section 10.1.1: rotation of signing keys). Judges nothing in them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from xenia.core.ids import TenantId
from xenia.ports import Clock, Fetched, Fetcher, FetchFailed, FetchRequest
from xenia.record import Record

_BELIEVED = timedelta(hours=1)
_KEYS_AT_MOST_EVERY = timedelta(seconds=30)
"""A token with an unknown ``kid`` fetches the keys anew, but not more often than this."""
_MOST_KEPT = 256
_LARGEST = 256 * 1024
"""Bytes; real ones have a few thousand. What is kept for an hour must not fill the memory."""
_JsonObject = dict[str, object]


class _Kept(Record):
    document: _JsonObject
    at: datetime


class CachedDocuments:
    """``ProviderDocuments`` with a cache in this process."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def metadata(self, url: str, tenant_id: TenantId) -> Mapping[str, object]:
        """The discovery document. Raises FetchRefused, FetchFailed."""
        return self._document(url, tenant_id, _BELIEVED).document

    def keys(
        self, jwks_uri: str, tenant_id: TenantId, kid: str | None = None
    ) -> Sequence[Mapping[str, object]]:
        """The provider's keys; fetched anew for an unknown *kid*. Raises FetchRefused, FetchFailed."""
        found = _keys(self._document(jwks_uri, tenant_id, _BELIEVED).document)
        if kid is not None and all(entry.get("kid") != kid for entry in found):
            found = _keys(self._document(jwks_uri, tenant_id, _KEYS_AT_MOST_EVERY).document)
        return found

    def forget(self, url: str) -> None:
        """Drop what is cached of this document, and the keys it names."""
        with self._lock:
            kept = self._kept.pop(url, None)
            if kept is not None:
                self._kept.pop(str(kept.document.get("jwks_uri")), None)

    def _document(self, url: str, tenant_id: TenantId, believed: timedelta) -> _Kept:
        now = self._clock.now()
        with self._lock:
            kept = self._kept.get(url)
        if kept is not None and now - kept.at < believed:
            return kept
        request = FetchRequest("GET", url, {"Accept": "application/json"}, tenant_id=tenant_id)
        fetched = self._fetcher.fetch(request)
        fresh = _Kept(_json_object(url, fetched), now)
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[url] = fresh
        return fresh


def _json_object(url: str, fetched: Fetched) -> _JsonObject:
    if fetched.status != 200:
        raise FetchFailed(f"{url} answered with status {fetched.status}.")
    if len(fetched.body) > _LARGEST:
        raise FetchFailed(f"{url} answered with more than {_LARGEST // 1024} kB.")
    try:
        return msgspec.json.decode(fetched.body, type=_JsonObject)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise FetchFailed(f"{url} did not answer with a JSON object.") from None


def _keys(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    entries = document.get("keys")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
