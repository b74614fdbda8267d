"""The situation of an interaction: everything a decision or a page needs, loaded in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core import errors
from xenia.core.addresses import address_key
from xenia.core.consent import NOTHING, ConsentNeed
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.first_party import ACCOUNT_APP_ID
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.directory.user import MAIL_ISSUER, User
from xenia.core.errors import XeniaError
from xenia.core.ids import CorrelationId, TenantId, fold
from xenia.core.invitation import Invitation
from xenia.core.session import Session, SessionAccount
from xenia.core.signin.demands import Demands, oldest_sign_in
from xenia.core.signin.facts import Factor, Facts, Realm
from xenia.core.signin.federation import FEDERATED
from xenia.core.signin.interaction import Interaction
from xenia.core.signin.interrupts import Interrupt, next_interrupt
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.local_principal import may_have_principal, unstored_principal
from xenia.usecases.sign_in.consent import Asker, consent_need
from xenia.usecases.sign_in.realm import realm_of, way_of
from xenia.usecases.sign_up.standing import Standing, sign_up_refusal, standing_of, user_with
from xenia.usecases.tokens.access import is_assigned


class BrowserContext(Record):
    """What the surface knows of the browser. Secrets are cookie values; only their hashes are stored."""

    base_url: str
    browser_secret: str | None
    session_secret: str | None
    ip_address: str
    user_agent: str
    correlation_id: CorrelationId
    languages: tuple[str, ...] = ()
    """Language tags it asks for, best first."""


class Situation(Record):
    """Where a sign-in stands. ``interrupt`` None means that it may finish."""

    interaction: Interaction
    tenant: Tenant
    policies: TenantPolicies
    client: Application
    principal: ServicePrincipal
    session: Session | None
    user: User | None
    invitation: Invitation | None
    demands: Demands
    interrupt: Interrupt | None
    consent: ConsentNeed
    standing: Standing | None = None
    """The user flow, while somebody who is no user here signs up."""

    @property
    def may_request_consent(self) -> bool:
        """Whether this person may ask an administrator to agree, instead of agreeing."""
        need = self.consent
        return need.admin_only and not need.for_organization and self.policies.consent_requests.is_enabled

    @property
    def facts(self) -> Facts:
        """What was proven so far."""
        return self.interaction.facts


def browser_hash(ports: Ports, secret: str) -> str:
    """The stored form of a browser's secret."""
    return ports.sealer.mac("browser", secret)


def session_hash(ports: Ports, secret: str) -> str:
    """The stored form of a session's secret."""
    return ports.sealer.mac("session", secret)


def surface_hash(ports: Ports, surface: str, secret: str) -> str:
    """The stored form of the session secret of one of our own surfaces."""
    return ports.sealer.mac("surface-session", surface, secret)


def find_session(ports: Ports, tx: Transaction, secret: str | None, now: datetime) -> Session | None:
    """The live session behind a cookie, or None."""
    if secret is None:
        return None
    session = tx.sign_ins.find_session(session_hash(ports, secret))
    return session.as_of(now) if session is not None and session.expires_at > now else None


def known_here(session: Session | None, login: str) -> str:
    """Names this browser in the limits of an account that was signed in here before; empty for all others.

    Strangers who use up an account's tries must not lock its owner out: a browser that proved the account once
    has tries of its own, and as few of them (OWASP: slow down online guessing with device cookies).
    """
    names = {fold(entry.sign_in_name) for entry in session.accounts} if session is not None else ()
    return f":{session.secret_hash}" if session is not None and fold(login) in names else ""


def load_interaction(
    ports: Ports, tx: Transaction, interaction_id: str, browser: BrowserContext, now: datetime
) -> Interaction:
    """The unfinished interaction of *this* browser. Raises InteractionGone for anything else.

    The cookie check stops somebody who sends a victim a link with the attacker's own ``ctx``
    (login CSRF), and somebody who saw a ``ctx`` in a log.
    """
    found = tx.sign_ins.find_interaction(interaction_id)
    if (
        found is None
        or browser.browser_secret is None
        or found.finished_at is not None
        or found.expires_at <= now
    ):
        raise errors.InteractionGone
    if not ports.sealer.same(found.browser_hash, browser_hash(ports, browser.browser_secret)):
        raise errors.InteractionGone
    return found


