"""Page rendering: the only place of the web kit that knows the template engine.

Owns: the template environment (escaping on, unknown names refused), the filters and globals of all pages, and fragments of
pages. Knows nothing of requests, sessions or tenants: a page is a template name and a model.

Templates are addressed by prefix: `kit/…` is this package's own folder, every other prefix is a folder named by the caller.
All macros of `kit/components.html` are reachable in every template as `ui`, without an import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from xenia.core.wording import ENGLISH, Words
from xenia.web.api_snippets import snippets
from xenia.web.static_files import StaticFiles

KIT_FOLDER = Path(__file__).parent / "templates"

THEME_COOKIE = "xenia_theme"
"""Set by the theme switch in the browser; holds `light` or `dark`, and is absent for "as my system"."""

_THEMES = ("light", "dark")

_spoken: ContextVar[Words] = ContextVar("spoken", default=ENGLISH)
"""The language of the page that is being rendered: macros of the kit have no model to read it from."""


class Pages:
    """Renders templates. One instance serves all threads; compiled templates stay in memory for the life of the process."""

    def __init__(self, folders: Mapping[str, Path], static: StaticFiles) -> None:
        loaders: dict[str, BaseLoader] = {"kit": FileSystemLoader(KIT_FOLDER)}
        for prefix, folder in folders.items():
            loaders[prefix] = FileSystemLoader(folder)
        self._environment = Environment(
            loader=PrefixLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
            cache_size=-1,
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.policies["ext.i18n.trimmed"] = True
        # The names that `trans` blocks use, in the form that puts values in after the translation. Not the extension's own
        # functions: they look for their context at every call, which took a fifth of a page.
        self._environment.newstyle_gettext = True  # type: ignore[attr-defined]
        self._environment.globals |= {
            "_": _translated,
            "gettext": _translated,
            "ngettext": _translated_plural,
        }
        self._environment.filters |= {
            "datetime": format_time,
            "group4": group4,
            "json_block": json_block,
            "snippets": snippets,
        }
        self._environment.globals["static_url"] = static.url
        self._environment.globals["icon_url"] = static.data_url("favicon.svg")

    def render(self, template: str, words: Words = ENGLISH, /, **model: object) -> str:
        """The whole page, in a language. Raises jinja2.UndefinedError when the model lacks a name the page uses."""
        with _speaking(words):
            return self._template(template).render(lang=_html_tag(words), **model)

    def render_block(self, template: str, block: str, /, **model: object) -> str:
        """One named block of a page, for `?part=`: the same template and model answer page and fragment.

        Raises KeyError when neither the page nor its layouts have such a block.
        """
        page = self._template(template)
        context = page.new_context(model)
        # Names set or imported at the top of a page, and blocks of its layouts, are known only after it ran once.
        _exhaust(page, context)
        if block not in context.blocks:
            raise KeyError(f"{template} has no block {block!r}")
        return "".join(context.blocks[block][0](context))

    def _template(self, name: str) -> Template:
        # The macros are compiled with the first page and not at start, where they would delay the first token.
        # Two threads may both do it: the results are equal, and one assignment wins.
        if "ui" not in self._environment.globals:
            self._environment.globals["ui"] = self._environment.get_template("kit/components.html").module
        return self._environment.get_template(name)


@contextmanager
def _speaking(words: Words) -> Iterator[None]:
    token = _spoken.set(words)
    try:
        yield
    finally:
        _spoken.reset(token)


def _translated(text: str, /, **values: object) -> Markup:
    """For templates: the translation as markup, values escaped unless a template made them.

    What an organisation wrote itself is plain text without places for values.
    """
    words = _spoken.get()
    own = words.own.get(text)
    if own is not None:
        return escape(own)
    return _filled(words.pattern(text), values)


def _translated_plural(one: str, many: str, count: int, /, **values: object) -> Markup:
    return _filled(_spoken.get().plural(one, many, count), {"num": count, **values})


def _filled(pattern: str, values: Mapping[str, object]) -> Markup:
    return _trusted(pattern) % values if "%" in pattern else _trusted(pattern)


@cache
def _trusted(pattern: str) -> Markup:
    """Our own texts, and translations that a test compares with them, are markup as templates are. Their number is fixed."""
    return Markup(pattern)  # noqa: S704


def _html_tag(words: Words) -> str:
    """The language as HTML names it (RFC 5646 section 2.1.1): ``pt-BR``, ``zh-Hans``."""
    tag, _, rest = words.language.partition("-")
    return f"{tag}-{rest.title() if len(rest) == 4 else rest.upper()}" if rest else tag


def _exhaust(page: Template, context: object) -> None:
    for _ in page.root_render_func(context):  # type: ignore[arg-type]
        pass


def theme_of(cookie: str | None) -> str:
    """The `theme` of a page model from the value of the theme cookie; anything unknown means "as my system"."""
    return cookie if cookie in _THEMES else "system"


def format_time(moment: datetime) -> Markup:
    """An aware time as `<time>` in UTC, in the language of the page.

    Raises ValueError for a time without zone: printing one as UTC would be a guess.
    """
    if moment.tzinfo is None:
        raise ValueError("a page shows aware times only")
    utc = moment.astimezone(UTC)
    machine = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(machine, _spoken.get().moment(utc))


def group4(text: object) -> Markup:
    """Blanks after each four characters, for codes and secret keys that people read aloud or type."""
    plain = str(text)
    return escape(" ".join(plain[start : start + 4] for start in range(0, len(plain), 4)))


def json_block(value: object) -> Markup:
    """JSON that can stand inside `<script type="application/json">`.

    `<`, `>` and `&` are written as escapes, so that no value can end the element or open a comment; U+2028 and U+2029 too,
    because older script parsers take them for line ends.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - made safe by the loop above
