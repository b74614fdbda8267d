"""The tester's request form: which fields it has, their defaults, and how links spell them.

Field names are those of the field's public request tester (authr.dev), in any case, so that links in
how-tos open here with only the host name changed. Must not look at the directory or at the network.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from xenia.core.ids import parse_guid
from xenia.record import Record, names_of, replace
from xenia.ui.tester import kinds
from xenia.ui.tester.kinds import Goes, RequestKind, kind_of
from xenia.web.http import HttpRequest, Params

REQUEST_TYPES = tuple((kind.name, kind.label) for kind in kinds.KINDS)
FIRST_SCOPES = {kind.name: kind.scope for kind in kinds.KINDS if kind.has_scope}
"""What **Scope** is filled with when the request type is changed."""

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

_LONGEST = 2000
_LONGEST_TOKEN = 16_000
"""Of tokens that are pasted to be sent on."""
_TOKENS = ("assertion", "refresh_token", "device_code")
_DECORATION = re.compile(r"[\s\u200b\ufeff\"'{}<>]+")


class TesterForm(Record):
    """What is to be requested. Attribute names without underscores are the names in links."""

    request_type: str = kinds.OPENID_CONNECT.name
    import_type: str = THIS_SERVER
    tenant: str = ""
    policy_id: str = ""
    metadata_url: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    device_code_endpoint: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = "openid"
    response_type: str = "id_token"
    response_mode: str = "form_post"
    redirect_uri: str = ""
    use_pkce: bool = False
    refresh_token: str = ""
    device_code: str = ""
    assertion: str = ""
    user_name: str = ""
    password: str = ""
    grant_type: str = ""
    additional_parameters: str = ""

    @property
    def kind(self) -> RequestKind:
        """What is asked for."""
        return kind_of(self.request_type)

    @property
    def is_browser_flow(self) -> bool:
        """Whether a person is sent to the authorization endpoint."""
        return self.kind.goes is Goes.BY_BROWSER

    @property
    def wants_code(self) -> bool:
        """Whether the answer will hold an authorization code."""
        return self.is_browser_flow and "code" in self.response_type.split()

    @property
    def wants_id_token(self) -> bool:
        """Whether the authorization endpoint itself is asked for an ID token."""
        return self.is_browser_flow and "id_token" in self.response_type.split()

    @property
    def has_secrets(self) -> bool:
        """Whether anything stands in it that a link should not carry."""
        return any(getattr(self, attribute) for attribute in kinds.SECRETS)

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
        for name, attribute in _NAMES.items():
            is_hidden = attribute in kinds.SECRETS and not secret
            if is_hidden or (attribute in _ENDPOINTS and self.import_type != BY_HAND):
                del values[name]
        return urlencode(
            {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in values.items()
                if value != ""
            }
        )


_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "device_code_endpoint")
_NAMES = {name.replace("_", ""): name for name in names_of(TesterForm)} | {
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
        attribute: given[name][: _LONGEST_TOKEN if attribute in _TOKENS else _LONGEST].strip()
        for name, attribute in _NAMES.items()
        if name in given and attribute != "use_pkce"
    }
    form = TesterForm(**{"redirect_uri": request.base_url + TESTER_PATH, **texts})  # type: ignore[arg-type]
    form = replace(
        form,
        request_type=_choice(form.request_type, tuple(name for name, _ in REQUEST_TYPES)),
        import_type=_import_type(given, form),
        client_id=cleaned_client_id(form.client_id),
        scope=" ".join(form.scope.split()),
        response_type=" ".join(form.response_type.split()),
        tenant=form.tenant or tenant,
        redirect_uri=form.redirect_uri or request.base_url + TESTER_PATH,
    )
    if "scope" not in given:
        form = replace(form, scope=form.kind.scope)
    if form.kind in (kinds.CODE, kinds.IMPLICIT):
        form = replace(form, response_type="code" if form.kind is kinds.CODE else "token")
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
    goes, scopes = form.kind.goes, form.scope.split()
    if goes is Goes.BY_BROWSER and not _is_web(form.authorization_endpoint):
        say("authorizationendpoint", "Enter the Authorization Endpoint, or a tenant to import it from.")
    if (form.wants_code or goes is Goes.TO_TOKEN_ENDPOINT) and not _is_web(form.token_endpoint):
        say("tokenendpoint", "Enter the Token Endpoint, or a tenant to import it from.")
    if goes is Goes.TO_DEVICE_ENDPOINT and not _is_web(form.device_code_endpoint):
        say("devicecodeendpoint", "Enter the Device Code Endpoint, or a tenant to import it from.")
    if form.kind is kinds.OPENID_CONNECT and "openid" not in scopes:
        say("scope", "OpenID Connect needs the scope openid.")
    if form.kind is kinds.CLIENT_CREDENTIALS and not form.scope.endswith("/.default"):
        example = kinds.GRAPH_DEFAULT
        say("scope", f"Client credentials need one scope that ends with /.default, such as {example}.")
    if goes is Goes.TO_DEVICE_ENDPOINT and not scopes:
        say("scope", "Enter a Scope, such as openid profile.")
    if goes is Goes.BY_BROWSER and not form.response_type:
        say("responsetype", "Choose a Response Type.")
    if goes is Goes.BY_BROWSER and not urlsplit(form.redirect_uri).scheme:
        say("redirecturi", "Enter an absolute Redirect URI.")
    for attribute in form.kind.fields:
        if not getattr(form, attribute):
            say(attribute.replace("_", ""), kinds.MISSING[attribute])
    if form.kind.confidential and not form.client_secret:
        say("clientsecret", f"{form.kind.confidential} the Client Secret (its Value, not its Secret ID).")
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
    if "importtype" not in given and any(name.replace("_", "") in given for name in _ENDPOINTS):
        return BY_HAND
    return _choice(form.import_type, tuple(key for key, _ in IMPORT_TYPES))


def _choice(text: str, choices: tuple[str, ...]) -> str:
    return next((choice for choice in choices if choice.lower() == text.lower()), choices[0])
