"""Logos of apps: the picture that the consent page and My Apps show.

Everybody may see them; owners and administrators of apps change them.
"""

from __future__ import annotations

import hashlib
import json

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Change
from xenia.core.directory.application import Application, Logo
from xenia.core.errors import InvalidValue
from xenia.core.ids import ObjectId, TenantId
from xenia.core.pictures import read_picture
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.applications.application_rules import (
    application_target,
    guard_change,
    note,
    require_application,
)
from xenia.usecases.users import read_directory

LONGEST_LOGO = 20_000
"""Bytes: a sign-in page has a budget of its own."""
WIDEST_LOGO = 1024
"""Pixels of a side: few bytes can make a picture that fills the memory of a browser."""


def set_logo(ports: Ports, actor: Actor, object_id: ObjectId, data: bytes) -> None:
    """Show this picture for the app; no bytes: none. What it is, its bytes say.

    Raises NotPermitted, NotFound, InvalidValue (field ``logo``).
    """
    logo = _checked(data) if data else None
    mark = None if logo is None else hashlib.sha256(logo.content).hexdigest()[:16]
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        if application.logo_mark == mark:
            return
        tx.applications.put_logo(application.id, logo)
        tx.applications.replace(replace(application, logo_mark=mark))
        change = Change("Logo", _told(application.logo_mark), _told(mark))
        note(tx, record_id, audit.UPDATE_APPLICATION, actor, now, application_target(application, (change,)))

    ports.store.write(actor.tenant_id, work)


def get_logo(ports: Ports, actor: Actor, object_id: ObjectId) -> Logo | None:
    """The logo as it was given. Raises NotPermitted, NotFound (the app)."""
    application = read_directory.get_application(ports, actor, object_id)
    return shown_logo(ports, actor.tenant_id, application.id)


def shown_logo(ports: Ports, tenant_id: TenantId, object_id: ObjectId) -> Logo | None:
    """The logo of an app of this tenant, for whoever looks at a page that shows it; None: it has none."""
    with ports.store.read(tenant_id) as tx:
        application = tx.applications.find(object_id)
        return tx.applications.logo(object_id) if application is not None else None


def logo_path(application: Application | None) -> str | None:
    """Where the logo is served, below the address of this server; None: there is none."""
    if application is None or application.logo_mark is None:
        return None
    return f"/{application.tenant_id}/signin/app-logo/{application.id}?v={application.logo_mark}"


def _checked(data: bytes) -> Logo:
    if len(data) > LONGEST_LOGO:
        kilobytes = -(-len(data) // 1000)
        raise InvalidValue(
            "logo", f"This picture has {kilobytes} kB. Use one of at most {LONGEST_LOGO // 1000} kB."
        )
    picture = read_picture(data)
    if picture is None:
        raise InvalidValue("logo", "This is no PNG or JPEG picture.")
    if max(picture.width, picture.height) > WIDEST_LOGO:
        raise InvalidValue(
            "logo",
            f"This picture is {picture.width} by {picture.height} pixels. Use one of at most {WIDEST_LOGO} by {WIDEST_LOGO}.",
        )
    return Logo(picture.media_type, data)


def _told(mark: str | None) -> str:
    return json.dumps([] if mark is None else [mark])
