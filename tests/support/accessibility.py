"""What must hold of any page as it stands in a browser: accessibility rules, no sideways scrolling, whole words.

Owns the rules, the themes and widths a page is looked at in, and the memory of what was looked at. Knows no page.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

ALL_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_APPEARANCE = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
"""The rules whose verdict depends on colours or room; the others read the same document in every theme and width."""
_APPEARANCE_RULES = {"runOnly": {"type": "rule", "values": list(_APPEARANCE)}}
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 700}

_SIDEWAYS = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return '';
  const wide = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > room + 1);
  return wide.slice(-3).map((one) => one.outerHTML.slice(0, 120)).join(' | ') || 'something';
}"""
_BROKEN = """() => {
  const broken = [];
  for (const place of document.querySelectorAll('h1, h2, button, .button')) {
    if (!place.checkVisibility()) continue;
    const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      for (const word of text.data.matchAll(/(?<![\\p{L}.@_-])\\p{L}{2,14}(?![\\p{L}.@_-])/gu)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) broken.push(word[0]);
      }
    }
  }
  return broken.join(', ');
}"""
"""Words of ordinary length that a heading or a button breaks in two; addresses and names of machines may."""
_SHAPE = """() => {
  const varying = new Set(['href', 'src', 'value', 'action', 'id', 'for', 'name', 'title', 'datetime', 'content',
    'formaction', 'aria-describedby', 'aria-labelledby', 'aria-controls', 'style', 'd', 'points', 'x', 'y', 'width', 'height']);
  const parts = [];
  for (const one of document.querySelectorAll('*')) {
    const said = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const attributes = [...one.attributes].map(({ name, value }) =>
      varying.has(name) || name.startsWith('data-') ? name + (value ? '+' : '') : `${name}=${value}`).sort();
    parts.push(`${one.parentElement?.tagName ?? ''}>${one.tagName}[${attributes}]${said ? 't' : ''}`);
  }
  return parts.join('\\n');
}"""
"""Elements, classes, roles and states without the words in them: what the rules judge."""


@dataclass(frozen=True)
class Corner:
    """A theme, a width, and how many of the rules are asked there."""

    scheme: Literal["light", "dark"]
    size: ViewportSize
    rules: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.scheme}, {self.size['width']}"


_QUICK = (Corner("light", WIDE, ALL_RULES), Corner("dark", NARROW, _APPEARANCE_RULES))
_REST = (Corner("light", NARROW, ALL_RULES), Corner("dark", WIDE, _APPEARANCE_RULES))
CORNERS = (*_QUICK, *_REST) if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else _QUICK
"""Both themes and both widths by default, and every pair of them in the thorough profile."""
_SEEN: set[str] = set()
"""Digests of what one test process has looked at and found right: stories pass through the same pages again and again."""


def problems_of(page: Page) -> Iterator[str]:
    """What is wrong with the page that is open now, each with where. The page is left wide and light."""
    shape = hashlib.sha256(page.evaluate(_SHAPE).encode()).hexdigest()
    is_wrong = False
    for corner in CORNERS:
        page.emulate_media(color_scheme=corner.scheme, reduced_motion="reduce")
        page.set_viewport_size(corner.size)
        sideways = page.evaluate(_SIDEWAYS)
        if sideways:
            yield f"({corner}) scrolls sideways: {sideways}"
        broken = page.evaluate(_BROKEN)
        if broken:
            yield f"({corner}) breaks words: {broken}"
        if shape not in _SEEN:
            for problem in _broken_rules(page, corner.rules):
                is_wrong = True
                yield f"({corner}) {problem}"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WIDE)
    if not is_wrong:
        _SEEN.add(shape)


def scrolls_sideways(page: Page) -> str:
    """What is wider than the window, as HTML; empty when nothing is."""
    return str(page.evaluate(_SIDEWAYS))


def _broken_rules(page: Page, rules: dict[str, Any]) -> list[str]:
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "async options => (await axe.run(document, options)).violations",
        {**rules, "resultTypes": ["violations"]},
    )
    return [f"{item['id']}: {item['nodes'][0]['html'][:160]}" for item in found]
