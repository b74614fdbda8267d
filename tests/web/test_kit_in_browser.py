"""The kit in real Chromium under the strict policy of ordinary pages: accessibility rules, reflow, and each script module."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Browser, expect

from tests.support.accessibility import problems_of
from tests.support.browser import LaunchBrowser, PageWatch
from xenia.web.charts import Bar, funnel
from xenia.web.http import BASE_CSP
from xenia.web.pages import Pages
from xenia.web.static_files import StaticFiles

pytestmark = pytest.mark.browser

HOST = {
    "name": "Contoso",
    "help_contact": "it@contoso.example",
    "privacy_url": "https://contoso.example/privacy",
}
PORTAL = {
    "tenant": {"name": "Contoso", "url": "/style"},
    "administrator": {"name": "Nikos Pappas", "address": "nikos@contoso.example"},
    "sign_out_url": "/out",
    "form_token": "token",
    "menu": {"overview": "/style", "users": "/users", "collaboration_settings": "/collaboration"},
    "current": "users",
    "breadcrumbs": [{"label": "Contoso", "url": "/style"}, {"label": "Users", "url": None}],
    "api": {
        "method": "POST",
        "path": "/v1.0/invitations",
        "body": {"inviteRedirectUrl": "https://app.example"},
    },
    "now": datetime(2026, 5, 12, 14, 7, tzinfo=UTC),
    "chart": funnel(
        [Bar("Started", 5), Bar("Guest created", 2, "after 2 min")],
        name="funnel",
        title="Sign-ups",
        description="2 of 5 people who started became guests.",
    ),
}
CODE = """{% extends 'kit/guest.html' %}{% block title %}Enter code{% endblock %}
{% block lead %}to continue to <strong>{{ app_name }}</strong>{% endblock %}
{% block modules %}{{ ui.module('otp.js') }}{% endblock %}
{% block body %}{{ ui.who('maria.georgiou@long-department.fabrikam.example', '/code') }}
<form method="post" action="/echo">{{ ui.form_token('t') }}
{{ ui.field('code', 'Enter code', otp=true, help='We sent it by email.', error=ui.error_of(errors, 'code')) }}{{ ui.button('Sign in') }}</form>
{{ ui.resend('Resend code', '/echo', 't', seconds=3600) }}{% endblock %}"""
SCRIPTS = """{% extends 'kit/plain.html' %}{% block title %}Scripts{% endblock %}{% block body %}
<div data-live="/live" data-interval="20">first</div>
<form method="post" action="/echo" data-dirty>{{ ui.field('a', 'Word', value='x') }}
{{ ui.button('Preview', kind='secondary', formaction='/echo', formtarget='preview', formnovalidate=true, preview='frame') }}
{{ ui.button('Check', kind='secondary', formaction='/echo', preview='#region') }}<p data-dirty-count></p></form>
<iframe name="preview" title="Preview" class="preview-frame" sandbox></iframe><div id="region"></div>
{{ ui.link_button('Delete', '/confirm', dialog=true) }}
{{ ui.copy_value('Secret ID', 'abc-123', 'secret-id') }}{{ ui.copy_value('Value', 'shown-once', 'value', secret=true) }}{% endblock %}"""
CONFIRM = """{% extends 'kit/plain.html' %}{% block title %}Delete{% endblock %}{% block body %}
{{ ui.confirm('Delete Maria?', 'It can be restored.', '/echo', 'Delete guest', '/scripts', 't', danger=true, level=2) }}{% endblock %}"""


class Site:
    """A small application over the kit: fixed pages, an echo, and a fragment that ends after three turns."""

    def __init__(self, folder: Path) -> None:
        for name, source in {"code": CODE, "scripts": SCRIPTS, "confirm": CONFIRM}.items():
            (folder / f"{name}.html").write_text(source, "utf-8")
        self._static = StaticFiles()
        self._pages = Pages({"t": folder}, self._static)
        self.turns = 0

    def __call__(self, environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
        path, theme = str(environ["PATH_INFO"]), str(environ["QUERY_STRING"]) or "system"
        found = self._static.find(path)
        if found:
            start("200 OK", [("Content-Type", found.content_type)])
            return [found.body]
        csp = BASE_CSP.replace("frame-ancestors 'none'", "frame-ancestors 'self'; frame-src 'self'")
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", csp)])
        return [self._page(path, theme, environ).encode()]

    def _page(self, path: str, theme: str, environ: dict[str, object]) -> str:
        error = {
            "field": "code",
            "text": "That code does not match. Look for mail from codes@login.contoso.example.",
        }
        match path:
            case "/live":
                self.turns += 1
                return f"<p>turn {self.turns}</p>" + ("<i data-live-stop></i>" if self.turns >= 3 else "")
            case "/echo":
                sent = environ["wsgi.input"].read(int(str(environ["CONTENT_LENGTH"]))).decode()  # type: ignore[attr-defined]
                return f"<!doctype html><title>Echo</title><main><p>{dict(parse_qsl(sent))}</p></main>"
            case "/style":
                return self._pages.render("kit/styleguide.html", theme=theme, **PORTAL)
            case "/code" | "/refused":
                errors = [error] if path == "/refused" else []
                return self._pages.render(
                    "t/code.html", theme=theme, host=HOST, app_name="Orders", errors=errors
                )
            case "/form-post":
                fields = {"code": 'a"b', "state": "<1>"}
                return self._pages.render(
                    "kit/form_post.html", host=HOST, app_name="Orders", action="/echo", fields=fields
                )
            case _:
                nav = [
                    {"label": "Portal", "url": "/style"},
                    {"label": "Labs", "url": "/labs", "current": True},
                ]
                return self._pages.render(f"t{path}.html", theme=theme, nav=nav)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    with make_server("127.0.0.1", 0, Site(tmp_path), _Threaded, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def chromium(launch_browser: LaunchBrowser) -> Iterator[Browser]:
    with launch_browser() as browser:
        yield browser


def test_every_component_is_accessible_and_reflows(
    chromium: Browser, site: str, page_watch: PageWatch
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page_watch.follow(page)
        for path in ("style", "code", "refused", "scripts", "confirm"):
            page.goto(f"{site}/{path}")
            problems = list(problems_of(page))
            assert not problems, f"{path}:\n" + "\n".join(problems)


def test_the_refusal_takes_the_focus(chromium: Browser, site: str) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{site}/refused")
        expect(page.get_by_role("alert")).to_be_focused()
        page.get_by_role("alert").get_by_role("link").click()
        expect(page.get_by_label("Enter code")).to_be_focused()


def test_codes_lose_blanks_and_resending_waits(chromium: Browser, site: str, page_watch: PageWatch) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page_watch.follow(page)
        page.goto(f"{site}/code")
        page.get_by_label("Enter code").press_sequentially("4827 19-30")
        expect(page.get_by_label("Enter code")).to_have_value("48271930")
        expect(page.get_by_role("button", name="Resend code")).to_have_attribute("aria-disabled", "true")


def test_regions_refresh_and_previews_follow_the_typing(
    chromium: Browser, site: str, page_watch: PageWatch
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page_watch.follow(page)
        page.goto(f"{site}/scripts")
        expect(page.get_by_text("turn 3")).to_be_visible()
        entries = page.evaluate("history.length")
        page.get_by_label("Word").fill("hello")
        expect(page.locator("#region")).to_contain_text("hello")
        expect(page.frame_locator("iframe").locator("p")).to_contain_text("hello")
        expect(page.get_by_text("Unsaved changes: 1")).to_be_visible()
        assert page.evaluate("history.length") == entries


def test_values_are_copied_and_secrets_masked(chromium: Browser, site: str, page_watch: PageWatch) -> None:
    with chromium.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page_watch.follow(page)
        page.goto(f"{site}/scripts")
        page.get_by_role("button", name="Copy Secret ID").click()
        expect(page.get_by_role("status").filter(has_text="Copied: Secret ID")).to_have_count(1)
        assert page.evaluate("navigator.clipboard.readText()") == "abc-123"
        value = page.get_by_label("Value", exact=True)
        expect(value).to_have_css("-webkit-text-security", "disc")
        page.get_by_role("button", name="Show").click()
        expect(value).to_have_css("-webkit-text-security", "none")


def test_a_question_opens_in_a_dialog_and_gives_the_focus_back(
    chromium: Browser, site: str, page_watch: PageWatch
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page_watch.follow(page)
        page.goto(f"{site}/scripts")
        page.get_by_role("link", name="Delete").click()
        expect(page.get_by_role("dialog", name="Delete Maria?")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Delete")).to_be_focused()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_theme_is_remembered_for_the_server(chromium: Browser, site: str) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{site}/scripts")
        page.get_by_label("Theme").select_option("dark")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert [(one["name"], one["value"]) for one in context.cookies()] == [("xenia_theme", "dark")]


@pytest.mark.parametrize("scripts", [True, False])
def test_an_answer_posts_itself_or_by_continue(chromium: Browser, site: str, *, scripts: bool) -> None:
    with chromium.new_context(java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"{site}/form-post")
        if not scripts:
            page.get_by_role("button", name="Continue").click()
        expect(page).to_have_title("Echo")
        expect(page.get_by_role("main")).to_contain_text('a"b')


def test_without_scripts_the_question_is_a_page_and_secrets_are_readable(
    chromium: Browser, site: str
) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}/scripts")
        expect(page.get_by_label("Value", exact=True)).to_have_css("-webkit-text-security", "none")
        expect(page.get_by_role("button", name="Copy Secret ID")).to_have_count(0)
        page.get_by_role("link", name="Delete").click()
        expect(page.get_by_role("button", name="Delete guest")).to_be_visible()
