"""The end of an interaction: session, sign-in record and planned tokens, in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from xenia.core import audit
from xenia.core.aadsts import AADSTS
from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import V2, issuer, issuer_v2
from xenia.core.errors import InteractionGone
from xenia.core.ids import TenantId
from xenia.core.session import (
    SESSION_IDLE,
    SESSION_PERSISTENT,
    SURFACE_SESSION,
    PortalSession,
    Session,
    SessionAccount,
    SessionApp,
)
from xenia.core.signin.answer import Answer, SignedIn
from xenia.core.signin.facts import Factor, Proof
from xenia.core.signin.federation import FEDERATED
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.devices.device_approval import approve_device
from xenia.usecases.sign_in.language import language_of
from xenia.usecases.sign_in.situation import BrowserContext, Situation, session_hash, surface_hash
from xenia.usecases.tokens.issue_tokens import PlannedAnswer, plan_answer

METHOD_NAMES = {
    "email_passcode": "Email one-time passcode",
    "password": "Password",
    "authenticator_app": "OATH software token",
}
"""Authentication methods in the words of the sign-in log."""
_PROVIDER_NAMES = {"google.com": "Google", "facebook.com": "Facebook", "live.com": "Microsoft account"}
"""Of those proven at another provider, by their ``idp``; every other one is named by its issuer."""


class Drawn(Record):
    """Random values, drawn before the transaction so that it can be run again."""

    session_secret: str
    surface_secret: str
    sid: str
    record_id: str


class Finished(Record):
    """What a finished interaction leaves to do after the commit."""

    tenant: Tenant
    language: str
    """What the person read on the way (``sign_in.language``): the last page speaks it too."""
    planned: PlannedAnswer | None
    destination: str | None
    session_secret: str | None
    session_max_age: int | None
    account_secret: str | None = None
    """Session of My Apps, whose sign-in a redemption is."""
    device_app: str | None = None
    """The app that a device was signed in to: it fetches its tokens by itself."""
    admin_consent: Answer | None = None
    """The answer of the admin consent endpoint."""


def draw(ports: Ports) -> Drawn:
    """Fresh random values for one attempt at finishing."""
    return Drawn(ports.entropy.token(), ports.entropy.token(), ports.entropy.guid(), ports.entropy.guid())


def finish(
    ports: Ports,
    tx: Transaction,
    situation: Situation,
    browser: BrowserContext,
    drawn: Drawn,
    now: datetime,
    *,
    stored: bool = True,
) -> Finished:
    """Close the interaction and plan its answer. Raises InteractionGone for the loser of a double submit."""
    user = situation.user
    if user is None or situation.interrupt is not None:
        raise InteractionGone
    if stored and not tx.sign_ins.finish_interaction(situation.interaction, now):
        raise InteractionGone
    secret, account = _remember(ports, tx, situation, browser, drawn, now)
    signed_in = SignedIn(
        tenant=situation.tenant,
        user=user,
        client=situation.client,
        principal=situation.principal,
        proofs=situation.facts.proofs,
        sid=account.sid,
        is_persistent=account.is_persistent,
        base_url=ports.server.at(browser.base_url).issuing,
        ip_address=browser.ip_address,
        directory_roles=tx.users.roles(user.id),
    )
    request = situation.interaction.authorize
    planned, device = None, request.device_code if request is not None else None
    admin_consent = None
    if device is not None:
        approve_device(ports, tx, signed_in, device, now)
    elif request is not None and request.admin_consent:
        admin_consent = _consented(situation, request)
    elif request is not None:
        planned = plan_answer(ports, tx, signed_in, request, now)
    tx.logs.sign_in(
        sign_in_record(situation, browser, drawn.record_id, now, signed_in=signed_in, interactive=stored)
    )
    redeemed = situation.interaction.redeem is not None
    if redeemed:
        _open_my_apps(ports, tx, signed_in, drawn, now)
    return Finished(
        situation.tenant,
        language_of(situation, browser.languages),
        planned=planned,
        destination=situation.interaction.redeem.redirect_url if situation.interaction.redeem else None,
        session_secret=secret,
        session_max_age=int(SESSION_PERSISTENT.total_seconds()) if account.is_persistent else None,
        account_secret=drawn.surface_secret if redeemed else None,
        device_app=situation.client.display_name if device is not None else None,
        admin_consent=admin_consent,
    )


def _consented(situation: Situation, request: AuthorizeRequest) -> Answer:
    """The success of the admin consent endpoint: nothing is issued, the app learns that it may go on."""
    params = [("admin_consent", "True"), ("tenant", situation.tenant.id)]
    if request.scopes:
        params.append(("scope", " ".join(request.scopes)))
    if request.state is not None:
        params.append(("state", request.state))
    return Answer(request.redirect_uri, request.response_mode, tuple(params), situation.client.display_name)


def _open_my_apps(ports: Ports, tx: Transaction, signed_in: SignedIn, drawn: Drawn, now: datetime) -> None:
    """A redemption is a sign-in to My Apps: whoever lands there is the guest, whoever else this browser knows."""
    tx.sign_ins.add_portal_session(
        PortalSession(
            secret_hash=surface_hash(ports, "account", drawn.surface_secret),
            tenant_id=signed_in.tenant.id,
            user_id=signed_in.user.id,
            surface="account",
            sid=signed_in.sid,
            created_at=now,
            expires_at=now + SURFACE_SESSION,
        )
    )


def _remember(
    ports: Ports,
    tx: Transaction,
    situation: Situation,
    browser: BrowserContext,
    drawn: Drawn,
    now: datetime,
) -> tuple[str | None, SessionAccount]:
    """Put the account into the browser's session. A fresh proof gets a fresh secret (session fixation).

    While the account stays signed in it keeps its ``sid``, also through a new proof: apps know their session by it.
    """
    facts, old = situation.facts, situation.session
    user = situation.user
    if user is None:
        raise InteractionGone
    known = old.account(user.id) if old else None
    is_fresh_sign_in = facts.sid is None or old is None
    persistent = bool(facts.stay_signed_in) or (
        known is not None and not is_fresh_sign_in and known.is_persistent
    )
    going_on = known if known is not None and known.signed_out_at is None else None
    account = SessionAccount(
        user_id=user.id,
        sign_in_name=user.sign_in_name,
        display_name=user.display_name,
        sid=going_on.sid if going_on is not None else facts.sid or drawn.sid,
        proofs=facts.proofs,
        signed_in_at=going_on.signed_in_at if going_on is not None else now,
        is_persistent=persistent,
        user_agent=browser.user_agent,
        ip_address=browser.ip_address,
        used_at=now,
        apps=going_on.apps if going_on is not None else (),
    )
    account = replace(
        account, apps=account.visiting(_app_of(situation, ports.server.at(browser.base_url).issuing))
    )
    others = tuple(entry for entry in old.accounts if entry.user_id != user.id) if old else ()
    secret = drawn.session_secret if is_fresh_sign_in else None
    if secret is not None:
        stored_hash = session_hash(ports, secret)
        if old is not None:
            tx.sign_ins.remove_session(old.secret_hash)
    else:
        stored_hash = old.secret_hash if old is not None else ""
    any_persistent = persistent or any(entry.is_persistent for entry in others)
    lifetime: timedelta = SESSION_PERSISTENT if any_persistent else SESSION_IDLE
    tx.sign_ins.put_session(
        Session(
            secret_hash=stored_hash,
            tenant_id=situation.tenant.id,
            created_at=old.created_at if old else now,
            expires_at=now + lifetime,
            accounts=(account, *others),
            is_persistent=any_persistent,
        )
    )
    return secret, replace(account, is_persistent=persistent)


def _app_of(situation: Situation, issuing: str) -> SessionApp:
    request = situation.interaction.authorize
    version = request.endpoint_version if request is not None else V2
    return SessionApp(situation.client.app_id, issuer(issuing, situation.tenant.id, version))


def sign_in_record(
    situation: Situation,
    browser: BrowserContext,
    record_id: str,
    now: datetime,
    *,
    signed_in: SignedIn | None = None,
    error_code: int = 0,
    reason: str = "",
    interactive: bool = True,
) -> audit.SignInRecord:
    """The sign-in log's row of this attempt, successful or not."""
    user, facts = situation.user, situation.facts
    is_guest = user is not None and user.is_external
    return audit.SignInRecord(
        id=record_id,
        tenant_id=situation.tenant.id,
        at=now,
        correlation_id=situation.interaction.correlation_id,
        app_id=situation.client.app_id,
        app_name=situation.client.display_name,
        error_code=error_code,
        failure_reason=reason,
        user_id=user.id if user else None,
        user_display_name=user.display_name if user else None,
        user_principal_name=user.sign_in_name if user else None,
        sign_in_identifier=facts.login,
        user_type="guest" if user and user.is_guest else "member" if user else None,
        is_interactive=interactive,
        event_type="interactiveUser" if interactive else "nonInteractiveUser",
        ip_address=browser.ip_address,
        user_agent=browser.user_agent,
        cross_tenant_access="b2bCollaboration" if is_guest else "none",
        home_tenant_id=home_tenant(situation.tenant.id, facts.proof(Factor.FIRST)),
        identity_provider=signed_in.identity_provider if signed_in else None,
        requirement="multiFactorAuthentication"
        if situation.demands.second_factor
        else "singleFactorAuthentication",
        steps=tuple(log_step(proof, from_session=facts.sid is not None) for proof in facts.proofs),
        issuer=issuer_v2(signed_in.base_url, situation.tenant.id) if signed_in else None,
        session_id=signed_in.sid if signed_in else None,
    )


