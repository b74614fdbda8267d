"""Pages of signing in and of accepting an invitation.

``/{tenant}/signin?ctx=`` draws whatever step is due; ``/{tenant}/signin/{action}`` takes its form;
``/{tenant}/federation/oauth2`` and its like take what other identity providers answer;
``/redeem`` is the landing page of invitations, which changes nothing until a form is posted; and
``/device`` takes the code of a device that cannot show a page itself. What is due, and what a form
means, is decided in ``usecases.sign_in``; here are only words and forms.
"""

from __future__ import annotations

from xenia.core.directory.first_party import GUEST_SIGN_IN_CALLBACK
from xenia.ports import Ports
from xenia.ui.signin.devices import Devices
from xenia.ui.signin.dispatcher import Dispatcher
from xenia.ui.signin.federating import Callback
from xenia.ui.signin.flow_logos import AppLogos, FlowLogos
from xenia.ui.signin.landing import Landing
from xenia.ui.signin.refusals import Refusals
from xenia.usecases.tenants.find_tenant import TenantDirectory
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
    tenants = TenantDirectory(ports)
    callback = Callback(ports, cookies, tenants)
    devices = Devices(ports, tenants, pages, cookies, guard)
    return Surface(
        "signin",
        (
            Route("GET", "/{tenant}/signin", dispatcher.show),
            Route("GET", "/{tenant}/signin/progress", dispatcher.progress),
            Route("GET", "/{tenant}/signin/logo/{flow}", logos.show),
            Route("GET", "/{tenant}/signin/app-logo/{app}", AppLogos(ports).show),
            Route("POST", "/{tenant}/signin/{action}", dispatcher.submit),
            Route("GET", GUEST_SIGN_IN_CALLBACK, callback.receive),
            Route("GET", "/{tenant}/federation/oauth2", callback.receive),
            Route("GET", "/{tenant}/federation/oauth2/{provider}", callback.receive),
            Route("GET", "/te/{tenant}/oauth2/authresp", callback.receive),
            Route("GET", "/redeem", landing.show),
            Route("GET", "/redeem/", landing.show),
            Route("POST", "/redeem/start", landing.start),
            Route("GET", "/device", devices.show),
            Route("GET", "/devicelogin", devices.show),
            Route("GET", "/{tenant}/oauth2/deviceauth", devices.show),
            Route("POST", "/device", devices.enter),
            Route("POST", "/device/confirm", devices.decide),
        ),
        refusals.render,
    )
