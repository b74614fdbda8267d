"""Import Identity Service: endpoints from a tenant of this server, from a metadata document, or from known hosts.

``AzureAD`` means this server: nothing is fetched. ``Metadata`` goes through the guarded fetcher.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from xenia.core.endpoints import authorize_url, device_code_url, metadata_url, token_url
from xenia.ports import Fetcher, FetchFailed, FetchRefused, FetchRequest
from xenia.record import Record, replace
from xenia.ui.tester.form import B2C, EXTERNAL_ID, METADATA, THIS_SERVER, TesterForm


class Imported(Record):
    """The form with endpoints filled in, and what is needed to check the answer later."""

    form: TesterForm
    metadata_url: str = ""
    issuer: str = ""
    keys_url: str = ""
    problem: str | None = None


def import_service(form: TesterForm, base_url: str, fetcher: Fetcher) -> Imported:
    """Fill the endpoints as the import type says. A failing download is a ``problem``, not an exception."""
    if form.import_type == THIS_SERVER and not form.tenant:
        return Imported(_filled(form, "", "", ""))
    if form.import_type == THIS_SERVER:
        segment = quote(form.tenant, safe="")
        filled = _filled(
            form,
            authorize_url(base_url, segment),
            token_url(base_url, segment),
            device_code_url(base_url, segment),
        )
        return Imported(filled, metadata_url(base_url, segment))
    if form.import_type == METADATA:
        return _from_metadata(form, fetcher) if form.metadata_url else Imported(form)
    host = _hosted(form)
    if host is None:
        return Imported(form)
    return Imported(
        _filled(
            form,
            f"{host}/oauth2/v2.0/authorize",
            f"{host}/oauth2/v2.0/token",
            f"{host}/oauth2/v2.0/devicecode" if form.import_type == EXTERNAL_ID else "",
        ),
        f"{host}/v2.0/.well-known/openid-configuration",
    )


def _hosted(form: TesterForm) -> str | None:
    """The tenant's base at the field's hosted services, as the public tester spells it."""
    name = quote(form.tenant.removesuffix(".onmicrosoft.com"), safe="")
    if form.import_type == B2C and name and form.policy_id:
        return f"https://{name}.b2clogin.com/{name}.onmicrosoft.com/{quote(form.policy_id, safe='')}"
    if form.import_type == EXTERNAL_ID and name:
        return f"https://{name}.ciamlogin.com/{name}.onmicrosoft.com"
    return None


def _from_metadata(form: TesterForm, fetcher: Fetcher) -> Imported:
    try:
        document = fetch_json(fetcher, form.metadata_url)
    except (FetchFailed, FetchRefused) as error:
        return Imported(form, problem=str(error))
    found = {name: value for name, value in document.items() if isinstance(value, str)}
    if "authorization_endpoint" not in found:
        return Imported(form, problem="That address holds no OpenID Connect metadata document.")
    return Imported(
        _filled(
            form,
            found["authorization_endpoint"],
            found.get("token_endpoint", ""),
            found.get("device_authorization_endpoint", ""),
        ),
        form.metadata_url,
        found.get("issuer", ""),
        found.get("jwks_uri", ""),
    )


def fetch_json(fetcher: Fetcher, url: str) -> dict[str, object]:
    """A JSON object by GET. Raises FetchFailed, FetchRefused."""
    fetched = fetcher.fetch(FetchRequest("GET", url, {"Accept": "application/json"}))
    if fetched.status != 200:
        raise FetchFailed(f"The server answered {fetched.status} instead of a document.")
    try:
        document = msgspec.json.decode(fetched.body)
    except (msgspec.DecodeError, RecursionError):
        raise FetchFailed("The document is not JSON.") from None
    if not isinstance(document, dict):
        raise FetchFailed("The document is not a JSON object.")
    return document


def _filled(
    form: TesterForm, authorization_endpoint: str, token_endpoint: str, device_code_endpoint: str
) -> TesterForm:
    return replace(
        form,
        authorization_endpoint=authorization_endpoint,
        token_endpoint=token_endpoint,
        device_code_endpoint=device_code_endpoint,
    )
