"""How this process runs: typed, frozen, read once at start. The only reader of the environment.

Each value comes from the first source that has it: a command-line flag, the environment (``XENIA_NAME``),
a file named by ``XENIA_NAME_FILE`` (secrets), the TOML file of ``--config``. All problems are reported
together. What a tenant's administrator may change is no setting: it lives in the directory.
"""

from xenia.settings.addresses import is_loopback_host, without_password
from xenia.settings.checks import unsafe_for_production
from xenia.settings.environment import (
    default_data_dir,
    forward_proxy,
    hosts_without_proxy,
    system_ca_bundle,
)
from xenia.settings.groups import (
    GROUPS,
    LogSettings,
    MailSettings,
    OutgoingSettings,
    RetentionSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    WorkshopSettings,
)
from xenia.settings.problems import Problem, SettingsError
from xenia.settings.sources import PREFIX, load

__all__ = [
    "GROUPS",
    "PREFIX",
    "LogSettings",
    "MailSettings",
    "OutgoingSettings",
    "Problem",
    "RetentionSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "StorageSettings",
    "WorkshopSettings",
    "default_data_dir",
    "forward_proxy",
    "hosts_without_proxy",
    "is_loopback_host",
    "load",
    "system_ca_bundle",
    "unsafe_for_production",
    "without_password",
]
