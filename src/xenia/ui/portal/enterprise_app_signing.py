"""**Token signing** of an enterprise app: its own certificates, which of them signs, and where clients find them."""

from __future__ import annotations

from datetime import datetime

from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.directory.signing_key import ES256, MOST_CERTIFICATES, es256_signer
from xenia.core.endpoints import V2, keys_url
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.enterprise_app_frame import addressed, app_page
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import signing_certificates
from xenia.usecases.applications.signing_certificates import SigningCertificates
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_SECTION, _PATH = "Token signing", "token-signing"
_REFUSALS = (Conflict, InvalidValue, NotFound, NotPermitted)


class EnterpriseAppSigning:
    """The section."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, here = self._desk, f"/admin/{{tenant}}/enterprise-apps/{{app}}/{_PATH}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("POST", here, desk.posted(self.add)),
            Route("POST", f"{here}/use", desk.posted(self.use)),
            Route("POST", f"{here}/delete", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The certificates."""
        return self._draw(visit, None)

    def add(self, visit: Visit) -> HttpResponse:
        """**New certificate**."""
        principal = addressed(self._desk, visit)
        try:
            signing_certificates.add_signing_certificate(
                self._desk.ports, visit.actor, principal.id, visit.form("display_name")
            )
        except _REFUSALS as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/{_PATH}", "certificate-added")

    def use(self, visit: Visit) -> HttpResponse:
        """**Make active**, and back to the common key."""
        principal = addressed(self._desk, visit)
        try:
            signing_certificates.use_signing_certificate(
                self._desk.ports, visit.actor, principal.id, visit.form("thumbprint") or None
            )
        except _REFUSALS as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/{_PATH}", "saved")

    def remove(self, visit: Visit) -> HttpResponse:
        """**Delete**."""
        principal = addressed(self._desk, visit)
        try:
            signing_certificates.remove_signing_certificate(
                self._desk.ports, visit.actor, principal.id, visit.form("key")
            )
        except _REFUSALS as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/{_PATH}", "credential-removed")

    def _draw(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        principal, ports = addressed(self._desk, visit), self._desk.ports
        held = signing_certificates.list_signing_certificates(ports, visit.actor, principal.id)
        base = visit.request.base_url
        body = {"displayName": f"CN={principal.display_name}"}
        path = f"/v1.0/servicePrincipals/{principal.id}/addTokenSigningCertificate"
        model: Model = {
            "rows": _rows(held, ports.clock.now()),
            "is_shipped": principal.app_id in FIRST_PARTY_APP_IDS,
            "active": held.active,
            "has_room": sum(key.algorithm != ES256 for key in held.keys) < MOST_CERTIFICATES,
            "keys_url": f"{keys_url(base, visit.tenant.id, V2)}?appid={principal.app_id}",
            "typed": visit.form("display_name") or f"CN={principal.display_name}",
            "api": call(visit, "POST", path, body=body, permission="Application.ReadWrite.All"),
        }
        return app_page(
            self._desk,
            visit,
            "enterprise_app_signing.html",
            _SECTION,
            principal,
            error,
            model,
            for_owners=False,
        )


def _rows(held: SigningCertificates, now: datetime) -> list[Model]:
    """What the list says of each key: whether it signs, and what may be done with it."""
    signer = es256_signer(held.keys, now)
    rows: list[Model] = []
    for key in held.keys:
        is_ec = key.algorithm == ES256
        signs = key == signer if is_ec else key == held.active
        rows.append({"key": key, "signs": signs, "is_ec": is_ec})
    return rows
