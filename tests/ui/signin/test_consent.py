"""Consent: what is asked and shown, who may agree to it, for whom, and what tokens and tenants have of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.pictures import png
from tests.support.platform import PASSWORD, RunningServer, challenge, platform
from tests.support.walker import BASE, Page, Walker, query_of, read_page
from xenia.core.actor import Actor, system_actor
from xenia.core.consent_request import ConsentRequest, ConsentRequestState
from xenia.core.directory.application import (
    GRAPH_APP_ID,
    Application,
    AppRole,
    Audience,
    DelegatedGrant,
    Platform,
    PreAuthorizedApplication,
    RedirectUri,
    RequiredResourceAccess,
    Scope,
    ServicePrincipal,
)
from xenia.core.directory.tenant import ConsentRequestPolicy, Tenant, UserConsent
from xenia.core.errors import Conflict, NotPermitted
from xenia.core.mail import MailKind
from xenia.core.query import Query
from xenia.ports import Transaction
from xenia.usecases.applications.application_logos import set_logo
from xenia.usecases.consent.consent_requests import approve_request, deny_request, remind_everywhere
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, create_member

CALLBACK = "https://foreign.example/back"
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
READ_ALL = "a154be20-db9c-4678-8ab7-66f6cc099a59"
INVITE_ROLE = "09850681-111b-4a89-9bed-3f2cae46d706"
MARA = "mara@contoso.onxenia.localhost"


@dataclass
class Consenting:
    """Contoso with a member, and Fabrikam, which publishes apps for other organizations."""

    server: RunningServer
    fabrikam: Tenant

    def publish(
        self, name: str = "Planner", *, owner: Tenant | None = None, **changes: object
    ) -> Application:
        """A multi-tenant app of Fabrikam, unless said otherwise; only its owner has a principal of it."""
        ports, tenant = self.server.ports, owner or self.fabrikam
        app = Application(
            id=ports.entropy.guid(),
            tenant_id=tenant.id,
            app_id=ports.entropy.guid(),
            display_name=name,
            created_at=ports.clock.now(),
            audience=Audience.MULTIPLE,
            redirect_uris=(RedirectUri(CALLBACK, Platform.WEB),),
        )
        app = replace(app, **changes)  # type: ignore[arg-type]
        principal = ServicePrincipal(
            ports.entropy.guid(), tenant.id, app.app_id, name, tenant.id, ports.clock.now()
        )

        def work(tx: Transaction) -> None:
            tx.applications.add(app)
            tx.applications.add_service_principal(principal)

        ports.store.write(tenant.id, work)
        return app

    def url(self, app: Application, scope: str = "openid profile", **changes: str) -> str:
        """An authorization request in Contoso."""
        query = {
            "client_id": app.app_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "s-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{BASE}/{self.server.tenant.id}/oauth2/v2.0/authorize?{urlencode(query)}"

    def signed_in(self, name: str = MARA) -> Walker:
        """A browser in which somebody of Contoso is signed in (to the app Orders, agreed to by an administrator)."""
        walker = self.server.walker()
        walker.open(self.server.authorize_url())
        walker.submit("/identify", login=name)
        walker.submit("/password", password=PASSWORD)
        if walker.page is not None and walker.page.has_form("/stay"):
            walker.submit("/stay", button="No")
        return walker

    def administrator(self) -> Walker:
        """A browser of the administrator."""
        return self.signed_in(self.server.admin.user_principal_name)

    def principal(self, app_id: str) -> ServicePrincipal | None:
        """Contoso's instance of an app."""
        with self.server.ports.store.read(self.server.tenant.id) as tx:
            return tx.applications.service_principal(app_id)

    def grants(self, app: Application) -> dict[tuple[str, bool], set[str]]:
        """Granted in Contoso: by resource and whether for everybody."""
        with self.server.ports.store.read(self.server.tenant.id) as tx:
            principal = tx.applications.service_principal(app.app_id)
            found = tx.applications.grants_of(principal.id) if principal else ()
            named = {each: tx.applications.find_service_principal(each.resource_id) for each in found}
        return {
            (name.app_id, grant.principal_id is None): set(grant.scopes)
            for grant, name in named.items()
            if name is not None
        }

    def agree_beforehand(self, app_id: str, *scopes: str) -> None:
        """An administrator agreed for everybody earlier."""

        def work(tx: Transaction) -> None:
            client = tx.applications.service_principal(app_id)
            graph = tx.applications.service_principal(GRAPH_APP_ID)
            assert client is not None
            assert graph is not None
            grant = DelegatedGrant(
                self.server.ports.entropy.guid(), client.id, "AllPrincipals", None, graph.id, scopes
            )
            tx.applications.put_grant(grant)

        self.server.ports.store.write(self.server.tenant.id, work)


