"""Registering and changing an app together with what it proves itself by: all of it, or nothing.

Microsoft Graph: create application, update application, with keyCredentials and passwordCredentials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_credentials import (
    GRAPH_LIFETIME,
    NewSecret,
    made_secret,
    put_secret,
)
from xenia.usecases.applications.application_keys import CertificateList, WantedKey
from xenia.usecases.applications.application_rules import application_target, note
from xenia.usecases.applications.change_registration import Changes, changing
from xenia.usecases.applications.manage_applications import NewApplication, register_in


class WantedSecret(Record):
    """A client secret to be made; without an end it lasts two years."""

    display_name: str = ""
    ends_at: datetime | None = None


def register_with_credentials(
    ports: Ports,
    actor: Actor,
    order: NewApplication,
    certificates: Sequence[WantedKey] = (),
    secrets: Sequence[WantedSecret] = (),
) -> tuple[Application, tuple[NewSecret, ...]]:
    """Register an app without its enterprise app, and give it credentials; secrets are readable in the answer alone.

    Raises NotPermitted, InvalidValue, Conflict.
    """
    now, record_id, object_id = ports.clock.now(), ports.entropy.guid(), ports.entropy.guid()
    listed = CertificateList(ports, object_id, certificates)
    made = tuple(
        made_secret(ports, object_id, each.display_name, each.ends_at or now + GRAPH_LIFETIME)
        for each in secrets
    )

    def work(tx: Transaction) -> Application:
        application = register_in(ports, tx, actor, replace(order, object_id=object_id))
        is_more = listed.put(tx, application)
        for secret in made:
            put_secret(tx, application, secret)
        if is_more or made:
            note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application))
        return application

    return ports.store.write(actor.tenant_id, work), made


def change_with_certificates(
    ports: Ports,
    actor: Actor,
    object_id: ObjectId,
    changes: Changes | Callable[[Application], Changes],
    certificates: Sequence[WantedKey],
) -> Application:
    """``change_registration``, and make these the certificates of the app: what is not named goes.

    Raises NotPermitted, NotFound, InvalidValue, Conflict.
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()
    listed = CertificateList(ports, object_id, certificates)
    change = changing(ports, actor, object_id, changes)

    def work(tx: Transaction) -> Application:
        after = change(tx)
        if listed.put(tx, after):
            note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(after))
        return after

    return ports.store.write(actor.tenant_id, work)
