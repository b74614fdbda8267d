"""Documents and keys of identity providers: how long they are believed, and what forged key ids cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from xenia.outside.provider_documents import CachedDocuments
from xenia.ports import Fetched, FetchFailed, FetchRequest

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TENANT = "tenant-1"
DOCUMENT, KEYS = "https://id.example/.well-known/openid-configuration", "https://id.example/keys"


class Site:
    """A provider's server as the fetcher sees it, and the clock: both are ports."""

    def __init__(self) -> None:
        self.time = NOW
        self.asked: list[FetchRequest] = []
        self.status = 200
        self.kids = ["first"]
        self.padding = ""

    def now(self) -> datetime:
        return self.time

    def fetch(self, request: FetchRequest) -> Fetched:
        self.asked.append(request)
        document = {"jwks_uri": KEYS, "padding": self.padding}
        keys = {"keys": [{"kty": "RSA", "kid": kid} for kid in self.kids]}
        body = json.dumps(document if request.url == DOCUMENT else keys).encode()
        return Fetched(self.status, {}, body)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def documents(site: Site) -> CachedDocuments:
    return CachedDocuments(site, site)


def kids(documents: CachedDocuments, kid: str | None = None) -> list[object]:
    return [key["kid"] for key in documents.keys(KEYS, TENANT, kid)]


def test_a_document_is_believed_for_an_hour_and_asked_for_in_the_tenants_name(
    site: Site, documents: CachedDocuments
) -> None:
    for _ in range(3):
        assert documents.metadata(DOCUMENT, TENANT)["jwks_uri"] == KEYS
    assert [request.tenant_id for request in site.asked] == [TENANT]
    site.time += timedelta(hours=1)
    documents.metadata(DOCUMENT, TENANT)
    assert len(site.asked) == 2


def test_a_flood_of_forged_key_ids_asks_once_in_half_a_minute(site: Site, documents: CachedDocuments) -> None:
    assert kids(documents) == ["first"]
    for second in range(300):
        site.time = NOW + timedelta(seconds=second)
        kids(documents, f"forged-{second}")
    assert len(site.asked) <= 1 + 300 // 30


def test_a_rotated_key_is_found_and_the_old_one_forgotten(site: Site, documents: CachedDocuments) -> None:
    assert kids(documents, "first") == ["first"]
    site.kids, site.time = ["second"], NOW + timedelta(seconds=30)
    assert kids(documents, "first") == ["first"], "nobody asks for what is known"
    assert kids(documents, "second") == ["second"]
    assert kids(documents, "first") == ["second"]


def test_a_server_that_fails_or_sends_too_much_is_not_believed_and_harms_nothing_known(
    site: Site, documents: CachedDocuments
) -> None:
    assert kids(documents) == ["first"]
    site.time += timedelta(minutes=1)
    site.status = 503
    with pytest.raises(FetchFailed, match="status 503"):
        kids(documents, "unknown")
    assert kids(documents, "first") == ["first"]
    site.status, site.padding = 200, "x" * 300_000
    with pytest.raises(FetchFailed, match="more than 256 kB"):
        documents.metadata(DOCUMENT, TENANT)


def test_what_is_forgotten_takes_its_keys_along(site: Site, documents: CachedDocuments) -> None:
    documents.metadata(DOCUMENT, TENANT)
    kids(documents)
    documents.forget(DOCUMENT)
    documents.metadata(DOCUMENT, TENANT)
    kids(documents)
    assert [request.url for request in site.asked] == [DOCUMENT, KEYS] * 2
