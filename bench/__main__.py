"""``python -m bench``: measure everything in interleaved rounds and print budget, value, ratio and verdict."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from bench import measures, processes, subjects
from bench.report import Results, lines, show

SIGN_INS = 400
"""Of one round; with thousands of guests and an address per connection every limit stays on."""


def main() -> int:
    wanted = _arguments()
    results = Results()
    _say(f"{os.cpu_count()} cores, Python {platform.python_version()}, {measures.openssl_version()}")
    with tempfile.TemporaryDirectory(prefix="xenia-bench-") as folder:
        _measure(results, Path(folder), wanted)
    made = lines(results)
    _say("")
    show(made)
    if wanted.json is not None:
        document = {"numbers": dict(results.numbers), "lines": [line.as_dict() for line in made]}
        wanted.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many (default 3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each timed run (default 5)")
    parser.add_argument(
        "--sign-ins", type=int, default=SIGN_INS, help=f"sign-ins a round (default {SIGN_INS})"
    )
    parser.add_argument("--only-us", action="store_true", help="leave oidc-provider out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    return parser.parse_args()


def _measure(results: Results, folder: Path, wanted: argparse.Namespace) -> None:
    data = folder / "kept"
    for number in range(wanted.rounds):
        with subjects.xenia(folder / f"fresh{number}", ephemeral=True) as fresh:
            results.add("start_fresh", fresh.start_seconds)
    with subjects.xenia(data):
        pass  # makes the installation
    subjects.add_guests(data / "data")
    for _ in range(wanted.rounds):
        with subjects.xenia(data) as existing:
            results.add("start_existing", existing.start_seconds)
            results.add("memory", processes.pss_megabytes(existing.pid))
    _say("cold starts and memory measured")
    second = folder / "second"
    with subjects.xenia(second):
        pass
    subjects.add_guests(second / "data")
    with subjects.xenia(second, workers=2) as several:
        results.add("workers_memory", processes.pss_megabytes(several.pid))
        with subjects.xenia(data) as ours:
            if wanted.only_us or shutil.which("node") is None:
                _rounds(results, ours, several, None, wanted)
                return
            _say(f"beside npm oidc-provider {measures.neighbour_version()}")
            with subjects.neighbour(folder, ours) as theirs:
                _rounds(results, ours, several, theirs, wanted)


def _rounds(
    results: Results,
    ours: subjects.Subject,
    several: subjects.Subject,
    theirs: subjects.Subject | None,
    wanted: argparse.Namespace,
) -> None:
    """Measure by measure, all in turn: a ratio is worth something only within the same moment.

    *several*: ours again with a process for each of two cores, as it runs in production.
    """
    both = [("", ours), *([("their_", theirs)] if theirs is not None else [])]
    for number in range(wanted.rounds):
        results.add("signature_ms", measures.openssl_signature_ms())
        for prefix, subject in (*both, ("workers_", several)):
            pace, openssl = _tokens(subject, wanted.seconds)
            results.add(f"{prefix}openssl", openssl)
            _add(results, f"{prefix}tokens", pace)
        for which in ("discovery", "keys"):
            for prefix, subject in both:
                _add(results, f"{prefix}{which}", measures.document(subject, which, wanted.seconds / 2))
        for prefix, subject in both:
            kind = "neighbour" if prefix else "guest"
            first = number * (wanted.sign_ins + 100)
            _add(results, f"{prefix}sign_ins", measures.sign_ins(subject, kind, wanted.sign_ins, first))
        _say(f"round {number + 1} of {wanted.rounds}")


def _add(results: Results, name: str, pace: measures.Pace) -> None:
    results.add(name, pace.per_second)
    results.add(f"{name}_cpu", pace.cpu_ms)
    results.add(f"{name}_mail", pace.background_ms)
    results.add(f"{name}_p50", pace.p50_ms)
    results.add(f"{name}_p99", pace.p99_ms)
    results.add(f"{name}_generator", pace.generator_share)


def _tokens(subject: subjects.Subject, seconds: float) -> tuple[measures.Pace, float]:
    """Tokens, and what OpenSSL does around that moment: before and after, since a minute is not like the next."""
    length = max(1, round(seconds / 2))
    before = measures.openssl_signatures(length)
    pace = measures.tokens(subject, seconds)
    return pace, (before + measures.openssl_signatures(length)) / 2


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
