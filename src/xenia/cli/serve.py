"""`xenia serve`: production. No workshop tools, no sample data, no unsafe settings."""

from __future__ import annotations

from pathlib import Path

import click

from xenia.cli.announcement import ready_document, write_ready_file, write_running_file
from xenia.cli.data_directory import DataDirectoryTaken
from xenia.cli.listeners import AddressRefused
from xenia.cli.options import data_directory, refuse, server_options, settings_of
from xenia.cli.run import Started, StartRefused, run
from xenia.seed import SeedError, apply_seed, read_seed
from xenia.settings import unsafe_for_production
from xenia.wiring import Program


@click.command()
@server_options
@click.option("--seed", type=click.Path(path_type=Path), metavar="FILE", help="Seed file to apply at start.")
def serve(*, ready_file: Path | None, **flags: object) -> None:
    """Serve in production; refuses unsafe settings."""
    settings = settings_of(flags)
    problems = unsafe_for_production(settings)
    if problems:
        refuse(
            "Not safe to serve with these settings:\n" + "\n".join(f"  - {problem}" for problem in problems)
        )

    def prepare(program: Program) -> None:
        if settings.workshop.seed is not None:
            apply_seed(program.ports, read_seed(settings.workshop.seed))

    def announce(started: Started) -> None:
        write_running_file(started)
        if ready_file is not None:
            write_ready_file(ready_file, ready_document(started, None))
        click.echo(f"Xenia is ready at {started.addresses.base_url}")

    try:
        run(settings, data_directory(settings), prepare, announce)
    except (DataDirectoryTaken, AddressRefused, StartRefused, SeedError, OSError) as error:
        refuse(str(error))
