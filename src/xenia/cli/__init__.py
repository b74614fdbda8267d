"""The command line: `xenia up`, `xenia serve` and the operator's tools. Part of the composition root."""
