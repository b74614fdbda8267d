"""`xenia env` and `xenia trust`: making clients on this machine accept the installation's CA."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import click

from xenia.cli.data_directory import DataDirectory
from xenia.cli.opened import LastRun, last_run
from xenia.cli.options import data_directory, data_options, refuse, settings_of
from xenia.core.real_names import NEEDED_NAMES
from xenia.outside.certificate_authority import fingerprint
from xenia.outside.private_files import write_private
from xenia.settings import hosts_without_proxy, system_ca_bundle

_QUOTE, _QUOTED = "'", "'\\''"
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


@click.command()
@data_options
@click.option("--shell", type=click.Choice(["sh", "powershell"]), default=None, help="Default: by platform.")
@click.option("--hosts", is_flag=True, help="For programs with the real service's names built in.")
def env(*, shell: str | None, hosts: bool, **flags: object) -> None:
    """Print environment variables for clients of this server: eval "$(xenia env)"."""
    settings = settings_of(flags)
    data = data_directory(settings)
    address = last_run(settings, data)
    kind = shell or ("powershell" if sys.platform == "win32" else "sh")
    if hosts:
        variables, hints = _for_real_names(data, address)
    else:
        variables, hints = _for_our_address(data, address)
    for name, value in variables.items():
        if kind == "powershell":
            click.echo(f"$env:{name} = '{value.replace(_QUOTE, _QUOTE * 2)}'")
        else:
            click.echo(f"export {name}='{value.replace(_QUOTE, _QUOTED)}'")
    for line in hints:
        click.echo(f"# {line}")


@click.command()
@data_options
@click.option("--show", is_flag=True, help="Only print what would be done.")
@click.option(
    "--stand-in", is_flag=True, help="The second CA instead, of `xenia up --hosts`: read its warning."
)
def trust(*, show: bool, stand_in: bool, **flags: object) -> None:
    """Add this installation's CA to the system's and browsers' stores, or say how."""
    data = data_directory(settings_of(flags))
    ca = _stand_in_file(data) if stand_in else _ca_file(data)
    click.echo(f"CA file  {ca}\nSHA-256  {fingerprint(ca.read_bytes())}\n")
    if stand_in:
        click.echo(
            "Warning: with this CA in its store, this computer takes Xenia for the real sign-in service. Single programs\n"
            "need no store: xenia env --hosts. Take it out of the store again when you are done.\n"
        )
    for title, command in _commands(ca, "Xenia stand-in CA" if stand_in else "Xenia local CA"):
        line = shlex.join(command)
        if show or shutil.which(command[0]) is None:
            click.echo(f"{title}, by hand:\n  {line}")
            continue
        # The commands are fixed and the file is our own; nothing of them was typed by anybody.
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode == 0:
            click.echo(f"{title}: done")
        else:
            click.echo(f"{title}: failed ({done.stderr.strip()[:200]}); by hand:\n  {line}")
    click.echo("\nFirefox: Settings, Certificates, View Certificates, Authorities, Import.")


def _ca_file(data: DataDirectory) -> Path:
    path = data.certificates / "ca.pem"
    if not path.is_file():
        refuse(f"{data.path} has no CA. Start the server once, or name its directory with --data.")
    return path


def _stand_in_file(data: DataDirectory) -> Path:
    path = data.stand_in / "ca.pem"
    if not path.is_file():
        refuse(
            f"{data.path} stands in for nobody. Start it with xenia up --hosts {','.join(NEEDED_NAMES)} --port 443, "
            "or name its directory with --data."
        )
    return path


def _for_our_address(data: DataDirectory, address: LastRun) -> tuple[dict[str, str], list[str]]:
    """Variables and hints for clients that are told our address."""
    ca = _ca_file(data)
    bundle = _bundle(data.certificates / "bundle.pem", ca)
    variables = {
        "SSL_CERT_FILE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "CURL_CA_BUNDLE": str(bundle),
        "NODE_EXTRA_CA_CERTS": str(ca),
        "AZURE_AUTHORITY_HOST": address.base_url,
        **_without_proxy(address),
    }
    return variables, _hints(address.base_url, bundle)


