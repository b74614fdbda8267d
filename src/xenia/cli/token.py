"""`xenia token`: what an app would get for a person, for scripts and tests. Of a workshop only."""

from __future__ import annotations

import click

from xenia.cli.opened import last_run, opened
from xenia.cli.options import data_directory, data_options, refuse, settings_of
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import ConsentRequired, XeniaError
from xenia.core.ids import parse_guid
from xenia.core.query import Compare, Query
from xenia.ports import Ports
from xenia.usecases.tokens.scripted_sign_in import ScriptedSignIn, token_for_script

_SOME = 9
_SCOPES = ("openid", "profile", "User.Read")


@click.command()
@data_options
@click.option("--app", required=True, metavar="APP", help="Client ID, or display name, of the app.")
@click.option("--user", metavar="NAME", help="A member: user principal name, or user name.")
@click.option("--guest", metavar="ADDRESS", help="A guest: the invited address.")
@click.option(
    "--scope", multiple=True, metavar="SCOPE", help="Repeatable. Default: openid profile User.Read."
)
@click.option("--id-token", is_flag=True, help="Print the ID token instead of the access token.")
@click.option("--agree", is_flag=True, help="Accept an open invitation and the app's permissions on the way.")
@click.option("--tenant", "tenant_name", metavar="NAME", help="Default: that of the user, else the oldest.")
def token(
    *,
    app: str,
    user: str | None,
    guest: str | None,
    scope: tuple[str, ...],
    id_token: bool,
    agree: bool,
    tenant_name: str | None,
    **flags: object,
) -> None:
    """Print a token that an app would get for a person, as if they had signed in. Of `xenia up` only."""
    login = user or guest
    if login is None or (user and guest):
        refuse("Say who signs in: --user NAME for a member or --guest ADDRESS for a guest, one of them.")
    settings = settings_of(flags)
    if not last_run(settings, data_directory(settings)).tools:
        refuse(
            "xenia token works with a workshop (xenia up) only: in production no command signs in as somebody. "
            "Name the workshop's directory with --data."
        )
    with opened(settings) as ports:
        tenant = _tenant(ports, tenant_name, login if user else None)
        try:
            order = ScriptedSignIn(login, _app_id(ports, tenant, app), _words(scope) or _SCOPES, agrees=agree)
            tokens = token_for_script(ports, tenant, order)
        except ConsentRequired as error:
            refuse(f"{error.message} With --agree the command agrees in the person's name.")
        except XeniaError as error:
            refuse(error.message)
    if id_token and tokens.id_token is None:
        refuse("Without the scope openid there is no ID token; add --scope openid.")
    click.echo(tokens.id_token if id_token else tokens.access_token)


def _words(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """One option for each, or several in one as they stand in a request."""
    return tuple(word for scope in scopes for word in scope.split())


def _tenant(ports: Ports, name: str | None, login: str | None) -> Tenant:
    wanted = name or (login.rpartition("@")[2] if login and "@" in login else None)
    with ports.store.read(None) as tx:
        tenants = tx.tenants.list()
        found = tx.tenants.find_by_name(wanted) if wanted else next(iter(tenants), None)
    if found is None:
        refuse(f"No tenant is called '{wanted}'." if wanted else "There is no tenant yet.")
    return found


def _app_id(ports: Ports, tenant: Tenant, app: str) -> str:
    known = parse_guid(app)
    if known is not None:
        return known
    with ports.store.read(tenant.id) as tx:
        found = tx.applications.list(Query(Compare("display_name", "eq", app), limit=_SOME)).items
    if len(found) != 1:
        refuse(
            f"{len(found) or 'No'} app{'s are' if len(found) > 1 else ' is'} called '{app}' in {tenant.display_name}. "
            "Give its client ID."
        )
    return found[0].app_id
