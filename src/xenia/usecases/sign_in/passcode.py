"""Proving a mailbox: sending a one-time passcode and checking it.

A code goes to whatever address was typed, known or not, so that nothing tells guests from strangers;
limits per interaction, address and network bound what that can be abused for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.addresses import address_key, mailbox_key
from xenia.core.credentials import (
    PASSCODE_DIGITS,
    PASSCODE_LIFETIME,
    PASSCODE_RESEND_AFTER,
    PASSCODE_TRIES,
    PASSCODES_ALIVE_PER_ADDRESS,
    EmailPasscode,
)
from xenia.core.directory.user import MAIL_ISSUER
from xenia.core.ids import TenantId
from xenia.core.mail import Mail, MailKind
from xenia.core.networks import network_of
from xenia.core.signin.facts import Factor, Facts, Proof
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sign_in.language import language_of
from xenia.usecases.sign_in.situation import (
    BrowserContext,
    Situation,
    assess,
    find_session,
    known_here,
    load_interaction,
    user_of_mailbox,
)
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn
from xenia.usecases.tenants.queue_mail import queue_mail

CODES_PER_ADDRESS = 10
CODES_PER_NETWORK = 60
TRIES_PER_ADDRESS = 30
WINDOW = timedelta(hours=1)


class PasscodeStatus(Record):
    """What the page says about codes of this interaction."""

    sent_at: datetime | None
    resend_at: datetime | None
    is_live: bool
    tries_left: int


def passcode_status(ports: Ports, tenant_id: TenantId, interaction_id: str, address: str) -> PasscodeStatus:
    """The newest code sent to *address* in this interaction; changes nothing."""
    now = ports.clock.now()
    with ports.store.read(tenant_id) as tx:
        sent = _codes_for(tx, interaction_id, address)
    if not sent:
        return PasscodeStatus(None, None, is_live=False, tries_left=PASSCODE_TRIES)
    newest = sent[0]
    return PasscodeStatus(
        newest.sent_at,
        newest.sent_at + PASSCODE_RESEND_AFTER,
        newest.is_live(now),
        max(0, PASSCODE_TRIES - newest.tries),
    )


def _codes_for(tx: Transaction, interaction_id: str, address: str) -> tuple[EmailPasscode, ...]:
    key = address_key(address)
    return tuple(code for code in tx.sign_ins.passcodes_of(interaction_id) if code.address_key == key)


def send_code(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Send code** (or **Resend code**). Raises InteractionGone."""
    digits, passcode_id = ports.entropy.digits(PASSCODE_DIGITS), ports.entropy.guid()

    def work(tx: Transaction) -> Turn | Rejected:
        now = ports.clock.now()
        interaction = load_interaction(ports, tx, posted.interaction_id, posted.browser, now)
        session = find_session(ports, tx, posted.browser.session_secret, now)
        situation = assess(ports, tx, interaction, session, now)
        here = Turn(interaction_id=interaction.id)
        address = situation.facts.login or ""
        if situation.interrupt is None or situation.interrupt.step is not Step.PASSCODE:
            return here
        refused = _may_send(ports, tx, situation, address, posted.browser, now)
        if refused is not None:
            return refused
        tx.sign_ins.replace_passcodes(interaction.id, now)
        tx.sign_ins.add_passcode(
            EmailPasscode(
                id=passcode_id,
                tenant_id=posted.tenant_id,
                interaction_id=interaction.id,
                address_key=address_key(address),
                code_hash=_code_hash(ports, posted, address, digits),
                sent_at=now,
                expires_at=now + PASSCODE_LIFETIME,
            )
        )
        queue_mail(ports, tx, _mail(tx, situation, address, digits, posted.browser, now), now)
        return here

    outcome = ports.store.write(posted.tenant_id, work)
    ports.mail_queued()
    return outcome


def _may_send(
    ports: Ports, tx: Transaction, situation: Situation, address: str, browser: BrowserContext, now: datetime
) -> Rejected | None:
    sent, mine = _codes_for(tx, situation.interaction.id, address), _own_allowance(situation, address)
    if sent and now < sent[0].sent_at + PASSCODE_RESEND_AFTER:
        return Rejected("too-soon", wait=sent[0].sent_at + PASSCODE_RESEND_AFTER - now)
    key = address_key(address)
    alive = tx.sign_ins.live_passcodes_for(key, now)
    if alive >= PASSCODES_ALIVE_PER_ADDRESS and not sent and not mine:
        return Rejected("limit", wait=PASSCODE_LIFETIME)
    # The network first: what it is refused must not be charged to the mailbox.
    for name, limit in (
        (f"passcode-network:{network_of(browser.ip_address)}", CODES_PER_NETWORK),
        (f"passcode:{mailbox_key(address)}{mine}", CODES_PER_ADDRESS),
    ):
        wait = tx.limits.hit(name, limit * ports.server.signin_limit_scale, WINDOW, now)
        if wait is not None:
            return Rejected("limit", wait=wait)
    return None


