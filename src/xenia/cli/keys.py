"""`xenia keys list` and `xenia keys rotate`: the signing keys from the operator's chair, beside running servers."""

from __future__ import annotations

from datetime import datetime

import click

from xenia.cli.opened import opened
from xenia.cli.options import data_options, refuse, settings_of
from xenia.core.actor import system_actor
from xenia.core.audit import ROTATE_SIGNING_KEY, Target, audit_record
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.outside.keyring import PUBLISHED_AFTER_RETIREMENT, HeldKey, KeyTooNew, RsaKeyRing
from xenia.ports import Ports, Transaction


@click.group()
def keys() -> None:
    """Signing keys: list, rotate."""


@keys.command("list")
@data_options
def list_keys(**flags: object) -> None:
    """Print the published signing keys: which one signs, which comes next, which retired and until when it is published."""
    with opened(settings_of(flags)) as ports:
        for held in _ring(ports).stored():
            click.echo(_line(held))


@keys.command()
@data_options
@click.option(
    "--compromised",
    is_flag=True,
    help="The current key is in wrong hands: stop believing it at once, and do not wait for the next to be known.",
)
def rotate(*, compromised: bool, **flags: object) -> None:
    """Let the next signing key sign from now on. Running servers follow within five seconds, on every node."""
    with opened(settings_of(flags)) as ports:
        ring = _ring(ports)
        before = ring.stored()[0]

        def noting(tx: Transaction) -> None:
            actor = system_actor(PLATFORM_TENANT_ID, ports.entropy.guid())
            target = Target(before.key.kid, "Other", "Token signing key")
            details = (("compromised", str(compromised).lower()),)
            tx.logs.audit(
                audit_record(
                    ports.entropy.guid(),
                    ROTATE_SIGNING_KEY,
                    actor,
                    ports.clock.now(),
                    targets=(target,),
                    details=details,
                )
            )

        try:
            now_signs = ring.rotate(compromised=compromised, noting=noting)
        except KeyTooNew as error:
            refuse(
                f"{error} Apps that cached the keys do not know it before. If the current key is in wrong hands, use "
                "--compromised: apps then refuse tokens until they fetch the keys anew."
            )
    click.echo(f"{now_signs.key.kid} signs from now on; {before.key.kid} {_fate(compromised=compromised)}.")


def _ring(ports: Ports) -> RsaKeyRing:
    return RsaKeyRing(ports.store, ports.sealer, ports.clock)


def _fate(*, compromised: bool) -> str:
    hours = int(PUBLISHED_AFTER_RETIREMENT.total_seconds() // 3600)
    return "is believed no longer" if compromised else f"stays published for {hours} hours"


def _line(held: HeldKey) -> str:
    key = held.key
    return f"{key.kid}  {held.state:<8} since {_written(key.created_at)}  {_when(held)}"


def _when(held: HeldKey) -> str:
    key = held.key
    if key.retired_at is not None:
        return f"published until {_written(key.retired_at + PUBLISHED_AFTER_RETIREMENT)}"
    return "signs" if held.state == "current" else f"signs from {_written(key.active_from)}"


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
