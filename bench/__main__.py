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
    with subjects.xenia(data) as ours:
        if wanted.only_us or shutil.which("node") is None:
            _rounds(results, ours, None, wanted)
            return
        _say(f"beside npm oidc-provider {measures.neighbour_version()}")
        with subjects.neighbour(folder, ours) as theirs:
            _rounds(results, ours, theirs, wanted)


def _rounds(
    results: Results, ours: subjects.Subject, theirs: subjects.Subject | None, wanted: argparse.Namespace
) -> None:
    for number in range(wanted.rounds):
        results.add("openssl", measures.openssl_signatures(max(1, round(wanted.seconds / 2))))
        results.add("signature_ms", measures.openssl_signature_ms())
        _measure_one(results, ours, wanted, number, mine=True)
        if theirs is not None:
            _measure_one(results, theirs, wanted, number, mine=False)
        _say(f"round {number + 1} of {wanted.rounds}")


def _measure_one(
    results: Results, subject: subjects.Subject, wanted: argparse.Namespace, number: int, *, mine: bool
) -> None:
    prefix = "" if mine else "their_"
    pace = measures.tokens(subject, wanted.seconds)
    results.add(f"{prefix}tokens", pace.per_second)
    results.add(f"{prefix}tokens_cpu", pace.cpu_ms)
    results.add(f"{prefix}tokens_generator", pace.generator_share)
    for which in ("discovery", "keys"):
        pace = measures.document(subject, which, wanted.seconds / 2)
        results.add(f"{prefix}{which}", pace.per_second)
        results.add(f"{prefix}{which}_generator", pace.generator_share)
    first = number * (wanted.sign_ins + 100)
    pace = measures.sign_ins(subject, "guest" if mine else "neighbour", wanted.sign_ins, first)
    results.add(f"{prefix}sign_ins", pace.per_second)
    results.add(f"{prefix}sign_ins_cpu", pace.cpu_ms)
    results.add(f"{prefix}sign_ins_p50", pace.p50_ms)
    results.add(f"{prefix}sign_ins_p99", pace.p99_ms)
    results.add(f"{prefix}sign_ins_generator", pace.generator_share)
    if mine:
        results.add("sign_ins_mail", pace.background_ms)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
