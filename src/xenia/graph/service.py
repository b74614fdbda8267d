"""The door of the Graph surface: who calls, what is addressed, how answers and refusals are dressed."""

from __future__ import annotations

import logging

from xenia.catalog.edm import Service
from xenia.catalog.entities.user import with_extensions
from xenia.core.actor import Actor
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.endpoints import login_base
from xenia.core.errors import NotAuthenticated, XeniaError
from xenia.core.user_attributes import EXTENSION_PREFIX
from xenia.graph.addressing import read_address
from xenia.graph.batch import answer_batch
from xenia.graph.errors import GraphError, bad_request, from_domain, not_allowed
from xenia.graph.metadata import metadata
from xenia.graph.reading import Call, read
from xenia.graph.wire import json_answer
from xenia.graph.writing import write
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.usecases.tokens.read_token import actor_from_token
from xenia.web.http import HttpRequest, HttpResponse, TooManyFields

log = logging.getLogger("xenia.graph")
METHODS = "GET POST PATCH PUT DELETE OPTIONS"
_READING = ("GET", "HEAD")
_ALLOW_ORIGIN = ("Access-Control-Allow-Origin", "*")
_EXPOSED = ("Access-Control-Expose-Headers", "request-id, client-request-id, Location, Retry-After")
_GARBAGE = "CompactToken parsing failed with error code: 80049217"


class GraphService(Record):
    """Answers requests under ``/v1.0`` and ``/beta``."""

    ports: Ports

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with JSON whatever happens; SDKs show nothing else."""
        if request.method == "OPTIONS":
            return _preflight()
        return self._dressed(request, self._answer(request))

    def render_error(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Any error of this surface as a Graph error; what we did not foresee is told to the log alone."""
        return self._dressed(request, self._refusal(request, error, Service.DIRECTORY))

    def _answer(self, request: HttpRequest) -> HttpResponse:
        service = Service.DIRECTORY
        try:
            version, _, rest = request.path.lstrip("/").partition("/")
            plain = rest.strip("/").lower()
            if plain == "$metadata":
                return self._metadata(request, version.lower())
            if plain == "$batch":
                return self._batch(request, version.lower())
            address = read_address(request.path)
            service = address.resource.service
            call = _with_own_properties(_of_type(Call(self.ports, self._actor(request), request, address)))
            return read(call) if request.method in _READING else write(call)
        except Exception as error:  # noqa: BLE001  (one inner request must not end a whole batch)
            return self._refusal(request, error, service)

    def _actor(self, request: HttpRequest) -> Actor:
        return actor_from_token(
            self.ports,
            _bearer(request),
            request.base_url,
            self.ports.clock.now(),
            correlation_id=request.correlation_id,
            ip_address=request.client_address,
        )

    def _batch(self, request: HttpRequest, version: str) -> HttpResponse:
        if request.method != "POST":
            raise not_allowed("POST")
        # Refused as a whole without a token; whether it is valid shows at each inner request.
        _bearer(request)
        return answer_batch(request, version, self._answer)

    def _metadata(self, request: HttpRequest, version: str) -> HttpResponse:
        if request.method not in _READING:
            raise not_allowed("GET")
        return HttpResponse(200, metadata(version), (("Content-Type", "application/xml;charset=utf-8"),))

    def _refusal(self, request: HttpRequest, error: Exception, service: Service) -> HttpResponse:
        refusal = error if isinstance(error, GraphError) else None
        if isinstance(error, TooManyFields):
            refusal = bad_request(error.message)
        elif isinstance(error, XeniaError):
            refusal = from_domain(error, service)
            if isinstance(error, NotAuthenticated):
                refusal.headers += (_challenge(request.base_url),)
            log.info("refused", extra={"refusal": type(error).__name__, "detail": error.detail})
        if refusal is None or refusal.status >= 500:
            log.error(
                "graph request failed", exc_info=error, extra={"correlation_id": request.correlation_id}
            )
            refusal = GraphError(500, "InternalServerError", "An unexpected error occurred.")
        body = refusal.body(self.ports.clock.now(), request.request_id, _client_request_id(request))
        return json_answer(body, status=refusal.status, headers=refusal.headers)

    @staticmethod
    def _dressed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return response.with_headers(
            ("request-id", request.request_id),
            ("client-request-id", _client_request_id(request)),
            _ALLOW_ORIGIN,
            _EXPOSED,
        )


def _of_type(call: Call) -> Call:
    """The declaration of the addressed item's own type, where a collection holds several."""
    address = call.address
    if address.resource.of_type is None or address.key is None:
        return call
    resource = address.resource.of_type(call.ports, call.actor, address.key)
    return replace(call, address=replace(address, resource=resource))


def _with_own_properties(call: Call) -> Call:
    """The properties only this tenant has, where a request speaks of some; looking them up has its price."""
    request = call.request
    # A page token may hold a $select of them, sealed.
    texts = [
        EXTENSION_PREFIX if "skiptoken" in name.lower() else value for name, value in request.query.pairs
    ]
    if request.method not in _READING:
        texts.append(request.body.decode("utf-8", "replace"))
    if not any(EXTENSION_PREFIX in text.lower() for text in texts):
        return call
    resource = with_extensions(call.address.resource, call.ports, call.actor)
    return replace(call, address=replace(call.address, resource=resource))


def _bearer(request: HttpRequest) -> str:
    """The access token (RFC 6750 section 2.1). Raises NotAuthenticated."""
    scheme, _, token = request.header("authorization").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("Access token is empty.")
    if token.count(".") != 2:
        raise NotAuthenticated(_GARBAGE)
    return token.strip()


def _challenge(base_url: str) -> tuple[str, str]:
    """Where to get a token (RFC 6750 section 3)."""
    where = f'authorization_uri="{login_base(base_url)}/common/oauth2/authorize", client_id="{GRAPH_APP_ID}"'
    return ("WWW-Authenticate", f'Bearer realm="", {where}')


def _client_request_id(request: HttpRequest) -> str:
    given = request.header("client-request-id")
    # Echoed into a header: only what an id is made of.
    is_plain = (
        0 < len(given) <= 64 and given.isascii() and all(sign.isalnum() or sign in "-_.{}" for sign in given)
    )
    return given if is_plain else request.request_id


def _preflight() -> HttpResponse:
    """Browser apps call with a bearer token; cookies mean nothing here, so any origin may (Fetch: CORS protocol)."""
    return HttpResponse(
        204,
        b"",
        (
            _ALLOW_ORIGIN,
            ("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE"),
            (
                "Access-Control-Allow-Headers",
                "authorization, content-type, consistencylevel, prefer, client-request-id, sdkversion, retry-attempt",
            ),
            ("Access-Control-Max-Age", "3600"),
        ),
    )