@pytest.fixture
def consenting(tmp_path: Path) -> Iterator[Consenting]:
    with platform(tmp_path) as server:
        yield make_consenting(server)


def make_consenting(server: RunningServer) -> Consenting:
    """Fabrikam and Mara beside what is there."""
    fabrikam = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    server.policies(security_defaults=False)
    operator = system_actor(server.tenant.id, server.ports.entropy.guid())
    create_member(server.ports, operator, NewMember(MARA, "Mara Member", password=PASSWORD))
    made = Consenting(server, fabrikam)
    made.agree_beforehand(server.app.app_id, "openid", "profile")
    return made


def answer(page: Page) -> dict[str, str]:
    """What the app is told."""
    target = page.refresh or page.response.header("Location")
    assert target is not None, page.text
    assert target.startswith(CALLBACK), page.text
    return query_of(target)


def accept(walker: Walker) -> dict[str, str]:
    return answer(walker.submit("/consent", button="Accept"))


def accept_for_everybody(walker: Walker) -> dict[str, str]:
    """With the box ticked, or as if there was one."""
    assert walker.page is not None
    form = walker.page.form("/consent")
    fields = {**form.fields, "decision": "accept", "for_everybody": "yes"}
    response = walker.send("POST", BASE + form.action, form=fields, headers={"origin": BASE})
    return answer(read_page(BASE, response))


# --- apps of other organizations ------------------------------------------------------------------


