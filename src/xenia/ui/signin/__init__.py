"""Pages of signing in and of accepting an invitation.

``/{tenant}/signin?ctx=`` draws whatever step is due; ``/{tenant}/signin/{action}`` takes its form;
``/{tenant}/federation/oauth2`` and its like take what other identity providers answer; and
``/redeem`` is the landing page of invitations, which changes nothing until a form is posted. What is
due, and what a form means, is decided in ``usecases.sign_in``; here are only words and forms.
"""

from __future__ import annotations

from xenia.core.directory.first_party import GUEST_SIGN_IN_CALLBACK
from xenia.ports import Ports
from xenia.ui.signin.dispatcher import Dispatcher
from xenia.ui.signin.federating import Callback
from xenia.ui.signin.flow_logos import FlowLogos
from xenia.ui.signin.landing import Landing
from xenia.ui.signin.refusals import Refusals
from xenia.usecases.find_tenant import TenantDirectory
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.pages import Pages
from xenia.web.routing import Route, Surface


def routes(ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard) -> Surface:
    """The sign-in surface."""
    refusals = Refusals(ports, pages)
    dispatcher = Dispatcher(ports, pages, cookies, guard, refusals)
    logos = FlowLogos(ports)
    landing = Landing(ports, pages, cookies, guard)
    callback = Callback(ports, cookies, TenantDirectory(ports))
    return Surface(
        "signin",
        (
            Route("GET", "/{tenant}/signin", dispatcher.show),
            Route("GET", "/{tenant}/signin/progress", dispatcher.progress),
            Route("GET", "/{tenant}/signin/logo/{flow}", logos.show),
            Route("POST", "/{tenant}/signin/{action}", dispatcher.submit),
            Route("GET", GUEST_SIGN_IN_CALLBACK, callback.receive),
            Route("GET", "/{tenant}/federation/oauth2", callback.receive),
            Route("GET", "/te/{tenant}/oauth2/authresp", callback.receive),
            Route("GET", "/redeem", landing.show),
            Route("GET", "/redeem/", landing.show),
            Route("POST", "/redeem/start", landing.start),
        ),
        refusals.render,
    )
