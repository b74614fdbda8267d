"""The browser that sent a request, as the use cases of signing in know it."""

from __future__ import annotations

from xenia.usecases.sign_in import BrowserContext
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest


def browser_of(request: HttpRequest, cookies: Cookies, tenant_id: str) -> BrowserContext:
    """What we know of the browser: its address, languages and cookies, the session being that of this tenant."""
    return BrowserContext(
        base_url=request.base_url,
        browser_secret=cookies.browser(request),
        session_secret=cookies.session(request, tenant_id),
        ip_address=request.client_address,
        user_agent=request.header("user-agent")[:256],
        correlation_id=request.correlation_id,
        languages=request.languages,
    )
