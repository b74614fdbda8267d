"""The catalogues: each text in each language, with the same places and the same markup; names and plurals of CLDR."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts import words as catalogues
from xenia.core.countries import COUNTRIES
from xenia.core.wording import ENGLISH, LANGUAGES, say
from xenia.outside.words import Wordbook

FOREIGN = tuple(name for name in LANGUAGES if name != "en")


def test_every_text_is_said_in_every_language_and_fits() -> None:
    assert catalogues.problems() == []


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        ("Weg", "other places for values"),
        ("Zurück zu %(app)s <b>", "other markup"),
        ("Zurück zu %(app)s > hier", "a sign that would be markup"),
        ('Zurück zu %(app)s\\" autofocus=\\"', "a sign that would be markup"),
        ("Zurück zu %(app)s, 100 %", "a per cent sign"),
    ],
)
def test_a_translation_that_does_not_fit_its_original_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: str, reason: str
) -> None:
    """Pages take translations as they are: one must bring no markup, and no place for a value, of its own."""
    text = (catalogues.FOLDER / "de.po").read_text("utf-8")
    text = re.sub(r'(msgid "Back to %\(app\)s"\nmsgstr ")[^"]*', lambda found: found[1] + put, text)
    (tmp_path / "de.po").write_text(text, "utf-8")
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogues, "LANGUAGES", {"de": "German"})
    (problem,) = catalogues.problems()
    assert problem.startswith(f"de: {reason}")


def test_no_template_of_these_pages_speaks_english_by_itself() -> None:
    pages = [
        *(catalogues.SOURCE / "ui/signin/templates").glob("*.html"),
        *(catalogues.SOURCE / "web/templates/sign_up").glob("*.html"),
        *(catalogues.SOURCE / "web/templates" / f"{name}.html" for name in PAGES_OF_THE_KIT),
    ]
    assert len(pages) > 30
    for page in pages:
        assert _untranslated(page.read_text("utf-8")) == [], page.name


PAGES_OF_THE_KIT = ("guest", "continue", "form_post", "which_account", "sign_out", "signed_out")


def _untranslated(template: str) -> list[str]:
    """Words outside of `trans` blocks and `_()`: as text of an element, or as an argument of a component."""
    text = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    text = re.sub(r"\{%-? *trans\b.*?endtrans *-?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{% *block (?:mark_state|surface) *%\}.*?\{% *endblock *%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"_\((\"[^\"]*\"|'[^']*')", "_(", text)
    arguments = re.findall(r"ui\.[a-z_]+\([^)]*?['\"]([A-Z][a-z]+[^'\"]*)['\"]", text)
    outside = re.sub(r"\{[{%].*?[%}]\}", " ", text, flags=re.DOTALL)
    outside = re.sub(r"<[^>]*>", " ", outside)
    return arguments + [word for word in re.findall(r"[A-Za-z]{2,}", outside) if word != "Xenia"]


@pytest.mark.parametrize("language", FOREIGN)
def test_names_of_months_and_countries_times_and_plurals(language: str) -> None:
    words = Wordbook().in_language(language)
    assert words.language == language
    months = [words.month(number) for number in range(1, 13)]
    assert len(set(months)) == 12
    named = {words.country(name) for name in COUNTRIES.values()}
    assert len(named) == len(COUNTRIES)
    assert words.country("Atlantis") == "Atlantis"
    moment = words.moment(datetime(2026, 12, 1, 4, 5, tzinfo=UTC))
    assert "2026" in moment
    assert moment.endswith("04:05 UTC")
    assert "40" in words.lasting(40)
    assert "12" in words.lasting(711)
    assert "duration" not in words.lasting(40) + words.lasting(711)
    for count in (1, 2, 3, 5, 11, 21):
        said = words.plural("You have %(left)s try left.", "You have %(left)s tries left.", count)
        assert str(count) in said % {"left": count}


def test_languages_do_not_mix() -> None:
    """A table of CLDR that one language borrows from another must stay what it was."""
    book = Wordbook()
    alone = {name: Wordbook().in_language(name).month(1) for name in FOREIGN}
    assert {name: book.in_language(name).month(1) for name in FOREIGN} == alone
    assert (alone["de"], alone["zh-hans"], alone["fr"]) == ("Januar", "\u4e00\u6708", "janvier")


def test_what_is_no_language_is_english() -> None:
    book = Wordbook()
    assert book.in_language("eo") is ENGLISH
    assert book.in_language("../../etc/passwd") is ENGLISH


def test_a_language_without_a_text_says_it_in_english() -> None:
    words = Wordbook().in_language("de")
    assert (
        say(words, "Nobody ever translated this %(thing)s.", thing="text")
        == "Nobody ever translated this text."
    )
    assert words.plural("%(n)s unknown thing", "%(n)s unknown things", 2) == "%(n)s unknown things"