def _for_real_names(data: DataDirectory, address: LastRun) -> tuple[dict[str, str], list[str]]:
    """Variables for clients that nobody can tell anything; the hosts file does the rest."""
    stand_in = _stand_in_file(data)
    if not address.real_names:
        refuse("The server stood in for nobody when it was started last. Start it with --hosts.")
    both = data.stand_in / "both.pem"
    write_private(both, _ca_file(data).read_bytes() + stand_in.read_bytes())
    bundle = _bundle(data.stand_in / "bundle.pem", both)
    variables = {
        "SSL_CERT_FILE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "CURL_CA_BUNDLE": str(bundle),
        "NODE_EXTRA_CA_CERTS": str(both),
        **_without_proxy(address),
    }
    hosts_file = r"C:\Windows\System32\drivers\etc\hosts" if sys.platform == "win32" else "/etc/hosts"
    return variables, [
        "",
        f"Add to {hosts_file}, and take out again afterwards (until then nobody here reaches the real service):",
        f"127.0.0.1 {' '.join(address.real_names)}",
        "",
        f"Second CA {stand_in}",
        f"SHA-256 {fingerprint(stand_in.read_bytes())}",
        "Browsers, .NET and Java read stores instead: xenia trust --stand-in (with its warning).",
    ]


def _without_proxy(address: LastRun) -> dict[str, str]:
    host = urlsplit(address.base_url).hostname or "localhost"
    ours = sorted({(urlsplit(f"//{one}").hostname or one) for one in (*address.hosts, host)})
    names = ",".join(dict.fromkeys((*hosts_without_proxy(), *ours)))
    return {"NO_PROXY": names, "no_proxy": names}


def _bundle(target: Path, ca: Path) -> Path:
    """System roots plus ours in one file: most clients replace their roots by the file instead of adding to them."""
    named = system_ca_bundle()
    candidates = [Path(path) for path in _SYSTEM_BUNDLES]
    if named is not None and named != target:
        candidates.insert(0, named)
    roots = next((path for path in candidates if path.is_file()), Path(certifi.where()))
    write_private(target, roots.read_bytes().rstrip() + b"\n" + ca.read_bytes())
    return target


def _hints(base_url: str, bundle: Path) -> list[str]:
    host = urlsplit(base_url).netloc
    # Without the port: to an entry with one the SDK silently sends no token.
    name = urlsplit(base_url).hostname
    return [
        "",
        f'MSAL Python:      authority="{base_url}/TENANT", instance_discovery=False',
        f'azure-identity:   authority="{base_url}", disable_instance_discovery=True',
        f'MSAL.js:          authority: "{base_url}/TENANT", knownAuthorities: ["{host}"]',
        f'msgraph-sdk:      allowed_hosts=["{name}"], scopes=["{base_url}/.default"], adapter.base_url = "{base_url}/v1.0"',
        f".NET:             Instance={base_url}/   (the CA must be in the system's store: xenia trust)",
        f"curl:             curl --cacert {bundle} {base_url}/healthz",
    ]


def _commands(ca: Path, nickname: str) -> list[tuple[str, list[str]]]:
    if sys.platform == "darwin":
        keychain = str(Path.home() / "Library" / "Keychains" / "login.keychain-db")
        return [
            ("Login keychain", ["security", "add-trusted-cert", "-r", "trustRoot", "-k", keychain, str(ca)])
        ]
    if sys.platform == "win32":
        return [("Your certificate store", ["certutil", "-user", "-addstore", "Root", str(ca)])]
    database = f"sql:{Path.home() / '.pki' / 'nssdb'}"
    system = Path(f"/usr/local/share/ca-certificates/{nickname.lower().replace(' ', '-')}.crt")
    return [
        ("System store", ["sudo", "install", "-m", "0644", str(ca), str(system)]),
        ("System store, update", ["sudo", "update-ca-certificates"]),
        (
            "Chrome and Chromium",
            ["certutil", "-d", database, "-A", "-t", "C,,", "-n", nickname, "-i", str(ca)],
        ),
    ]
