"""Userinfo (OpenID Connect Core section 5.3), below the Graph root: who the bearer's token is about."""

from __future__ import annotations

from typing import Any

from xenia.core.endpoints import ALIASES
from xenia.core.errors import NotAuthenticated
from xenia.core.ids import fold
from xenia.oidc.aadsts import NO_STORE, request_ids
from xenia.ports import Ports
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.read_token import AccessToken, read_access_token
from xenia.web.http import HttpRequest, HttpResponse, json

_CORS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "WWW-Authenticate"))


class UserInfo:
    """Handlers of the endpoint. The token comes in the header or, by POST, in the body (RFC 6750 section 2)."""

    def __init__(self, ports: Ports, tenants: TenantDirectory) -> None:
        self._ports = ports
        self._tenants = tenants

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Claims of the scopes that the token was given."""
        try:
            token = _bearer(request)
        except ValueError:
            return _refused(request, 400, "invalid_request", "Send one access token.")
        if token is None:
            return _refused(request, 401, None, "")
        try:
            read = read_access_token(self._ports, token, request.base_url, self._ports.clock.now())
        except NotAuthenticated as error:
            return _refused(request, 401, "invalid_token", error.message)
        if read.user is None or "openid" not in read.scopes:
            return _refused(request, 403, "insufficient_scope", "The access token needs the scope openid.")
        return json(claims_of(read), headers=(*NO_STORE, *_CORS, *request_ids(request)))

    def of_tenant(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/openid/userinfo`` of v1.0: the same, for tokens of that tenant (or of any, at an alias)."""
        segment = request.args["tenant"]
        if fold(segment) not in ALIASES:
            token = _claimed(self._ports, request)
            if token is not None and token.get("tid") != self._tenants.find(segment).id:
                return _refused(request, 401, "invalid_token", "The token was issued by another tenant.")
        return self.answer(request)

    def preflight(self, request: HttpRequest) -> HttpResponse:
        """OPTIONS: the header a page must be allowed to send."""
        del request
        headers = (
            *_CORS,
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
            ("Access-Control-Max-Age", "86400"),
        )
        return HttpResponse(204, b"", headers)


def claims_of(read: AccessToken) -> dict[str, Any]:
    """The same ``sub`` as the ID token of this client, and what ``profile`` and ``email`` allow."""
    user = read.user
    subject = read.claims.get("xms_st")
    answer: dict[str, Any] = {"sub": subject["sub"] if isinstance(subject, dict) else read.claims["sub"]}
    if user is not None and "profile" in read.scopes:
        answer |= {
            "name": user.display_name,
            "family_name": user.surname,
            "given_name": user.given_name,
            "preferred_username": user.sign_in_name,
            "locale": user.preferred_language,
        }
    if user is not None and "email" in read.scopes and user.mail:
        answer |= {"email": user.mail, "email_verified": any(i.issuer == "mail" for i in user.identities)}
    return {name: value for name, value in answer.items() if value is not None}


def _claimed(ports: Ports, request: HttpRequest) -> dict[str, object] | None:
    """What the token says, when it is one of ours; everything else about it is checked later."""
    try:
        token = _bearer(request)
    except ValueError:
        return None
    return ports.keys.verify(token) if token else None


def _bearer(request: HttpRequest) -> str | None:
    """The token, or None without any. Raises ValueError when it is sent twice."""
    scheme, _, header = request.header("authorization").partition(" ")
    posted = request.form.all("access_token") if request.method == "POST" else ()
    found = [header.strip()] if scheme.lower() == "bearer" and header.strip() else []
    if len(found) + len(posted) > 1:
        raise ValueError("several tokens")
    return next(iter((*found, *posted)), None)


def _refused(request: HttpRequest, status: int, error: str | None, why: str) -> HttpResponse:
    """RFC 6750 section 3: no error code when no token was sent."""
    challenge = "Bearer" if error is None else f'Bearer error="{error}", error_description="{why}"'
    headers = (("WWW-Authenticate", challenge), *NO_STORE, *_CORS, *request_ids(request))
    body = {
        "error": {"code": error or "InvalidAuthenticationToken", "message": why or "Access token is empty."}
    }
    return json(body, status=status, headers=headers)
