"""An invitation accepted with an account at canaille, an identity provider written in Python by other people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.federation.conftest import CALLBACKS, PIA
from tests.federation.test_check_provider import check_provider
from tests.federation.test_providers import PARTNER_ID, hand_over, partner, to_the_app
from tests.support.federating import guest, id_token_of, sign_in_errors
from tests.support.platform import PASSWORD, RunningServer
from tests.support.providers import Abroad, Provider, canaille_provider
from tests.support.walker import Walker


@pytest.fixture(scope="module")
def canaille(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    directory = tmp_path_factory.mktemp("canaille")
    person = {"user": "pia", "password": PASSWORD, "email": PIA}
    with canaille_provider(directory, **person, redirect_uris=CALLBACKS) as started:
        yield started


def through(walker: Walker) -> None:
    """User name, password, agreeing."""
    back = Abroad().visit(hand_over(walker), {"login": "pia"}, {"password": PASSWORD}, {"answer": "accept"})
    walker.open(back)


def test_an_invited_person_redeems_and_returns(contoso: RunningServer, canaille: Provider) -> None:
    partner(contoso, canaille)
    assert check_provider(contoso.ports, contoso.actor(), PARTNER_ID).is_usable
    walker = Walker(contoso.router)
    walker.open(contoso.invite(PIA).redeem_url)
    walker.submit("/redeem/start")
    through(walker)
    assert walker.page is not None
    assert walker.page.has_form("/accept"), sign_in_errors(contoso)
    walker.submit("/accept")
    assert (canaille.issuer, "pia") in [
        (entry.issuer, entry.subject) for entry in guest(contoso, PIA).identities
    ]

    fresh = Walker(contoso.router)
    to_the_app(contoso, fresh)
    fresh.submit("/identify", login=PIA)
    through(fresh)
    page = fresh.page
    assert page is not None
    if page.has_form("/consent"):
        page = fresh.submit("/consent", button="Accept")
    assert id_token_of(contoso, page)["idp"] == canaille.issuer
