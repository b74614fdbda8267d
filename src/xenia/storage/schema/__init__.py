"""All tables. Every tenant-bound table begins its key with the tenant; what is platform-wide says so.

Convention: the column of a record's attribute bears its name; ``<attribute>_key`` is its folded text.
"""

from xenia.storage.schema import applications, directory, records, signing_in  # noqa: F401  (they declare)
from xenia.storage.schema.base import metadata

__all__ = ["metadata"]
