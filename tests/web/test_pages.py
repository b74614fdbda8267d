"""Page rendering: escaping, missing names, filters, fragments, and what every layout and component must put on a page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from xenia.web.pages import Pages, theme_of
from xenia.web.static_files import StaticFiles

NOW = datetime(2026, 5, 12, 14, 7, tzinfo=UTC)
HOST = {
    "name": "Contoso",
    "help_contact": "it@contoso.example",
    "privacy_url": "https://contoso.example/privacy",
}
PORTAL: dict[str, object] = {
    "tenant": {"name": "Contoso", "url": "/admin/contoso"},
    "administrator": {"name": "Nikos Pappas", "address": "nikos@contoso.example"},
    "sign_out_url": "/admin/signout",
    "form_token": "v1.token",
    "menu": {"users": "/admin/contoso/users", "collaboration_settings": "/admin/contoso/collaboration"},
    "current": "collaboration_settings",
    "breadcrumbs": [{"label": "Contoso", "url": "/admin/contoso"}, {"label": "Users", "url": None}],
    "api": {"method": "GET", "path": "/v1.0/users", "body": None},
}


class Seen(HTMLParser):
    """The elements of a page in order, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> list[str]:
        """All ids, repeated ones twice."""
        return [attributes["id"] or "" for _, attributes in self.elements if "id" in attributes]


