"""Token lifetime policies (Microsoft Graph: tokenLifetimePolicy): entered, changed, assigned. One default at most."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.token_lifetime import MOST_POLICIES, TokenLifetimePolicy, lifetime_of
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.usecases.tokens.sts_policies import READ_PERMITS, WRITE_PERMIT, StsPolicies

__all__ = ["READ_PERMITS", "WRITE_PERMIT", "NewTokenLifetime", "create_token_lifetime"]


class NewTokenLifetime(Record):
    """What an administrator enters."""

    display_name: str
    definition: str
    is_organization_default: bool = False


def _understood(policy: TokenLifetimePolicy) -> TokenLifetimePolicy:
    return replace(policy, seconds=int(lifetime_of(policy.definition).total_seconds()))


LIFETIMES = StsPolicies[TokenLifetimePolicy](
    attribute="token_lifetimes",
    relation="tokenLifetimePolicies",
    noun="token lifetime",
    most=MOST_POLICIES,
    longest=4096,
    understood=_understood,
)
list_token_lifetimes, get_token_lifetime = LIFETIMES.list, LIFETIMES.get
update_token_lifetime, delete_token_lifetime = LIFETIMES.update, LIFETIMES.delete
lifetimes_of = LIFETIMES.assigned_to
assign_token_lifetime, unassign_token_lifetime = LIFETIMES.assign, LIFETIMES.unassign


def create_token_lifetime(ports: Ports, actor: Actor, wanted: NewTokenLifetime) -> TokenLifetimePolicy:
    """Raises NotPermitted, InvalidValue, Conflict for a second default."""
    made = TokenLifetimePolicy(
        ports.entropy.guid(), wanted.display_name, wanted.definition, 0, wanted.is_organization_default
    )
    return LIFETIMES.create(ports, actor, made)
