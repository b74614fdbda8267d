"""**Federated credentials** of a registration: whose tokens the app may show instead of a secret."""

from __future__ import annotations

from xenia.core.directory.application import FederatedIdentityCredential
from xenia.core.errors import NotFound, XeniaError
from xenia.core.federated_identity import DEFAULT_AUDIENCE, MOST_PER_APPLICATION
from xenia.ui.portal.app_section import BASE, REFUSALS, AppSection
from xenia.ui.portal.desk import Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import federated_credentials
from xenia.usecases.applications.federated_credentials import TrustedToken
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_FIELDS = ("name", "issuer", "subject", "audience", "description")


class AppFederated(AppSection):
    """The list and the form."""

    section, path, template = "Certificates & secrets", "federated-credentials", "app_federated.html"

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, f"{BASE}/{self.path}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("GET", f"{here}/{{credential}}", desk.shown(self.edit)),
            Route("POST", f"{here}/{{credential}}", desk.posted(self.save)),
            Route("POST", f"{here}/{{credential}}/delete", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The credentials there are."""
        view = self._view(visit)
        path = f"/v1.0/applications/{view.application.id}/federatedIdentityCredentials"
        body = {
            "name": "deployment",
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:contoso/orders:ref:refs/heads/main",
            "audiences": [DEFAULT_AUDIENCE],
        }
        return self._draw(
            visit,
            view,
            credentials=federated_credentials.list_federated_credentials(
                self._desk.ports, visit.actor, view.application.id
            ),
            most=MOST_PER_APPLICATION,
            api=call(visit, "POST", path, body=body, permission="Application.ReadWrite.All"),
        )

    def edit(self, visit: Visit) -> HttpResponse:
        """**Add credential**, or edit one."""
        return self._form(visit, _typed_of(self._credential_of(visit)), None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Add** or **Update**."""
        view = self._view(visit)
        present = self._credential_of(visit)
        typed = {name: visit.form(name).strip() for name in _FIELDS}
        ports, actor, app_id = self._desk.ports, visit.actor, view.application.id
        audiences, description = (typed["audience"],), typed["description"] or None
        try:
            if present is None:
                wanted = TrustedToken(
                    typed["name"], typed["issuer"], typed["subject"], audiences, description
                )
                federated_credentials.add_federated_credential(ports, actor, app_id, wanted)
            else:
                federated_credentials.update_federated_credential(
                    ports,
                    actor,
                    app_id,
                    present.id,
                    issuer=typed["issuer"],
                    subject=typed["subject"],
                    audiences=audiences,
                    description=description,
                )
        except REFUSALS as error:
            return self._form(visit, typed | ({"name": present.name} if present else {}), error)
        return self._back(visit, view)

    def remove(self, visit: Visit) -> HttpResponse:
        """**Delete**: its tokens open nothing from the next request on."""
        view, credential = self._view(visit), self._credential_of(visit)
        if credential is None:
            raise NotFound("Federated credential", "new")
        federated_credentials.remove_federated_credential(
            self._desk.ports, visit.actor, view.application.id, credential.id
        )
        return self._back(visit, view, "credential-removed")

    def _credential_of(self, visit: Visit) -> FederatedIdentityCredential | None:
        """The one of the address; None for a new one. Raises NotFound."""
        key = visit.request.args["credential"]
        if key == "new":
            return None
        return federated_credentials.get_federated_credential(
            self._desk.ports, visit.actor, visit.request.args["app"], key
        )

    def _form(self, visit: Visit, typed: dict[str, str], error: XeniaError | None) -> HttpResponse:
        key = visit.request.args["credential"]
        return self._draw(
            visit,
            self._view(visit),
            error,
            template="app_federated_credential.html",
            key=key,
            is_new=key == "new",
            typed=typed,
            audience=DEFAULT_AUDIENCE,
        )


def _typed_of(credential: FederatedIdentityCredential | None) -> dict[str, str]:
    if credential is None:
        return dict.fromkeys(_FIELDS, "") | {"audience": DEFAULT_AUDIENCE}
    return {
        "name": credential.name,
        "issuer": credential.issuer,
        "subject": credential.subject,
        "audience": credential.audiences[0],
        "description": credential.description or "",
    }
