"""Where somebody stands in a user flow: what it still asks, and what speaks against them.

Read anew at every step, so that a switch turned off, a flow changed or a request decided counts at once.
Knows core and ports only, because every assessment of a sign-in reads it; must not write.
"""

from __future__ import annotations

from xenia.core import errors
from xenia.core.attribute_controls import Control, asked_attributes, control_of
from xenia.core.attribute_form import read_answer
from xenia.core.connector_messages import with_claims
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ExternalAccount,
    ProviderKind,
    identity_at,
)
from xenia.core.directory.tenant import DomainRule, Tenant, TenantPolicies
from xenia.core.directory.user import MAIL_ISSUER, User
from xenia.core.errors import XeniaError
from xenia.core.ids import AppId
from xenia.core.sign_up import RequestState, SignUpProgress, SignUpRequest
from xenia.core.signin.demands import SignUpDemands
from xenia.core.signin.facts import Factor, Facts
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, AttributeValues, UserAttribute
from xenia.core.user_flow import Hook, UserFlow
from xenia.ports import Transaction
from xenia.record import Record, replace


class Standing(Record):
    """A sign-up under way, of somebody who is no user here."""

    progress: SignUpProgress
    flow: UserFlow | None
    """None when there is no such flow (any more)."""
    demands: SignUpDemands
    account: ExternalAccount | None = None
    """What was proven, by a provider or by a passcode."""
    request: SignUpRequest | None = None


def offered_flow(tx: Transaction, policies: TenantPolicies, app_id: AppId) -> UserFlow | None:
    """The flow by which people may sign up for this application now, or None."""
    if not policies.self_service_sign_up:
        return None
    flow = tx.user_flows.of_app(app_id)
    return flow if flow is not None and flow.is_sign_up_allowed else None


def first_facts(flow: UserFlow | None, *, is_test: bool = False) -> Facts:
    """Facts of somebody who wants to sign up. Without a flow the page says that it is closed."""
    return Facts(chosen=True, sign_up=SignUpProgress(flow.id if flow else "", is_test=is_test))


def account_of(facts: Facts) -> ExternalAccount | None:
    """The external account that was proven, whichever way; None for members and before the proof."""
    if facts.account is not None:
        return facts.account
    proof = facts.proof(Factor.FIRST)
    if proof is None or proof.issuer != MAIL_ISSUER:
        return None
    return ExternalAccount(
        EMAIL_PASSCODE_PROVIDER_ID,
        ProviderKind.EMAIL_PASSCODE,
        MAIL_ISSUER,
        proof.subject,
        email=facts.login or proof.subject,
        email_verified=True,
    )


def proven_address(account: ExternalAccount) -> str | None:
    """The mailbox that is known to be theirs; an address a provider does not vouch for counts for nothing."""
    return account.email if account.email_verified else None


def known_values(facts: Facts) -> AttributeValues:
    """What the provider and then the first connector said, by attribute."""
    account, progress = account_of(facts), facts.sign_up
    return with_claims(account.claims if account else (), progress.prefill if progress else ())


def answered_without_page(tx: Transaction, standing: Standing, facts: Facts) -> SignUpProgress:
    """The sign-up with what is taken without a question, where no page asks for anything."""
    progress, flow = standing.progress, standing.flow
    hidden = tuple(each for each in flow.attributes if each.is_hidden) if flow is not None else ()
    if progress.details is not None or standing.demands.asks_details or not hidden:
        return progress
    taken = read_answer(hidden, all_attributes(tx), {}, known_values(facts)).values
    return replace(progress, details=with_claims(taken, progress.prefill))


def user_with(tx: Transaction, account: ExternalAccount) -> User | None:
    """Whose account this is, by issuer and subject and by nothing else."""
    identity = identity_at(account.kind, account.idp, account.subject)
    return tx.users.find_by_identity(identity.issuer, identity.subject or "")


def all_attributes(tx: Transaction) -> tuple[UserAttribute, ...]:
    """Built-in and custom attributes of the tenant."""
    return (*BUILT_IN_ATTRIBUTES, *tx.user_attributes.list())


def standing_of(tx: Transaction, policies: TenantPolicies, app_id: AppId, facts: Facts) -> Standing | None:
    """Where this sign-up stands; None when nobody signs up."""
    progress = facts.sign_up
    if progress is None:
        return None
    flow = tx.user_flows.find(progress.flow_id) if progress.flow_id else None
    offered = offered_flow(tx, policies, app_id)
    if flow is None or offered is None or offered.id != flow.id:
        return Standing(progress, flow, SignUpDemands(is_open=False))
    account = account_of(facts)
    request = _request(tx, flow, account)
    return Standing(
        progress,
        flow,
        SignUpDemands(
            is_open=True,
            first_hook=Hook.AFTER_FEDERATION in flow.connectors,
            asks_details=_asks(tx, flow),
            second_hook=Hook.BEFORE_CREATION in flow.connectors,
            requires_approval=flow.requires_approval,
            request=request.state if request is not None else None,
        ),
        account,
        request,
    )


def _request(tx: Transaction, flow: UserFlow, account: ExternalAccount | None) -> SignUpRequest | None:
    """The request that still says something: one that was approved has become a user, who may be gone since."""
    if account is None:
        return None
    request = tx.sign_ups.request_of(account.idp, account.subject, flow.id)
    return None if request is None or request.state is RequestState.APPROVED else request


def _asks(tx: Transaction, flow: UserFlow) -> bool:
    """Whether the page has something to fill in; the address alone is known already."""
    return bool(flow.attributes) and any(
        control_of(assignment, attribute) is not Control.READ_ONLY and not assignment.is_hidden
        for assignment, attribute in asked_attributes(flow.attributes, all_attributes(tx))
    )


def sign_up_refusal(
    tx: Transaction, tenant: Tenant, policies: TenantPolicies, standing: Standing
) -> XeniaError | None:
    """What speaks against this proven account becoming a guest here.

    That somebody else has the address is told to whoever proved the mailbox, and to nobody who merely has a
    provider's word for another one.
    """
    account, flow = standing.account, standing.flow
    if account is None or flow is None:
        return None
    if account.provider_id not in flow.provider_ids:
        return errors.ProviderNotOffered(account.idp)
    address = proven_address(account)
    if address is None:
        closed = policies.domain_restrictions.rule is not DomainRule.ANY
        return errors.MailboxNotProven() if closed else None
    if tenant.owns(address) or tx.users.find_by_address(address):
        return errors.AddressHasAccount(address)
    if not policies.domain_restrictions.permits(address):
        return errors.GuestDomainRefused(address.rpartition("@")[2])
    return None
