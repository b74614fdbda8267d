"""Where a value comes from: a flag, the environment, a secret's file, the file of ``--config``; in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from xenia.settings.checks import contradictions
from xenia.settings.groups import GROUPS, Settings
from xenia.settings.problems import Problem, SettingsError
from xenia.settings.readers import READERS

PREFIX = "XENIA_"


def load(
    flags: Mapping[str, object], config: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Settings from flags, environment and file. Raises SettingsError with everything that is wrong."""
    environ = os.environ if environment is None else environment
    named = environ.get(f"{PREFIX}CONFIG")
    source = _Sources(flags, environ, config or (Path(named) if named else None))
    groups = {name: kind(**source.values_of(kind)) for name, kind in GROUPS}
    settings = Settings(**groups)
    problems = (*source.problems, *contradictions(settings))
    if problems:
        raise SettingsError(problems)
    return settings


class _Sources:
    """Looks a value up in all sources and collects what is wrong."""

    def __init__(self, flags: Mapping[str, object], environ: Mapping[str, str], config: Path | None) -> None:
        self.problems: list[Problem] = []
        self._flags = flags
        self._environ = environ
        self._config = config
        self._file = self._read(config) if config else {}

    def values_of(self, kind: type) -> dict[str, Any]:
        """The attributes of one group that are set anywhere, in their types."""
        values = {}
        for item in fields(kind):
            found = self._find(item)
            if found is None:
                continue
            value, source = found
            try:
                values[item.name] = READERS[str(item.type)](value)
            except (ValueError, TypeError) as error:
                self.problems.append(Problem(item.name, source, str(error)))
        return values

    def _find(self, item: Field[Any]) -> tuple[object, str] | None:
        flag = self._flags.get(item.name)
        if flag is not None and flag != ():
            return flag, f"--{item.name.replace('_', '-')}"
        variable = f"{PREFIX}{item.name.upper()}"
        if variable in self._environ:
            return self._environ[variable], variable
        if item.metadata.get("secret") and f"{variable}_FILE" in self._environ:
            return self._secret(item.name, f"{variable}_FILE")
        if item.name in self._file:
            return self._file[item.name], str(self._config)
        return None

    def _secret(self, name: str, variable: str) -> tuple[object, str] | None:
        path = self._environ[variable]
        try:
            return Path(path).read_text().strip(), variable
        except OSError as error:
            self.problems.append(Problem(name, variable, f"{path} cannot be read: {error.strerror}"))
            return None

    def _read(self, path: Path) -> dict[str, object]:
        try:
            document = tomllib.loads(path.read_text())
        except OSError as error:
            self.problems.append(Problem("config", str(path), f"cannot be read: {error.strerror}"))
            return {}
        except tomllib.TOMLDecodeError as error:
            self.problems.append(Problem("config", str(path), f"is not valid TOML: {error}"))
            return {}
        values: dict[str, object] = {}
        known = {name: {item.name for item in fields(kind)} for name, kind in GROUPS}
        for table, content in document.items():
            if table not in known or not isinstance(content, dict):
                self.problems.append(
                    Problem(table, str(path), f"no such table; there are {', '.join(known)}")
                )
                continue
            for name, value in content.items():
                if name in known[table]:
                    values[name] = value
                else:
                    self.problems.append(
                        Problem(f"{table}.{name}", str(path), "no such setting (xenia config docs)")
                    )
        return values