def assess(
    ports: Ports,
    tx: Transaction,
    interaction: Interaction,
    session: Session | None,
    now: datetime,
    *,
    before: Situation | None = None,
) -> Situation:
    """Compute demands from request, directory and policies as they are now, and what is missing next.

    ``before``: the situation assessed earlier in this very transaction; what a step cannot have changed
    (tenant, policies, application) is taken from it instead of being read twice.
    """
    if before is not None:
        tenant, policies, client, principal = before.tenant, before.policies, before.client, before.principal
    else:
        tenant = _tenant(tx, interaction.tenant_id)
        policies = tx.tenants.policies(interaction.tenant_id)
        app_id = interaction.authorize.app_id if interaction.authorize else ACCOUNT_APP_ID
        client, principal = _client(ports, tx, tenant, app_id, now)
    facts = _still_proven(interaction.facts, session)
    invitation = tx.invitations.find(interaction.redeem.invitation_id) if interaction.redeem else None
    user = tx.users.find(facts.user_id) if facts.user_id else None
    # Somebody who became a user and was deleted since is refused like anybody deleted, not made again.
    standing = standing_of(tx, policies, client.app_id, facts) if facts.user_id is None else None
    if standing is not None and standing.account is not None:
        # Created meanwhile: by an approver, or in another window of the same person.
        user = user_with(tx, standing.account)
        facts = replace(facts, user_id=user.id) if user is not None else facts
        standing = standing if user is None else None
    interaction = interaction if facts is interaction.facts else replace(interaction, facts=facts)
    consent = NOTHING
    if facts.proof(Factor.FIRST) is not None:
        # Nobody is asked to agree to anything before proving who they are, so nothing is looked up either.
        asker = Asker(tenant, policies, client, principal, interaction.authorize, user)
        consent = consent_need(ports, tx, asker, now)
    known = _Known(
        interaction, tenant, policies, client, principal, session, user, invitation, consent, standing
    )
    demands = _demands(tx, known)
    interrupt = next_interrupt(facts, demands, now)
    return Situation(
        interaction,
        tenant,
        policies,
        client,
        principal,
        session,
        user,
        invitation,
        demands,
        interrupt,
        consent,
        standing,
    )


def _still_proven(facts: Facts, session: Session | None) -> Facts:
    """Facts that lean on the browser's session, as far as it still says so.

    Signed out in another tab meanwhile (or for too long idle), the account must be proven again here: a page
    left open would otherwise sign the next person at this computer in as the last one.
    """
    if facts.sid is None or facts.user_id is None:
        return facts
    entry = session.account(facts.user_id) if session is not None else None
    if entry is None or entry.signed_out_at is not None:
        return Facts(login=facts.login, realm=facts.realm, provider_id=facts.provider_id, chosen=True)
    if entry.sid == facts.sid and not _was_proven_again(facts, entry):
        return facts
    return replace(facts, proofs=entry.proofs, sid=entry.sid)


def _was_proven_again(facts: Facts, entry: SessionAccount) -> bool:
    """In another tab, meanwhile: what that proved must not be overwritten by what was known before."""
    newest = max((proof.at for proof in entry.proofs), default=None)
    return newest is not None and all(proof.at < newest for proof in facts.proofs)


def where_is(ports: Ports, tenant_id: TenantId, interaction_id: str, browser: BrowserContext) -> Situation:
    """The situation to draw a page from; changes nothing. Raises InteractionGone."""
    now = ports.clock.now()
    with ports.store.read(tenant_id) as tx:
        interaction = load_interaction(ports, tx, interaction_id, browser, now)
        session = find_session(ports, tx, browser.session_secret, now)
        return assess(ports, tx, interaction, session, now)


