"""Signing in for a script: the pages of a sign-in are answered by the operator of a workshop instead of the person.

There is no second way to a token. A script takes the very steps that pages take, so state, identities, audit and
sign-in records, refusals and claims are those of a browser; it only vouches for the factors, where a person
would show a passcode, a password or an authenticator app. Records name it by its user agent. Whoever calls this
must have checked that this is a workshop and that the caller operates it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from xenia.core.claims import ClientAuthentication
from xenia.core.directory.application import Application, Platform, RedirectUri
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.invitation import Invitation
from xenia.core.signin.facts import Facts
from xenia.core.signin.interrupts import Step
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.invitations.redemption_ticket import find_invitation, ticket_of
from xenia.usecases.sign_in.begin import begin_authorize, begin_redeem
from xenia.usecases.sign_in.passcode import mailbox_proven
from xenia.usecases.sign_in.password_limits import whole_login, with_password
from xenia.usecases.sign_in.redeem import accept_invitation
from xenia.usecases.sign_in.second_factor import (
    begin_enrolment,
    confirm_enrolment,
    pending_enrolment,
    second_factor_proven,
)
from xenia.usecases.sign_in.situation import BrowserContext, Situation, where_is
from xenia.usecases.sign_in.steps import (
    Apply,
    Posted,
    decide_consent,
    decide_stay,
    identify,
    password_proven,
    take_step,
)
from xenia.usecases.sign_in.turn import Rejected, Turn
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient, find_client
from xenia.usecases.tokens.redeem_code import CodeRedemption, redeem_code
from xenia.usecases.tokens.token_set import TokenSet

USER_AGENT = "xenia script"
"""By which the sign-in log tells scripts from people."""
_NO_REDIRECT = "http://localhost"
"""Stands for the redirect URI of an app that has none: the code never leaves this process."""
_MOST_STEPS = 20


class ScriptedSignIn(Record):
    """Who signs in to what."""

    login: str
    """User name of a member, or the mailbox of a guest."""
    app_id: str
    scopes: tuple[str, ...]
    agrees: bool = False
    """Whether to agree to what is asked on the way: an open invitation, and the app's permissions."""


def token_for_script(ports: Ports, tenant: Tenant, order: ScriptedSignIn) -> TokenSet:
    """The tokens that this app would get for this person, by the authorization code flow with PKCE.

    Raises what the sign-in and the redemption of its code raise; ConsentRequired without ``agrees``; Conflict where
    only a person could go on.
    """
    with ports.store.read(tenant.id) as tx:
        application, principal = find_client(tx, tenant, order.app_id)
    where, verifier = _where(application), ports.entropy.token()
    digest = hashlib.sha256(verifier.encode()).digest()
    request = AuthorizeRequest(
        app_id=application.app_id,
        redirect_uri=where.uri,
        platform=where.platform,
        response_types=("code",),
        response_mode="query",
        scopes=order.scopes,
        code_challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    )
    script = _Script(ports, tenant, order.login, _browser(ports), agrees=order.agrees)
    turn = script.go(begin_authorize(ports, tenant, request, script.browser))
    answered = dict(turn.answer.params) if turn.answer is not None else {}
    if "code" not in answered:
        raise Conflict("answer", answered.get("error_description", "The sign-in ended without an answer."))
    is_web = where.platform is Platform.WEB
    proof = ClientAuthentication.SECRET if is_web else ClientAuthentication.NONE
    parts = urlsplit(where.uri)
    redemption = CodeRedemption(
        code=answered["code"],
        redirect_uri=where.uri,
        verifier=verifier,
        scopes=(),
        base_url=ports.server.at(ports.server.base_url).issuing,
        ip_address=script.browser.ip_address,
        origin=f"{parts.scheme}://{parts.netloc}" if where.platform is Platform.SPA else None,
    )
    client = AuthenticatedClient(application, principal, proof)
    return redeem_code(ports, tenant, client, redemption, ports.clock.now())


def redeem_for_script(ports: Ports, invitation_id: str) -> tuple[Invitation, User]:
    """Accept an invitation in the guest's name; both as they are afterwards. Accepting twice changes nothing.

    Raises NotFound; InvitationNotUsable for one that was withdrawn or replaced, Conflict where only a person could go on.
    """
    tenant, invitation = _invitation(ports, invitation_id)
    with ports.store.read(tenant.id) as tx:
        find_invitation(ports, tx, tenant.id, invitation.id, ticket_of(ports, invitation))
    script = _Script(ports, tenant, invitation.email, _browser(ports), agrees=True)
    script.go(begin_redeem(ports, tenant, invitation, script.browser))
    _, after = _invitation(ports, invitation_id)
    with ports.store.read(tenant.id) as tx:
        user = tx.users.find(invitation.user_id)
    if user is None:
        raise NotFound("Invitation", invitation_id)
    return after, user


