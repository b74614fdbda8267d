"""How this process runs: typed, frozen, read once at start. The only reader of the environment.

Each value comes from the first source that has it: a command-line flag, the environment (``XENIA_NAME``),
a file named by ``XENIA_NAME_FILE`` (secrets), the TOML file of ``--config``. All problems are reported
together. What a tenant's administrator may change is no setting: it lives in the directory.
"""

from __future__ import annotations

import ast
import base64
import inspect
import ipaddress
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "XENIA_"
_SECRET = {"secret": True}
_HIDDEN = {"secret": True, "flag": False}
"""No flag: everybody on the machine can read command lines."""
_LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Addresses, certificate and process of the server."""

    data: Path = field(default_factory=lambda: default_data_dir())
    """Directory of everything this installation keeps: embedded database, keys, certificates."""
    host: tuple[str, ...] = ("localhost",)
    """Host names and addresses to listen on and to answer to. ``0.0.0.0`` or ``::`` mean every address of this machine."""
    port: tuple[int, ...] = (8443,)
    """Ports to listen on; 0 picks a free one."""
    public_url: str = ""
    """The address people use, without a trailing slash. Links in mails and token issuers start with it. Default: the first host and port."""
    tls_cert: Path | None = None
    """Certificate chain (PEM). Without one, the installation's own CA issues a certificate."""
    tls_key: Path | None = None
    """Private key of the certificate (PEM)."""
    tls: bool = True
    """``false`` serves plain HTTP to a reverse proxy that does TLS; needs ``trusted_proxy``."""
    trusted_proxy: tuple[str, ...] = ()
    """Addresses or networks (CIDR) of reverse proxies whose ``X-Forwarded-*`` headers count."""
    threads: int = field(default_factory=lambda: min(8, 2 * (os.cpu_count() or 1) + 2))
    """Requests worked on at once in one process."""
    workers: int = 0
    """Processes that answer, behind the same ports. 0 chooses: one for each core (at most 4) in ``serve``, one in ``up``; Windows has one only."""
    initial_domain_suffix: str = "onxenia.localhost"
    """Ends the initial domain of new tenants: ``contoso`` becomes ``contoso.onxenia.localhost``."""


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where directory, sessions and logs are kept."""

    database: str = field(default="", metadata=_SECRET)
    """``postgresql+psycopg://user@host/name`` or ``sqlite:///path``. Default: an embedded database in the data directory."""
    data_key: str = field(default="", metadata=_HIDDEN)
    """32 bytes as base64, by which stored secrets are sealed. Default: the file ``data.key`` in the data directory. Nodes of one installation share it."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server that delivers invitations and passcodes."""

    smtp: str = ""
    """``smtp://user@host:587`` (STARTTLS) or ``smtps://user@host:465``. Without it ``xenia up`` keeps mail in its mailbox only."""
    smtp_password: str = field(default="", metadata=_HIDDEN)
    """Password of the user in ``smtp``."""
    mail_from: str = ""
    """Sender of all mail; required with ``smtp``."""


@dataclass(frozen=True, slots=True)
class OutgoingSettings:
    """Requests this server makes to addresses that people type, such as metadata documents."""

    outgoing_private: bool = False
    """Whether private and loopback addresses may be reached. Off, because they are this machine's neighbours."""
    outgoing_proxy: str = ""
    """Forward proxy for them, ``http://host:port``. Default: ``HTTPS_PROXY``."""
    outgoing_ca: Path | None = None
    """Certificates (PEM) to trust besides the system's, for them and for the mail server. Default for them: ``SSL_CERT_FILE``."""


