"""The second factor: an authenticator app (RFC 6238), its enrolment and its use.

An app counts only once a code of it was shown: a secret that never left the page proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.credentials import AUTHENTICATOR_APPS_PER_USER, AuthenticatorApp
from xenia.core.directory.user import User
from xenia.core.ids import TenantId, fold
from xenia.core.mail import Mail, MailKind
from xenia.core.signin.facts import Factor, Facts, Proof
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sign_in.finish import sign_in_record
from xenia.usecases.sign_in.situation import BrowserContext, Situation
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn
from xenia.usecases.tenants.queue_mail import queue_mail

SEAL_PURPOSE = "authenticator"
TIME_STEP = timedelta(seconds=30)
CODE_TRIES = 10
CODE_WINDOW = timedelta(minutes=10)
DRIFT_STEPS = 20
"""How far a wrong code is looked for in order to say whose clock is off: 10 minutes."""
WRONG_CODE = 500121


class Enrolment(Record):
    """What the set-up page shows: the same secret after every reload of this interaction."""

    secret: str
    account: str
    issuer: str
    provisioning_uri: str
    qr_svg: str


def pending_enrolment(ports: Ports, situation: Situation) -> Enrolment | None:
    """The enrolment begun in this interaction, or None when **Next** was not pressed yet."""
    user = situation.user
    if user is None:
        return None
    with ports.store.read(situation.tenant.id) as tx:
        app = _pending(tx, situation, user)
    if app is None:
        return None
    secret = ports.sealer.open(app.sealed_secret, SEAL_PURPOSE).decode()
    # The label names user *and* tenant: some apps overwrite entries with equal labels.
    issuer, account = situation.tenant.display_name, f"{user.sign_in_name} ({situation.tenant.short_name})"
    uri = ports.totp.provisioning_uri(secret, account, issuer)
    return Enrolment(secret, account, issuer, uri, ports.totp.qr_svg(uri))


def _pending(tx: Transaction, situation: Situation, user: User) -> AuthenticatorApp | None:
    return next(
        (
            app
            for app in tx.credentials.authenticator_apps(user.id)
            if app.confirmed_at is None and app.created_at >= situation.interaction.created_at
        ),
        None,
    )


def begin_enrolment(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Next** on *More information required*: draw a secret. Pressing it again keeps the secret."""
    secret, app_id = ports.entropy.totp_secret(), ports.entropy.guid()

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        user = situation.user
        if user is None or _pending(tx, situation, user) is not None:
            return situation.facts
        for app in tx.credentials.authenticator_apps(user.id):
            if app.confirmed_at is None:
                tx.credentials.remove_authenticator_app(app.id)
        tx.credentials.add_authenticator_app(
            AuthenticatorApp(
                id=app_id,
                tenant_id=situation.tenant.id,
                user_id=user.id,
                display_name="Authenticator app",
                sealed_secret=ports.sealer.seal(secret.encode(), SEAL_PURPOSE),
                created_at=now,
            )
        )
        return situation.facts

    return take_step(ports, posted, (Step.ENROL,), apply)


def confirm_enrolment(ports: Ports, posted: Posted, typed: str) -> Turn | Rejected:
    """The first code of the new app. Only now does the app count."""
    code = _digits(typed)
    audit_id = ports.entropy.guid()

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        user = situation.user
        app = _pending(tx, situation, user) if user else None
        if user is None or app is None:
            return situation.facts
        limited = _limited(ports, tx, user, now)
        if limited is not None:
            return limited
        secret = ports.sealer.open(app.sealed_secret, SEAL_PURPOSE).decode()
        step = ports.totp.step_of(secret, code, now)
        if step is None:
            return _drift(ports, secret, code, now)
        apps = tx.credentials.authenticator_apps(user.id)
        if sum(1 for other in apps if other.confirmed_at) >= AUTHENTICATOR_APPS_PER_USER:
            return Rejected("limit")
        if not tx.credentials.confirm_authenticator_app(app.id, now, step):
            return Rejected("code-used", wait=TIME_STEP)
        _tell(ports, tx, situation, user, posted.browser, audit_id, now)
        return second_factor_proven(situation, user, now)

    outcome = take_step(ports, posted, (Step.ENROL,), apply)
    ports.mail_queued()
    return outcome


