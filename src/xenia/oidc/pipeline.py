"""An authorization request, checked step by step: two lists of small checks, read from top to bottom.

The first list finds out to whom an answer may go at all; its refusals are pages, because an unproven
redirect URI must never be followed (RFC 6749 section 4.1.2.1). The second completes the request; its
refusals go to the app. No check writes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from xenia.core import errors as e
from xenia.core.claims_request import ClaimsRequest
from xenia.core.directory.application import Application, Platform, RedirectUri
from xenia.core.endpoints import V1
from xenia.core.ids import AppId
from xenia.core.scopes import split_scopes
from xenia.core.signin.request import AuthorizeRequest
from xenia.record import Record, replace
from xenia.web.http import Params

MAX_PARAMETER = 8192
"""Characters; what is refused is told back, so this bounds the answer too."""
MAX_TOTAL = 32_768
_TOKENS = frozenset({"id_token_hint", "assertion", "client_assertion"})
"""May fill the whole: a token with two hundred groups, or with a chain of certificates, is longer than anything else."""
RESPONSE_TYPES = frozenset({"code", "id_token", "token"})
RESPONSE_MODES = ("query", "fragment", "form_post")
PROMPTS = frozenset({"login", "none", "consent", "select_account", "create"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_GRAPH_OF_V1 = "00000003-0000-0000-c000-000000000000"


class Asked(Record):
    """A request under examination: whose it is, its raw parameters, and what of it is understood so far."""

    params: Params
    client: Application
    request: AuthorizeRequest

    def with_(self, **found: object) -> Asked:
        """The same with more of the request understood."""
        return replace(self, request=replace(self.request, **found))  # type: ignore[arg-type]


Check = Callable[[Asked], Asked]


# --- to whom may an answer go? ----------------------------------------------------------------------


def check_size(params: Params) -> None:
    """Raises RequestTooLong: longer than any client has reason to send."""
    total = 0
    for name, value in params.pairs:
        total += len(name) + len(value)
        most = MAX_TOTAL if name in _TOKENS else MAX_PARAMETER
        if len(name) > MAX_PARAMETER or len(value) > most or total > MAX_TOTAL:
            raise e.RequestTooLong(name)


def only_one(params: Params, name: str) -> str | None:
    """The value of a parameter that decides where answers go. Raises DuplicatedParameter."""
    if len(params.all(name)) > 1:
        raise e.DuplicatedParameter(name)
    return params.find(name)


def required_client_id(params: Params) -> str:
    """``client_id``. Raises MissingParameter."""
    client_id = only_one(params, "client_id")
    if not client_id:
        raise e.MissingParameter("client_id")
    return client_id


def registered_redirect(client: Application, params: Params) -> RedirectUri:
    """Where answers may go: the URI asked for, with the platform it is registered under.

    Raises RedirectUriMismatch, RedirectUriNotAbsolute, and NoRedirectUri when none was named and not
    exactly one is registered.
    """
    requested = only_one(params, "redirect_uri")
    if not requested:
        if len(client.redirect_uris) != 1:
            raise e.NoRedirectUri
        return client.redirect_uris[0]
    if not _is_absolute(requested):
        raise e.RedirectUriNotAbsolute
    registered = client.redirect_uri(requested)
    if registered is None:
        raise e.RedirectUriMismatch(requested, client.app_id)
    return RedirectUri(requested, registered.platform)


def _is_absolute(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).scheme) and uri.isprintable()
    except ValueError:
        return False


def first_understanding(
    app_id: AppId, redirect: RedirectUri, params: Params, version: str
) -> AuthorizeRequest:
    """The request as far as it must be known to answer at all, errors included."""
    return AuthorizeRequest(
        app_id=app_id,
        redirect_uri=redirect.uri,
        platform=redirect.platform,
        response_types=(),
        response_mode=_answer_mode(params),
        scopes=(),
        state=params.find("state"),
        prompts=tuple(params.get("prompt").split()),
        endpoint_version=version,
    )


def for_admin_consent(asked: Asked) -> Asked:
    """The same, where no token is asked for: always answered in the query, by a person who sees a page."""
    return asked.with_(admin_consent=True, response_mode="query", prompts=())


def _answer_mode(params: Params) -> str:
    """The response mode for whatever is answered: the one asked for when it is allowed, else the default."""
    carries_token = bool({"id_token", "token"} & set(params.get("response_type").split()))
    asked = params.get("response_mode")
    if asked in RESPONSE_MODES and not (asked == "query" and carries_token):
        return asked
    return "fragment" if carries_token else "query"


# --- what is asked? ---------------------------------------------------------------------------------


def no_duplicates(asked: Asked) -> Asked:
    """RFC 6749 section 3.1."""
    duplicated = asked.params.duplicated()
    if duplicated is not None:
        raise e.DuplicatedParameter(duplicated)
    return asked


def no_request_object(asked: Asked) -> Asked:
    """OpenID Connect Core section 6: refuse aloud what is not supported, since it may hold the true parameters."""
    for parameter in ("request", "request_uri"):
        if parameter in asked.params:
            raise e.RequestObjectNotSupported(parameter)
    return asked


def response_type(asked: Asked) -> Asked:
    """Any order; ID tokens and access tokens from here only when the application has them switched on."""
    text = asked.params.get("response_type")
    types = frozenset(text.split())
    if not types:
        raise e.MissingParameter("response_type")
    if not types <= RESPONSE_TYPES or len(types) != len(text.split()):
        raise e.UnsupportedResponseType(text)
    if "id_token" in types and not asked.client.id_token_issuance:
        raise e.ResponseTypeNotEnabled("id_token")
    if "token" in types and not asked.client.access_token_issuance:
        raise e.ResponseTypeNotEnabled("token")
    return asked.with_(response_types=tuple(sorted(types)))


def response_mode(asked: Asked) -> Asked:
    """A token never travels in a query string: it would end in logs and referrers (RFC 9700 section 4.3)."""
    mode = asked.params.find("response_mode")
    if mode is not None and mode != asked.request.response_mode:
        raise e.UnsupportedResponseMode(mode)
    return asked


def scope(asked: Asked) -> Asked:
    """Scopes of v2.0, or the ``resource`` of v1.0."""
    scopes = split_scopes(asked.params.get("scope"))
    resource = asked.params.find("resource")
    if asked.request.endpoint_version == V1:
        oidc = tuple(dict.fromkeys(("openid", "profile", *(name for name in scopes if name == "email"))))
        return asked.with_(scopes=(*oidc, f"{resource or _GRAPH_OF_V1}/.default"), resource=resource)
    if resource is not None:
        raise e.ResourceParameter
    if not scopes:
        raise e.MissingParameter("scope")
    if "id_token" in asked.request.response_types and "openid" not in scopes:
        raise e.InvalidScope(
            "openid",
            "The provided value for the input parameter 'scope' is not valid. 'openid' scope is required when "
            "requesting an id_token.",
        )
    return asked.with_(scopes=scopes)


def nonce(asked: Asked) -> Asked:
    """OpenID Connect Core sections 3.2.2.1 and 3.3.2.11: an ID token from here is bound to the request."""
    found = asked.params.find("nonce")
    if not found and "id_token" in asked.request.response_types:
        raise e.MissingParameter("nonce")
    return asked.with_(nonce=found or None)


def pkce(asked: Asked) -> Asked:
    """RFC 7636 with S256 only, required of public clients (RFC 9700 section 2.1.1)."""
    if "code" not in asked.request.response_types:
        return asked
    challenge = asked.params.find("code_challenge")
    if not challenge:
        if asked.request.platform is not Platform.WEB:
            raise e.PkceRequired
        return asked
    method = asked.params.get("code_challenge_method") or "plain"
    if method != "S256":
        raise e.InvalidChallengeMethod(method)
    if not _CHALLENGE.fullmatch(challenge):
        raise e.InvalidCodeChallenge
    return asked.with_(code_challenge=challenge)


def prompt(asked: Asked) -> Asked:
    """OpenID Connect Core section 3.1.2.1: ``none`` stands alone."""
    prompts = asked.request.prompts
    unknown = next((value for value in prompts if value not in PROMPTS), None)
    if unknown is not None:
        raise e.InvalidRequest("prompt", f"Unsupported 'prompt' value '{unknown}'.")
    if "none" in prompts and len(prompts) > 1:
        raise e.InvalidRequest("prompt", "The 'prompt' value 'none' can't be combined with other values.")
    return asked


def max_age(asked: Asked) -> Asked:
    """Seconds since the last proof; zero is ``prompt=login`` in other words."""
    text = asked.params.find("max_age")
    if text is None:
        return asked
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise e.InvalidRequest("max_age", "The 'max_age' parameter must be a whole number of seconds.")
    return asked.with_(max_age=int(text))


def claims(asked: Asked) -> Asked:
    """The ``claims`` parameter: checked here, so that what is stored can be read.

    Essential claims of a person are asked for as their scopes are, consent included.
    """
    text = asked.params.find("claims")
    implied = ClaimsRequest.parse(text).implied_scopes
    scopes = asked.request.scopes
    if "openid" in scopes:
        scopes = tuple(dict.fromkeys((*scopes, *implied)))
    return asked.with_(claims_request=text or None, scopes=scopes)


def hints(asked: Asked) -> Asked:
    """Hints help and never decide; with an account picker asked for, a hint would contradict it."""
    login = asked.params.get("login_hint").strip()[:512]
    usable = login.isprintable() and "select_account" not in asked.request.prompts
    return asked.with_(
        login_hint=login if login and usable else None,
        domain_hint=asked.params.find("domain_hint"),
        client_info=asked.params.get("client_info") == "1",
        flow_run=asked.params.get("flow_run")[:1024] or None,
        ui_locales=asked.params.get("ui_locales")[:128] or None,
    )


CHECKS: tuple[Check, ...] = (
    no_duplicates,
    no_request_object,
    response_type,
    response_mode,
    scope,
    nonce,
    pkce,
    prompt,
    max_age,
    claims,
    hints,
)


def admin_scope(asked: Asked) -> Asked:
    """The admin consent endpoint: scopes on v2.0; the older form stands for everything the app is registered with."""
    if asked.request.endpoint_version == V1:
        return asked
    scopes = split_scopes(asked.params.get("scope"))
    if not scopes:
        raise e.MissingParameter("scope")
    return asked.with_(scopes=scopes)


ADMIN_CONSENT_CHECKS: tuple[Check, ...] = (no_duplicates, no_request_object, admin_scope, hints)


def complete(asked: Asked) -> AuthorizeRequest:
    """Run every check. Raises the first ProtocolError."""
    for check in ADMIN_CONSENT_CHECKS if asked.request.admin_consent else CHECKS:
        asked = check(asked)
    return asked.request
