"""Seed files: tenants, people, guests and apps from one TOML file, the same on every machine.

Owns the format (``document``), where in the file something stands (``lines``) and bringing it into the
directory (``directory``, ``applications``). What exists already stays as it is, so applying twice changes
nothing and changes made in the portal last. The format is described in ``docs/reference/seed-file.md``.
"""

from xenia.seed.directory import AppliedSeed, SeededTenant, SeededUser, apply_seed
from xenia.seed.document import Seed, SeedError, builtin_seed, read_seed

__all__ = [
    "AppliedSeed",
    "Seed",
    "SeedError",
    "SeededTenant",
    "SeededUser",
    "apply_seed",
    "builtin_seed",
    "read_seed",
]
