"""Contrast of the colour tokens, recomputed from the stylesheet in both themes (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from xenia.web.static_files import KIT_FOLDER

THEMES = ("light", "dark")
GROUNDS = ("canvas", "surface", "sunken", "select")
STATES = ("ok", "warn", "bad", "info")

TEXT_PAIRS = [
    *((word, ground) for word in ("text", "muted", "primary", "accent") for ground in GROUNDS),
    ("primary-hover", "canvas"),
    ("primary-hover", "surface"),
    ("primary-hover", "select"),
    ("on-primary", "primary"),
    ("on-primary", "primary-hover"),
    *((state, f"{state}-bg") for state in STATES),
    *((word, f"{state}-bg") for state in STATES for word in ("text", "muted", "primary")),
    *((state, ground) for state in STATES for ground in ("canvas", "surface")),
    *((f"chart-{number}", "surface") for number in range(1, 7)),
]
CONTROL_PAIRS = [("control", ground) for ground in GROUNDS]


def _tokens() -> dict[str, tuple[str, str]]:
    css = (KIT_FOLDER / "xenia.css").read_text("utf-8")
    found = re.findall(r"--([\w-]+): light-dark\(#([0-9A-F]{6}), #([0-9A-F]{6})\);", css)
    return {name: (light, dark) for name, light, dark in found}


TOKENS = _tokens()


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_the_formula_agrees_with_known_values() -> None:
    assert _contrast("FFFFFF", "000000") == pytest.approx(21)
    assert _contrast("FFFFFF", "767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("word", "ground"), TEXT_PAIRS)
def test_text_is_readable(theme: str, word: str, ground: str) -> None:
    at = THEMES.index(theme)
    assert _contrast(TOKENS[word][at], TOKENS[ground][at]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("word", "ground"), CONTROL_PAIRS)
def test_borders_of_controls_are_visible(theme: str, word: str, ground: str) -> None:
    at = THEMES.index(theme)
    assert _contrast(TOKENS[word][at], TOKENS[ground][at]) >= 3


def test_every_colour_token_is_part_of_a_tested_pair() -> None:
    tested = {name for pair in (*TEXT_PAIRS, *CONTROL_PAIRS) for name in pair}
    assert set(TOKENS) - tested == {"line"}  # purely decorative rules need no contrast


def test_components_use_tokens_only() -> None:
    css = (KIT_FOLDER / "xenia.css").read_text("utf-8")
    components = css.split("/* Ground */", 1)[1]
    # White paper under QR codes and mail previews is meant in both themes.
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b(?![^{}]*\{)", components)) <= {"#FFFFFF"}
