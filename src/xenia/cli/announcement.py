"""What a started server tells: people in the terminal, scripts in the ready file, other commands in the data directory."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from xenia.cli.run import Started
from xenia.core.directory.first_party import TESTER_APP_ID, TESTER_PAGE
from xenia.core.endpoints import graph_base
from xenia.outside.private_files import write_private
from xenia.seed import AppliedSeed, SeededTenant, SeededUser
from xenia.settings import default_data_dir, without_password
from xenia.usecases.sessions.first_party import origins

RUNNING_FILE = "running.json"
"""In the data directory: where this installation answered last and on which database, for the operator's tools."""
_LABEL = 16


def links_of(started: Started) -> dict[str, str]:
    """The addresses of the server's parts. The tools carry their access token where one is asked for."""
    base = started.addresses.base_url
    links = {
        "base_url": base,
        "portal": f"{base}/admin",
        "my_apps": f"{base}/myapps",
        "graph": f"{graph_base(issuing_base(started))}/v1.0",
    }
    if started.settings.workshop.tools:
        token = f"?token={needed_token(started)}" if needed_token(started) else ""
        links |= {
            "tester": f"{base}{TESTER_PAGE}{token}",
            "mailbox": f"{base}/mailbox{token}",
            "labs": f"{base}/labs{token}",
        }
    if started.certificate is not None:
        links |= {"ca": f"{base}/ca"}
    return links


def issuing_base(started: Started) -> str:
    """Where authorities start: the fixed issuer, or our own address."""
    return started.program.ports.server.at(started.addresses.base_url).issuing


def needed_token(started: Started) -> str:
    """The tools' access token where links must carry it: not on this very computer."""
    return "" if started.program.ports.server.is_loopback else started.tool_token


def tester_link(base_url: str, tenant: SeededTenant, token: str) -> str:
    """The tester, filled in for the tenant's first app, in the query names of published how-tos."""
    client_id = tenant.apps[0][1] if tenant.apps else TESTER_APP_ID
    query = {
        "requesttype": "OpenIdConnect",
        "scope": "openid profile",
        "responsetype": "id_token",
        "responsemode": "form_post",
        "additionalparameters": "prompt=login",
        "importtype": "AzureAD",
        "tenant": tenant.tenant.initial_domain,
        "clientid": client_id,
        **({"token": token} if token else {}),
    }
    return f"{base_url}{TESTER_PAGE}?{urlencode(query)}"


def ready_document(started: Started, applied: AppliedSeed | None) -> dict[str, object]:
    """Everything a script needs: addresses, ids, and the secrets that are known at this start."""
    certificate = started.certificate
    return {
        **links_of(started),
        "pid": started.pid,
        "hosts": list(started.addresses.hosts),
        "origins": list(origins(started.program.ports.server)),
        "data": str(started.data.path),
        "ca_file": str(certificate.ca_file) if certificate else None,
        "ca_fingerprint": certificate.fingerprint if certificate else None,
        "stand_in_ca_file": str(started.stand_in.ca_file) if started.stand_in else None,
        "stand_in_ca_fingerprint": started.stand_in.fingerprint if started.stand_in else None,
        "tool_token": started.tool_token,
        "tester_client_id": TESTER_APP_ID,
        "tenants": [
            {
                "id": tenant.tenant.id,
                "name": tenant.tenant.display_name,
                "short_name": tenant.tenant.short_name,
                "domain": tenant.tenant.initial_domain,
                "authority": f"{issuing_base(started)}/{tenant.tenant.id}",
                "tester": tester_link(started.addresses.base_url, tenant, needed_token(started)),
                "users": [_user(user) for user in tenant.users],
                "apps": [{"name": name, "client_id": client_id} for name, client_id in tenant.apps],
            }
            for tenant in (applied.tenants if applied else ())
        ],
    }


