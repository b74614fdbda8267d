"""The table in ``docs/reference/conformance.md``: which plan holds which module, and what becomes of it here."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance import plans

START, END = "<!-- table: start -->", "<!-- table: end -->"


def name_of_test(module: str) -> str:
    """The test's name."""
    return f"test_{module.replace('-', '_')}"


def modules_by_plan() -> dict[str, tuple[str, ...]]:
    """Modules of each plan that is played."""
    found: dict[str, tuple[str, ...]] = {}
    for variant in plans.EVERY:
        known = found.get(variant.plan, ())
        found[variant.plan] = tuple(dict.fromkeys((*known, *plans.modules_of(variant))))
    return {**plans.OF_CONFIG, **found, **plans.OF_LOGOUT}


def table() -> str:
    """The part of the page between its marks."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for plan, modules in modules_by_plan().items():
        kinds = ", ".join(f"`{each.response_type}`" for each in plans.EVERY if each.plan == plan)
        yield f"### `{plan}`\n"
        if kinds:
            yield f"Response types {kinds}.\n"
        yield "| Module | Outcome |\n|---|---|"
        for module in modules:
            yield f"| `{module}` | {_OUTCOMES.get(module, 'passes')} |"
        yield ""
    for plan, reasons in plans.NOT_APPLICABLE.items():
        yield f"### `{plan}`\n\nNot run.\n"
        yield "| Module | Why not |\n|---|---|"
        for module, why in reasons.items():
            yield f"| `{module}` | {why} |"
        yield ""


_REFUSED = "passes: refused as unsupported, by name, at the redirect URI"
_OUTCOMES = {
    "oidcc-idtoken-unsigned": "skipped by the suite: `none` is not advertised, and never used",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": _REFUSED,
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": _REFUSED,
    "oidcc-ensure-request-object-with-redirect-uri": _REFUSED,
    "oidcc-scope-address": "passes: nothing is known, so no claim is returned",
    "oidcc-scope-phone": "passes: nothing is known, so no claim is returned",
    "oidcc-discovery-endpoint-verification": "passes; members of the vendor's own are warnings",
    "oidcc-rp-initiated-logout-no-params": "passes, after one click: any page could send it",
    "oidcc-rp-initiated-logout-only-state": "passes, after one click: any page could send it",
    "oidcc-rp-initiated-logout-no-id-token-hint": "passes: asks",
    "oidcc-rp-initiated-logout-bad-id-token-hint": "passes: asks",
    "oidcc-rp-initiated-logout-modified-id-token-hint": "passes: asks",
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": "passes: signs out and stays",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": "passes: signs out and stays",
}
