"""What an attribute page collects is what the directory stores and Graph tells, for pages of any layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from tests.support.attribute_pages import NOW, Asked, attribute_pages
from tests.support.graph_calls import GraphWorld, graph_world
from xenia.core.attribute_form import page_fields, posted_form, read_answer
from xenia.core.user_attributes import AttributeKind
from xenia.ports import Transaction
from xenia.usecases.sign_up.new_guest import with_details


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphWorld]:
    directory: Path = tmp_path_factory.mktemp("details")
    with graph_world(directory) as running:
        yield running


@given(attribute_pages())
def test_collected_stored_and_told_are_one(world: GraphWorld, page: list[Asked]) -> None:
    answered = [entry for entry in page if entry.value is not None]
    assignments = [entry.assignment for entry in answered]
    attributes = [entry.attribute for entry in answered]
    typed = tuple((entry.attribute.id, entry.value) for entry in answered if entry.value is not None)
    posted = posted_form(page_fields(assignments, attributes, NOW, values=typed))
    collected = read_answer(assignments, attributes, posted).values
    guest = world.add(f"g{world.ports.entropy.guid()}", guest=True)

    def store(tx: Transaction) -> None:
        for known in tx.user_attributes.list():
            tx.user_attributes.remove(known.id)
        for attribute in attributes:
            if attribute.kind is AttributeKind.CUSTOM:
                tx.user_attributes.add(replace(attribute, tenant_id=world.tenant_id, created_at=NOW))
        tx.users.replace(with_details(guest, collected))

    world.ports.store.write(world.tenant_id, store)
    names = ["id", *(name for name, _ in collected)]
    told = world.get(f"users/{guest.id}?$select={','.join(names)}")
    assert told.status == 200, told.body
    assert {name: told.body[name] for name in names[1:]} == dict(typed)
