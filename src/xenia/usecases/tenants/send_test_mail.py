"""A test mail on request, and how it fared. Owns the verb; the delivery is the outbox's as for every mail."""

from __future__ import annotations

from datetime import timedelta

from xenia.core.actor import Actor
from xenia.core.addresses import parse_address
from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.errors import InvalidValue, LimitReached, NotFound
from xenia.core.mail import Mail, MailKind, OutgoingMail
from xenia.ports import Ports, Transaction
from xenia.usecases.tenants.queue_mail import queue_mail

MAILS, WINDOW = 20, timedelta(hours=1)


def send_test_mail(ports: Ports, actor: Actor, to: str) -> str:
    """Queue a test mail to this address; its id, for ``mail_delivery``.

    Raises NotPermitted, InvalidValue, NotFound, and LimitReached: it goes to whatever address was typed.
    """
    actor.require(USER_WRITING_ROLES, "Organization.ReadWrite.All")
    address = parse_address(to)
    if address is None:
        raise InvalidValue("to", "Enter an email address, like name@example.com.")
    now, mail_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        tenant = tx.tenants.find(actor.tenant_id)
        if tenant is None:
            raise NotFound("Tenant", actor.tenant_id)
        key = f"test-mail:{tenant.id}:{actor.user_id or actor.service_principal_id}"
        wait = tx.limits.hit(key, MAILS, WINDOW, now)
        if wait is not None:
            raise LimitReached("test mail", wait, "You have sent many test mails.")
        data = {
            "tenant_name": tenant.display_name,
            "tenant_domain": tenant.default_domain,
            "requested_by": actor.display_name,
            "requested_at": now.isoformat(),
        }
        mail = Mail(MailKind.TEST, address, tenant.notification_language, data, subject_of=mail_id)
        queue_mail(ports, tx, mail, now, mail_id)

    ports.store.write(actor.tenant_id, work)
    ports.mail_queued()
    return mail_id


def mail_delivery(ports: Ports, actor: Actor, mail_id: str) -> OutgoingMail:
    """State and attempts of a test mail of this tenant, with the server's answers. Raises NotPermitted, NotFound."""
    actor.require(USER_WRITING_ROLES, "Organization.ReadWrite.All")
    with ports.store.read(actor.tenant_id) as tx:
        # Asked for by subject, which is bound to the tenant; rows of other tenants stay out of reach.
        found = tx.outbox.of_subject(mail_id)
    if not found:
        raise NotFound("Mail", mail_id)
    return found[0]
