"""All tables. Every tenant-bound table begins its key with the tenant; what is platform-wide says so.

Convention: the column of a record's attribute bears its name; ``<attribute>_key`` is its folded text.
"""

from xenia.storage.schema import (  # noqa: F401  (they declare)
    app_keys,
    applications,
    consent_requests,
    directory,
    groups,
    records,
    self_service,
    signing_in,
)
from xenia.storage.schema.base import metadata

__all__ = ["metadata"]
