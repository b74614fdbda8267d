"""The whole program in one place: settings become adapters, adapters ports, ports surfaces, surfaces one WSGI app.

Read it top to bottom. Everything that is not decided by settings or by the machine is decided elsewhere.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from xenia import graph, oidc
from xenia.core.real_names import LOGIN_ALIASES, LOGIN_ORIGIN
from xenia.core.retention import Retention
from xenia.outside.ambient import SystemClock, SystemEntropy
from xenia.outside.assertions import JwtAssertions
from xenia.outside.errands import BackgroundErrands
from xenia.outside.fetcher import Answer, FetchPolicy, GuardedFetcher
from xenia.outside.foreign_tokens import JoserfcTokens
from xenia.outside.keyring import RsaKeyRing
from xenia.outside.mail.mailbox import CopyingTransport, MailboxTransport
from xenia.outside.mail.render import MailRenderer
from xenia.outside.mail.smtp import SmtpTransport, parse_smtp_url
from xenia.outside.passwords import Argon2Hasher
from xenia.outside.provider_documents import CachedDocuments
from xenia.outside.sealing import AesSealer
from xenia.outside.totp import AuthenticatorTotp
from xenia.outside.words import Wordbook
from xenia.ports import Fetched, FetchRequest, MailTransport, Ports, ServerInfo
from xenia.record import Record
from xenia.settings import (
    MailSettings,
    RetentionSettings,
    Settings,
    forward_proxy,
    is_loopback_host,
    system_ca_bundle,
)
from xenia.storage.store import SqlStore, open_store
from xenia.ui import account, lab, mailbox, portal, scripts, signin, tester
from xenia.usecases.consent.consent_requests import remind_everywhere
from xenia.usecases.sessions.first_party import ensure_first_party
from xenia.usecases.tokens.app_sign_in_journal import AppSignInJournal
from xenia.web import operations
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.in_process import in_process
from xenia.web.operations import PublishedCa
from xenia.web.pages import Pages
from xenia.web.routing import Router, Surface
from xenia.web.static_files import StaticFiles
from xenia.web.tools import Tools
from xenia.web.wsgi import EdgeSettings, WsgiApp
from xenia.workers.background import Background
from xenia.workers.logout import LogoutDispatcher
from xenia.workers.mail import MailDispatcher
from xenia.workers.sweeper import Sweeper

_UI = Path(__file__).parent / "ui"
_PAGES = ("account", "lab", "mailbox", "portal", "signin", "tester")
"""Groups of pages with templates of their own, addressed by these prefixes."""
_REMINDERS = timedelta(hours=1)
_KEY_CARE = timedelta(hours=1)
_CLASSROOM = 40
"""People behind one address in the workshop: limits per network are that much wider there."""


class Installation(Record):
    """What settings alone do not say: the addresses and keys of this start."""

    settings: Settings
    base_url: str
    hosts: tuple[str, ...]
    """Every ``host[:port]`` we answer to."""
    database_url: str
    data_key: bytes
    tool_token: str = ""
    ca: PublishedCa | None = None
    stand_in_ca: PublishedCa | None = None
    """The second one, of real names on loopback."""


class Program(Record):
    """The wired program. ``prepare`` once, then serve ``app`` and run the workers."""

    app: WsgiApp
    ports: Ports
    store: SqlStore
    keys: RsaKeyRing
    journal: AppSignInJournal
    fetcher: GuardedFetcher
    errands: BackgroundErrands
    workers: tuple[MailDispatcher | LogoutDispatcher | Sweeper | Background, ...]

    def prepare(self) -> None:
        """Bring schema, signing keys and shipped registrations up to date. Raises StoreUnavailable."""
        prepare(self.ports, self.keys)

    def start_workers(self, *, is_first: bool = True, sole_process: bool = False) -> None:
        """Begin delivering mail and sweeping.

        ``is_first``: of this start, not a further worker of it. Waiting mails are tried at once then: a start is
        often the repair, of the mail server or of its settings. ``sole_process``: nobody else works on this
        database, so what a killed predecessor had in hand is taken up at once instead of when its claim lapses.
        """
        now = self.ports.clock.now()
        if is_first:
            self.store.write(None, lambda tx: tx.outbox.hasten(now))
            self.store.write(None, lambda tx: tx.logout_notices.hasten(now))
        if sole_process:
            self.store.write(None, lambda tx: tx.outbox.release(now))
            self.store.write(None, lambda tx: tx.logout_notices.release(now))
        for worker in self.workers:
            worker.start()

    def close(self) -> None:
        """Stop the workers, write what waits, then let go of the database."""
        for worker in self.workers:
            worker.stop()
        self.errands.close()
        self.fetcher.close()
        self.journal.stop()
        self.store.close()


def build(installation: Installation) -> Program:
    """Everything, connected. Raises ValueError for a database or mail URL that is none."""
    settings = installation.settings
    clock, entropy = SystemClock(), SystemEntropy()
    sealer = AesSealer(installation.data_key, entropy)
    store = open_store(installation.database_url, durable=not settings.workshop.tools)
    server = server_info(installation, sealer)
    renderer = MailRenderer(server)
    dispatcher = MailDispatcher(store, clock, sealer, renderer, _transport(settings, store, clock))
    keys = RsaKeyRing(store, sealer, clock)

    def answer_own(request: FetchRequest) -> Fetched:
        return in_process(router, entropy)(request)

    fetcher, errands = _fetcher(installation, answer_own), BackgroundErrands()
    logout = LogoutDispatcher(store, clock, entropy, keys, fetcher)
    ports = Ports(
        store=store,
        clock=clock,
        entropy=entropy,
        sealer=sealer,
        passwords=Argon2Hasher(),
        totp=AuthenticatorTotp(),
        keys=keys,
        assertions=JwtAssertions(),
        preview=renderer,
        wordbook=Wordbook(),
        server=server,
        fetcher=fetcher,
        provider_documents=CachedDocuments(fetcher, clock),
        foreign_tokens=JoserfcTokens(),
        errands=errands,
        mail_queued=dispatcher.wake,
        logout_queued=logout.wake,
    )
    journal = AppSignInJournal(ports)
    router = _router(ports, installation, journal, fetcher)

    return Program(
        app=WsgiApp(router, _edge(installation, server), entropy),
        ports=ports,
        store=store,
        keys=keys,
        journal=journal,
        fetcher=fetcher,
        errands=errands,
        workers=(
            dispatcher,
            logout,
            Sweeper(store, clock, retention(settings.retention)),
            *_scheduled(ports, keys),
        ),
    )


def _scheduled(ports: Ports, keys: RsaKeyRing) -> tuple[Background, ...]:
    """What is done from time to time, besides sweeping."""

    def care_for_keys() -> timedelta:
        keys.ensure()
        return _KEY_CARE

    def remind() -> timedelta:
        remind_everywhere(ports)
        return _REMINDERS

    return Background("signing-keys", care_for_keys), Background("consent-reminders", remind)


def _edge(installation: Installation, server: ServerInfo) -> EdgeSettings:
    return EdgeSettings(
        origins=_origins(installation),
        aliases={f"https://{name}": LOGIN_ORIGIN for name in LOGIN_ALIASES},
        trusted_proxies=installation.settings.server.trusted_proxy,
        strict_transport=not server.is_loopback,
    )


def prepare(ports: Ports, keys: RsaKeyRing) -> None:
    """Bring schema, signing keys and shipped registrations up to date. Raises StoreUnavailable."""
    ports.store.migrate()
    keys.ensure()
    ensure_first_party(ports)


def holds_signing_keys(database_url: str) -> bool:
    """Whether the database belongs to an installation that has begun. Raises StoreUnavailable, ValueError."""
    store = open_store(database_url, durable=True)
    try:
        store.migrate()
        with store.read(None) as tx:
            return bool(tx.keys.list())
    finally:
        store.close()


def server_info(installation: Installation, sealer: AesSealer) -> ServerInfo:
    """What use cases and mails may know of this installation."""
    settings = installation.settings
    return ServerInfo(
        base_url=installation.base_url,
        hosts=installation.hosts,
        is_loopback=is_loopback_host(urlsplit(installation.base_url).hostname or ""),
        mail_leaves=bool(settings.mail.smtp),
        tools=settings.workshop.tools,
        # Derived from the data key: all nodes of one installation agree, two installations on one host differ.
        instance=sealer.mac("instance", "cookies")[:8],
        mail_from=settings.mail.mail_from,
        mail_server=_mail_server(settings.mail.smtp),
        initial_domain_suffix=settings.server.initial_domain_suffix,
        signin_limit_scale=_CLASSROOM if settings.workshop.tools else 1,
        allows_private=settings.outgoing.outgoing_private,
        fixed_issuer=LOGIN_ORIGIN if settings.workshop.hosts else "",
    )


def retention(settings: RetentionSettings) -> Retention:
    """The ages of the settings, where 0 means for good."""

    def age(days: int) -> timedelta | None:
        return timedelta(days=days) if days else None

    return Retention(
        age(settings.audit_days),
        age(settings.sign_in_days),
        age(settings.mail_days),
        settings.mailbox_mails or None,
    )


def _mail_server(url: str) -> str:
    """Host and port of an SMTP address, without its login."""
    return urlsplit(url).netloc.rpartition("@")[2]


def mail_transport(mail: MailSettings, ca_file: Path | None = None) -> SmtpTransport:
    """The real mail server of the settings. Raises ValueError with the fix."""
    return SmtpTransport(parse_smtp_url(mail.smtp, password=mail.smtp_password, ca_file=ca_file))


def _transport(settings: Settings, store: SqlStore, clock: SystemClock) -> MailTransport:
    """To the mail server, to the workshop's mailbox, or to both."""
    mailbox = MailboxTransport(store, clock)
    if not settings.mail.smtp:
        return mailbox
    delivery = mail_transport(settings.mail, settings.outgoing.outgoing_ca)
    return CopyingTransport(delivery, mailbox) if settings.workshop.tools else delivery