def _tenant(tx: Transaction, tenant_id: TenantId) -> Tenant:
    tenant = tx.tenants.find(tenant_id)
    if tenant is None:
        raise errors.TenantNotFound(tenant_id)
    return tenant


def _client(
    ports: Ports, tx: Transaction, tenant: Tenant, app_id: str, now: datetime
) -> tuple[Application, ServicePrincipal]:
    """The app and its instance here: of another organization's app one that is stored with the first consent."""
    client = tx.applications.find_by_app_id(app_id)
    principal = tx.applications.service_principal(app_id)
    if client is None or not (principal or may_have_principal(client, tenant.id)):
        raise errors.ApplicationNotFound(app_id, tenant.display_name)
    return client, principal or unstored_principal(ports, client, tenant.id, now)


class _Known(Record):
    interaction: Interaction
    tenant: Tenant
    policies: TenantPolicies
    client: Application
    principal: ServicePrincipal
    session: Session | None
    user: User | None
    invitation: Invitation | None
    consent: ConsentNeed
    standing: Standing | None = None


def _demands(tx: Transaction, known: _Known) -> Demands:
    request, user = known.interaction.authorize, known.user
    proven = known.interaction.facts.proof(Factor.FIRST) is not None
    prompts = request.prompts if request else ()
    signed_in = known.session.signed_in() if known.session else ()
    return Demands(
        silent=request is not None and request.is_silent,
        choose_account="select_account" in prompts
        or (known.interaction.facts.login is None and len(signed_in) > 1 and "login" not in prompts),
        fresh_since=_fresh_since(known),
        passcodes_off=not known.policies.email_passcode_enabled,
        refusal=_refusal(tx, known) if proven else None,
        must_redeem=user is not None and user.is_pending,
        second_factor=known.policies.security_defaults,
        has_second_factor=known.policies.security_defaults
        and user is not None
        and any(app.confirmed_at for app in tx.credentials.authenticator_apps(user.id)),
        must_change_password=_must_change_password(tx, known),
        missing_scopes=known.consent.scopes,
        force_consent=("consent" in prompts and not known.client.is_first_party)
        or known.consent.for_organization,
        consent_error=_consent_error(known),
        admin_must_consent=known.consent.admin_only,
        sign_up=known.standing.demands if known.standing is not None else None,
        offer_stay=user is not None
        and not user.is_external
        and known.policies.offer_stay_signed_in
        and known.interaction.facts.sid is None,
    )


def _must_change_password(tx: Transaction, known: _Known) -> bool:
    """Whether this sign-in used a password that somebody else has set."""
    proof = known.interaction.facts.proof(Factor.FIRST)
    if known.user is None or proof is None or proof.method != "password":
        return False
    credential = tx.credentials.password(known.user.id)
    return credential is not None and credential.must_change


def _fresh_since(known: _Known) -> datetime | None:
    request, bounds = known.interaction.authorize, []
    if request and "login" in request.prompts:
        bounds.append(known.interaction.created_at)
    if request and request.max_age is not None:
        # Counted from the request: somebody typing slowly is not asked again and again.
        bounds.append(known.interaction.created_at - timedelta(seconds=request.max_age))
    if known.policies.sign_in_frequency_hours is not None:
        bounds.append(oldest_sign_in(known.policies, known.interaction.created_at))
    if known.user and known.user.sessions_valid_from:
        bounds.append(known.user.sessions_valid_from)
    return max(bounds, default=None)


def _consent_error(known: _Known) -> XeniaError | None:
    if known.consent.admin_only:
        can_ask = known.policies.consent_requests.is_enabled and not known.consent.for_organization
        refusal = errors.AdminConsentRequestable if can_ask else errors.AdminConsentRequired
        return refusal(known.client.display_name)
    return errors.ConsentRequired(known.client.app_id, known.client.display_name)


