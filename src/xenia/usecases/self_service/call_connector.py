"""Asking an API connector: for a sign-up that waits, and for an administrator who tries it.

Owns credentials, attempts and the log line of a call; what the answer means is ``core.connector_messages``.
Blocks for as long as two attempts take: only ever called from an errand, never inside a transaction.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from xenia.core.actor import Actor
from xenia.core.api_connector import (
    CONNECTOR_ATTEMPTS,
    CONNECTOR_TIMEOUT,
    ApiConnector,
    ConnectorAuthentication,
    ConnectorCall,
)
from xenia.core.connector_messages import (
    DEFAULT_LOCALE,
    Continue,
    Failed,
    Failure,
    HookQuestion,
    Verdict,
    encoded,
    question_body,
    verdict_of,
)
from xenia.core.directory.roles import FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR
from xenia.core.errors import InvalidValue, LimitReached, NotFound
from xenia.core.ids import CorrelationId, TenantId
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, EMAIL, UserAttribute, attribute_key
from xenia.core.user_flow import Hook
from xenia.ports import (
    ClientCertificate,
    Fetched,
    FetchFailed,
    FetchRefused,
    FetchRequest,
    FetchTooLarge,
    Ports,
)
from xenia.record import Record
from xenia.usecases.self_service.manage_api_connectors import SECRET_PURPOSE
from xenia.usecases.self_service.self_service_rules import WRITE_CONNECTORS, require_writer

TRIALS, TRIAL_WINDOW = 6, timedelta(minutes=1)
"""Test requests of one tenant: each may hold a thread for the whole time limit."""
_SHOWN_ANSWER = 4_000
log = logging.getLogger("xenia.api_connectors")


class ConnectorTrial(Record):
    """What the test bench shows: what was sent, what came back, and what a sign-up would make of it."""

    verdict: Verdict
    sent: str
    """The JSON body. Credentials are in the headers and never shown."""
    status: int | None = None
    answer: str = ""
    """As text, cut to a bearable length."""
    attempts: int = 0


class _Exchange(Record):
    """How the asking went, before the answer is read."""

    fetched: Fetched | None
    failed: Failed | None
    attempts: int


def connector_host(connector: ApiConnector) -> str:
    """The host that is asked: shown to whoever waits, and what errands are bounded by."""
    return urlsplit(connector.target_url).hostname or ""


def run_hook(
    ports: Ports,
    tenant_id: TenantId,
    connector_id: str,
    hook: Hook,
    question: HookQuestion,
    correlation_id: CorrelationId = "",
) -> Verdict:
    """Ask the connector and say what its answer means. Raises nothing that a connector could cause.

    Blocks for up to two attempts of 20 seconds.
    """
    connector, attributes = _read(ports, tenant_id, connector_id)
    if connector is None:
        return Failed(Failure.GONE, f"There is no API connector {connector_id}.")
    body, begun = encoded(question_body(hook, question)), ports.clock.now()
    exchange = _exchange(ports, connector, body, CONNECTOR_ATTEMPTS)
    verdict = _verdict(hook, exchange, attributes)
    _log(connector, exchange, verdict, correlation_id)
    _note(ports, connector, exchange, verdict, begun)
    return verdict


def try_connector(
    ports: Ports,
    actor: Actor,
    connector_id: str,
    sample: Mapping[str, object],
    hook: Hook = Hook.BEFORE_CREATION,
) -> ConnectorTrial:
    """Send a sample once and see the verdict. Nothing is stored; blocks for one attempt.

    *sample*: ``email`` and attributes by their ids. Raises NotPermitted, NotFound, InvalidValue for a sample
    without an address, LimitReached.
    """
    require_writer(actor, FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR.name, *WRITE_CONNECTORS)
    connector, attributes = _read(ports, actor.tenant_id, connector_id)
    if connector is None:
        raise NotFound("ApiConnector", connector_id)
    body = question_body(hook, _sample_question(sample))
    now = ports.clock.now()
    key = f"connector-trial:{actor.tenant_id}"
    wait = ports.store.write(actor.tenant_id, lambda tx: tx.limits.hit(key, TRIALS, TRIAL_WINDOW, now))
    if wait is not None:
        raise LimitReached("test request", wait, "You have sent many test requests.")
    exchange = _in_errand(ports, connector, encoded(body))
    verdict = _verdict(hook, exchange, attributes)
    _log(connector, exchange, verdict, actor.correlation_id)
    _note(ports, connector, exchange, verdict, now, is_trial=True)
    fetched = exchange.fetched
    return ConnectorTrial(
        verdict,
        encoded(body).decode(),
        fetched.status if fetched else None,
        fetched.body.decode("utf-8", "replace")[:_SHOWN_ANSWER] if fetched else "",
        exchange.attempts,
    )


def _in_errand(ports: Ports, connector: ApiConnector, body: bytes) -> _Exchange:
    """One attempt in the pool of errands, so that trials are bounded like everybody else's requests."""
    done: list[_Exchange] = []
    key, host = f"trial:{ports.entropy.guid()}", connector_host(connector)
    if ports.errands.start(
        key, connector.tenant_id, host, lambda: done.append(_exchange(ports, connector, body, 1))
    ):
        ports.errands.wait(key, CONNECTOR_TIMEOUT.total_seconds() + 1)
    if done:
        return done[0]
    return _Exchange(
        None, Failed(Failure.BUSY, f"Other requests to {host} are under way. Try again in a moment."), 0
    )


