"""The attribute page: what it shows of what is known, and what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from xenia.core.attribute_form import Field, page_fields, read_answer
from xenia.core.connector_messages import with_claims
from xenia.core.signin.facts import Facts
from xenia.core.signin.interrupts import Step
from xenia.core.user_attributes import EMAIL
from xenia.core.wording import ENGLISH, Words
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sign_in.situation import Situation
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn
from xenia.usecases.sign_up.standing import Standing, account_of, all_attributes, known_values, proven_address


class DetailsPage(Record):
    """The fields, and which of them hold what the provider said."""

    fields: tuple[Field, ...]
    address: str | None
    from_provider: frozenset[str]


def details_page(
    tx: Transaction,
    standing: Standing,
    facts: Facts,
    now: datetime,
    rejected: Rejected | None,
    words: Words = ENGLISH,
) -> DetailsPage:
    """What the page shows: what was just posted, else typed before, else known from provider and connector."""
    account, progress = account_of(facts), standing.progress
    address = proven_address(account) if account is not None else None
    known = known_values(facts)
    values = progress.details if progress.details is not None else known
    if address is not None:
        values = with_claims(values, ((EMAIL, address),))
    fields = page_fields(
        standing.flow.attributes if standing.flow else (),
        all_attributes(tx),
        now,
        values=values,
        posted=rejected.posted if rejected else None,
        errors=rejected.fields if rejected else (),
        settled=known,
        words=words,
    )
    said = dict(account.claims) if account is not None and progress.details is None else {}
    marked = frozenset(field.name for field in fields if field.value and said.get(field.name) == field.value)
    return DetailsPage(fields, address, marked if rejected is None else frozenset())


def send_details(ports: Ports, posted: Posted, form: Mapping[str, Sequence[str]]) -> Turn | Rejected:
    """**Continue** on the attribute page. Raises InteractionGone."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        del now
        standing, progress = situation.standing, situation.facts.sign_up
        if standing is None or standing.flow is None or progress is None:
            return situation.facts
        answer = read_answer(
            standing.flow.attributes, all_attributes(tx), form, known_values(situation.facts)
        )
        if answer.errors:
            return Rejected("details", fields=answer.errors, posted=form)
        sent = replace(progress, details=answer.values, invalid_message=None, passed_second_hook=False)
        return replace(situation.facts, sign_up=sent)

    return take_step(ports, posted, (Step.DETAILS,), apply)
