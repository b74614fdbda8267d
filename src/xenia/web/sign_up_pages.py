"""The pages of a user flow as an administrator sees them beforehand: how to sign up, code, permissions, details.

Model and template are here, in the kit, because two surfaces draw them: the sign-up itself, and the preview
beside the editor. So the preview cannot differ from the page.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence

from xenia.core.attribute_controls import Control
from xenia.core.attribute_form import Field
from xenia.core.directory.tenant import Tenant
from xenia.core.user_attributes import EMAIL
from xenia.core.user_flow import PageText
from xenia.core.wording import ENGLISH, Words, say
from xenia.web.pages import Pages

WAYS_PAGE = "kit/sign_up/ways.html"
CODE_PAGE = "signin/passcode.html"
REVIEW_PAGE = "signin/review_permissions.html"
DETAILS_PAGE = "kit/sign_up/details.html"
_SCRIPT = re.compile(r"<script type=\"module\"[^>]*></script>")
_FOCUSED = re.compile(r"(<(?:input|select|textarea)\b[^>]*) autofocus(?=[\s>])")
_LOGO = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=]+)")

Model = dict[str, object]


def flow_host(host: Mapping[str, object], text: PageText, logo_url: str | None) -> Model:
    """The page frame's host in the organisation's own words: its name and logo where the flow has them."""
    return {**host, "name": text.organization_name or host["name"], "logo_url": logo_url or host["logo_url"]}


def picture_of(logo: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a logo, or None. Only the four picture formats: nothing that could hold a script."""
    found = _LOGO.fullmatch(logo)
    if found is None:
        return None
    try:
        return found[1], base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return None


def ways_model(
    text: PageText, *, takes_address: bool, buttons: Iterable[tuple[str, str]], address: str = ""
) -> Model:
    """What *Create account* shows. *buttons*: provider ids and names, in the flow's order."""
    return {
        "intro": text.intro.splitlines(),
        "takes_address": takes_address,
        "buttons": [{"id": name, "text": shown} for name, shown in buttons],
        "address": address,
    }


def details_model(
    text: PageText,
    fields: Sequence[Field],
    words: Words = ENGLISH,
    *,
    address: str | None,
    provider_name: str = "",
    from_provider: Iterable[str] = (),
    message: str | None = None,
    message_source: str | None = None,
) -> Model:
    """What *Add details* shows. *message*: a connector asks for a correction, in its own (plain) words."""
    marked = frozenset(from_provider)
    address_help = _address_help(provider_name, address, words)
    errors: list[Model] = []
    if message is not None:
        said = (
            f"{say(words, 'Message from %(sender)s', sender=message_source)}: {message}"
            if message_source
            else message
        )
        errors.append({"field": None, "text": said})
    errors += [{"field": field.focus_name, "text": field.error} for field in fields if field.error]
    return {
        "intro": text.intro.splitlines(),
        "fields": [
            _entry(field, provider_name if field.name in marked else "", address_help, words)
            for field in fields
        ],
        "address_help": address_help,
        "shows_address": not any(field.name == EMAIL for field in fields),
        "address": address,
        "errors": errors,
    }


def _address_help(provider_name: str, address: str | None, words: Words) -> str:
    """Below the address. Who came by a provider comes back by it: typing the address alone would lead elsewhere."""
    if not provider_name:
        return say(words, "You can sign in with this address next time.")
    if address is None:
        return say(
            words, "%(provider)s has not confirmed an address, so none is kept.", provider=provider_name
        )
    return say(words, "From %(provider)s, with which you sign in next time.", provider=provider_name)


def review_model(tenant: Tenant) -> Model:
    """What *Review permissions* tells somebody who signs up."""
    return {
        "domain": tenant.default_domain,
        "inviter": None,
        "privacy_url": tenant.privacy_statement_url,
        "terms_url": tenant.terms_url,
        "contact": tenant.privacy_contact or tenant.technical_contact,
        "signing_up": True,
    }


def _entry(field: Field, source: str, address_help: str, words: Words) -> Model:
    said = say(words, "From %(provider)s. You can change it.", provider=source) if source else ""
    if field.control is Control.READ_ONLY:
        said = address_help if field.name == EMAIL else ""
    return {
        "at": field,
        "help": " ".join(part for part in (field.help_text, said) if part),
        "options": [{"value": option.value, "text": option.label} for option in field.options],
        "chosen": next((option.value for option in field.options if option.is_selected), None),
    }


def preview(
    pages: Pages,
    template: str,
    model: Model,
    *,
    host: Mapping[str, object],
    app_name: str,
    theme: str,
    words: Words = ENGLISH,
    organization: str = "",
) -> str:
    """The page as people will see it, its forms leading nowhere: for a sandboxed frame beside the editor.

    *organization*: who it is really, where the flow's own words name it differently.
    """
    page = pages.render(
        template,
        words,
        **{"errors": [], **model},
        host=host,
        app_name=app_name,
        organization=organization or host["name"],
        base="",
        form={},
        form_token="",
        theme=theme,
    )
    # A frame that took the focus would take it from the editor.
    return _FOCUSED.sub(r"\1", _SCRIPT.sub("", page))
