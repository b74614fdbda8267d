"""Options shared by commands, and turning what people typed into settings or into a readable refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from xenia.cli.data_directory import DataDirectory
from xenia.settings import Settings, SettingsError, load

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def data_options(command: F) -> F:
    """Where the installation lives: for every command that opens it."""
    for option in (
        click.option(
            "--database", metavar="URL", help="postgresql+psycopg://user@host/name; default: embedded."
        ),
        click.option("--data", type=_PATH, metavar="DIR", help="Directory of this installation."),
        click.option("--config", type=_PATH, metavar="FILE", help="Settings file (TOML)."),
    ):
        command = option(command)
    return command


def server_options(command: F) -> F:
    """Addresses, certificate and mail: for `up` and `serve`."""
    for option in (
        click.option(
            "--outgoing-ca", type=_PATH, metavar="FILE", help="Extra CA (PEM) for mail and outgoing requests."
        ),
        click.option("--outgoing-proxy", metavar="URL", help="Forward proxy for outgoing requests."),
        click.option(
            "--outgoing-private/--no-outgoing-private",
            default=None,
            help="Whether outgoing requests may reach private addresses.",
        ),
        click.option(
            "--initial-domain-suffix", metavar="DOMAIN", help="Ends the initial domain of new tenants."
        ),
        click.option("--threads", type=int, metavar="N", help="Requests worked on at once in a process."),
        click.option(
            "--workers", type=int, metavar="N", help="Processes that answer, behind the same ports."
        ),
        click.option("--log-file", type=_PATH, metavar="FILE", help="File for the log lines (JSON)."),
        click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error."),
        click.option(
            "--ready-file", type=_PATH, metavar="FILE", help="Written (JSON) once requests are answered."
        ),
        click.option("--mail-from", metavar="ADDRESS", help="Sender of all mail; required with --smtp."),
        click.option("--smtp", metavar="URL", help="smtp://user@host:587 or smtps://user@host:465."),
        click.option(
            "--trusted-proxy", multiple=True, metavar="NET", help="Proxy whose X-Forwarded-* count."
        ),
        click.option("--tls/--no-tls", default=None, help="--no-tls: plain HTTP to a reverse proxy."),
        click.option("--tls-key", type=_PATH, metavar="FILE", help="Private key of the certificate (PEM)."),
        click.option("--tls-cert", type=_PATH, metavar="FILE", help="Certificate chain (PEM)."),
        click.option("--public-url", metavar="URL", help="The address people use."),
        click.option("--port", multiple=True, type=int, help="Port to listen on; 0 picks one. Repeatable."),
        click.option("--host", multiple=True, help="Name or address to listen on and answer to. Repeatable."),
    ):
        command = option(command)
    return data_options(command)


def settings_of(flags: Mapping[str, object], **fixed: object) -> Settings:
    """Settings from the command's options. Ends the command with every problem when there are any."""
    config = flags.get("config")
    given = {
        name: value for name, value in flags.items() if name not in ("config", "ready_file", "ephemeral")
    }
    try:
        return load({**given, **fixed}, config if isinstance(config, Path) else None)
    except SettingsError as error:
        refuse("The settings cannot be used:\n" + "\n".join(f"  - {problem}" for problem in error.problems))


def data_directory(settings: Settings) -> DataDirectory:
    """The installation's directory; not locked, not created."""
    return DataDirectory(settings.server.data)


def refuse(message: str) -> NoReturn:
    """End the command with a message on standard error and exit code 1."""
    raise click.ClickException(message)
