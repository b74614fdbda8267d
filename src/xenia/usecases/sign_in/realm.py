"""Where an account proves itself, loaded: the address, the domains of this server and the tenant's providers.

Own domains cost no statement, everything else is read from memory while nobody changes it.
"""

from __future__ import annotations

from xenia.core.addresses import domain_key, domain_of, is_sign_in_name
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import TenantId
from xenia.core.session import SessionAccount
from xenia.core.signin.facts import Factor, Facts, Realm
from xenia.core.signin.federation import FEDERATED
from xenia.core.signin.home_realm import (
    PASSCODE_HOME,
    PASSWORD_HOME,
    Home,
    home_of_hint,
    home_of_provider,
    home_realm,
)
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Transaction


def realm_of(tx: Transaction, tenant: Tenant, login: str) -> Home:
    """Where this address proves itself. Looks at the address alone: known and unknown are alike."""
    if "@" not in login or tenant.owns(login):
        return PASSWORD_HOME
    return home_realm(login, tenant, owner_of(tx, tenant, domain_of(login)), tx.identity_providers.list())


def owner_of(tx: Transaction, tenant: Tenant, domain: str) -> TenantId | None:
    """The other tenant of this server that holds this domain."""
    owner = tx.tenants.owner_of(domain)
    return None if owner == tenant.id else owner


def at_home(tx: Transaction, tenant: Tenant, login: str) -> Facts:
    """Facts of somebody who named this address and has proven nothing yet."""
    home = realm_of(tx, tenant, login)
    return Facts().with_account(login, home.realm, provider_id=home.provider_id)


def way_of(entry: SessionAccount) -> Home:
    """The way in by which an account of this browser's session proved itself: the same one again."""
    first = next((proof for proof in entry.proofs if proof.factor is Factor.FIRST), None)
    if first is not None and first.method == FEDERATED and first.provider_id is not None:
        return home_of_provider(first.provider_id)
    return PASSCODE_HOME if first is not None and first.method == "email_passcode" else PASSWORD_HOME


def hinted(tx: Transaction, tenant: Tenant, request: AuthorizeRequest) -> Facts | None:
    """Facts that ``login_hint`` and ``domain_hint`` suggest, or None. They help and never decide."""
    login = request.login_hint if request.login_hint and "@" in request.login_hint else None
    # What an app passes on may be anything: mail goes to what a person could have typed as well.
    login = login if login is not None and is_sign_in_name(login) else None
    facts = at_home(tx, tenant, login) if login else None
    undecided = facts is None or facts.realm is Realm.EMAIL_PASSCODE
    hint = request.domain_hint
    if not hint or not undecided or len(hint) > 512 or "select_account" in request.prompts:
        return facts
    domain = domain_key(hint)
    home = home_of_hint(
        hint, tenant, owner_of(tx, tenant, domain) if domain else None, tx.identity_providers.list()
    )
    if home is None:
        return facts
    return Facts().with_account(login, home.realm, provider_id=home.provider_id)
