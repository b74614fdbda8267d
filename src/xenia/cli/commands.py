"""The `xenia` command and its sub-commands. Each is imported when called, so that none pays for the others."""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType

import click

import xenia as package

_COMMANDS = {
    "up": (
        "xenia.cli.up:up",
        "Start the workshop on this computer: server, mailbox, labs, tester, sample data.",
    ),
    "serve": ("xenia.cli.serve:serve", "Serve in production; refuses unsafe settings."),
    "check": ("xenia.cli.check:check", "Check settings, database, mail, keys and clock."),
    "migrate": ("xenia.cli.upkeep:migrate", "Bring the database schema up to date."),
    "backup": ("xenia.cli.upkeep:backup", "Save the embedded database and all keys into one file."),
    "restore": ("xenia.cli.upkeep:restore", "Bring a backup back into an empty data directory."),
    "tenant": ("xenia.cli.directory:tenant", "Tenants: create."),
    "user": ("xenia.cli.directory:user", "Users: create."),
    "code": ("xenia.cli.directory:code", "Print the current authenticator code of a user."),
    "token": ("xenia.cli.token:token", "Print a token that an app would get for a person (workshop only)."),
    "env": ("xenia.cli.clients:env", "Print environment variables for clients of this server."),
    "trust": ("xenia.cli.clients:trust", "Add this installation's CA to the system's and browsers' stores."),
    "keys": ("xenia.cli.keys:keys", "Signing keys: list, rotate."),
    "lab": ("xenia.cli.lab:lab", "Labs: verify."),
    "config": ("xenia.cli.upkeep:config", "Settings: reference page."),
}


def _imported(name: str) -> ModuleType:
    """The module; what comes with it for the first time is never looked through for garbage.

    Importing makes a hundred thousand objects that stay. The collector would go through them again and again
    meanwhile, which is a tenth of a start, and now and then ever after.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


class _Lazy(click.Group):
    """Sub-commands by name; the module behind one is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(_imported(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package.__version__, prog_name="xenia")
def xenia() -> None:
    """Xenia: invite guests, let them sign in with the identity they have."""
