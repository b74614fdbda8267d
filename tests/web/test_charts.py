"""Charts: what is drawn equals the numbers, whatever the numbers and words are, and nothing in it runs."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xenia.web.charts import WIDTH, Bar, funnel, grouped, share
from xenia.web.pages import Pages
from xenia.web.static_files import StaticFiles

SVG = "{http://www.w3.org/2000/svg}"
STATIONS = (Bar("Started", 40), Bar("Mail verified", 31, "after 2 min"), Bar("Guest created", 10))


def draw(*bars: Bar, title: str = "Sign-ups", description: str = "10 of 40 people became guests.") -> str:
    return str(funnel(bars, name="funnel", title=title, description=description))


def parsed(picture: str) -> ET.Element:
    # In an HTML page the namespace goes without saying; an XML parser wants to hear it.
    return ET.fromstring(picture.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def lengths(picture: str, kind: str) -> list[float]:
    drawn = parsed(picture).iter(f"{SVG}rect")
    return [float(bar.get("width", "")) for bar in drawn if kind in (bar.get("class") or "").split()]


def words(picture: str) -> list[str]:
    return [text.text or "" for text in parsed(picture).iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_numbers_and_what_was_lost_fills_the_rest() -> None:
    picture = draw(*STATIONS)
    assert lengths(picture, "chart-bar") == [WIDTH, WIDTH * 31 / 40, WIDTH / 4]
    assert lengths(picture, "chart-lost") == [0, WIDTH * 9 / 40, WIDTH * 21 / 40]
    assert lengths(picture, "chart-track") == [WIDTH] * 3


def test_every_bar_is_labelled_with_its_number_and_its_share() -> None:
    assert words(draw(*STATIONS)) == [
        "Started",
        "40 \u00b7 100 %",
        "Mail verified",
        "31 \u00b7 78 %",
        "after 2 min",
        "Guest created",
        "10 \u00b7 25 %",
    ]


def test_the_picture_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    root = parsed(draw(*STATIONS))
    assert root.get("role") == "img"
    told = {part.get("id"): part.text for part in root if part.tag in (f"{SVG}title", f"{SVG}desc")}
    assert [told[key] for key in (root.get("aria-labelledby") or "").split()] == [
        "Sign-ups",
        "10 of 40 people became guests.",
    ]


def test_nobody_at_all_is_drawn_as_nothing() -> None:
    picture = draw(Bar("Started", 0), Bar("Guest created", 0))
    assert set(lengths(picture, "chart-bar")) == set(lengths(picture, "chart-lost")) == {0}
    assert "0 \u00b7 0 %" in words(picture)
    assert parsed(draw()).findall(f"{SVG}g") == []


def test_one_person_and_huge_numbers() -> None:
    assert lengths(draw(Bar("Started", 1), Bar("Guest created", 1)), "chart-bar") == [WIDTH, WIDTH]
    huge = 10**30
    picture = draw(Bar("Started", huge), Bar("Guest created", huge // 4), Bar("Paid", 3))
    assert lengths(picture, "chart-bar") == [WIDTH, WIDTH / 4, 0]
    assert "3 \u00b7 < 1 %" in words(picture)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        draw(Bar("Started", -1))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=8), st.text(max_size=40))
@example([5, 9], "</title><script>alert(1)</script>")
@example([1], "\"' onload='x")
def test_any_words_and_numbers_make_a_sound_picture(counts: list[int], text: str) -> None:
    text = "".join(letter for letter in text if letter.isprintable())
    picture = draw(*(Bar(text, count, text) for count in counts), title=text, description=text)
    root = parsed(picture)
    assert {part.tag.removeprefix(SVG) for part in root.iter()} <= {
        *("svg", "title", "desc", "defs", "pattern", "line", "g", "text", "rect")
    }
    assert not any(name == "style" or name.startswith("on") for part in root.iter() for name in part.attrib)
    longest = max(counts)
    for count, drawn in zip(counts, lengths(picture, "chart-bar"), strict=True):
        assert drawn == pytest.approx(WIDTH * count / longest if longest else 0, abs=0.001)
    for bar, lost in zip(lengths(picture, "chart-bar"), lengths(picture, "chart-lost"), strict=True):
        assert 0 <= bar + lost <= WIDTH + 0.002


def test_two_pictures_on_a_page_share_no_id() -> None:
    ids = [
        set(re.findall(r'id="([^"]+)"', str(funnel(STATIONS, name=name, title="", description=""))))
        for name in "ab"
    ]
    assert len(ids[0]) == 3
    assert not ids[0] & ids[1]


def test_a_funnel_of_six_stations_is_small() -> None:
    stations = [
        Bar("Connector passed", 10**6 - number, "after 12 min 4 s, half of them") for number in range(6)
    ]
    assert len(draw(*stations)) <= 6000


@pytest.mark.parametrize(
    ("count", "of", "words"),
    [
        (0, 0, "0 %"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 3, "33 %"),
        (1, 1000, "< 1 %"),
        (999, 1000, "> 99 %"),
    ],
)
def test_shares_never_claim_all_or_nothing(count: int, of: int, words: str) -> None:
    assert share(count, of) == words


def test_long_numbers_are_grouped() -> None:
    assert [grouped(number) for number in (7, 1234, 1234567)] == ["7", "1\u202f234", "1\u202f234\u202f567"]


def test_the_component_has_the_sentence_first_and_the_numbers_below(tmp_path) -> None:
    (tmp_path / "page.html").write_text(
        "{{ ui.chart(picture, 'Nobody <yet>.', ['Station', 'People'], [['Started', 0]], 'By station', '/x.csv?a=1&b=2') }}"
    )
    picture = funnel(STATIONS, name="f", title="Sign-ups", description="")
    page = Pages({"t": tmp_path}, StaticFiles()).render("t/page.html", picture=picture)
    assert page.index("Nobody &lt;yet&gt;.") < page.index(str(picture)) < page.index("<table")
    assert '<th role="rowheader" scope="row">Started</th>' in page
    assert '<td role="cell" data-label="People">0</td>' in page
    assert 'href="/x.csv?a=1&amp;b=2" download' in page
