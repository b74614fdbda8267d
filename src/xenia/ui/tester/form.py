"""The tester's request form: which fields it has, their defaults, and how links spell them.

Field names are those of the field's public request tester (authr.dev), in any case, so that links in
how-tos open here with only the host name changed. Must not look at the directory or at the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from xenia.core.ids import parse_guid
from xenia.web.http import HttpRequest, Params

OPENID_CONNECT, IMPLICIT, CODE, CLIENT_CREDENTIALS = (
    "OpenIdConnect",
    "Implicit",
    "AuthorizationCode",
    "ClientCredentials",
)
REQUEST_TYPES = (
    (OPENID_CONNECT, "OpenID Connect"),
    (CODE, "OAuth 2.0 Authorization Code Grant"),
    (IMPLICIT, "OAuth 2.0 Implicit Grant (not recommended)"),
    (CLIENT_CREDENTIALS, "OAuth 2.0 Client Credentials Grant"),
)
THIS_SERVER, METADATA, B2C, EXTERNAL_ID, BY_HAND = (
    "AzureAD",
    "Metadata",
    "AzureADB2C",
    "MicrosoftEntraExternalId",
    "None",
)
IMPORT_TYPES = (
    (THIS_SERVER, "AzureAD: this server, by tenant"),
    (METADATA, "Metadata: another server, by its metadata URL"),
    (B2C, "AzureADB2C: b2clogin.com, by tenant and policy"),
    (EXTERNAL_ID, "MicrosoftEntraExternalId: ciamlogin.com, by tenant"),
    (BY_HAND, "None: type the endpoints below"),
)
RESPONSE_TYPES = ("id_token", "code", "code id_token", "id_token token", "token")
RESPONSE_MODES = ("form_post", "fragment", "query", "")
PERFORM, LINK, IMPORT = "PerformRequest", "GenerateLink", "Import"
TESTER_PATH = "/tester/"
GRAPH_DEFAULT = "https://graph.microsoft.com/.default"

_LONGEST = 2000
_DECORATION = re.compile(r"[\s\u200b\ufeff\"'{}<>]+")


@dataclass(frozen=True, slots=True)
class TesterForm:
    """What is to be requested. Attribute names without underscores are the names in links."""

    request_type: str = OPENID_CONNECT
    import_type: str = THIS_SERVER
    tenant: str = ""
    policy_id: str = ""
    metadata_url: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = "openid"
    response_type: str = "id_token"
    response_mode: str = "form_post"
    redirect_uri: str = ""
    use_pkce: bool = False
    additional_parameters: str = ""

    @property
    def is_browser_flow(self) -> bool:
        """Whether a person is sent to the authorization endpoint."""
        return self.request_type != CLIENT_CREDENTIALS

    @property
    def wants_code(self) -> bool:
        """Whether the answer will hold an authorization code."""
        return self.is_browser_flow and "code" in self.response_type.split()

    @property
    def wants_id_token(self) -> bool:
        """Whether the authorization endpoint itself is asked for an ID token."""
        return self.is_browser_flow and "id_token" in self.response_type.split()

    def extra(self) -> dict[str, str]:
        """The additional parameters; ``&`` or new lines separate them, and the first value of a name counts."""
        pairs = parse_qsl(
            "&".join(line.strip() for line in self.additional_parameters.splitlines()),
            keep_blank_values=True,
            max_num_fields=50,
        )
        return dict(reversed(pairs))

    def link_query(self, *, secret: bool) -> str:
        """The query string of a link that opens the tester with these values."""
        values = {name: getattr(self, attribute) for name, attribute in _NAMES.items()}
        if not secret:
            del values["clientsecret"]
        imported = self.import_type != BY_HAND
        for name in ("authorizationendpoint", "tokenendpoint"):
            if imported:
                del values[name]
        return urlencode(
            {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in values.items()
                if value != ""
            }
        )


_NAMES = {item.name.replace("_", ""): item.name for item in fields(TesterForm)} | {
    "openidconnectmetadataurl": "metadata_url"
}
del _NAMES["metadataurl"]


def asks_for_something(query: Params) -> bool:
    """Whether the query names any field of the form."""
    return any(name.lower() in _NAMES for name in query)


def action_of(values: Params) -> str:
    """``requestAction``: PerformRequest, GenerateLink, Import, or empty (only fill the form)."""
    wanted = _folded(values).get("requestaction", "").lower()
    return next((action for action in (PERFORM, LINK, IMPORT) if action.lower() == wanted), "")


def read_form(request: HttpRequest, values: Params, *, tenant: str) -> TesterForm:
    """The form from a query or a post. Absent fields get the defaults; *tenant* is the one to begin with."""
    given = _folded(values)
    posted = request.method == "POST"
    texts = {
        attribute: given[name][:_LONGEST].strip()
        for name, attribute in _NAMES.items()
        if name in given and attribute != "use_pkce"
    }
    form = TesterForm(**{"redirect_uri": request.base_url + TESTER_PATH, **texts})  # type: ignore[arg-type]
    form = replace(
        form,
        request_type=_choice(form.request_type, tuple(key for key, _ in REQUEST_TYPES)),
        import_type=_import_type(given, form),
        client_id=cleaned_client_id(form.client_id),
        scope=" ".join(form.scope.split()),
        response_type=" ".join(form.response_type.split()),
        tenant=form.tenant or tenant,
        redirect_uri=form.redirect_uri or request.base_url + TESTER_PATH,
    )
    if form.request_type == CLIENT_CREDENTIALS and "scope" not in given:
        form = replace(form, scope=GRAPH_DEFAULT)
    if form.request_type in (CODE, IMPLICIT):
        form = replace(form, response_type="code" if form.request_type == CODE else "token")
    pkce = given.get("usepkce")
    default = form.wants_code and not posted
    return replace(form, use_pkce=default if pkce is None else pkce.lower() in ("true", "on", "1", "yes"))


def cleaned_client_id(text: str) -> str:
    """A pasted Application (client) ID without the blanks, quotes or braces that came along."""
    bare = _DECORATION.sub("", text)
    return parse_guid(bare) or bare


def problems_of(form: TesterForm) -> list[dict[str, str]]:
    """What has to be mended before anything is sent: the field, and a sentence."""
    found: list[dict[str, str]] = []

    def say(field: str, text: str) -> None:
        found.append({"field": field, "text": text})

    if not form.client_id:
        say(
            "clientid",
            "Enter the Client ID. It is under App registrations > Overview > Application (client) ID.",
        )
    if form.is_browser_flow and not _is_web(form.authorization_endpoint):
        say("authorizationendpoint", "Enter the Authorization Endpoint, or a tenant to import it from.")
    if (form.wants_code or not form.is_browser_flow) and not _is_web(form.token_endpoint):
        say("tokenendpoint", "Enter the Token Endpoint, or a tenant to import it from.")
    if form.request_type == OPENID_CONNECT and "openid" not in form.scope.split():
        say("scope", "OpenID Connect needs the scope openid.")
    if form.request_type == CLIENT_CREDENTIALS and not form.scope.endswith("/.default"):
        say("scope", f"Client credentials need one scope that ends with /.default, such as {GRAPH_DEFAULT}.")
    if form.is_browser_flow and not form.response_type:
        say("responsetype", "Choose a Response Type.")
    if form.is_browser_flow and not urlsplit(form.redirect_uri).scheme:
        say("redirecturi", "Enter an absolute Redirect URI.")
    if form.request_type == CLIENT_CREDENTIALS and not form.client_secret:
        say("clientsecret", "Client credentials need the Client Secret (its Value, not its Secret ID).")
    return found


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # Anything else (javascript:, data:) would run on our page when the browser is sent there.
    return parts.scheme in ("https", "http") and bool(parts.hostname) and url.isprintable()


def _folded(values: Params) -> dict[str, str]:
    return dict(reversed([(name.lower(), value) for name, value in values.pairs]))


def _import_type(given: dict[str, str], form: TesterForm) -> str:
    if "importtype" not in given and ("authorizationendpoint" in given or "tokenendpoint" in given):
        return BY_HAND
    return _choice(form.import_type, tuple(key for key, _ in IMPORT_TYPES))


def _choice(text: str, choices: tuple[str, ...]) -> str:
    return next((choice for choice in choices if choice.lower() == text.lower()), choices[0])