def _read(
    ports: Ports, tenant_id: TenantId, connector_id: str
) -> tuple[ApiConnector | None, tuple[UserAttribute, ...]]:
    with ports.store.read(tenant_id) as tx:
        return tx.api_connectors.find(connector_id), (*BUILT_IN_ATTRIBUTES, *tx.user_attributes.list())


def _sample_question(sample: Mapping[str, object]) -> HookQuestion:
    email, values = "", []
    for name, value in sample.items():
        if not isinstance(value, str | int | bool):
            raise InvalidValue(name, "Use text, a whole number, true or false.")
        if attribute_key(name) == EMAIL:
            email = str(value).strip()
        elif name != "ui_locales":
            values.append((name, value))
    if not email:
        raise InvalidValue(EMAIL, "Enter an email address, like name@example.com.")
    return HookQuestion(email, tuple(values), ui_locales=str(sample.get("ui_locales") or DEFAULT_LOCALE))


def _exchange(ports: Ports, connector: ApiConnector, body: bytes, attempts: int) -> _Exchange:
    """Ask until an answer came that is worth reading: one more time after silence or a failing server."""
    try:
        request = _request(ports, connector, body)
    except ValueError:
        return _Exchange(None, Failed(Failure.NO_CREDENTIALS, _no_credentials(connector)), 0)
    fetched: Fetched | None = None
    failed: Failed | None = None
    attempt = 0
    for attempt in range(1, attempts + 1):
        fetched = failed = None
        try:
            fetched = ports.fetcher.fetch(request)
        except FetchRefused as refusal:
            return _Exchange(None, Failed(Failure.REFUSED_ADDRESS, str(refusal)), attempt)
        except FetchTooLarge as flood:
            return _Exchange(None, Failed(Failure.TOO_LARGE, str(flood)), attempt)
        except FetchFailed as silence:
            failed = Failed(Failure.NO_ANSWER, str(silence))
            continue
        if fetched.status < 500:
            break
    return _Exchange(fetched, failed, attempt)


def _request(ports: Ports, connector: ApiConnector, body: bytes) -> FetchRequest:
    """Raises ValueError when there is no usable credential."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    certificate = None
    match connector.authentication:
        case ConnectorAuthentication.BASIC:
            password = ports.sealer.open(connector.sealed_password, SECRET_PURPOSE)
            login = connector.username.encode() + b":" + password
            headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        case ConnectorAuthentication.CERTIFICATE:
            newest = connector.certificate_at(ports.clock.now())
            if newest is None:
                raise ValueError("no certificate is valid now")
            key = ports.sealer.open(newest.sealed_key, SECRET_PURPOSE)
            certificate = ClientCertificate(newest.certificate_pem, key.decode())
        case ConnectorAuthentication.NONE:
            pass
    return FetchRequest(
        "POST",
        connector.target_url,
        headers,
        body,
        seconds=CONNECTOR_TIMEOUT.total_seconds(),
        client_certificate=certificate,
        tenant_id=connector.tenant_id,
    )


def _no_credentials(connector: ApiConnector) -> str:
    if connector.authentication is ConnectorAuthentication.CERTIFICATE:
        return "No client certificate of this connector is valid now. Upload a new one."
    return "The password of this connector cannot be read. Enter it again."


def _verdict(hook: Hook, exchange: _Exchange, attributes: tuple[UserAttribute, ...]) -> Verdict:
    if exchange.fetched is None:
        return exchange.failed or Failed(Failure.NO_ANSWER)
    return verdict_of(hook, exchange.fetched.status, exchange.fetched.body, attributes)


def _outcome(verdict: Verdict) -> str:
    return verdict.reason.value if isinstance(verdict, Failed) else type(verdict).__name__


def _note(
    ports: Ports,
    connector: ApiConnector,
    exchange: _Exchange,
    verdict: Verdict,
    begun: datetime,
    *,
    is_trial: bool = False,
) -> None:
    """The record of a call, for *All API connectors*; of one that found no free place there is none."""
    if isinstance(verdict, Failed) and verdict.reason is Failure.BUSY:
        return
    # Clocks are set back now and then; nobody waited for less than nothing.
    took = max(ports.clock.now() - begun, timedelta(0))
    call = ConnectorCall(
        id=ports.entropy.guid(),
        tenant_id=connector.tenant_id,
        connector_id=connector.id,
        at=begun,
        took_ms=took // timedelta(milliseconds=1),
        outcome=_outcome(verdict),
        status=exchange.fetched.status if exchange.fetched else None,
        attempts=exchange.attempts,
        is_trial=is_trial,
    )
    ports.store.write(connector.tenant_id, lambda tx: tx.api_connectors.note_call(call))


def _log(
    connector: ApiConnector, exchange: _Exchange, verdict: Verdict, correlation_id: CorrelationId
) -> None:
    """One line a call: who was asked and how it went. No claim, no credential, no message of the connector."""
    outcome = _outcome(verdict)
    level = logging.WARNING if isinstance(verdict, Failed) else logging.INFO
    ignored = len(verdict.ignored) if isinstance(verdict, Continue) else 0
    log.log(
        level,
        "api connector %s (%s): %s",
        connector.id,
        connector_host(connector),
        outcome,
        extra={
            "status": exchange.fetched.status if exchange.fetched else None,
            "attempt": exchange.attempts,
            "correlation_id": correlation_id or None,
            "detail": f"{ignored} unknown claims ignored" if ignored else None,
        },
    )