def _invitation(ports: Ports, invitation_id: str) -> tuple[Tenant, Invitation]:
    """Of whichever tenant: only the operator asks."""
    with ports.store.read(None) as tx:
        tenants = tx.tenants.list()
    for tenant in tenants:
        with ports.store.read(tenant.id) as tx:
            found = tx.invitations.find(invitation_id)
        if found is not None:
            return tenant, found
    raise NotFound("Invitation", invitation_id)


def _browser(ports: Ports) -> BrowserContext:
    return BrowserContext(
        base_url=ports.server.base_url,
        browser_secret=ports.entropy.token(),
        session_secret=None,
        ip_address="127.0.0.1",
        user_agent=USER_AGENT,
        correlation_id=ports.entropy.guid(),
    )


def _where(application: Application) -> RedirectUri:
    """The app's first redirect URI, whose kind decides how its code is redeemed."""
    if application.redirect_uris:
        return application.redirect_uris[0]
    kind = Platform.PUBLIC if application.is_fallback_public_client else Platform.WEB
    return RedirectUri(_NO_REDIRECT, kind)


class _Script(Record):
    """Answers page after page, as long as one is due that it can answer."""

    ports: Ports
    tenant: Tenant
    login: str
    browser: BrowserContext
    agrees: bool

    def go(self, turn: Turn) -> Turn:
        """To the end. Raises Conflict where only a person could go on, and the refusal a person would read."""
        for _ in range(_MOST_STEPS):
            if turn.interaction_id is None:
                return turn
            situation = where_is(self.ports, self.tenant.id, turn.interaction_id, self.browser)
            outcome = self._answer(situation)
            if isinstance(outcome, Rejected):
                raise self._stopped(situation, f"was refused ({outcome.reason})")
            turn = outcome
        raise Conflict("steps", "The sign-in goes in circles.")

    def _answer(self, situation: Situation) -> Turn | Rejected:
        due = situation.interrupt
        posted = Posted(self.tenant.id, situation.interaction.id, situation.interaction.version, self.browser)
        step = due.step if due is not None else Step.REDEEM
        if step is Step.REFUSED and due is not None:
            raise due.silent_error
        if step is Step.CONSENT and due is not None and (situation.consent.admin_only or not self.agrees):
            raise due.silent_error
        if step is Step.REDEEM and due is not None and not self.agrees:
            raise self._stopped(situation, "asks whether to accept the invitation")
        answer = self._answers().get(step)
        if answer is None:
            raise self._stopped(situation, "needs a person in a browser")
        return answer(posted, situation)

    def _answers(self) -> dict[Step, Callable[[Posted, Situation], Turn | Rejected]]:
        ports = self.ports
        return {
            Step.IDENTIFY: lambda posted, _: identify(ports, posted, self.login),
            Step.PASSCODE: lambda posted, _: take_step(ports, posted, (Step.PASSCODE,), mailbox_proven),
            Step.PASSWORD: lambda posted, _: take_step(ports, posted, (Step.PASSWORD,), self._password()),
            Step.SECOND_FACTOR: lambda posted, _: take_step(
                ports, posted, (Step.SECOND_FACTOR,), _second_factor
            ),
            Step.ENROL: self._enrol,
            Step.REDEEM: lambda posted, _: accept_invitation(ports, posted),
            Step.CONSENT: lambda posted, _: decide_consent(ports, posted, accepted=True),
            Step.STAY: lambda posted, _: decide_stay(ports, posted, stay=False),
        }

    def _password(self) -> Apply:
        with self.ports.store.read(self.tenant.id) as tx:
            user = with_password(tx, whole_login(self.tenant, self.login))
        if user is None:
            raise InvalidValue("user", f"There is no member '{self.login}' in {self.tenant.display_name}.")
        return lambda tx, situation, now: password_proven(situation, tx.users.find(user.id) or user, now)

    def _enrol(self, posted: Posted, situation: Situation) -> Turn | Rejected:
        """A real authenticator, so that the next sign-in finds one: ``xenia code`` prints its codes."""
        begun = pending_enrolment(self.ports, situation)
        if begun is None:
            return begin_enrolment(self.ports, posted)
        return confirm_enrolment(
            self.ports, posted, self.ports.totp.code(begun.secret, self.ports.clock.now())
        )

    def _stopped(self, situation: Situation, why: str) -> Conflict:
        step = situation.interrupt.step if situation.interrupt is not None else "end"
        return Conflict("step", f"The sign-in of {self.login} {why} at the step '{step}'.")


def _second_factor(tx: Transaction, situation: Situation, now: datetime) -> Facts:
    del tx
    user = situation.user
    return situation.facts if user is None else second_factor_proven(situation, user, now)
