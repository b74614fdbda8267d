"""`xenia lab verify`: the success criteria of a lab, checked from real state, for terminals and scripts."""

from __future__ import annotations

import click

from xenia.cli.opened import opened
from xenia.cli.options import data_options, refuse, settings_of
from xenia.core.errors import XeniaError
from xenia.usecases.labs import verify


@click.group()
def lab() -> None:
    """Labs: verify."""


@lab.command("verify")
@data_options
@click.argument("name")
@click.option("--tenant", "tenant_name", metavar="NAME", help="Default: the oldest tenant.")
def verify_command(*, name: str, tenant_name: str | None, **flags: object) -> None:
    """Check a lab such as invite-guests; exits with 1 while a criterion is unmet."""
    with opened(settings_of(flags)) as ports:
        with ports.store.read(None) as tx:
            tenants = tx.tenants.list()
            found = tx.tenants.find_by_name(tenant_name) if tenant_name else next(iter(tenants), None)
        if found is None:
            refuse(f"There is no tenant '{tenant_name}'." if tenant_name else "There is no tenant yet.")
        try:
            criteria = verify(ports, found.id, name)
        except XeniaError as error:
            refuse(error.message)
    for criterion in criteria:
        click.echo(f"{'ok     ' if criterion.met else 'missing'}  {criterion.title}")
        for label, value in criterion.evidence:
            click.echo(f"         {label}: {value}")
        if not criterion.met:
            click.echo(f"         {criterion.missing}")
    if not all(criterion.met for criterion in criteria):
        raise SystemExit(1)
