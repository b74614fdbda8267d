"""User flows: how people without an invitation become guests of an app (``b2xIdentityUserFlow``)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID
from xenia.core.ids import AppId, TenantId
from xenia.core.user_attributes import AttributeValue
from xenia.record import Record, field

FLOW_PREFIX = "B2X_1_"


class InputType(StrEnum):
    """The control an attribute is asked with (``identityUserFlowAttributeInputType``)."""

    TEXT_BOX = "textBox"
    DATE = "dateTimeDropdown"
    RADIO = "radioSingleSelect"
    DROPDOWN = "dropdownSingleSelect"
    EMAIL_BOX = "emailBox"
    CHECKBOXES = "checkboxMultiSelect"


class Choice(Record):
    """An option of a select type (``userAttributeValuesItem``)."""

    name: str
    value: str
    is_default: bool = False


class AttributeAssignment(Record):
    """An attribute on the page of a flow; the order of the assignments is the order on the page."""

    attribute_id: str
    label: str
    input_type: InputType = InputType.TEXT_BOX
    is_optional: bool = False
    requires_verification: bool = False
    """Carried for the API's sake; the mailbox is always proven before this page."""
    choices: tuple[Choice, ...] = ()
    help_text: str = ""
    default: AttributeValue | None = None
    is_hidden: bool = False
    """Not shown: what is known already, else the first value, is taken without a question."""
    is_editable: bool = True
    """False: what is known already is shown and stays; what nobody knows is asked for."""
    is_stored: bool = True
    """False: told to API connectors and approvers, and not kept with the guest (``writeToDirectory``)."""


class Hook(StrEnum):
    """Where a flow may ask somebody else's server (``userFlowApiConnectorConfiguration``)."""

    AFTER_FEDERATION = "postFederationSignup"
    """**After federating with an identity provider during sign-up**."""
    BEFORE_CREATION = "postAttributeCollection"
    """**Before creating the user**."""


class PageText(Record):
    """What the sign-up pages say in the organisation's own words."""

    organization_name: str = ""
    """Shown instead of the tenant's name when not empty."""
    intro: str = ""
    """Plain text above the choices; line breaks are kept."""
    logo: str = ""
    """A picture as ``data:image/png;base64,…`` (PNG, JPEG, GIF or WebP, at most 20 kB)."""


class OwnText(Record):
    """A text of the sign-up pages in the organisation's own words, in one language."""

    page: str
    """One of ``flow_languages.FlowPage``."""
    string_id: str
    """Which text of the page, or of the attribute (``DisplayName``, ``UserHelpText``)."""
    value: str
    """Plain text."""
    attribute_id: str = ""
    """Empty for a text of the page itself."""


class OwnOption(Record):
    """What an option is called in one language."""

    attribute_id: str
    value: str
    """What is stored; says which option is meant."""
    name: str


class FlowLanguage(Record):
    """A language of a flow (``userFlowLanguageConfiguration``)."""

    id: str
    """One of ``wording.LANGUAGES``."""
    is_enabled: bool = True
    texts: tuple[OwnText, ...] = ()
    options: tuple[OwnOption, ...] = ()


class UserFlow(Record):
    """A sign-up flow of one tenant. An application belongs to one flow at most."""

    id: str
    """``B2X_1_`` and a name of letters, digits and underscores; never changes."""
    tenant_id: TenantId
    created_at: datetime
    display_name: str = ""
    """A friendlier name beside the immutable id (``authenticationEventsFlow.displayName``)."""
    description: str = ""
    provider_ids: tuple[str, ...] = (ENTRA_PROVIDER_ID,)
    """In the order they are offered."""
    attributes: tuple[AttributeAssignment, ...] = ()
    connectors: dict[Hook, str] = field(default_factory=dict)
    """API connector ids by hook."""
    app_ids: tuple[AppId, ...] = ()
    text: PageText = field(default_factory=PageText)
    requires_approval: bool = False
    """Whether somebody must approve each sign-up in the portal before the guest exists."""
    is_sign_up_allowed: bool = True
    languages: tuple[FlowLanguage, ...] = ()
    """Those that somebody switched off or wrote own texts for; all others are on (``flow_languages``)."""
    version: int = 0

    @property
    def passing(self) -> tuple[str, ...]:
        """Attributes that are asked for connectors and approvers alone."""
        return tuple(each.attribute_id for each in self.attributes if not each.is_stored)

    @property
    def name(self) -> str:
        """The id without its prefix."""
        return self.id.removeprefix(FLOW_PREFIX)
