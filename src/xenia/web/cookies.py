"""Names and attributes of our cookies.

Every name carries the instance suffix, because browsers share cookies between ports of one host.
``__Host-`` (RFC 6265bis) nails them to this host, Secure and Path=/. Values are random secrets;
the database knows only their hashes.
"""

from __future__ import annotations

from xenia.web.http import HttpRequest, HttpResponse

_BROWSER_AGE = 90 * 24 * 3600


class Cookies:
    """Reads and writes the cookies of this instance."""

    def __init__(self, instance: str) -> None:
        self._instance = instance

    def _name(self, kind: str) -> str:
        return f"__Host-xenia-{kind}-{self._instance}"

    def browser(self, request: HttpRequest) -> str | None:
        """The secret that binds interactions and forms to this browser."""
        return request.cookies.get(self._name("b"))

    def set_browser(self, response: HttpResponse, secret: str) -> HttpResponse:
        """SameSite=None: an app may send its form_post request or silent frame from its own site."""
        return response.with_cookie(self._name("b"), secret, max_age=_BROWSER_AGE, same_site="None")

    def session(self, request: HttpRequest, tenant_id: str) -> str | None:
        """The single-sign-on session secret of this browser at one tenant."""
        return request.cookies.get(self._name(f"s-{tenant_id}"))

    def sessions(self, request: HttpRequest) -> dict[str, str]:
        """The session secrets of this browser by tenant id, as the browser names them."""
        start, _, end = self._name("s-|").partition("|")
        return {
            name[len(start) : -len(end)]: secret
            for name, secret in request.cookies.items()
            if name.startswith(start) and name.endswith(end)
        }

    def set_session(
        self, response: HttpResponse, tenant_id: str, secret: str, *, max_age: int | None
    ) -> HttpResponse:
        """SameSite=None for silent frames; without ``max_age`` it ends with the browser."""
        return response.with_cookie(self._name(f"s-{tenant_id}"), secret, max_age=max_age, same_site="None")

    def clear_session(self, response: HttpResponse, tenant_id: str) -> HttpResponse:
        """Forget the session."""
        return response.with_cookie(self._name(f"s-{tenant_id}"), "", max_age=0, same_site="None")

    def surface(self, request: HttpRequest, surface: str, tenant_id: str) -> str | None:
        """The session secret of a first-party surface (``portal``, ``account``) at one tenant."""
        return request.cookies.get(self._name(f"{surface}-{tenant_id}"))

    def set_surface(self, response: HttpResponse, surface: str, tenant_id: str, secret: str) -> HttpResponse:
        """SameSite=Lax: nobody else's page posts to the portal."""
        return response.with_cookie(self._name(f"{surface}-{tenant_id}"), secret)

    def clear_surface(self, response: HttpResponse, surface: str, tenant_id: str) -> HttpResponse:
        """Sign out of the surface."""
        return response.with_cookie(self._name(f"{surface}-{tenant_id}"), "", max_age=0)

    def round_trip(self, request: HttpRequest, surface: str) -> str | None:
        """The sealed state of a first-party sign-in under way."""
        return request.cookies.get(self._name(f"{surface}-trip"))

    def set_round_trip(self, response: HttpResponse, surface: str, sealed: str) -> HttpResponse:
        """SameSite=Lax: it comes back with the top-level redirect and with nothing else."""
        return response.with_cookie(self._name(f"{surface}-trip"), sealed, max_age=3600)

    def clear_round_trip(self, response: HttpResponse, surface: str) -> HttpResponse:
        """Forget it."""
        return response.with_cookie(self._name(f"{surface}-trip"), "", max_age=0)

    def tester_flow(self, request: HttpRequest, key: str) -> str | None:
        """The sealed state of one test of the tester that is under way."""
        return request.cookies.get(self._name(f"flow-{key}"))

    def tester_flows(self, request: HttpRequest) -> tuple[str, ...]:
        """Keys of all tests under way in this browser."""
        start, _, end = self._name("flow-|").partition("|")
        return tuple(
            name[len(start) : -len(end)]
            for name in request.cookies
            if name.startswith(start) and name.endswith(end)
        )

    def set_tester_flow(self, response: HttpResponse, key: str, sealed: str, *, max_age: int) -> HttpResponse:
        """SameSite=None: another server's form_post answer comes from its own site."""
        return response.with_cookie(self._name(f"flow-{key}"), sealed, max_age=max_age, same_site="None")

    def tools(self, request: HttpRequest) -> str | None:
        """The workshop's access token, once shown (needed on non-loopback addresses only)."""
        return request.cookies.get(self._name("tools"))

    def set_tools(self, response: HttpResponse, token: str) -> HttpResponse:
        """Remember the workshop's access token."""
        return response.with_cookie(self._name("tools"), token, same_site="Strict")
