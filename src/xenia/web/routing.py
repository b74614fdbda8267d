"""Routes as data: which handler answers which method and path, and how a surface shows errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeAlias

from werkzeug.exceptions import MethodNotAllowed as RouteMethodNotAllowed
from werkzeug.exceptions import NotFound as RouteNotFound
from werkzeug.routing import Map, MapAdapter, RequestRedirect, Rule

from xenia.core.errors import MethodNotAllowed, NotFound
from xenia.record import Record
from xenia.web.http import HttpRequest, HttpResponse

Handler: TypeAlias = Callable[[HttpRequest], HttpResponse]
_MOST_REMEMBERED = 1024
_LONGEST_REMEMBERED = 256
"""Characters. Paths are anybody's to choose, so what is remembered of them is bounded both ways."""


class Route(Record):
    """``Route("GET", "/{tenant}/oauth2/v2.0/authorize", handler)``; several methods split by blanks.

    Parts in braces match one segment, ``{rest:path}`` matches any number. GET also answers HEAD.
    """

    methods: str
    pattern: str
    handler: Handler


class Surface(Record):
    """Routes that belong together and the one place that turns their errors into answers."""

    name: str
    routes: tuple[Route, ...]
    render_error: Callable[[HttpRequest, Exception], HttpResponse]


class _Target(Record):
    surface: Surface
    handler: Handler


class Router:
    """Finds the handler of a request and keeps a surface's errors on that surface."""

    def __init__(self, surfaces: Iterable[Surface], fallback: Surface) -> None:
        """``fallback`` renders errors of paths that nobody serves."""
        self._fallback = fallback
        routes = [(surface, route) for surface in (*surfaces, fallback) for route in surface.routes]
        self._targets = [_Target(surface, route.handler) for surface, route in routes]
        self._found: dict[tuple[str, str], tuple[_Target, dict[str, str]]] = {}
        self._map = _compiled(tuple((route.pattern, route.methods) for _, route in routes))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; errors become answers of the surface they arose on."""
        surface = self._fallback
        try:
            target, args = self._find(request)
            surface = target.surface
            return target.handler(request.at(args))
        except Exception as error:  # noqa: BLE001  (the one net: each surface renders its own errors)
            return surface.render_error(request, error)

    def _find(self, request: HttpRequest) -> tuple[_Target, dict[str, str]]:
        """The same few paths come again and again: what was found for them is remembered."""
        key = (request.method, request.path)
        known = self._found.get(key)
        if known is not None:
            return known
        found = self._match(request)
        if len(request.path) <= _LONGEST_REMEMBERED:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[key] = found
        return found

    def _match(self, request: HttpRequest) -> tuple[_Target, dict[str, str]]:
        try:
            number, args = self._map.match(request.path, request.method)
        except RouteMethodNotAllowed as error:
            raise MethodNotAllowed(request.method, ", ".join(sorted(error.valid_methods or ()))) from None
        except (RouteNotFound, RequestRedirect):
            raise NotFound("Page", request.path) from None
        return self._targets[number], dict(args)


@lru_cache(maxsize=8)
def _compiled(addresses: tuple[tuple[str, str], ...]) -> MapAdapter:
    """Patterns with their methods, to be matched; the endpoint is the place in the order given.

    Kept, because programs that start one server after another (every test does) have the same addresses each time.
    """
    rules = [
        _MatchedRule(_pattern(pattern), endpoint=number, methods=methods.split())
        for number, (pattern, methods) in enumerate(addresses)
    ]
    return Map(rules, strict_slashes=False, merge_slashes=False).bind("xenia.invalid")


class _MatchedRule(Rule):
    """Only ever matched. Addresses are not built from routes here, and preparing a rule for that takes four times as long."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002  (as the library has it)
        del append_unknown
        return _builds_nothing


def _builds_nothing(*_: object, **__: object) -> tuple[str, str]:
    raise LookupError("addresses are not built from routes")


def _pattern(pattern: str) -> str:
    return pattern.replace("{rest:path}", "<path:rest>").replace("{", "<").replace("}", ">")