def _tell(
    ports: Ports,
    tx: Transaction,
    situation: Situation,
    user: User,
    browser: BrowserContext,
    audit_id: str,
    now: datetime,
) -> None:
    """Audit it and write to the person: somebody who did not do this must hear of it."""
    actor = _self(user, situation.tenant.id, browser, situation.interaction.correlation_id)
    target = audit.Target(user.id, "User", user.display_name, user.user_principal_name)
    tx.logs.audit(
        audit.audit_record(
            audit_id,
            audit.REGISTERED_SECURITY_INFO,
            actor,
            now,
            targets=(target,),
            reason="User registered Authenticator App with Code",
        )
    )
    if user.mail:
        data = {
            "tenant_name": situation.tenant.display_name,
            "method": "Authenticator app",
            "added_at": now.isoformat(),
        }
        language = user.preferred_language or situation.tenant.notification_language
        queue_mail(ports, tx, Mail(MailKind.METHOD_ADDED, user.mail, language, data, subject_of=user.id), now)


def _self(user: User, tenant_id: TenantId, browser: BrowserContext, correlation_id: str) -> Actor:
    return Actor(
        tenant_id,
        correlation_id,
        ip_address=browser.ip_address,
        user_id=user.id,
        display_name=user.display_name,
        upn=user.user_principal_name,
        mail=user.mail,
        is_guest=user.is_guest,
    )


def verify_code(ports: Ports, posted: Posted, typed: str) -> Turn | Rejected:
    """A code of an enrolled app. Each time step is accepted once (RFC 6238 section 5.2)."""
    code = _digits(typed)
    record_id = ports.entropy.guid()

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        user = situation.user
        if user is None:
            return situation.facts
        limited = _limited(ports, tx, user, now)
        if limited is not None:
            return limited
        rejected: Rejected = Rejected("code")
        for app in tx.credentials.authenticator_apps(user.id):
            if app.confirmed_at is None:
                continue
            secret = ports.sealer.open(app.sealed_secret, SEAL_PURPOSE).decode()
            step = ports.totp.step_of(secret, code, now)
            if step is not None and tx.credentials.use_authenticator_step(app.id, step):
                return second_factor_proven(situation, user, now)
            rejected = (
                Rejected("code-used", wait=TIME_STEP)
                if step is not None
                else _drift(ports, secret, code, now)
            )
        tx.logs.sign_in(
            sign_in_record(
                situation,
                posted.browser,
                record_id,
                now,
                error_code=WRONG_CODE,
                reason="Authentication failed during strong authentication request.",
            )
        )
        return rejected

    return take_step(ports, posted, (Step.SECOND_FACTOR,), apply)


def second_factor_proven(situation: Situation, user: User, now: datetime) -> Facts:
    """What is known once the authenticator app is proven."""
    proof = Proof(
        "authenticator_app",
        Factor.SECOND,
        now,
        ("otp", "mfa"),
        situation.tenant.initial_domain,
        fold(user.user_principal_name),
    )
    # The session's sid goes: a new proof makes a new sign-in, and the browser gets a new secret.
    return replace(situation.facts, sid=None).with_proof(proof)


def _digits(typed: str) -> str:
    return "".join(character for character in typed if character not in " -\u00a0\u2011")


def _limited(ports: Ports, tx: Transaction, user: User, now: datetime) -> Rejected | None:
    del ports
    wait = tx.limits.hit(f"authenticator:{user.id}", CODE_TRIES, CODE_WINDOW, now)
    return Rejected("limit", wait=wait) if wait is not None else None


def _drift(ports: Ports, secret: str, code: str, now: datetime) -> Rejected:
    """Wrong, or right for another moment: then say whose clock is off. It is not accepted either way."""
    step = ports.totp.step_of(secret, code, now, window=DRIFT_STEPS)
    if step is None:
        return Rejected("code")
    current = int(now.timestamp() // TIME_STEP.total_seconds())
    return Rejected("clock", drift=(step - current) * TIME_STEP)
