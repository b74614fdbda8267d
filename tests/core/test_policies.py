"""Tenant-wide policies, block by block: who changes different ones does not meet, who changes the same one is told."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.directory.policies import (
    PolicyBlock,
    changed_blocks,
    marks_of,
    marks_text,
    may_change,
    merged,
    read_marks,
)
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR, USER_FLOW_ADMINISTRATOR
from xenia.core.directory.tenant import (
    DomainRestrictions,
    DomainRule,
    GuestAccess,
    InvitesFrom,
    TenantPolicies,
    Toggle,
)
from xenia.core.errors import Conflict

RESTRICTIONS = st.builds(
    DomainRestrictions,
    st.sampled_from(DomainRule),
    st.lists(st.sampled_from(("a.example", "b.example")), unique=True).map(tuple),
    st.just(()),
)
POLICIES = st.builds(
    TenantPolicies,
    allow_invites_from=st.sampled_from(InvitesFrom),
    guest_access=st.sampled_from(GuestAccess),
    domain_restrictions=RESTRICTIONS,
    email_passcode=st.sampled_from(Toggle),
    security_defaults=st.booleans(),
    allow_plus_addresses=st.booleans(),
    self_service_sign_up=st.booleans(),
    version=st.integers(0, 3),
)


@given(POLICIES, POLICIES, POLICIES)
def test_a_save_takes_what_its_author_changed_and_nothing_else(
    shown: TenantPolicies, stored: TenantPolicies, wanted: TenantPolicies
) -> None:
    mine, theirs = set(changed_blocks(shown, wanted)), set(changed_blocks(shown, stored))
    try:
        after = merged(stored, wanted, marks_of(shown))
    except Conflict:
        assert mine & theirs & set(changed_blocks(stored, wanted))
        return
    assert not mine & theirs & set(changed_blocks(stored, wanted))
    assert not set(changed_blocks(after, wanted)) & mine
    assert not set(changed_blocks(after, stored)) - mine
    assert after.version == stored.version


@given(POLICIES)
def test_marks_travel_through_a_form(policies: TenantPolicies) -> None:
    assert read_marks(marks_text(policies)) == marks_of(policies)


@pytest.mark.parametrize(
    "text", ["", "7", "authorization", ":", "others:" + "x" * 5000, "\x00 authorization:\x00"]
)
def test_made_up_marks_were_never_seen(text: str) -> None:
    stored = TenantPolicies()
    with pytest.raises(Conflict):
        merged(stored, replace(stored, security_defaults=False), read_marks(text))
    assert merged(stored, stored, read_marks(text)) == stored


def test_no_setting_is_in_no_block() -> None:
    stored = TenantPolicies()
    for item in fields(TenantPolicies):
        changed = replace(stored, **{item.name: object()})
        assert len(changed_blocks(stored, changed)) == (0 if item.name == "version" else 1), item.name


def test_each_block_has_its_administrators() -> None:
    for block in PolicyBlock:
        assert GLOBAL_ADMINISTRATOR.template_id in may_change(block)
    assert USER_FLOW_ADMINISTRATOR.template_id in may_change(PolicyBlock.SIGN_UP)
    assert USER_FLOW_ADMINISTRATOR.template_id not in may_change(PolicyBlock.AUTHORIZATION)
    assert may_change(PolicyBlock.RESTRICTIONS) == {GLOBAL_ADMINISTRATOR.template_id}