def test_the_page_shows_the_logo_of_an_app_of_another_organization(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.signed_in()
    assert "app-logo" not in walker.open(consenting.url(app)).source
    operator = system_actor(consenting.fabrikam.id, "x")
    set_logo(consenting.server.ports, operator, app.id, png())
    address = f"/{consenting.fabrikam.id}/signin/app-logo/{app.id}"
    assert f'src="{address}?v=' in walker.open(consenting.url(app)).source
    assert walker.send("GET", f"{BASE}{address}").body == png()


def test_the_first_consent_brings_an_app_of_another_organization_here(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.signed_in()
    page = walker.open(consenting.url(app))
    assert "Permissions requested" in page.text
    assert "fabrikam.onxenia.localhost" in page.text
    assert "Unverified" in page.text
    assert consenting.principal(app.app_id) is None  # looking changes nothing
    assert accept(walker)["code"]
    made = consenting.principal(app.app_id)
    assert made is not None
    assert (made.owner_tenant_id, made.tenant_id) == (consenting.fabrikam.id, consenting.server.tenant.id)
    assert consenting.grants(app) == {(GRAPH_APP_ID, False): {"openid", "profile"}}
    with consenting.server.ports.store.read(consenting.server.tenant.id) as tx:
        done = {record.activity for record in tx.logs.list_audit(Query(limit=10)).items}
    assert {"Add service principal", "Consent to application"} <= done
    assert answer(walker.open(consenting.url(app)))["code"]  # and nobody is asked twice


def test_declining_leaves_nothing_behind(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.signed_in()
    walker.open(consenting.url(app))
    refused = answer(walker.submit("/consent", button="Cancel"))
    assert (refused["error"], refused["error_subcode"], refused["state"]) == (
        "access_denied",
        "cancel",
        "s-1",
    )
    assert consenting.principal(app.app_id) is None


def test_an_app_for_its_own_organization_only_is_unknown_elsewhere(consenting: Consenting) -> None:
    app = consenting.publish(audience=Audience.SINGLE)
    page = consenting.signed_in().open(consenting.url(app))
    assert "AADSTS700016" in page.text
    assert consenting.principal(app.app_id) is None


def test_a_name_that_mixes_alphabets_is_told_and_a_name_is_no_markup(consenting: Consenting) -> None:
    app = consenting.publish("Pаypаl <b>Inc</b>")  # two of the letters are Cyrillic
    page = consenting.signed_in().open(consenting.url(app))
    assert "mixes letters of different alphabets" in page.text
    assert "<b>Inc</b>" not in page.source
    honest = consenting.publish("Планировщик")
    assert "different alphabets" not in consenting.signed_in().open(consenting.url(honest)).text


# --- what is asked ---------------------------------------------------------------------------------


def test_only_what_is_new_is_asked_and_prompt_consent_shows_all(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.signed_in()
    walker.open(consenting.url(app))
    accept(walker)
    page = walker.open(consenting.url(app, "openid profile User.Read"))
    assert "read your profile" in page.text
    assert "View your basic profile" not in page.text
    accept(walker)
    assert consenting.grants(app) == {(GRAPH_APP_ID, False): {"openid", "profile", "User.Read"}}
    again = walker.open(consenting.url(app, prompt="consent"))
    assert "View your basic profile" in again.text
    assert accept(walker)["code"]


def test_default_asks_for_the_registered_permissions_once(consenting: Consenting) -> None:
    app = consenting.publish(
        required_resource_access=(RequiredResourceAccess(GRAPH_APP_ID, ((USER_READ, "Scope"),)),)
    )
    walker = consenting.signed_in()
    page = walker.open(consenting.url(app, "openid https://graph.microsoft.com/.default"))
    assert "read your profile" in page.text
    accept(walker)
    assert consenting.grants(app) == {(GRAPH_APP_ID, False): {"openid", "User.Read"}}
    assert answer(walker.open(consenting.url(app, "openid https://graph.microsoft.com/.default")))["code"]


def _api(consenting: Consenting, **changes: object) -> Application:
    scope = Scope(
        consenting.server.ports.entropy.guid(), "read", admin_consent_display_name="Read the ledger"
    )
    return consenting.publish("Ledger", scopes=(scope,), identifier_uris=("api://ledger",), **changes)


def _change(consenting: Consenting, app: Application, **changes: object) -> Application:
    def work(tx: Transaction) -> Application:
        tx.applications.replace(replace(app, **changes))  # type: ignore[arg-type]
        found = tx.applications.find(app.id)
        assert found is not None
        return found

    return consenting.server.ports.store.write(app.tenant_id, work)


def test_permissions_are_said_in_the_readers_language_and_those_of_an_api_as_its_publisher_wrote_them(
    consenting: Consenting,
) -> None:
    """Also where the publisher's words happen to be ours, or pose as a pattern."""
    scopes = tuple(
        Scope(consenting.server.ports.entropy.guid(), value, user_consent_display_name=title)
        for value, title in (("User.Read", "Sign you in"), ("read", "Read %(x)s <b>all</b>"))
    )
    consenting.publish(
        "Ledger", owner=consenting.server.tenant, scopes=scopes, identifier_uris=("api://ledger",)
    )
    app = consenting.publish()
    walker = consenting.signed_in()
    walker.languages = "de"
    page = walker.open(consenting.url(app, "openid offline_access User.Read"))
    for title in ("Sie anmelden", "Den Zugriff auf Daten behalten", "Sie anmelden und Ihr Profil lesen"):
        assert title in page.text
    assert "Die App erfährt, wer Sie sind" in page.text
    assert "Sign you in" not in page.text
    page = walker.open(consenting.url(app, "openid api://ledger/User.Read api://ledger/read"))
    assert "Sign you in" in page.text
    assert "Read %(x)s <b>all</b>" in page.text
    assert "<b>all" not in page.source


def test_known_clients_bring_their_api_and_what_it_needs(consenting: Consenting) -> None:
    api = _api(
        consenting, required_resource_access=(RequiredResourceAccess(GRAPH_APP_ID, ((USER_READ, "Scope"),)),)
    )
    app = consenting.publish(
        required_resource_access=(RequiredResourceAccess(api.app_id, ((api.scopes[0].id, "Scope"),)),)
    )
    _change(consenting, api, known_client_applications=(app.app_id,))
    walker = consenting.signed_in()
    page = walker.open(consenting.url(app, "openid api://ledger/.default"))
    assert "Read the ledger" in page.text
    assert "read your profile" in page.text
    assert accept(walker)["code"]
    assert consenting.principal(api.app_id) is not None
    assert consenting.grants(app)[(api.app_id, False)] == {"read"}
    assert consenting.grants(api) == {(GRAPH_APP_ID, False): {"User.Read"}}


def test_an_api_trusts_a_pre_authorized_client_and_no_other(consenting: Consenting) -> None:
    api = _api(consenting, owner=consenting.server.tenant)
    trusted, other = consenting.publish(), consenting.publish("Other")
    _change(
        consenting,
        api,
        pre_authorized_applications=(PreAuthorizedApplication(trusted.app_id, (api.scopes[0].id,)),),
    )
    walker = consenting.signed_in()
    walker.open(consenting.url(trusted, "openid api://ledger/read"))
    assert "Read the ledger" not in (walker.page.text if walker.page else "")
    assert accept(walker)["code"]
    assert "Read the ledger" in walker.open(consenting.url(other, "openid api://ledger/read")).text


# --- who may agree ---------------------------------------------------------------------------------


def test_what_takes_an_administrator_is_not_given_to_others(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.signed_in()
    page = walker.open(consenting.url(app, "openid User.Read.All"))
    assert "Need admin approval" in page.text
    form = page.form("/consent")
    forged = {**form.fields, "decision": "accept", "for_everybody": "yes"}
    walker.send("POST", BASE + form.action, form=forged, headers={"origin": BASE})
    assert consenting.principal(app.app_id) is None
    assert consenting.grants(app) == {}


def test_a_member_who_claims_to_agree_for_everybody_agrees_for_themself(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.signed_in()
    walker.open(consenting.url(app))
    assert "on behalf of your organization" not in (walker.page.text if walker.page else "")
    accept_for_everybody(walker)
    assert consenting.grants(app) == {(GRAPH_APP_ID, False): {"openid", "profile"}}


def test_an_administrator_agrees_for_everybody_or_only_for_themself(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.administrator()
    page = walker.open(consenting.url(app, "openid User.Read.All"))
    assert "Consent on behalf of your organization" in page.text
    accept(walker)
    assert consenting.grants(app) == {(GRAPH_APP_ID, False): {"openid", "User.Read.All"}}
    page = walker.open(consenting.url(app, "openid User.Read.All", prompt="consent"))
    accept_for_everybody(walker)
    assert consenting.grants(app)[(GRAPH_APP_ID, True)] == {"openid", "User.Read.All"}
    assert answer(consenting.signed_in().open(consenting.url(app, "openid User.Read.All")))["code"]


@pytest.mark.parametrize("setting", [UserConsent.NONE, UserConsent.LOW])
def test_the_setting_can_leave_consent_to_administrators(
    consenting: Consenting, setting: UserConsent
) -> None:
    app = consenting.publish()
    consenting.server.policies(user_consent=setting)
    assert "Need admin approval" in consenting.signed_in().open(consenting.url(app)).text
    silent = answer(consenting.signed_in().open(consenting.url(app, prompt="none")))
    assert (silent["error"], "AADSTS90094" in silent["error_description"]) == ("consent_required", True)


def test_low_impact_permissions_of_own_apps_pass(consenting: Consenting) -> None:
    own = consenting.publish("Own", owner=consenting.server.tenant)
    consenting.server.policies(user_consent=UserConsent.LOW)
    walker = consenting.signed_in()
    assert "Need admin approval" in walker.open(consenting.url(own, "openid User.Read")).text

    def classify(tx: Transaction) -> None:
        graph = tx.applications.service_principal(GRAPH_APP_ID)
        assert graph is not None
        openid = "37f7f235-527c-4136-accd-4a02d197296e"
        tx.applications.replace_service_principal(replace(graph, low_permissions=(USER_READ, openid)))

    consenting.server.ports.store.write(consenting.server.tenant.id, classify)
    walker.open(consenting.url(own, "openid User.Read"))
    assert accept(walker)["code"]
    assert "Need admin approval" in walker.open(consenting.url(own, "openid User.ReadBasic.All")).text


# --- the admin consent endpoint ----------------------------------------------------------------------


def admin_url(consenting: Consenting, app: Application, version: str = "/v2.0", **changes: str) -> str:
    query = {"client_id": app.app_id, "redirect_uri": CALLBACK, "state": "x & y", **changes}
    return f"{BASE}/{consenting.server.tenant.id}{version}/adminconsent?{urlencode(query)}"


def test_an_administrator_consents_for_the_organization(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.administrator()
    page = walker.open(admin_url(consenting, app, scope="openid User.Read.All"))
    assert "Accept for your organization" in page.text
    assert consenting.principal(app.app_id) is None
    told = accept(walker)
    assert told == {
        "admin_consent": "True",
        "tenant": consenting.server.tenant.id,
        "scope": "openid User.Read.All",
        "state": "x & y",
    }
    assert consenting.grants(app) == {(GRAPH_APP_ID, True): {"openid", "User.Read.All"}}


@pytest.mark.parametrize("version", ["/v2.0", ""])
def test_admin_consent_at_organizations_is_that_of_whoever_answers(
    consenting: Consenting, version: str
) -> None:
    access = (RequiredResourceAccess(GRAPH_APP_ID, ((READ_ALL, "Scope"),)),)
    app = consenting.publish(required_resource_access=access)
    scope = {"scope": "openid User.Read.All"} if version else {}
    url = admin_url(consenting, app, version, **scope).replace(consenting.server.tenant.id, "organizations")
    # Nobody signed in: the account is asked for, and its organization is the one that agrees.
    asked = consenting.server.walker().open(url)
    assert "Your work or school account" in asked.text
    named = consenting.server.walker().open(f"{url}&login_hint={consenting.server.admin.user_principal_name}")
    assert named.has_form("/password")
    # Signed in: the one session says which organization it is; a person without the role agrees to nothing.
    member = consenting.signed_in()
    assert "Need admin approval" in member.open(url).text
    refused = answer(member.submit("/consent", button="Back to the app"))
    assert (refused["admin_consent"], refused["error"]) == ("True", "permission_denied")
    assert consenting.principal(app.app_id) is None
    walker = consenting.administrator()
    assert "Accept for your organization" in walker.open(url).text
    told = accept(walker)
    assert (told["admin_consent"], told["tenant"]) == ("True", consenting.server.tenant.id)
    granted = consenting.grants(app)[(GRAPH_APP_ID, True)]
    assert "User.Read.All" in granted


def test_the_older_form_grants_everything_registered_both_kinds(consenting: Consenting) -> None:
    access = ((READ_ALL, "Scope"), (INVITE_ROLE, "Role"))
    app = consenting.publish(required_resource_access=(RequiredResourceAccess(GRAPH_APP_ID, access),))
    walker = consenting.administrator()
    page = walker.open(admin_url(consenting, app, ""))
    assert "without anybody signed in" in page.text
    told = accept(walker)
    assert told == {"admin_consent": "True", "tenant": consenting.server.tenant.id, "state": "x & y"}
    assert consenting.grants(app) == {(GRAPH_APP_ID, True): {"User.Read.All"}}
    principal = consenting.principal(app.app_id)
    with consenting.server.ports.store.read(consenting.server.tenant.id) as tx:
        roles = [
            each.app_role_id for each in tx.applications.assignments_of(principal.id if principal else "")
        ]
    assert roles == [INVITE_ROLE]


def test_admin_consent_declined_and_by_others(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.administrator()
    walker.open(admin_url(consenting, app, scope="openid"))
    declined = answer(walker.submit("/consent", button="Cancel"))
    assert (declined["admin_consent"], declined["error"], declined["state"]) == (
        "True",
        "access_denied",
        "x & y",
    )
    assert declined["error_description"].startswith("AADSTS65004")
    member = consenting.signed_in()
    page = member.open(admin_url(consenting, app, scope="openid"))
    assert "Need admin approval" in page.text
    form = page.form("/consent")
    member.send(
        "POST", BASE + form.action, form={**form.fields, "decision": "accept"}, headers={"origin": BASE}
    )
    assert consenting.principal(app.app_id) is None
    refused = answer(member.submit("/consent", button="Back to the app"))
    assert (refused["admin_consent"], refused["error"]) == ("True", "permission_denied")


def test_the_admin_consent_endpoint_sends_nobody_to_an_unregistered_address(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.administrator()
    page = walker.open(admin_url(consenting, app, scope="openid", redirect_uri="https://evil.example/"))
    assert "AADSTS50011" in page.text
    missing = answer(walker.open(admin_url(consenting, app)))
    assert (missing["admin_consent"], missing["error"], missing["state"]) == (
        "True",
        "invalid_request",
        "x & y",
    )


def test_a_consent_that_another_site_posts_counts_for_nothing(consenting: Consenting) -> None:
    app = consenting.publish()
    walker = consenting.administrator()
    page = walker.open(admin_url(consenting, app, scope="openid User.Read.All"))
    form = page.form("/consent")
    fields = {**form.fields, "decision": "accept"}
    foreign = walker.send("POST", BASE + form.action, form=fields, headers={"origin": "https://evil.example"})
    without = {name: value for name, value in fields.items() if name in ("ctx", "version", "decision")}
    tokenless = walker.send("POST", BASE + form.action, form=without, headers={"origin": BASE})
    assert foreign.status >= 400
    assert tokenless.status >= 400
    assert consenting.principal(app.app_id) is None
    framing = page.response.header("content-security-policy") or ""
    assert "frame-ancestors 'none'" in framing
    assert accept(walker)["admin_consent"] == "True"


def test_cloud_application_administrators_do_not_hand_out_graph_roles(consenting: Consenting) -> None:
    from xenia.core.directory.roles import CLOUD_APPLICATION_ADMINISTRATOR

    access = ((INVITE_ROLE, "Role"),)
    app = consenting.publish(required_resource_access=(RequiredResourceAccess(GRAPH_APP_ID, access),))
    own = AppRole(consenting.server.ports.entropy.guid(), "run", "Run", allowed_member_types=("Application",))
    api = _api(consenting, app_roles=(own,))
    other = consenting.publish(
        "Other", required_resource_access=(RequiredResourceAccess(api.app_id, ((own.id, "Role"),)),)
    )

    def promote(tx: Transaction) -> None:
        user = tx.users.find_by_upn(MARA)
        assert user is not None
        tx.users.add_role(user.id, CLOUD_APPLICATION_ADMINISTRATOR.template_id)

    consenting.server.ports.store.write(consenting.server.tenant.id, promote)
    walker = consenting.signed_in()
    assert "Need admin approval" in walker.open(admin_url(consenting, app, "")).text
    walker.open(admin_url(consenting, other, ""))
    assert accept(walker)["admin_consent"] == "True"


# --- asking an administrator ------------------------------------------------------------------------


def let_people_ask(consenting: Consenting, **changes: object) -> None:
    """The administrator reviews, and has a mailbox."""
    server = consenting.server

    def work(tx: Transaction) -> None:
        for user in (tx.users.find(server.admin.id), tx.users.find_by_upn(MARA)):
            assert user is not None
            local = user.user_principal_name.partition("@")[0]
            tx.users.replace(replace(user, mail=f"{local}@contoso.example"))

    server.ports.store.write(server.tenant.id, work)
    policy = ConsentRequestPolicy(is_enabled=True, reviewers=(server.admin.id,), **changes)  # type: ignore[arg-type]
    server.policies(user_consent=UserConsent.NONE, consent_requests=policy)


def ask(consenting: Consenting, app: Application, said: str = "For the <b>plan</b>") -> Page:
    walker = consenting.signed_in()
    walker.open(consenting.url(app))
    return walker.submit("/request-consent", justification=said)


def requests(consenting: Consenting) -> tuple[ConsentRequest, ...]:
    with consenting.server.ports.store.read(consenting.server.tenant.id) as tx:
        return tx.consent_requests.list()


def test_people_ask_with_a_reason_and_reviewers_are_told(consenting: Consenting) -> None:
    app = consenting.publish()
    let_people_ask(consenting)
    page = ask(consenting, app)
    assert "Your request was sent" in page.text
    assert not page.has_form("/request-consent")
    (request,) = requests(consenting)
    assert (request.app_id, request.scopes) == (app.app_id, ("openid", "profile"))
    assert request.askers[0].justification == "For the <b>plan</b>"
    (mail,) = consenting.server.mails_to("admin@contoso.example")
    assert mail.data["request_url"].endswith(f"/admin-consent-requests/{request.id}")
    assert consenting.principal(app.app_id) is None


def test_asking_twice_joins_and_nothing_is_sent_without_a_reason(consenting: Consenting) -> None:
    app = consenting.publish()
    let_people_ask(consenting)
    assert "what you need the app for" in ask(consenting, app, " ").text
    assert requests(consenting) == ()
    ask(consenting, app)
    ask(consenting, app, "Still waiting")
    (request,) = requests(consenting)
    assert [each.justification for each in request.askers] == ["Still waiting"]
    assert len(consenting.server.mails_to("admin@contoso.example")) == 1


def test_nobody_asks_where_the_organization_does_not_let_them(consenting: Consenting) -> None:
    app = consenting.publish()
    let_people_ask(consenting)
    walker = consenting.signed_in()
    page = walker.open(consenting.url(app))
    form = page.form("/request-consent")
    consenting.server.policies(consent_requests=ConsentRequestPolicy())
    fields = {**form.fields, "justification": "please"}
    walker.send("POST", BASE + form.action, form=fields, headers={"origin": BASE})
    assert requests(consenting) == ()
    assert not walker.open(consenting.url(app)).has_form("/request-consent")


def test_a_silent_request_learns_that_approval_can_be_asked_for(consenting: Consenting) -> None:
    app = consenting.publish()
    let_people_ask(consenting)
    told = answer(consenting.signed_in().open(consenting.url(app, prompt="none")))
    assert (told["error"], "AADSTS90095" in told["error_description"]) == ("consent_required", True)


def test_approval_grants_for_everybody_and_tells_who_asked(consenting: Consenting) -> None:
    app, server = consenting.publish(), consenting.server
    let_people_ask(consenting)
    ask(consenting, app)
    (request,) = requests(consenting)
    approve_request(server.ports, server.actor(), request.id)
    assert consenting.grants(app) == {(GRAPH_APP_ID, True): {"openid", "profile"}}
    assert [mail.kind for mail in server.mails_to("mara@contoso.example")] == [MailKind.CONSENT_APPROVED]
    assert answer(consenting.signed_in().open(consenting.url(app)))["code"]
    with pytest.raises(Conflict):
        deny_request(server.ports, server.actor(), request.id)


def test_a_reviewer_without_the_role_denies_but_does_not_approve(consenting: Consenting) -> None:
    app, server = consenting.publish(), consenting.server
    let_people_ask(consenting)
    with server.ports.store.read(server.tenant.id) as tx:
        mara = tx.users.find_by_upn(MARA)
    assert mara is not None
    ask(consenting, app)
    (request,) = requests(consenting)
    reviewer = Actor(server.tenant.id, "c0ffee00-0000-4000-8000-000000000009", user_id=mara.id)
    with pytest.raises(NotPermitted):
        deny_request(server.ports, reviewer, request.id)
    server.policies(consent_requests=ConsentRequestPolicy(is_enabled=True, reviewers=(mara.id,)))
    with pytest.raises(NotPermitted):
        approve_request(server.ports, reviewer, request.id)
    denied = deny_request(server.ports, reviewer, request.id, "Not now")
    assert denied.state is ConsentRequestState.DENIED
    (mail,) = server.mails_to("mara@contoso.example")
    assert (mail.kind, mail.data["reason"]) == (MailKind.CONSENT_DENIED, "Not now")
    assert consenting.principal(app.app_id) is None


def test_a_blocked_app_is_disabled_here(consenting: Consenting) -> None:
    app, server = consenting.publish(), consenting.server
    let_people_ask(consenting)
    ask(consenting, app)
    (request,) = requests(consenting)
    deny_request(server.ports, server.actor(), request.id, block=True)
    made = consenting.principal(app.app_id)
    assert made is not None
    assert not made.account_enabled
    assert "AADSTS7000112" in consenting.signed_in().open(consenting.url(app)).text


def test_requests_expire_and_reviewers_are_reminded_once(consenting: Consenting) -> None:
    app, server = consenting.publish(), consenting.server
    let_people_ask(consenting, duration_days=10)
    ask(consenting, app)
    assert remind_everywhere(server.ports) == 0
    server.clock.advance(timedelta(days=8))
    assert remind_everywhere(server.ports) == 1
    assert remind_everywhere(server.ports) == 0
    assert len(server.mails_to("admin@contoso.example")) == 2
    server.clock.advance(timedelta(days=3))
    (request,) = requests(consenting)
    with pytest.raises(Conflict):
        approve_request(server.ports, server.actor(), request.id)
    ask(consenting, app)
    assert len(requests(consenting)) == 2


def test_an_app_of_another_organization_is_not_shown_as_ours(consenting: Consenting) -> None:
    foreign, own = consenting.publish(), consenting.publish("Timesheet", owner=consenting.server.tenant)
    lead = consenting.server.walker().open(consenting.url(foreign)).text
    assert "to continue to Planner" in lead
    assert "Planner by Contoso" not in lead
    assert "Timesheet by Contoso" in consenting.server.walker().open(consenting.url(own)).text
