"""`xenia migrate`, `backup`, `restore` and `config docs`."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

import click

from xenia.cli.data_directory import DataDirectory, DataDirectoryTaken
from xenia.cli.opened import database_url, embedded_file
from xenia.cli.options import data_directory, data_options, refuse, settings_of
from xenia.outside.private_files import private_folder, write_private
from xenia.ports import StoreUnavailable
from xenia.settings.reference import reference_page
from xenia.storage.embedded_copy import copy_embedded
from xenia.storage.store import open_store

_DATABASE = "xenia.db"
_KEPT = ("data.key", "tool-token", "tls/ca.pem", "tls/ca-key.pem")
"""Beside the database: without the data key its secrets are lost, without the CA everybody must trust anew."""
_LARGEST_FILE = 1 << 20


@click.command()
@data_options
def migrate(**flags: object) -> None:
    """Bring the database schema up to date."""
    settings = settings_of(flags)
    data = data_directory(settings)
    try:
        store = open_store(database_url(settings, data), durable=True)
        store.migrate()
        click.echo(store.check())
        store.close()
    except (StoreUnavailable, ValueError) as error:
        refuse(str(error))


@click.command()
@data_options
@click.argument("target", type=click.Path(path_type=Path))
def backup(*, target: Path, **flags: object) -> None:
    """Save the embedded database and all keys into one file, while the server may run."""
    settings = settings_of(flags)
    data = data_directory(settings)
    file = embedded_file(database_url(settings, data))
    if file is None:
        refuse(
            f"The database is not embedded: save it with its own tool, pg_dump --format=custom, "
            f"and keep {data.path / 'data.key'} (or your data_key) apart from it."
        )
    if target.exists():
        refuse(f"{target} exists already; name a new file.")
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / _DATABASE
        try:
            copy_embedded(file, copy)
        except FileNotFoundError as error:
            refuse(f"{error}; name the installation's directory with --data.")
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(copy, _DATABASE)
            for name in _KEPT:
                if (data.path / name).is_file():
                    archive.add(data.path / name, name)
    write_private(target, packed.getvalue())
    click.echo(f"Saved {data.path} to {target}. It holds the keys: keep it as safe as the installation.")


@click.command()
@data_options
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(*, source: Path, **flags: object) -> None:
    """Bring a backup back into an empty data directory."""
    settings = settings_of(flags)
    if settings.storage.database:
        refuse("The database is not embedded: bring it back with its own tool, pg_restore.")
    data = data_directory(settings)
    if (data.path / _DATABASE).exists():
        refuse(
            f"{data.path} holds an installation already. Name an empty directory with --data, or move it away."
        )
    try:
        _unpack(source, data)
    except (tarfile.TarError, KeyError) as error:
        refuse(f"{source} is no backup of xenia: {error}")
    except DataDirectoryTaken as error:
        refuse(str(error))
    click.echo(f"Restored {source} into {data.path}.")


def _unpack(source: Path, data: DataDirectory) -> None:
    """Only the files we know are read, by name: an archive can hold paths that lead elsewhere."""
    data.open()
    try:
        with tarfile.open(source, "r:gz") as archive:
            for name in (*_KEPT, _DATABASE):
                content = _content(archive, name)
                if content is not None:
                    private_folder((data.path / name).parent)
                    write_private(data.path / name, content)
    finally:
        data.close()


def _content(archive: tarfile.TarFile, name: str) -> bytes | None:
    if name not in archive.getnames():
        if name == _DATABASE:
            raise KeyError(f"there is no {name} in it")
        return None
    member = archive.getmember(name)
    file = archive.extractfile(member) if member.isreg() else None
    if file is None or (name != _DATABASE and member.size > _LARGEST_FILE):
        raise tarfile.TarError(f"{name} is no ordinary file")
    return file.read()


@click.group()
def config() -> None:
    """Settings: reference page."""


@config.command("docs")
def docs() -> None:
    """Print the reference page of all settings (Markdown)."""
    click.echo(reference_page(), nl=False)
