"""What can be set, group by group: a value with its default and its meaning. The reference page is made from here."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from xenia.settings.environment import default_data_dir

SECRET = {"secret": True}
"""May be given by a file that the environment names."""
NO_FLAG = {"flag": False}
"""For the settings file and the environment only."""
HIDDEN = {"secret": True, "flag": False}
"""No flag: everybody on the machine can read command lines."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Addresses, certificate and process of the server."""

    data: Path = field(default_factory=default_data_dir)
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

    database: str = field(default="", metadata=SECRET)
    """``postgresql+psycopg://user@host/name`` or ``sqlite:///path``. Default: an embedded database in the data directory."""
    data_key: str = field(default="", metadata=HIDDEN)
    """32 bytes as base64, by which stored secrets are sealed. Default: the file ``data.key`` in the data directory. Nodes of one installation share it."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server that delivers invitations and passcodes."""

    smtp: str = ""
    """``smtp://user@host:587`` (STARTTLS) or ``smtps://user@host:465``. Without it ``xenia up`` keeps mail in its mailbox only."""
    smtp_password: str = field(default="", metadata=HIDDEN)
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
    tool_token: str = field(default="", metadata=HIDDEN)
    """What the tools ask for on addresses other than loopback. Default: a random one, printed at start."""
    hosts: tuple[str, ...] = ()
    """Names of the real service to answer to on this computer, for programs that have them built in: ``login.microsoftonline.com`` and ``graph.microsoft.com``. Their certificates come from a CA of their own; only on loopback."""
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
class RetentionSettings:
    """How long records of what happened are kept. 0 keeps them for good."""

    audit_days: int = field(default=30, metadata=NO_FLAG)
    """Days that audit records are kept. Export what the law or an auditor wants for longer, or raise this."""
    sign_in_days: int = field(default=30, metadata=NO_FLAG)
    """Days that sign-in records are kept."""
    mail_days: int = field(default=30, metadata=NO_FLAG)
    """Days that the record of a mail is kept (recipient, times, the mail server's answers; never its text), and mails in the mailbox of ``up``."""
    mailbox_mails: int = field(default=2000, metadata=NO_FLAG)
    """Mails that the mailbox of ``up`` keeps at most; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process."""

    server: ServerSettings = field(default_factory=ServerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    outgoing: OutgoingSettings = field(default_factory=OutgoingSettings)
    workshop: WorkshopSettings = field(default_factory=WorkshopSettings)
    log: LogSettings = field(default_factory=LogSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)


GROUPS: tuple[tuple[str, type], ...] = (
    ("server", ServerSettings),
    ("storage", StorageSettings),
    ("mail", MailSettings),
    ("outgoing", OutgoingSettings),
    ("workshop", WorkshopSettings),
    ("log", LogSettings),
    ("retention", RetentionSettings),
)
