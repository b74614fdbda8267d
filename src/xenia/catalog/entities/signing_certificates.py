"""Token signing certificates of service principals in the API's shapes; the rules are the use cases'."""

from __future__ import annotations

import base64

from xenia.catalog.edm import Complex, Edm, Prop, Values, Write
from xenia.catalog.entities.application_types import moment
from xenia.core.actor import Actor
from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.errors import InvalidValue
from xenia.ports import Ports
from xenia.usecases.applications import signing_certificates
from xenia.usecases.applications.read_applications import DetailedPrincipal
from xenia.usecases.users import read_directory

SELF_SIGNED = Complex(
    "selfSignedCertificate",
    (
        Prop("customKeyIdentifier"),
        Prop("displayName"),
        Prop("endDateTime", Edm.DATE),
        Prop("key"),
        Prop("keyId", Edm.GUID),
        Prop("startDateTime", Edm.DATE),
        Prop("thumbprint"),
        Prop("type"),
        Prop("usage"),
    ),
)
PARAMETERS = (Prop("displayName", write=Write.BOTH), Prop("endDateTime", Edm.DATE, write=Write.BOTH))


def add(ports: Ports, actor: Actor, key: str, values: Values) -> object:
    """``addTokenSigningCertificate``: the answer holds the public half alone."""
    principal = read_directory.get_service_principal(ports, actor, key)
    given = values.get("endDateTime")
    made = signing_certificates.add_signing_certificate(
        ports,
        actor,
        principal.id,
        values.get("displayName") or "",
        moment(given) if isinstance(given, str) else given,
    )
    return {
        "customKeyIdentifier": made.thumbprint,
        "displayName": made.display_name,
        "endDateTime": made.ends_at,
        "key": base64.b64encode(made.certificate_der).decode("ascii"),
        "keyId": made.key_id,
        "startDateTime": made.created_at,
        "thumbprint": made.thumbprint,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def change(ports: Ports, actor: Actor, principal: ServicePrincipal, values: Values) -> None:
    """What a PATCH says of the keys: which one signs, then which ones stay."""
    if "preferredTokenSigningKeyThumbprint" in values:
        signing_certificates.use_signing_certificate(
            ports, actor, principal.id, values["preferredTokenSigningKeyThumbprint"]
        )
    if values.get("keyCredentials") is not None:
        given = values["keyCredentials"]
        if any(each.get("key") or not each.get("keyId") for each in given):
            raise InvalidValue(
                "keyCredentials",
                "Token signing certificates are made by addTokenSigningCertificate; keep those that are there by their keyId.",
            )
        kept = frozenset(str(each["keyId"]).lower() for each in given)
        signing_certificates.keep_signing_certificates(ports, actor, principal.id, kept)


def credentials(seen: DetailedPrincipal | ServicePrincipal) -> object:
    """``keyCredentials``: usage Sign, never the key itself."""
    keys: tuple[AppSigningKey, ...] = seen.signing_keys if isinstance(seen, DetailedPrincipal) else ()
    return [
        {
            "customKeyIdentifier": key.thumbprint,
            "displayName": key.display_name,
            "endDateTime": key.ends_at,
            "key": None,
            "keyId": key.key_id,
            "startDateTime": key.created_at,
            "type": "AsymmetricX509Cert",
            "usage": "Sign",
        }
        for key in keys
    ]


def preferred(seen: DetailedPrincipal | ServicePrincipal) -> str | None:
    """``preferredTokenSigningKeyThumbprint``: of the certificate that signs; null where the common key does."""
    if not isinstance(seen, DetailedPrincipal):
        return None
    active = seen.principal.token_signing_key
    return next((key.thumbprint for key in seen.signing_keys if key.kid == active), None)
