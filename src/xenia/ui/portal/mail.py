"""**Mail**: where mail comes from and goes to, and a test mail with the mail server's own answer."""

from __future__ import annotations

from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.errors import InvalidValue
from xenia.core.mail import MailState, OutgoingMail
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.usecases.tenants.send_test_mail import mail_delivery, send_test_mail
from xenia.web.http import HttpResponse, html
from xenia.web.routing import Route

_TRAIL = (("Mail", "mail"),)
_STATES = {
    MailState.PENDING: "Waiting to be handed over.",
    MailState.SENDING: "Being handed over now.",
    MailState.SENT: "Accepted by the mail server.",
    MailState.ABANDONED: "Not accepted. This mail is not tried again.",
}
_KINDS = {MailState.SENT: "ok", MailState.ABANDONED: "bad"}


class MailPages:
    """The facts, the button, and what became of it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", "/admin/{tenant}/mail", desk.shown(self.show)),
            Route("POST", "/admin/{tenant}/mail", desk.posted(self.send)),
            Route("GET", "/admin/{tenant}/mail/tests/{mail}", desk.shown(self.delivery)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Sender, transport, and the form of the test mail."""
        return self._draw(visit, visit.actor.mail or "", [])

    def send(self, visit: Visit) -> HttpResponse:
        """**Send a test mail**."""
        address = visit.form("to").strip()
        try:
            mail_id = send_test_mail(self._desk.ports, visit.actor, address)
        except InvalidValue as error:
            return self._draw(visit, address, [{"field": "to", "text": str(error)}])
        return self._desk.back(visit, f"mail/tests/{mail_id}")

    def delivery(self, visit: Visit) -> HttpResponse:
        """What became of it; ``?part=delivery`` answers the part that moves until the server has answered."""
        mail = mail_delivery(self._desk.ports, visit.actor, visit.request.args["mail"])
        trail = (*_TRAIL, ("Test mail", f"mail/tests/{mail.id}"))
        facts = self._facts(visit)
        model = _delivery(mail) | {
            "live_url": visit.url(f"mail/tests/{mail.id}", part="delivery"),
            "facts": facts,
        }
        if mail.state is MailState.SENT and not facts["leaves"]:
            model["state"] = "Kept in the mailbox of this server."
        if visit.request.query.get("part") == "delivery":
            whole = self._desk.frame(visit, "mail", trail) | model
            return html(self._desk.pages.render_block("portal/test_mail.html", "delivery", **whole))
        return self._desk.page(visit, "test_mail.html", "mail", trail, more=model)

    def _draw(self, visit: Visit, to: str, errors: list[dict[str, str]]) -> HttpResponse:
        return self._desk.page(
            visit,
            "mail.html",
            "mail",
            _TRAIL,
            status=422 if errors else 200,
            to=to,
            facts=self._facts(visit),
            standing=self._desk.standing(visit, USER_WRITING_ROLES),
            errors=errors,
        )

    def _facts(self, visit: Visit) -> Model:
        server = self._desk.ports.server
        return {
            "sender": server.mail_from or None,
            "leaves": server.mail_leaves,
            "server": server.mail_server or None,
            "base_url": server.base_url,
            "is_loopback": server.is_loopback,
            "has_mailbox": server.tools,
            "language": visit.tenant.notification_language,
        }


def _delivery(mail: OutgoingMail) -> Model:
    events: list[Model] = [
        {
            "text": "Accepted" if attempt.delivered else "Not accepted",
            "at": attempt.at,
            "detail": attempt.reply,
            "state": "done" if attempt.delivered else "failed",
        }
        for attempt in mail.attempts
    ]
    waits = mail.state in (MailState.PENDING, MailState.SENDING)
    if waits and mail.attempts:
        events.append({"text": "Next try", "at": mail.next_attempt_at, "state": "next"})
    return {
        "mail": mail,
        "kind": _KINDS.get(mail.state, "info"),
        "state": _STATES[mail.state],
        "is_settled": not waits,
        "events": [{"text": "Queued", "at": mail.created_at, "state": "done"}, *events],
    }
