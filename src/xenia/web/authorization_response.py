"""The last hop of a sign-in: an answer (or an error) on its way to the app, in its response mode.

Response modes follow OAuth 2.0 Multiple Response Types and OAuth 2.0 Form Post. After one of our own forms
the browser is taken on by a page instead of a redirect: it would check ``form-action`` on every hop.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from xenia.core.errors import AdminConsentRequired, ConsentDeclined
from xenia.core.signin.answer import Answer
from xenia.core.signin.request import AuthorizeRequest
from xenia.core.wording import ENGLISH, Words, say
from xenia.web.http import BASE_CSP, HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import Pages
from xenia.web.protocol_error import report

FORM_POST_CSP = BASE_CSP.replace("; form-action 'self'", "")
"""The only form on that page is ours and goes to the app, which may redirect wherever it likes."""


def came_by_form(request: HttpRequest) -> bool:
    """Whether a browser posted one of our forms; scripts (no ``Sec-Fetch-Mode``) take plain redirects."""
    return request.method == "POST" and bool(request.header("sec-fetch-mode"))


def render_answer(
    answer: Answer, pages: Pages, words: Words = ENGLISH, *, after_form: bool, host_name: str = "Xenia"
) -> HttpResponse:
    """Send *answer* to the app. Nothing of it is cached."""
    model = {"host": {"name": host_name}, "app_name": answer.app_name or say(words, "the app")}
    if answer.response_mode == "form_post":
        fields = dict(answer.params)
        page = pages.render("kit/form_post.html", words, **model, action=answer.redirect_uri, fields=fields)
        return html(page, csp=FORM_POST_CSP)
    url = answer_url(answer)
    if after_form:
        return html(pages.render("kit/continue.html", words, **model, url=url))
    return redirect(url, status=302)


def answer_url(answer: Answer) -> str:
    """The redirect of a query or fragment answer; what the registered URI carries in its query stays."""
    uri = with_path(answer.redirect_uri)
    if not answer.params:
        return uri
    params = urlencode(answer.params, quote_via=quote)
    if answer.response_mode == "fragment":
        return f"{uri}#{params}"
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{params}"


def with_path(uri: str) -> str:
    """A web address without path gets its slash (RFC 3986 section 6.2.3): clients compare that form."""
    parts = urlsplit(uri)
    return parts._replace(path="/").geturl() if parts.scheme in ("http", "https") and not parts.path else uri


def error_answer(
    asked: AuthorizeRequest, error: Exception, request: HttpRequest, now: datetime, *, app_name: str = ""
) -> Answer:
    """The error response to an authorization request (OpenID Connect Core section 3.1.2.6).

    The request need not be complete; client and redirect URI must be validated. A silent request learns every
    obstacle as one of the names OpenID Connect gives them, never by a page.
    """
    found = report(error, request, now)
    name = found.row.error if found.row.may_redirect or not asked.is_silent else "interaction_required"
    if asked.admin_consent and isinstance(error, AdminConsentRequired):
        name = "permission_denied"
    params = [("error", name), ("error_description", found.description), ("error_uri", found.help_url)]
    if asked.admin_consent:
        params.insert(0, ("admin_consent", "True"))
    if isinstance(error, ConsentDeclined):
        params.append(("error_subcode", "cancel"))
    if asked.state is not None:
        params.append(("state", asked.state))
    return Answer(asked.redirect_uri, asked.response_mode, tuple(params), app_name)
