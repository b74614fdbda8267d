"""`xenia up`: the workshop. Server, sample data and tools in one process on this computer."""

from __future__ import annotations

from pathlib import Path

import click

from xenia.cli.announcement import greeting, ready_document, write_ready_file, write_running_file
from xenia.cli.data_directory import DataDirectory, DataDirectoryTaken
from xenia.cli.listeners import AddressRefused
from xenia.cli.options import data_directory, refuse, server_options, settings_of
from xenia.cli.run import Started, StartRefused, run
from xenia.seed import AppliedSeed, Seed, SeedError, apply_seed, builtin_seed, read_seed
from xenia.settings import Settings
from xenia.wiring import Program


@click.command()
@server_options
@click.option(
    "--seed", type=click.Path(path_type=Path), metavar="FILE", help="Seed file instead of the built-in one."
)
@click.option(
    "--hosts",
    metavar="NAMES",
    help="Names of the real service to answer to on this computer: login.microsoftonline.com,graph.microsoft.com",
)
@click.option("--ephemeral", is_flag=True, help="Keep everything in a directory that is deleted at the end.")
def up(*, ready_file: Path | None, ephemeral: bool, **flags: object) -> None:
    """Start the workshop on this computer: server, mailbox, labs, tester, sample data."""
    settings = settings_of(flags, tools=True)
    if ephemeral and flags.get("data"):
        refuse(
            "--ephemeral and --data exclude each other: either everything is deleted at the end, or it is kept."
        )
    if ready_file is not None:
        # Whoever waits for the file must not find the one of an earlier run.
        ready_file.unlink(missing_ok=True)
    try:
        seed = read_seed(settings.workshop.seed) if settings.workshop.seed else builtin_seed()
        data = DataDirectory.ephemeral() if ephemeral else data_directory(settings)
        _run(settings, data, seed, ready_file)
    except (DataDirectoryTaken, AddressRefused, StartRefused, SeedError, OSError) as error:
        refuse(_with_fix(error))


def _run(settings: Settings, data: DataDirectory, seed: Seed, ready_file: Path | None) -> None:
    applied: list[AppliedSeed] = []

    def prepare(program: Program) -> None:
        applied.append(apply_seed(program.ports, seed))

    def announce(started: Started) -> None:
        write_running_file(started)
        # Before the greeting: whoever waits for its words finds the file.
        if ready_file is not None:
            write_ready_file(ready_file, ready_document(started, applied[0]))
        click.echo(greeting(started, applied[0]))

    run(settings, data, prepare, announce)
    click.echo("Xenia has stopped.")


def _with_fix(error: Exception) -> str:
    if isinstance(error, DataDirectoryTaken):
        return f"{error} Stop it, or use another directory: --data DIR (or --ephemeral)."
    return str(error)
