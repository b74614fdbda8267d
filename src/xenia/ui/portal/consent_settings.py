"""**Consent and permissions**: what people may agree to, which permissions are of low impact, who may be asked."""

from __future__ import annotations

from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.directory.tenant import ConsentRequestPolicy, TenantPolicies, UserConsent
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.record import replace
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.enterprise_app_frame import HOME
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import GLOBAL, refusal_words
from xenia.usecases.consent import permission_classifications
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory
from xenia.usecases.users.user_dossier import find_person
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

PAGE = "consent-and-permissions"
_READ = ("Policy.Read.All",)
_CHOICES = (
    (UserConsent.NONE, "Do not allow user consent", "An administrator agrees to every app."),
    (
        UserConsent.LOW,
        "Allow user consent for apps of this organization, for selected permissions",
        (
            "People agree to permissions classified as low impact. Apps of other organizations take an administrator: "
            "this server verifies no publishers."
        ),
    ),
    (
        UserConsent.ALL,
        "Allow user consent for apps",
        "People agree to any permission that does not take an administrator, for any app.",
    ),
)


class ConsentSettings:
    """One page, three forms."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{PAGE}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.save)),
            Route("POST", f"{base}/classify", desk.posted(self.classify)),
            Route("POST", f"{base}/unclassify", desk.posted(self.unclassify)),
            Route("POST", f"{base}/requests", desk.posted(self.save_requests)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """What is set."""
        return self._draw(visit, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save** of user consent."""
        typed = visit.form("user_consent")
        if typed not in set(UserConsent):
            return self._draw(visit, InvalidValue("user_consent", "Choose one of the settings."))
        return self._store(visit, replace(self._stored(visit), user_consent=UserConsent(typed)))

    def save_requests(self, visit: Visit) -> HttpResponse:
        """**Save** of admin consent requests."""
        stored = self._stored(visit)
        try:
            wanted = self._typed_requests(visit, stored.consent_requests)
        except InvalidValue as error:
            return self._draw(visit, error)
        return self._store(visit, replace(stored, consent_requests=wanted))

    def classify(self, visit: Visit) -> HttpResponse:
        """**Add**, or everything that is recommended."""
        picked = visit.form("permission")
        wanted = permission_classifications.RECOMMENDED if picked == "recommended" else (picked,)
        try:
            for value in wanted:
                self._classify(visit, value, is_one=len(wanted) == 1)
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, PAGE, "classified")

    def unclassify(self, visit: Visit) -> HttpResponse:
        """**Remove**."""
        try:
            permission_classifications.unclassify(
                self._desk.ports, visit.actor, GRAPH_APP_ID, visit.form("permission")
            )
        except (NotFound, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, PAGE, "unclassified")

    def _classify(self, visit: Visit, value: str, *, is_one: bool) -> None:
        try:
            permission_classifications.classify(self._desk.ports, visit.actor, GRAPH_APP_ID, value)
        except Conflict:
            if is_one:
                raise

    def _typed_requests(self, visit: Visit, stored: ConsentRequestPolicy) -> ConsentRequestPolicy:
        reviewers = []
        for line in visit.form("reviewers").splitlines():
            person = find_person(self._desk.ports, visit.actor, line) if line.strip() else None
            if line.strip() and person is None:
                raise InvalidValue("reviewers", f"No single user fits {line.strip()}.")
            if person is not None:
                reviewers.append(person.id)
        days = visit.form("duration_days")
        return replace(
            stored,
            is_enabled=visit.form("is_enabled") == "yes",
            reviewers=tuple(dict.fromkeys(reviewers)),
            notifies_reviewers=visit.form("notifies_reviewers") == "yes",
            reminds=visit.form("reminds") == "yes",
            duration_days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,
        )

    def _store(self, visit: Visit, wanted: TenantPolicies) -> HttpResponse:
        version = visit.form("version")
        based = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
        try:
            manage_tenant.update_policies(self._desk.ports, visit.actor, replace(wanted, version=based))
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, PAGE, "saved")

    def _stored(self, visit: Visit) -> TenantPolicies:
        return read_directory.get_policies(self._desk.ports, visit.actor, *_READ)

    def _draw(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        ports, stored = self._desk.ports, self._stored(visit)
        low = permission_classifications.list_low(ports, visit.actor, GRAPH_APP_ID)
        with ports.store.read(visit.tenant.id) as tx:
            graph = tx.applications.find_by_app_id(GRAPH_APP_ID)
            people = [tx.users.find(each) for each in stored.consent_requests.reviewers]
        known = {each.id for each in low}
        offered = [
            (scope.value, scope.value)
            for scope in (graph.scopes if graph else ())
            if scope.type == "User" and scope.id not in known
        ]
        status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
        return self._desk.page(
            visit,
            "consent_settings.html",
            "consent_settings",
            (*HOME, ("Consent and permissions", PAGE)),
            status=409 if isinstance(error, Conflict) else status,
            choices=[{"value": each.value, "text": text, "help": words} for each, text, words in _CHOICES],
            user_consent=visit.form("user_consent") or stored.user_consent.value,
            version=str(stored.version),
            low=low,
            offered=[("recommended", "Recommended permissions"), *offered],
            requests=stored.consent_requests,
            reviewers=visit.form("reviewers")
            or "\n".join(person.sign_in_name for person in people if person is not None),
            standing=self._desk.standing(visit, GLOBAL),
            refresh_url=visit.url(PAGE),
            errors=[]
            if error is None
            else [{"field": getattr(error, "field", None), "text": refusal_words(error)}],
            api=call(visit, "GET", "/v1.0/policies/authorizationPolicy", permission="Policy.Read.All"),
        )