def _router(
    ports: Ports, installation: Installation, journal: AppSignInJournal, fetcher: GuardedFetcher
) -> Router:
    static = StaticFiles()
    pages = Pages({name: _UI / name / "templates" for name in _PAGES}, static)
    cookies = Cookies(ports.server.instance)
    guard = FormGuard(ports.sealer, ports.entropy)
    surfaces: list[Surface] = [
        oidc.routes(ports, pages, cookies, journal),
        graph.routes(ports),
        signin.routes(ports, pages, cookies, guard),
        account.routes(ports, pages, cookies, guard),
        portal.routes(ports, pages, cookies, guard),
    ]
    if ports.server.tools:
        tools = Tools(ports, pages, cookies, guard, access_token=installation.tool_token)
        surfaces += [
            tester.routes(ports, tools, cookies, fetcher),
            mailbox.routes(ports, tools),
            lab.routes(ports, tools),
            scripts.routes(ports, tools),
        ]
    fallback = operations.routes(pages, static, ports.store.check, installation.ca, installation.stand_in_ca)
    return Router(surfaces, fallback)


def _fetcher(installation: Installation, answer_own: Answer) -> GuardedFetcher:
    """Our own addresses are answered in process: a request to ourselves over the wire could starve itself."""
    outgoing = installation.settings.outgoing
    return GuardedFetcher(
        FetchPolicy(
            own_origins=frozenset(_origins(installation)),
            answer_own=answer_own,
            allow_private=outgoing.outgoing_private,
            ca_bundle=outgoing.outgoing_ca or system_ca_bundle(),
            proxy=outgoing.outgoing_proxy or forward_proxy() or None,
        )
    )


def _origins(installation: Installation) -> tuple[str, ...]:
    scheme = urlsplit(installation.base_url).scheme
    others = (f"{scheme}://{host}" for host in installation.hosts)
    return tuple(dict.fromkeys((installation.base_url, *others)))