def _own_allowance(situation: Situation, address: str) -> str:
    """Whoever holds the invitation's link, or proved this mailbox in this browser before, counts by themselves."""
    if situation.invitation is not None:
        return f":{situation.invitation.id}"
    return known_here(situation.session, address)


def _code_hash(ports: Ports, posted: Posted, address: str, digits: str) -> str:
    """Keyed hash bound to tenant, interaction and address: a code is worthless anywhere else."""
    return ports.sealer.mac("passcode", posted.tenant_id, posted.interaction_id, address_key(address), digits)


def _mail(
    tx: Transaction,
    situation: Situation,
    address: str,
    digits: str,
    browser: BrowserContext,
    now: datetime,
) -> Mail:
    tenant = situation.tenant
    app_name = tenant.display_name if situation.interaction.redeem else situation.client.display_name
    return Mail(
        kind=MailKind.PASSCODE,
        to=address,
        language=language_of(situation, browser.languages),
        data={
            "code": digits,
            "tenant_name": tenant.display_name,
            "app_name": app_name,
            "requested_at": now.isoformat(),
            "lifetime_minutes": str(int(PASSCODE_LIFETIME.total_seconds() // 60)),
            "privacy_url": tenant.privacy_statement_url or "",
            "known": _known_as(tx, situation, address),
        },
    )


def _known_as(tx: Transaction, situation: Situation, address: str) -> str:
    """What the mail to somebody who signs up says of them; the page says the same to everybody.

    Both questions are asked whoever it is, so that knowing an address costs no more than not knowing it.
    """
    if situation.facts.sign_up is None:
        return ""
    bound = tx.users.find_by_identity(MAIL_ISSUER, address_key(address))
    same_address = tx.users.find_by_address(address)
    if bound is not None:
        return "access" if bound.account_enabled else ""
    if any(user.is_pending and user.account_enabled for user in same_address):
        return "invited"
    return "elsewhere" if any(user.account_enabled for user in same_address) else ""


def enter_code(ports: Ports, posted: Posted, typed: str) -> Turn | Rejected:
    """**Enter code**: blanks and dashes do not matter. A wrong code counts and commits."""
    digits = "".join(character for character in typed if character not in " -\u00a0\u2011")

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        checked = _check(ports, tx, posted, situation, digits, now)
        return mailbox_proven(tx, situation, now) if checked is None else checked

    return take_step(ports, posted, (Step.PASSCODE,), apply)


def mailbox_proven(tx: Transaction, situation: Situation, now: datetime) -> Facts:
    """What is known once the mailbox is proven, and whose it is."""
    address = situation.facts.login or ""
    proof = Proof("email_passcode", Factor.FIRST, now, ("otp",), MAIL_ISSUER, address_key(address))
    user = user_of_mailbox(tx, situation.tenant, address, situation.invitation)
    # A proof made here replaces the session's: the sign-in is a fresh one.
    return replace(situation.facts, user_id=None, sid=None).with_proof(proof, user.id if user else None)


def _check(
    ports: Ports, tx: Transaction, posted: Posted, situation: Situation, digits: str, now: datetime
) -> Rejected | None:
    address = situation.facts.login or ""
    codes = _codes_for(tx, posted.interaction_id, address)
    if not codes:
        return Rejected("code-expired")
    newest = codes[0]
    if not newest.is_live(now):
        return Rejected("code-locked" if newest.tries >= PASSCODE_TRIES else "code-expired")
    key = f"passcode-try:{address_key(address)}{_own_allowance(situation, address)}"
    wait = tx.limits.hit(key, TRIES_PER_ADDRESS * ports.server.signin_limit_scale, WINDOW, now)
    if wait is not None:
        return Rejected("limit", wait=wait)
    tries = tx.sign_ins.count_passcode_try(newest.id)
    given = _code_hash(ports, posted, address, digits)
    if tries <= PASSCODE_TRIES and ports.sealer.same(given, newest.code_hash):
        return None if tx.sign_ins.consume_passcode(newest.id, now) else Rejected("code-expired")
    if any(ports.sealer.same(given, older.code_hash) for older in codes[1:]):
        return Rejected("code-replaced", tries_left=max(0, PASSCODE_TRIES - tries))
    left = max(0, PASSCODE_TRIES - tries)
    return Rejected("code", tries_left=left) if left else Rejected("code-locked")
