"""The mailbox for programs: JSON under ``/mailbox/api``. Reading does not mark a mail as read."""

from __future__ import annotations

import re

from xenia.core.errors import InvalidValue, NotFound
from xenia.core.mail import CapturedMail
from xenia.ports import Ports
from xenia.ui.mailbox.letters import headers_of, invitation_link_of, passcode_of, source_of
from xenia.web.http import HttpRequest, HttpResponse, json
from xenia.web.tools import Tools

_MOST = 200
_NO_STORE = (("Cache-Control", "no-store"),)


class MailboxApi:
    """Handlers of the JSON API."""

    def __init__(self, ports: Ports, tools: Tools) -> None:
        self._ports = ports
        self._tools = tools

    def list(self, request: HttpRequest) -> HttpResponse:
        """``?search=&limit=&before=``: newest first; ``next`` is the ``before`` of the following page."""
        limit = _limit(request.query.get("limit", "50"))
        with self._ports.store.read(None) as tx:
            found = tx.mailbox.list(
                request.query.get("search"), limit + 1, request.query.get("before") or None
            )
        shown = found[:limit]
        following = shown[-1].id if len(found) > limit else None
        return json(
            {"messages": [self._summary(mail) for mail in shown], "next": following}, headers=_NO_STORE
        )

    def show(self, request: HttpRequest) -> HttpResponse:
        """One mail with both parts, headers and source. Raises NotFound."""
        with self._ports.store.read(None) as tx:
            mail = tx.mailbox.find(request.args["id"])
        if mail is None:
            raise NotFound("Message", request.args["id"])
        headers = [{"name": name, "value": value} for name, value in headers_of(mail)]
        whole = {"html": mail.html, "headers": headers, "source": source_of(mail)}
        return json(self._summary(mail) | whole, headers=_NO_STORE)

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Remove one. Raises NotFound, FormRefused for pages of other sites."""
        self._tools.check_not_foreign(request)
        if not self._ports.store.write(None, lambda tx: tx.mailbox.remove(request.args["id"])):
            raise NotFound("Message", request.args["id"])
        return HttpResponse(204)

    def delete_all(self, request: HttpRequest) -> HttpResponse:
        """Remove all. Raises FormRefused for pages of other sites."""
        self._tools.check_not_foreign(request)
        removed = self._ports.store.write(None, lambda tx: tx.mailbox.remove_all())
        return json({"removed": removed}, headers=_NO_STORE)

    def _summary(self, mail: CapturedMail) -> dict[str, object]:
        return {
            "id": mail.id,
            "kind": mail.kind,
            "tenant_id": mail.tenant_id,
            "received_at": mail.received_at,
            "read_at": mail.read_at,
            "from": mail.sender,
            "to": mail.recipients,
            "subject": mail.subject,
            "text": mail.text,
            "code": passcode_of(mail),
            "link": invitation_link_of(mail, self._ports.server.base_url),
        }


def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _MOST:
        raise InvalidValue("limit", f"limit is a number from 1 to {_MOST}.")
    return int(text)