class Desk:
    """One environment for the whole module; each source gets a name of its own, because compiled templates stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.pages = Pages({"t": folder}, StaticFiles())

    def write(self, source: str) -> str:
        """Store a template; the answer is the name to render it by."""
        self._count += 1
        name = f"page-{self._count}.html"
        (self._folder / name).write_text(source, "utf-8")
        return f"t/{name}"

    def render(self, source: str, **model: object) -> str:
        """Store and render a template."""
        return self.pages.render(self.write(source), **model)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="module")
def pages(desk: Desk) -> Pages:
    return desk.pages


def _guest(body: str = "") -> str:
    return (
        "{% extends 'kit/guest.html' %}{% block title %}Enter code{% endblock %}{% block body %}"
        + body
        + "{% endblock %}"
    )


def test_values_are_escaped(desk: Desk) -> None:
    page = desk.render(
        '<p title="{{ v }}">{{ v }}</p>{{ ui.field("n", v, value=v) }}', v='"><script>x</script>'
    )
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 4


def test_a_missing_name_is_an_error(desk: Desk) -> None:
    with pytest.raises(UndefinedError):
        desk.render("{{ absent }}")


@pytest.mark.parametrize("name", ["elsewhere/page.html", "page.html", "t/../page.html", "kit/../pages.py"])
def test_templates_outside_the_named_folders_are_not_found(pages: Pages, name: str) -> None:
    with pytest.raises(TemplateNotFound):
        pages.render(name)


def test_times_are_shown_in_utc(desk: Desk) -> None:
    athens = NOW.astimezone(timezone(timedelta(hours=3)))
    page = desk.render("{{ at|datetime }}", at=athens)
    assert page == '<time datetime="2026-05-12T14:07:00Z">12 May 2026, 14:07 UTC</time>'


def test_a_time_without_zone_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="aware"):
        desk.render("{{ at|datetime }}", at=NOW.replace(tzinfo=None))


def test_codes_are_grouped_and_escaped(desk: Desk) -> None:
    assert desk.render("{{ '48271930'|group4 }} {{ '<b>1234'|group4 }}") == "4827 1930 &lt;b&gt;1 234"


def test_a_json_block_cannot_end_its_element(desk: Desk) -> None:
    value = {"a": "</script><!--", "b": "x&y", "c": "\u2028\u2029"}
    page = desk.render('<script type="application/json">{{ v|json_block }}</script>', v=value)
    inner = page.removeprefix('<script type="application/json">').removesuffix("</script>")
    assert not set("<>&\u2028\u2029") & set(inner)
    assert json.loads(inner) == value


def test_a_fragment_equals_its_part_of_the_page(desk: Desk) -> None:
    parts = desk.write("{% macro word(x) %}<b>{{ x }}</b>{% endmacro %}")
    source = _guest("{% block list %}{{ parts.word(n) }}{{ note }}{{ ui.badge('ok', n) }}{% endblock %}")
    top = f"{{% import '{parts}' as parts %}}{{% set note = '<' %}}"
    name = desk.write(source.replace("{% block title", top + "{% block title", 1))
    part = desk.pages.render_block(name, "list", host=HOST, n="7")
    assert part.startswith("<b>7</b>&lt;<span")
    assert part in desk.pages.render(name, host=HOST, n="7")


def test_a_fragment_may_belong_to_the_layout(desk: Desk) -> None:
    assert "it@contoso.example" in desk.pages.render_block(desk.write(_guest()), "footer", host=HOST)


def test_an_unknown_fragment_is_refused(desk: Desk) -> None:
    with pytest.raises(KeyError, match="nothing"):
        desk.pages.render_block(desk.write(_guest()), "nothing", host=HOST)


@pytest.mark.parametrize(
    ("cookie", "theme"), [(None, "system"), ("dark", "dark"), ("light", "light"), ('"><x', "system")]
)
def test_the_theme_cookie_is_a_closed_choice(cookie: str | None, theme: str) -> None:
    assert theme_of(cookie) == theme


def _pages_of_every_layout(desk: Desk, **more: object) -> list[str]:
    plain = "{% extends 'kit/plain.html' %}{% block title %}Mailbox{% endblock %}"
    return [
        desk.render(_guest(), host=HOST, app_name="Orders", **more),
        desk.render(plain, nav=[], **more),
        desk.pages.render("kit/styleguide.html", now=NOW, **PORTAL, **more),
    ]


def test_every_layout_has_its_landmarks(desk: Desk) -> None:
    for page in _pages_of_every_layout(desk, theme="dark"):
        seen = Seen(page)
        html = seen.all("html")[0]
        assert (html["lang"], html["dir"], html["data-theme"]) == ("en", "ltr", "dark")
        assert [len(seen.all(tag)) for tag in ("h1", "main", "title")] == [1, 1, 1]
        assert seen.all("header")
        assert seen.all("a")[0] == {"class": "skip", "href": "#main"}
        assert seen.all("main")[0]["id"] == "main"


def test_no_page_needs_inline_code(desk: Desk) -> None:
    for page in _pages_of_every_layout(desk):
        for tag, attributes in Seen(page).elements:
            assert "style" not in attributes, tag
            assert not [name for name in attributes if name.startswith("on")], tag
            assert tag != "style"
            assert tag != "script" or attributes.get("src")


def test_no_id_is_used_twice(desk: Desk) -> None:
    for page in _pages_of_every_layout(desk):
        ids = Seen(page).ids()
        assert sorted(set(ids)) == sorted(ids)


def test_the_title_names_step_app_and_host(desk: Desk) -> None:
    assert "<title>Enter code - Orders - Contoso</title>" in desk.render(
        _guest(), host=HOST, app_name="Orders"
    )


def test_errors_are_summed_up_with_links_and_focus(desk: Desk) -> None:
    body = "{{ ui.field('code', 'Enter code', otp=true, help='From your mail.', error=ui.error_of(errors, 'code')) }}"
    errors = [{"field": "code", "text": "That code does not match."}, {"field": None, "text": "Elsewhere."}]
    page = desk.render(_guest(body), host=HOST, errors=errors)
    seen = Seen(page)
    assert "<title>Error: Enter code" in page
    summary = next(attributes for attributes in seen.all("div") if attributes.get("role") == "alert")
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    assert {"href": "#field-code"} in seen.all("a")
    field = next(attributes for attributes in seen.all("input") if attributes.get("name") == "code")
    assert field["aria-describedby"] == "field-code-help field-code-error"
    assert field["aria-invalid"] == "true"
    assert field["autocomplete"] == "one-time-code"


def test_a_field_without_error_is_not_marked(desk: Desk) -> None:
    page = desk.render("{{ ui.field('mail', 'Email', error=ui.error_of([], 'mail'), required=false) }}")
    assert "aria-invalid" not in page
    assert "(optional)" in page


def test_a_one_button_form_posts_its_token(desk: Desk) -> None:
    page = desk.render("{{ ui.button_form('Resend', '/x', 'v1.t', {'id': '7', 'none': none}) }}")
    seen = Seen(page)
    assert seen.all("form")[0]["method"] == "post"
    sent = {one["name"]: one["value"] for one in seen.all("input")}
    assert sent == {"form_token": "v1.t", "id": "7"}


def test_a_table_tells_its_order_and_names_its_cells(desk: Desk) -> None:
    columns = [{"label": "Name", "sort_url": "?sort=-name", "sort": "ascending"}, {"label": "State"}]
    source = (
        "{% call(row) ui.table('Users', columns, rows, select='id') %}"
        "{{ ui.td('Name', row.name) }}{{ ui.td('State', none) }}{% endcall %}"
    )
    seen = Seen(desk.render(source, columns=columns, rows=[{"id": "1", "name": "Maria"}]))
    assert [head.get("aria-sort") for head in seen.all("th")] == [None, "ascending", None]
    assert [cell.get("data-label") for cell in seen.all("td")] == [None, "Name", "State"]
    assert seen.all("input")[1]["aria-label"] == "Select Maria"


def test_the_menu_shows_only_what_exists_and_opens_where_one_is(pages: Pages) -> None:
    menu = (
        pages.render("kit/styleguide.html", now=NOW, **PORTAL)
        .partition('id="menu"')[2]
        .partition("</nav>")[0]
    )
    assert re.findall(r">([^<>\n]+)</(?:a|summary|h2)>", menu) == [
        "Identity",
        "Users",
        "External Identities",
        "External collaboration settings",
    ]
    assert "<details open>" in menu
    assert menu.count('aria-current="page"') == 1


def test_a_page_without_api_call_shows_none(pages: Pages) -> None:
    assert "API call for this" in pages.render("kit/styleguide.html", now=NOW, **PORTAL)
    assert "API call for this" not in pages.render("kit/styleguide.html", now=NOW, **{**PORTAL, "api": None})


def test_a_posted_answer_survives_odd_characters(pages: Pages) -> None:
    fields = {"state": "a\"b'<&>\n", "code": "0.x"}
    page = pages.render(
        "kit/form_post.html",
        host=HOST,
        app_name="Orders",
        action="https://app.example/cb?a=1&b=2",
        fields=fields,
    )
    seen = Seen(page)
    form = seen.all("form")[0]
    assert (form["id"], form["action"]) == ("autosubmit", "https://app.example/cb?a=1&b=2")
    assert {one["name"]: one["value"] for one in seen.all("input")} == fields
