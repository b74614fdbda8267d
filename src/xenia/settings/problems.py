"""What can be wrong with settings, in words that say what to do."""

from __future__ import annotations

from xenia.record import Record


class Problem(Record):
    """One thing wrong with the settings: which, where it was said, and what to do."""

    name: str
    source: str
    text: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name} ({self.source}): {self.text}"


class SettingsError(Exception):
    """The settings cannot be used; all problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