@dataclass(frozen=True, slots=True)
class WorkshopSettings:
    """The tools of ``xenia up``: mailbox, labs, tester, built-in seed."""

    tools: bool = field(default=False, metadata={"flag": False})
    """Whether the tools are on. ``xenia up`` turns them on, ``xenia serve`` never does."""
    tool_token: str = field(default="", metadata=_HIDDEN)
    """What the tools ask for on addresses other than loopback. Default: a random one, printed at start."""
    seed: Path | None = None
    """Seed file (TOML) to apply at start. Default in ``xenia up``: the built-in tenant Contoso."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is written about the process itself."""

    log_level: str = "warning"
    """``debug``, ``info`` (one line per request), ``warning`` or ``error``."""
    log_file: Path | None = None
    """File for the log lines (JSON). Default: standard error."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process."""

    server: ServerSettings = field(default_factory=ServerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    outgoing: OutgoingSettings = field(default_factory=OutgoingSettings)
    workshop: WorkshopSettings = field(default_factory=WorkshopSettings)
    log: LogSettings = field(default_factory=LogSettings)


GROUPS: tuple[tuple[str, type], ...] = (
    ("server", ServerSettings),
    ("storage", StorageSettings),
    ("mail", MailSettings),
    ("outgoing", OutgoingSettings),
    ("workshop", WorkshopSettings),
    ("log", LogSettings),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the settings: which, where it was said, and what to do."""

    name: str
    source: str
    text: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name} ({self.source}): {self.text}"


class SettingsError(Exception):
    """The settings cannot be used; all problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def default_data_dir() -> Path:
    """The platform's place for a user's data, with our name."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "xenia"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "xenia"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "xenia"


def forward_proxy() -> str:
    """The proxy named by the environment."""
    return os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or ""


def hosts_without_proxy() -> tuple[str, ...]:
    """What the environment already excepts from its proxy."""
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return tuple(host.strip() for host in named.split(",") if host.strip())


def system_ca_bundle() -> Path | None:
    """The CA bundle named by the environment, for tools that add to it."""
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    return Path(named) if named and Path(named).is_file() else None


def load(
    flags: Mapping[str, object], config: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Settings from flags, environment and file. Raises SettingsError with everything that is wrong."""
    environ = os.environ if environment is None else environment
    named = environ.get(f"{PREFIX}CONFIG")
    source = _Sources(flags, environ, config or (Path(named) if named else None))
    groups = {name: kind(**source.values_of(kind)) for name, kind in GROUPS}
    settings = Settings(**groups)
    problems = (*source.problems, *_contradictions(settings))
    if problems:
        raise SettingsError(problems)
    return settings


def unsafe_for_production(settings: Settings) -> tuple[Problem, ...]:
    """Why ``xenia serve`` refuses these settings: what is fine on one's own machine and nowhere else."""
    server, found = settings.server, []
    url = urlsplit(server.public_url)
    if not server.public_url:
        found.append(
            Problem("public_url", "not set", "set the https address under which people reach this server")
        )
    elif url.scheme != "https":
        found.append(
            Problem("public_url", "set", "must start with https://: sign-in cookies and tokens travel here")
        )
    elif is_loopback_host(url.hostname or ""):
        found.append(
            Problem(
                "public_url",
                "set",
                "names this computer only; guests could not open it (for trying out: xenia up)",
            )
        )
    if server.tls and server.tls_cert is None:
        found.append(
            Problem("tls_cert", "not set", "set tls_cert and tls_key, or tls = false behind a reverse proxy")
        )
    if not settings.mail.smtp:
        found.append(Problem("smtp", "not set", "set the mail server: without mail no guest can sign in"))
    if any(ipaddress.ip_network(network, strict=False).prefixlen == 0 for network in server.trusted_proxy):
        found.append(
            Problem(
                "trusted_proxy",
                "set",
                "trusts every address, so anybody could pretend to come from anywhere and escape the limits; name the proxies",
            )
        )
    if settings.workshop.tools:
        found.append(Problem("tools", "set", "the workshop tools show everybody's mail; leave them off"))
    return tuple(found)


def without_password(url: str) -> str:
    """A database URL for files and messages; the driver finds the password in its own places (PGPASSFILE)."""
    if url.startswith("sqlite"):
        return url
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    query = "&".join(part for part in parts.query.split("&") if not part.startswith("password="))
    return parts._replace(netloc=f"{user.partition(':')[0]}{at}{place}", query=query).geturl()


def is_loopback_host(host: str) -> bool:
    """Whether the name or address means this very computer."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def reference_page() -> str:
    """The reference page of all settings, from the docstrings above (Markdown)."""
    lines = ["# Settings", "", (inspect.getdoc(sys.modules[__name__]) or "").split("\n\n", 1)[1], ""]
    tree = ast.parse(inspect.getsource(sys.modules[__name__]))
    for table, kind in GROUPS:
        lines += [f"## [{table}]", "", inspect.getdoc(kind) or "", ""]
        lines += ["| Setting | Flag | Environment | Default | Meaning |", "|---|---|---|---|---|"]
        texts = _attribute_docs(tree, kind.__name__)
        for item in fields(kind):
            lines.append(_reference_row(item, texts[item.name]))
        lines.append("")
    return "\n".join(lines)


class _Sources:
    """Looks a value up in all sources and collects what is wrong."""

    def __init__(self, flags: Mapping[str, object], environ: Mapping[str, str], config: Path | None) -> None:
        self.problems: list[Problem] = []
        self._flags = flags
        self._environ = environ
        self._config = config
        self._file = self._read(config) if config else {}

    def values_of(self, kind: type) -> dict[str, Any]:
        """The attributes of one group that are set anywhere, in their types."""
        values = {}
        for item in fields(kind):
            found = self._find(item)
            if found is None:
                continue
            value, source = found
            try:
                values[item.name] = _READERS[str(item.type)](value)
            except (ValueError, TypeError) as error:
                self.problems.append(Problem(item.name, source, str(error)))
        return values

    def _find(self, item: Field[Any]) -> tuple[object, str] | None:
        flag = self._flags.get(item.name)
        if flag is not None and flag != ():
            return flag, f"--{item.name.replace('_', '-')}"
        variable = f"{PREFIX}{item.name.upper()}"
        if variable in self._environ:
            return self._environ[variable], variable
        if item.metadata.get("secret") and f"{variable}_FILE" in self._environ:
            return self._secret(item.name, f"{variable}_FILE")
        if item.name in self._file:
            return self._file[item.name], str(self._config)
        return None

    def _secret(self, name: str, variable: str) -> tuple[object, str] | None:
        path = self._environ[variable]
        try:
            return Path(path).read_text().strip(), variable
        except OSError as error:
            self.problems.append(Problem(name, variable, f"{path} cannot be read: {error.strerror}"))
            return None

    def _read(self, path: Path) -> dict[str, object]:
        try:
            document = tomllib.loads(path.read_text())
        except OSError as error:
            self.problems.append(Problem("config", str(path), f"cannot be read: {error.strerror}"))
            return {}
        except tomllib.TOMLDecodeError as error:
            self.problems.append(Problem("config", str(path), f"is not valid TOML: {error}"))
            return {}
        values: dict[str, object] = {}
        known = {name: {item.name for item in fields(kind)} for name, kind in GROUPS}
        for table, content in document.items():
            if table not in known or not isinstance(content, dict):
                self.problems.append(
                    Problem(table, str(path), f"no such table; there are {', '.join(known)}")
                )
                continue
            for name, value in content.items():
                if name in known[table]:
                    values[name] = value
                else:
                    self.problems.append(
                        Problem(f"{table}.{name}", str(path), "no such setting (xenia config docs)")
                    )
        return values


def _contradictions(settings: Settings) -> list[Problem]:
    server, mail = settings.server, settings.mail
    found = [*_tls_problems(server), *_address_problems(server), *_process_problems(server)]
    if mail.smtp and not mail.mail_from:
        found.append(Problem("mail_from", "not set", "name the sender; it is required with smtp"))
    if mail.smtp and (
        urlsplit(mail.smtp).scheme not in ("smtp", "smtps", "smtp+plain") or not urlsplit(mail.smtp).hostname
    ):
        found.append(Problem("smtp", "set", "write it as smtp://user@host:587 or smtps://user@host:465"))
    if settings.log.log_level not in _LOG_LEVELS:
        found.append(Problem("log_level", "set", f"is one of {', '.join(_LOG_LEVELS)}"))
    try:
        is_key = len(base64.b64decode(settings.storage.data_key or "A" * 43 + "=", validate=True)) == 32
    except ValueError:
        is_key = False
    if not is_key:
        found.append(Problem("data_key", "set", "must be 32 bytes as base64: openssl rand -base64 32"))
    return found


def _tls_problems(server: ServerSettings) -> list[Problem]:
    found = []
    if (server.tls_cert is None) != (server.tls_key is None):
        found.append(Problem("tls_cert and tls_key", "set", "give both or neither"))
    for name, path in (("tls_cert", server.tls_cert), ("tls_key", server.tls_key)):
        if path is not None and not path.is_file():
            found.append(Problem(name, "set", f"{path} is no file"))
    if not server.tls and not server.trusted_proxy:
        found.append(Problem("tls", "set", "plain HTTP is for a reverse proxy; name it in trusted_proxy"))
    return found


def _process_problems(server: ServerSettings) -> list[Problem]:
    found = []
    if server.threads < 1:
        found.append(Problem("threads", "set", "at least one request must be worked on at a time"))
    if server.workers < 0:
        found.append(Problem("workers", "set", "give a number of processes, or 0 to let the server choose"))
    elif server.workers > 1 and not hasattr(os, "fork"):
        found.append(Problem("workers", "set", "this platform cannot share ports between processes; use 1"))
    return found


def _address_problems(server: ServerSettings) -> list[Problem]:
    found = []
    url = urlsplit(server.public_url)
    if server.public_url and (
        url.scheme not in ("https", "http") or not url.hostname or url.path or url.query
    ):
        found.append(Problem("public_url", "set", "write it as https://login.example.org, without a path"))
    for network in server.trusted_proxy:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            found.append(Problem("trusted_proxy", "set", f"{network} is no address or network"))
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value.strip()


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    if not isinstance(value, str) or value.strip().lower() not in words:
        raise ValueError("must be true or false")
    return words[value.strip().lower()]


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("must be a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _list(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _ports(value: object) -> tuple[int, ...]:
    ports = tuple(dict.fromkeys(_number(item) for item in _list(value)))
    if not ports or any(not 0 <= port <= 65535 for port in ports):
        raise ValueError("ports are numbers from 0 to 65535")
    return ports


def _path(value: object) -> Path | None:
    text = str(value) if isinstance(value, str | Path) else ""
    return Path(text).expanduser().absolute() if text else None


_READERS: dict[str, Callable[[object], object]] = {
    "str": _text,
    "bool": _flag,
    "int": _number,
    "Path": _path,
    "Path | None": _path,
    "tuple[str, ...]": lambda value: tuple(dict.fromkeys(_text(item) for item in _list(value))),
    "tuple[int, ...]": _ports,
}


def _attribute_docs(tree: ast.Module, class_name: str) -> dict[str, str]:
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    texts = {}
    for node, after in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            texts[ast.unparse(node.target)] = str(after.value.value)
    return texts


def _reference_row(item: Field[Any], text: str) -> str:
    variable = f"`{PREFIX}{item.name.upper()}`"
    if item.metadata.get("secret"):
        variable += f", `{PREFIX}{item.name.upper()}_FILE`"
    if item.default is not MISSING:
        default = item.default
        shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
        shown = (
            f"`{shown.lower() if isinstance(default, bool) else shown}`"
            if default not in ("", None, ())
            else ""
        )
    else:
        shown = "of the platform" if item.name == "data" else "by cores"
    flag = f"`--{item.name.replace('_', '-')}`" if item.metadata.get("flag", True) else ""
    return f"| `{item.name}` | {flag} | {variable} | {shown} | {text} |"
