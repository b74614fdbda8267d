"""`xenia tenant create`, `xenia user create` and `xenia code`: the directory from the operator's chair."""

from __future__ import annotations

import click

from xenia.cli.opened import opened
from xenia.cli.options import data_options, refuse, settings_of
from xenia.core.actor import system_actor
from xenia.core.directory.roles import find_role
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.errors import XeniaError
from xenia.ports import Ports, Transaction
from xenia.usecases.sign_in.second_factor import SEAL_PURPOSE
from xenia.usecases.tenants.manage_tenant import NewTenant, open_tenant
from xenia.usecases.users.manage_users import NewMember, add_role, create_member


@click.group()
def tenant() -> None:
    """Tenants: create."""


@tenant.command("create")
@data_options
@click.argument("name")
@click.argument("short_name")
@click.option("--admin-mail", metavar="ADDRESS", help="Mail address of the first administrator.")
def create_tenant_command(*, name: str, short_name: str, admin_mail: str | None, **flags: object) -> None:
    """Open a tenant with its first administrator; the password is printed once."""
    with opened(settings_of(flags)) as ports:
        try:
            made = open_tenant(ports, None, NewTenant(name, short_name), admin_mail)
        except XeniaError as error:
            refuse(error.message)
    user = made.administrator.user
    click.echo(f"Tenant         {made.tenant.display_name} ({made.tenant.initial_domain})")
    click.echo(f"Tenant ID      {made.tenant.id}")
    click.echo(f"Administrator  {user.user_principal_name}")
    click.echo(f"Password       {made.administrator.password}   (shown this once)")


@click.group()
def user() -> None:
    """Users: create."""


@user.command("create")
@data_options
@click.argument("upn")
@click.argument("display_name")
@click.option("--mail", metavar="ADDRESS")
@click.option(
    "--role", multiple=True, metavar="ROLE", help='For instance "Global Administrator". Repeatable.'
)
def create_user_command(
    *, upn: str, display_name: str, mail: str | None, role: tuple[str, ...], **flags: object
) -> None:
    """Create a member; the password is printed once. UPN is name@domain of a tenant."""
    unknown = next((name for name in role if find_role(name) is None), None)
    if unknown is not None:
        refuse(f"There is no directory role '{unknown}'.")
    with opened(settings_of(flags)) as ports:
        with ports.store.read(None) as tx:
            home = tx.tenants.find_by_name(upn.rpartition("@")[2])
        if home is None:
            refuse(f"No tenant has the domain of '{upn}'. Write name@domain.")
        actor = system_actor(home.id, ports.entropy.guid())
        try:
            order = NewMember(upn, display_name, properties={"mail": mail} if mail else {})
            made = create_member(ports, actor, order)
            for name in role:
                add_role(ports, actor, made.user.id, name)
        except XeniaError as error:
            refuse(error.message)
    click.echo(f"User      {made.user.user_principal_name}")
    click.echo(f"Password  {made.password}   (shown this once)")


@click.command()
@data_options
@click.argument("name")
def code(*, name: str, **flags: object) -> None:
    """Print the current authenticator code of a user, by user name or mail address."""
    with opened(settings_of(flags)) as ports:
        found = _authenticator_secrets(ports, name)
        if not found:
            refuse(f"'{name}' is no user with an authenticator app.")
        now = ports.clock.now()
        for upn, secret in found:
            left = 30 - int(now.timestamp()) % 30
            click.echo(ports.totp.code(secret, now))
            click.echo(f"{upn}, valid for {left} more seconds", err=True)


def _authenticator_secrets(ports: Ports, name: str) -> list[tuple[str, str]]:
    """(user principal name, secret) of everybody the name stands for, newest authenticator each."""
    found = []
    with ports.store.read(None) as tx:
        tenants = tx.tenants.list()
    for one in tenants:
        with ports.store.read(one.id) as tx:
            for person in _people(tx, one, name):
                apps = [app for app in tx.credentials.authenticator_apps(person.id) if app.confirmed_at]
                if apps:
                    newest = max(apps, key=lambda app: app.created_at)
                    secret = ports.sealer.open(newest.sealed_secret, SEAL_PURPOSE).decode()
                    found.append((person.user_principal_name, secret))
    return found


def _people(tx: Transaction, home: Tenant, name: str) -> list[User]:
    if "@" not in name:
        upns = {f"{name}@{domain.name}" for domain in home.domains}
        return [person for person in map(tx.users.find_by_upn, sorted(upns)) if person is not None]
    person = tx.users.find_by_upn(name)
    return [person] if person is not None else list(tx.users.find_by_address(name))
