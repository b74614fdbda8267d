"""`xenia check`: looks at everything a start needs and says what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

from xenia.cli.data_directory import DataDirectory, DataKeyMissing
from xenia.cli.opened import database_url, embedded_file
from xenia.cli.options import data_directory, server_options, settings_of
from xenia.core.mail import Mail, MailKind
from xenia.outside.ambient import SystemClock, SystemEntropy
from xenia.outside.keyring import RsaKeyRing
from xenia.outside.mail.render import MailRenderer
from xenia.outside.sealing import AesSealer
from xenia.ports import MailDeferred, MailRefused, Store, StoreUnavailable
from xenia.settings import Settings, unsafe_for_production
from xenia.storage.store import open_store
from xenia.wiring import Installation, mail_transport, server_info

_OLDEST_PLAUSIBLE = datetime(2026, 1, 1, tzinfo=UTC)
_CLOCK_TOLERANCE = timedelta(minutes=5)


class Failed(Exception):
    """A check found something wrong; the message says what to do."""


@click.command()
@server_options
@click.option("--mail-to", metavar="ADDRESS", help="Send a test mail to this address.")
@click.option("--production", is_flag=True, help="Also refuse what `xenia serve` refuses.")
def check(*, mail_to: str | None, production: bool, **flags: object) -> None:
    """Check settings, database, mail, keys and clock; exits with 1 when something is wrong."""
    flags.pop("ready_file", None)
    settings = settings_of(flags)
    data = data_directory(settings)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("settings", lambda: _settings(settings, production=production)),
        ("database", lambda: _with_store(settings, data, lambda store: store.check())),
        ("keys", lambda: _with_store(settings, data, lambda store: _keys(settings, data, store))),
        ("clock", lambda: _with_store(settings, data, _clock)),
        ("mail", lambda: _mail(settings, mail_to)),
    ]
    failed = False
    for name, look in checks:
        try:
            click.echo(f"ok      {name:<9} {look()}")
        except (Failed, StoreUnavailable, DataKeyMissing, ValueError, OSError) as error:
            failed = True
            click.echo(f"FAILED  {name:<9} {error}")
    if failed:
        raise SystemExit(1)


def _settings(settings: Settings, *, production: bool) -> str:
    problems = unsafe_for_production(settings) if production else ()
    if problems:
        raise Failed("; ".join(str(problem) for problem in problems))
    return f"data directory {settings.server.data}"


def _with_store(settings: Settings, data: DataDirectory, look: Callable[[Store], str]) -> str:
    url = database_url(settings, data)
    file = embedded_file(url)
    if file is not None and not file.exists():
        raise Failed(f"{data.path} holds no database yet; the first start makes it (or name it with --data)")
    store = open_store(url, durable=True)
    try:
        return look(store)
    finally:
        store.close()


def _keys(settings: Settings, data: DataDirectory, store: Store) -> str:
    sealer = AesSealer(data.data_key(settings.storage.data_key, may_create=False), SystemEntropy())
    keys = RsaKeyRing(store, sealer, SystemClock())
    try:
        if keys.verify(keys.sign({"check": True})) is None:
            raise Failed("a signature of ours does not verify; restore the database from a backup")
    except LookupError:
        raise Failed("there are no signing keys yet; the first start makes them") from None
    except ValueError:
        raise Failed(
            "the signing keys were sealed with another data key; put the right data.key back"
        ) from None
    return f"{len(keys.public_keys())} signing keys published"


def _clock(store: Store) -> str:
    """Tokens and codes live by the clock: it must be plausible and not run behind what was written."""
    now = SystemClock().now()
    with store.read(None) as tx:
        newest = max((key.created_at for key in tx.keys.list()), default=_OLDEST_PLAUSIBLE)
    if now < max(newest, _OLDEST_PLAUSIBLE) - _CLOCK_TOLERANCE:
        raise Failed(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, earlier than what was written already; set it (NTP)"
        )
    return f"{now:%Y-%m-%d %H:%M:%S} UTC"


def _mail(settings: Settings, mail_to: str | None) -> str:
    if not settings.mail.smtp:
        if mail_to:
            raise Failed("no mail server is set; give --smtp and --mail-from")
        return "no mail server set: mail stays in the workshop's mailbox"
    transport = mail_transport(settings.mail, settings.outgoing.outgoing_ca)
    if not mail_to:
        return f"{settings.mail.smtp} (give --mail-to to send a test mail)"
    entropy, now = SystemEntropy(), SystemClock().now()
    info = server_info(
        Installation(settings, settings.server.public_url or "https://localhost", (), "", entropy.key()),
        AesSealer(entropy.key(), entropy),
    )
    data = {"tenant_name": "Xenia", "requested_by": "xenia check", "requested_at": now.isoformat()}
    rendered = MailRenderer(info).render(Mail(MailKind.TEST, mail_to, "en", data), entropy.guid(), now)
    try:
        return f"sent to {mail_to}: {transport.deliver(rendered)}"
    except (MailRefused, MailDeferred) as error:
        raise Failed(f"{settings.mail.smtp} said: {error}") from None
