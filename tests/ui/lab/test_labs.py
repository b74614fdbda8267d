"""The labs' pages and the authenticator in the browser, for people without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.journeys import MARIA, become_guest, enrol
from tests.support.self_service import NAMES, NEWCOMER, create_account, open_flow
from tests.support.walker import BASE
from tests.support.workshop import Workshop
from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.ui.lab.authenticator import read_key

KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class TestInviteGuests:
    def test_steps_are_in_the_words_of_how_tos(self, workshop: Workshop) -> None:
        text = workshop.walker().open("/labs/invite-guests").text
        for words in (
            "Users > New user > Invite external user",
            "Accept invitation",
            "Review permissions",
            "App registrations > Overview > Application (client) ID",
        ):
            assert words in text

    def test_each_step_shows_where(self, workshop: Workshop) -> None:
        page = workshop.walker().open("/labs/invite-guests?tenant=contoso")
        shown = [href for label, href in page.links if label == "Show me where"]
        assert len(shown) == 8
        assert shown[1] == "/admin/contoso.onxenia.localhost/users/invite"
        assert shown[-1].startswith("/tester/?requesttype=OpenIdConnect&scope=openid+profile")

    def test_unmet_criteria_say_what_is_missing(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        assert "No guest yet." in walker.open("/labs/invite-guests").text
        workshop.server.invite(MARIA)
        page = walker.open("/labs/invite-guests")
        assert "Met 1. 1 guest invited" in page.text
        assert "without a mail" in page.text

    def test_the_whole_lab(self, workshop: Workshop) -> None:
        guest, teacher = workshop.walker(), workshop.walker()
        become_guest(workshop.server, guest)
        guest.open(f"/tester/?tenant=contoso&clientid={TESTER_APP_ID}&requestaction=PerformRequest")
        guest.submit("/tester/")
        page = teacher.open("/labs/invite-guests")
        assert "Lab completed." in page.text
        assert f"{BASE}/{workshop.server.tenant.id}/v2.0" in page.text
        assert "3 of 3 met" in " ".join(teacher.open("/labs").text.split())

    def test_criteria_are_served_alone(self, workshop: Workshop) -> None:
        response = workshop.walker().send("GET", f"{BASE}/labs/invite-guests?tenant=contoso&part=criteria")
        assert b"1 guest invited" in response.body
        assert b"<html" not in response.body

    def test_unknown_labs_and_tenants(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        assert walker.open("/labs/nothing").status == 404
        assert walker.open("/labs/invite-guests?tenant=fabrikam").status == 404


class TestSelfServiceSignUp:
    def test_steps_are_in_the_words_of_how_tos(self, workshop: Workshop) -> None:
        text = workshop.walker().open("/labs/self-service-sign-up").text
        for words in (
            "External Identities > External collaboration settings",
            "Enable guest self-service sign up via user flows",
            "Custom user attributes > Add",
            "User flows > New user flow",
            "Applications > Add application",
            "No account? Create one",
            "Creation type SelfServiceSignUp",
        ):
            assert words in text

    def test_each_step_shows_where(self, workshop: Workshop) -> None:
        page = workshop.walker().open("/labs/self-service-sign-up?tenant=contoso")
        shown = [href for label, href in page.links if label == "Show me where"]
        portal = "/admin/contoso.onxenia.localhost"
        assert len(shown) == 11
        assert shown[:4] == [
            f"{portal}/external-identities/collaboration-settings",
            f"{portal}/external-identities/user-attributes",
            f"{portal}/external-identities/user-flows/new",
            f"{portal}/external-identities/user-flows",
        ]

    def test_unmet_criteria_say_what_is_missing(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        page = walker.open("/labs/self-service-sign-up")
        assert "It is switched off: no user flow does anything." in page.text
        workshop.server.policies(self_service_sign_up=True)
        page = walker.open("/labs/self-service-sign-up")
        assert "Met 1. Guest self-service sign-up switched on" in page.text
        assert "No user flow yet." in page.text

    def test_the_whole_lab(self, workshop: Workshop) -> None:
        server, guest = workshop.server, workshop.walker()
        open_flow(server, attributes=NAMES)
        create_account(server, guest)
        assert "came to the station &#39;mail verified&#39;" in self._source(workshop)
        guest.submit("/signin/review", button="Accept")
        guest.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
        assert "signed up, but has no token yet." in self._source(workshop)
        enrol(server, guest)
        if guest.page is not None and guest.page.has_form("/consent"):
            guest.submit("/consent", button="Accept")
        page = workshop.walker().open("/labs/self-service-sign-up")
        assert "Lab completed." in page.text
        assert NEWCOMER in page.text
        assert f"{BASE}/{server.tenant.id}/v2.0" in page.text

    @staticmethod
    def _source(workshop: Workshop) -> str:
        return workshop.walker().open("/labs/self-service-sign-up").source

    def test_the_list_has_both(self, workshop: Workshop) -> None:
        workshop.server.policies(self_service_sign_up=True)
        text = " ".join(workshop.walker().open("/labs").text.split())
        assert "0 of 3 met" in text
        assert "1 of 5 met" in text


class TestAuthenticator:
    def test_one_code_without_scripts(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        walker.open("/labs/authenticator")
        page = walker.submit("/labs/authenticator", key=KEY.lower().replace("JBSW", "JBSW "))
        assert workshop.server.ports.totp.code(KEY, workshop.server.clock.now()) in page.text
        assert "30 seconds left" in page.text
        assert KEY not in page.source.upper(), "the key is forgotten"

    def test_the_seconds_run(self, workshop: Workshop) -> None:
        workshop.server.clock.advance(timedelta(seconds=17))
        walker = workshop.walker()
        walker.open("/labs/authenticator")
        assert "13 seconds left" in walker.submit("/labs/authenticator", key=KEY).text

    def test_what_is_no_key_is_said(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        walker.open("/labs/authenticator")
        page = walker.submit("/labs/authenticator", key="hello")
        assert page.status == 422
        assert "This is no key." in page.text

    def test_a_form_of_another_site_is_refused(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        fields = walker.open("/labs/authenticator").form("/labs/authenticator").fields | {"key": KEY}
        evil = {"origin": "https://evil.example"}
        assert walker.send("POST", f"{BASE}/labs/authenticator", form=fields, headers=evil).status == 403

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            (KEY, KEY),
            (" jbsw y3dp ehpk 3pxp jbsw-y3dp-ehpk-3pxp ", KEY),
            (f"otpauth://totp/Contoso:maria?secret={KEY}&issuer=Contoso", KEY),
            (f"OTPAUTH://totp/x?issuer=a&secret={KEY.lower()}", KEY),
            ("otpauth://totp/x?issuer=a", None),
            ("JBSWY3DP", None),
            ("01890189018901890189", None),
            ("", None),
        ],
    )
    def test_reading_keys(self, text: str, key: str | None) -> None:
        assert read_key(text) == key