def _refusal(tx: Transaction, known: _Known) -> XeniaError | None:
    """What the directory says against a proven account: asked only after the proof (enumeration)."""
    user = known.user
    if known.interaction.redeem is not None:
        refused = _redemption_refusal(known)
        if refused is not None:
            return refused
    if user is None and known.standing is not None and known.standing.account is not None:
        if not known.principal.account_enabled:
            return errors.ApplicationDisabled(known.client.app_id)
        return sign_up_refusal(tx, known.tenant, known.policies, known.standing)
    if user is None or user.deleted_at is not None:
        return _not_here(known)
    if not user.account_enabled:
        return errors.GuestAccountDisabled() if user.is_external else errors.AccountDisabled()
    if user.is_pending and not known.policies.domain_restrictions.permits(user.mail or ""):
        return errors.GuestDomainRefused((user.mail or "").rpartition("@")[2])
    if user.is_pending and tx.invitations.without_usable((user.id,)):
        # Whoever withdrew the invitation meant the person, not the link: an app's own address is no way round.
        return errors.InvitationNotUsable(detail="withdrawn")
    return _app_refusal(tx, known, user)


def _redemption_refusal(known: _Known) -> XeniaError | None:
    invitation, user = known.invitation, known.user
    if invitation is None or not invitation.is_usable:
        return errors.InvitationNotUsable(detail="withdrawn while it was being redeemed")
    if user is not None and user.id != invitation.user_id:
        return errors.WrongAccount(user.sign_in_name, invitation.email)
    proof = known.interaction.facts.proof(Factor.FIRST)
    if user is None and proof is not None and proof.method == FEDERATED:
        return errors.WrongAccount(known.interaction.facts.login or proof.subject, invitation.email)
    return None


def _app_refusal(tx: Transaction, known: _Known, user: User) -> XeniaError | None:
    if not known.principal.account_enabled:
        return errors.ApplicationDisabled(known.client.app_id)
    if known.consent.for_organization:
        # An administrator who agrees for everybody need not be one of those who use the app.
        return None
    if not is_assigned(tx, known.principal, user.id):
        return errors.NotAssigned(user.sign_in_name, known.client.app_id, known.client.display_name)
    return None


def _not_here(known: _Known) -> XeniaError:
    proof = known.interaction.facts.proof(Factor.FIRST)
    provider = proof.issuer if proof else known.tenant.initial_domain
    login = known.interaction.facts.login or ""
    return errors.AccountNotInTenant(
        login, provider, known.tenant.display_name, known.client.app_id, known.client.display_name
    )


def user_of_mailbox(
    tx: Transaction, tenant: Tenant, address: str, invitation: Invitation | None
) -> User | None:
    """The user whom a proven mailbox belongs to.

    Bound guests are found by (issuer, subject) and never by an address on the object: an address an
    administrator typed there later proves nothing. A guest still pending is the one whose invited
    address this is.
    """
    bound = tx.users.find_by_identity(MAIL_ISSUER, address_key(address))
    if bound is not None or realm_of(tx, tenant, address).realm is Realm.FEDERATED:
        # Whom the provider of that domain has locked out must not come in by a mailbox that still works.
        return bound
    pending = [user for user in tx.users.find_by_address(address) if user.is_pending]
    if invitation is not None:
        return next((user for user in pending if user.id == invitation.user_id), None)
    return pending[0] if len(pending) == 1 else None


def seeded(facts: Facts, session: Session | None, *, login_hint: str | None) -> Facts:
    """Facts a session already proves: single sign-on is nothing but this."""
    if session is None:
        return facts
    candidates = session.signed_in()
    if login_hint:
        candidates = tuple(entry for entry in candidates if fold(entry.sign_in_name) == fold(login_hint))
    if len(candidates) != 1:
        return facts
    entry = candidates[0]
    way = way_of(entry)
    return replace(
        facts,
        login=entry.sign_in_name,
        realm=way.realm,
        provider_id=way.provider_id,
        user_id=entry.user_id,
        proofs=entry.proofs,
        sid=entry.sid,
    )