def _method_name(proof: Proof) -> str:
    if proof.method != FEDERATED:
        return METHOD_NAMES.get(proof.method, proof.method)
    return f"Federated: {_PROVIDER_NAMES.get(proof.issuer, proof.issuer)}"


def home_tenant(tenant_id: TenantId, first: Proof | None) -> TenantId:
    """Where the account lives: another tenant of this server, else here."""
    if first is None or first.provider_id != ENTRA_PROVIDER_ID:
        return tenant_id
    return urlsplit(first.issuer).path.strip("/") or tenant_id


def log_step(proof: Proof, *, from_session: bool) -> audit.AuthenticationStep:
    """A proof in the words of the sign-in log."""
    first = proof.factor is Factor.FIRST
    return audit.AuthenticationStep(
        method=_method_name(proof),
        at=proof.at,
        succeeded=True,
        detail="Previously satisfied" if from_session else "Correct",
        requirement="Primary authentication" if first else "Multifactor authentication",
    )


def record_refusal(
    tx: Transaction, situation: Situation, browser: BrowserContext, record_id: str, now: datetime
) -> None:
    """Write the refusal that is due now into the sign-in log."""
    error = situation.interrupt.silent_error if situation.interrupt else None
    row = AADSTS.get(type(error)) if error is not None else None
    if error is not None and row is not None:
        tx.logs.sign_in(
            sign_in_record(situation, browser, record_id, now, error_code=row.code, reason=error.message)
        )
