"""Charts as inline pictures (SVG 1.1): numbers in, markup out, nothing fetched and nothing run.

Owns geometry and escaping. Colours come from the stylesheet by class (``c1`` to ``c6``), so that both
themes and forced colours work; there are no style attributes, which the content policy forbids. A picture
never stands alone: pages show it with ``ui.chart``, which has the sentence above and the numbers below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from xenia.record import Record

WIDTH = 320
"""Narrow enough that words stay readable on a telephone, where the picture is drawn at three quarters of it."""
_BAR, _TEXT, _NOTE = 16, 15, 13
_ROW = 48
_NOTED_ROW = 66


class Bar(Record):
    """One row of a funnel."""

    label: str
    count: int
    note: str = ""
    """Said below the bar, for instance how long it took."""


def funnel(bars: Sequence[Bar], *, name: str, title: str, description: str) -> Markup:
    """Bars below each other, each as long as its share of the longest; what was lost since the row before is hatched.

    *name* makes ids unique on the page. Lengths are exact: a share too small to be drawn is still told by its
    number. Raises ValueError for a negative count.
    """
    if any(bar.count < 0 for bar in bars):
        raise ValueError("A chart has no bars of negative length.")
    longest = max((bar.count for bar in bars), default=0)
    height = _NOTED_ROW if any(bar.note for bar in bars) else _ROW
    previous = [bars[0].count if bars else 0, *(bar.count for bar in bars)]
    rows = Markup("").join(
        _row(bar, before, longest, place * height, name)
        for place, (bar, before) in enumerate(zip(bars, previous, strict=False))
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-text">'
        '<title id="{name}-title">{title}</title><desc id="{name}-text">{description}</desc>'
        "{pattern}{rows}</svg>"
    ).format(
        width=WIDTH,
        height=len(bars) * height,
        name=name,
        title=title,
        description=description,
        pattern=_hatching(name),
        rows=rows,
    )


def share(count: int, of: int) -> str:
    """A share as people read it: whole per cents, never rounded up to all or down to nothing."""
    if not of or not count:
        return "0 %"
    if count >= of:
        return "100 %"
    exact = 100 * count / of
    if exact < 1:
        return "< 1 %"
    return "> 99 %" if exact > 99 else f"{exact:.0f} %"


def grouped(count: int) -> str:
    """A number with its thousands apart by narrow blanks that do not break."""
    return f"{count:,}".replace(",", "\u202f")


def _row(bar: Bar, before: int, longest: int, top: int, name: str) -> Markup:
    length, lost = _length(bar.count, longest), _length(max(before - bar.count, 0), longest)
    baseline, bar_top = top + _TEXT + 2, top + _TEXT + 8
    return Markup(
        '<g><text class="chart-label" x="0" y="{baseline}" font-size="{text}">{label}</text>'
        '<text class="chart-value" x="{width}" y="{baseline}" font-size="{text}" text-anchor="end">{figure}</text>'
        '<rect class="chart-track" x="0" y="{bar_top}" width="{width}" height="{bar}"/>'
        '<rect class="chart-bar c1" x="0" y="{bar_top}" width="{length}" height="{bar}" fill="currentColor"/>'
        '<rect class="chart-lost" x="{length}" y="{bar_top}" width="{lost}" height="{bar}" fill="url(#{name}-lost)"/>'
        "{note}</g>"
    ).format(
        baseline=baseline,
        text=_TEXT,
        label=bar.label,
        width=WIDTH,
        figure=f"{grouped(bar.count)} \u00b7 {share(bar.count, longest)}",
        bar_top=bar_top,
        bar=_BAR,
        length=length,
        lost=lost,
        name=name,
        note=_note(bar.note, bar_top + _BAR + _NOTE + 2),
    )


def _note(text: str, baseline: int) -> Markup:
    if not text:
        return Markup("")
    return Markup('<text class="chart-note" x="0" y="{y}" font-size="{size}">{text}</text>').format(
        y=baseline, size=_NOTE, text=text
    )


def _hatching(name: str) -> Markup:
    return Markup(
        '<defs><pattern id="{name}-lost" class="c2" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" stroke="currentColor" stroke-width="2"/>'
        "</pattern></defs>"
    ).format(name=name)


def _length(count: int, longest: int) -> str:
    """In user units. Integer arithmetic: counts beyond what floats hold stay in proportion."""
    if not longest:
        return "0"
    thousandths = (count * WIDTH * 1000 + longest // 2) // longest
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")
