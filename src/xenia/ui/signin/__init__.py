"""Pages of signing in and of accepting an invitation.

``/{tenant}/signin?ctx=`` draws whatever step is due; ``/{tenant}/signin/{action}`` takes its form; and
``/redeem`` is the landing page of invitations, which changes nothing until a form is posted. What is
due, and what a form means, is decided in ``usecases.sign_in``; here are only words and forms.
"""

from __future__ import annotations

from xenia.ports import Ports
from xenia.ui.signin.dispatcher import Dispatcher
from xenia.ui.signin.landing import Landing
from xenia.ui.signin.refusals import Refusals
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.pages import Pages
from xenia.web.routing import Route, Surface


def routes(ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard) -> Surface:
    """The sign-in surface."""
    refusals = Refusals(ports, pages)
    dispatcher = Dispatcher(ports, pages, cookies, guard, refusals)
    landing = Landing(ports, pages, cookies, guard)
    return Surface(
        "signin",
        (
            Route("GET", "/{tenant}/signin", dispatcher.show),
            Route("POST", "/{tenant}/signin/{action}", dispatcher.submit),
            Route("GET", "/redeem", landing.show),
            Route("GET", "/redeem/", landing.show),
            Route("POST", "/redeem/start", landing.start),
        ),
        refusals.render,
    )
