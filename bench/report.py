"""Budgets and verdicts: numbers in, a table out."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

Numbers = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing and what is asked of it."""

    name: str
    value: str
    compared: str = ""
    budget: str = ""
    holds: bool | None = None

    def as_dict(self) -> dict[str, object]:
        """For the JSON file."""
        return asdict(self)


class Results:
    """Numbers of all rounds, by name."""

    def __init__(self) -> None:
        self.numbers: Numbers = defaultdict(list)

    def add(self, name: str, value: float) -> None:
        """One more round."""
        self.numbers[name].append(value)

    def __contains__(self, name: str) -> bool:
        return name in self.numbers

    def median(self, name: str) -> float:
        """Over the rounds."""
        return statistics.median(self.numbers[name])

    def ratio(self, name: str, other: str) -> float:
        """The median of the ratios within each round: both sides of one saw the same minute."""
        return statistics.median(
            mine / theirs for mine, theirs in zip(self.numbers[name], self.numbers[other], strict=True)
        )


def lines(results: Results) -> list[Line]:
    """Everything measured, in the order of the budgets."""
    made: list[Line] = []
    for part in (_starting, _memory, _tokens, _documents, _sign_ins):
        made += part(results)
    return made


def _starting(r: Results) -> list[Line]:
    return [
        _most(r, "cold start, fresh", "start_fresh", "{:.2f} s", 2.0),
        _most(r, "cold start, existing database", "start_existing", "{:.2f} s", 1.0),
    ]


def _memory(r: Results) -> list[Line]:
    one = _most(r, "memory idle (PSS of the tree)", "memory", "{:.0f} MB", 120.0)
    further = r.median("workers_memory") - r.median("memory")
    several = Line(
        "  two workers and their supervisor more", f"+ {further:.0f} MB", "", "<= 60 MB", further <= 60
    )
    return [one, several]


def _tokens(r: Results) -> list[Line]:
    share, alone = r.ratio("workers_tokens", "workers_openssl"), r.ratio("tokens", "openssl")
    value = f"{r.median('workers_tokens'):,.0f}/s, {r.median('workers_tokens_cpu'):.3f} ms CPU"
    made = [
        Line("openssl speed -multi 2 rsa2048", f"{r.median('openssl'):,.0f}/s"),
        Line(
            "client_credentials tokens, a process a core (serve)",
            value,
            f"{share:.0%} of openssl",
            ">= 50 %",
            share >= 0.5,
        ),
        Line(
            "  with one process (up)",
            f"{r.median('tokens'):,.0f}/s, {r.median('tokens_cpu'):.3f} ms CPU",
            f"{alone:.0%} of openssl",
        ),
    ]
    signature = r.ratio("signature_ms", "tokens_cpu")
    made.append(
        Line("  of its CPU, the signature itself", f"{signature:.0%}", f"{r.median('signature_ms'):.3f} ms")
    )
    if "their_tokens" in r:
        ahead, alone = r.ratio("workers_tokens", "their_tokens"), r.ratio("tokens", "their_tokens")
        theirs = f"{r.median('their_tokens'):,.0f}/s, {r.median('their_tokens_cpu'):.3f} ms CPU"
        made.append(
            Line(
                "  the same of oidc-provider",
                theirs,
                f"we do {ahead:.2f} x, {alone:.2f} x with one process",
                "> 1 x",
                ahead > 1,
            )
        )
    return made


def _documents(r: Results) -> list[Line]:
    made = []
    for name in ("discovery", "keys"):
        made.append(_least(r, name, name, "{:,.0f}/s", 5000))
        if f"their_{name}" in r:
            theirs, ratio = r.median(f"their_{name}"), r.ratio(name, f"their_{name}")
            made.append(Line("  the same of oidc-provider", f"{theirs:,.0f}/s", f"we do {ratio:.2f} x"))
    return made


def _sign_ins(r: Results) -> list[Line]:
    cpu, mail = r.median("sign_ins_cpu"), r.median("sign_ins_mail")
    made = [
        Line(
            "complete guest sign-in (2 signatures)",
            f"{cpu - mail:.2f} ms CPU",
            f"{r.median('sign_ins'):,.0f}/s, as long as {(cpu - mail) / r.median('signature_ms'):.0f} signatures",
            "<= 4 ms",
            cpu - mail <= 4,
        ),
        Line("  and rendering and delivering its mail", f"{mail:.2f} ms CPU", f"together {cpu:.2f} ms"),
        Line(
            "  duration of one, 8 at once",
            f"{r.median('sign_ins_p50'):.0f} ms",
            f"p99 {r.median('sign_ins_p99'):.0f} ms",
        ),
    ]
    if "their_sign_ins" in r:
        theirs = r.median("their_sign_ins_cpu")
        per_signature = statistics.median(
            (ours - mailed) / 2 / other
            for ours, mailed, other in zip(
                r.numbers["sign_ins_cpu"],
                r.numbers["sign_ins_mail"],
                r.numbers["their_sign_ins_cpu"],
                strict=True,
            )
        )
        made.append(
            Line(
                "  code sign-in of oidc-provider (1 signature)",
                f"{theirs:.2f} ms CPU, {r.median('their_sign_ins'):,.0f}/s",
                f"ours per signature {per_signature:.2f} x",
                "< 1 x",
                per_signature < 1,
            )
        )
    return made


def _most(r: Results, title: str, name: str, form: str, bound: float) -> Line:
    return _bounded(r, title, name, form, f"<= {form.format(bound)}", lambda value: value <= bound)


def _least(r: Results, title: str, name: str, form: str, bound: float) -> Line:
    return _bounded(r, title, name, form, f">= {form.format(bound)}", lambda value: value >= bound)


def _bounded(
    r: Results, title: str, name: str, form: str, budget: str, holds: Callable[[float], bool]
) -> Line:
    value = r.median(name)
    return Line(title, form.format(value), "", budget, holds(value))


def show(made: list[Line]) -> None:
    """The table, for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "median", "in this run", "budget", "verdict"):
        table.add_column(column)
    for line in made:
        verdict = "" if line.holds is None else "holds" if line.holds else "MISSED"
        table.add_row(line.name, line.value, line.compared, line.budget, verdict)
    Console(width=132).print(table)