def write_ready_file(path: Path, document: dict[str, object]) -> None:
    """In one step and for the owner alone: it holds passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps(document, indent=2).encode() + b"\n")


def write_running_file(started: Started) -> None:
    """Remember where we answer and on which database, without any secret."""
    facts = {
        "base_url": started.addresses.base_url,
        "hosts": list(started.addresses.hosts),
        "database": without_password(started.settings.storage.database),
        "tools": started.settings.workshop.tools,
        "real_names": list(started.addresses.real_names),
    }
    write_private(started.data.path / RUNNING_FILE, json.dumps(facts).encode())


def greeting(started: Started, applied: AppliedSeed) -> str:
    """What `xenia up` prints."""
    links, lines = links_of(started), ["", f"Xenia is ready at {started.addresses.base_url}", ""]
    for tenant in applied.tenants[:1]:
        lines += _people(started, tenant, links["portal"])
        lines += _row("Tester", tester_link(started.addresses.base_url, tenant, needed_token(started)))
    for tenant in applied.tenants[1:]:
        lines += _row("Also here", f"{tenant.tenant.display_name} ({tenant.tenant.initial_domain})")
    lines += (
        _row("Mailbox", links["mailbox"]) + _row("Labs", links["labs"]) + _row("Graph API", links["graph"])
    )
    if started.certificate is not None:
        lines += _row("CA file", str(started.certificate.ca_file))
        lines += _row("  SHA-256", started.certificate.fingerprint)
        lines += _row(
            "  trust it",
            f"{_command()} trust{_data_option(started)}   (or compare and download: {links['ca']})",
        )
    lines += _stand_in(started)
    lines += _notes(started)
    for tenant in applied.tenants[:1]:
        lines += _snippet(started, tenant)
    return "\n".join([*lines, "", "Stop with Ctrl-C."])


def _stand_in(started: Started) -> list[str]:
    """Real names: what they need, and that trusting their CA is no small thing."""
    if started.stand_in is None:
        return []
    return [
        "",
        *_row("Stands in for", ", ".join(started.addresses.real_names)),
        *_row("  second CA", str(started.stand_in.ca_file)),
        *_row("  SHA-256", started.stand_in.fingerprint),
        *_row("  set up", f"{_command()} env --hosts{_data_option(started)}   (hosts file, CA bundles)"),
        *_row("  careful", "who trusts the second CA takes this server for the real service"),
    ]


def _people(started: Started, tenant: SeededTenant, portal: str) -> list[str]:
    administrator = next((user for user in tenant.users if user.is_administrator), None)
    lines = _row("Portal", portal)
    if administrator is None:
        return lines
    name = administrator.user.user_principal_name
    code = f"{_command()} code {name.partition('@')[0]}{_data_option(started)}"
    lines += _row("  user", name)
    if administrator.is_new:
        lines += _row("  password", f"{administrator.password}   (shown this once)")
    else:
        lines += _row("  password", "as set at the first start")
    if administrator.authenticator_secret:
        shown = administrator.authenticator_secret if administrator.is_new else "set"
        lines += _row("  authenticator", f"{shown}   ({code} prints the current code)")
    for member in tenant.users:
        if member is not administrator and member.is_new:
            lines += _row("  member", f"{member.user.user_principal_name}   password {member.password}")
    return lines


def _notes(started: Started) -> list[str]:
    server = started.program.ports.server
    notes = []
    if started.stand_in is not None and 443 not in started.ports:
        notes.append("Programs reach real names at port 443 only: give --port 443, or redirect it here.")
    if server.is_loopback and server.mail_leaves:
        notes.append(
            f"Mail goes out for real, but its links ({server.base_url}) open only on this computer. "
            "Give --public-url and --host for guests elsewhere."
        )
    if not server.is_loopback:
        notes.append(
            "The tools ask for the access token in the links above. Who has it reads everybody's mail."
        )
    return ["", *(f"Note: {note}" for note in notes)] if notes else []


def _snippet(started: Started, tenant: SeededTenant) -> list[str]:
    """Environment variables rather than ``verify=``: one that is set already would override the argument."""
    client_id = tenant.apps[0][1] if tenant.apps else TESTER_APP_ID
    if started.stand_in is not None:
        return []
    base = urlsplit(started.addresses.base_url)
    variables = [f'NO_PROXY="{base.hostname}"']
    if started.certificate is not None:
        variables.insert(0, f'REQUESTS_CA_BUNDLE=r"{started.certificate.ca_file}"')
    return [
        "",
        "Sign somebody in from Python (pip install msal), then paste:",
        "",
        "  import msal, os",
        f"  os.environ.update({', '.join(variables)})",
        f'  app = msal.PublicClientApplication("{client_id}", instance_discovery=False,',
        f'      authority="{started.addresses.base_url}/{tenant.tenant.initial_domain}")',
        '  print(app.acquire_token_interactive(["User.Read"]).get("id_token_claims"))',
    ]


def _user(user: SeededUser) -> dict[str, object]:
    return {
        "id": user.user.id,
        "user_principal_name": user.user.user_principal_name,
        "display_name": user.user.display_name,
        "mail": user.user.mail,
        "is_administrator": user.is_administrator,
        "password": user.password,
        "authenticator_secret": user.authenticator_secret,
    }


def _row(label: str, value: str) -> list[str]:
    return [f"  {label:<{_LABEL}}{value}"]


def _command() -> str:
    """How this program was called, so that what is printed can be pasted."""
    called = sys.argv[0]
    found = shutil.which("xenia")
    if found is not None and Path(found).resolve() == Path(called).resolve():
        return "xenia"
    return called if Path(called).stem == "xenia" else f"{Path(sys.executable).name} -m xenia"


def _data_option(started: Started) -> str:
    """How other commands find this installation."""
    return "" if started.data.path == default_data_dir() else f" --data {started.data.path}"
