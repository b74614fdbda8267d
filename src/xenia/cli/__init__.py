"""The command line: `xenia up`, `xenia serve` and the operator's tools. Part of the composition root."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `xenia` command."""
    from xenia.cli.commands import xenia  # noqa: PLC0415  (importing the package stays cheap)

    xenia(prog_name="xenia")
