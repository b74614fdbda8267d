"""Static files: addresses that name their contents, nothing but the prepared files behind them, and the size budgets."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from xenia.web.static_files import KIT_FOLDER, StaticFiles

KIB = 1024
TOOLS = ("tester", "token", "jwt", "claims", "totp", "authenticator")
"""Scripts of the workshop's own pages: never loaded by a sign-in page or by the portal."""


@pytest.fixture(scope="module")
def kit() -> StaticFiles:
    return StaticFiles()


def _folder(root: Path, **files: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text, "utf-8")
    return root


def test_every_address_leads_to_its_bytes(kit: StaticFiles) -> None:
    for name in kit.names():
        found = kit.find(kit.url(name))
        assert found is not None
        assert found.body == (KIT_FOLDER / name).read_bytes()
        assert gzip.decompress(found.gzipped) == found.body


def test_media_types_are_exact(kit: StaticFiles) -> None:
    types = {name: kit.find(kit.url(name)) for name in ("xenia.css", "js/page.js", "favicon.svg")}
    assert [found.content_type for found in types.values() if found] == [
        "text/css; charset=utf-8",
        "text/javascript; charset=utf-8",
        "image/svg+xml",
    ]


def test_another_content_has_another_address(tmp_path: Path) -> None:
    before = StaticFiles(_folder(tmp_path / "a", x_css="a{}")).url("x.css")
    same = StaticFiles(_folder(tmp_path / "b", x_css="a{}")).url("x.css")
    after = StaticFiles(_folder(tmp_path / "c", x_css="b{}")).url("x.css")
    assert before == same
    assert before != after


def test_moving_bytes_between_files_changes_the_address(tmp_path: Path) -> None:
    one = StaticFiles(_folder(tmp_path / "a", x_css="ab", y_css="c")).directory
    other = StaticFiles(_folder(tmp_path / "b", x_css="a", y_css="bc")).directory
    assert one != other


@pytest.mark.parametrize(
    "rest",
    [
        "../pages.py",
        "js/../../pages.py",
        "%2e%2e/pages.py",
        "",
        "js",
        "js/",
        "/etc/passwd",
        "xenia.css/",
        "XENIA.CSS",
        "\0",
    ],
)
def test_no_path_leads_outside(kit: StaticFiles, rest: str) -> None:
    assert kit.find(f"/static/{kit.directory}/{rest}") is None


def test_an_old_directory_is_gone(kit: StaticFiles) -> None:
    assert kit.find("/static/0000000000000000/xenia.css") is None
    assert kit.find("xenia.css") is None


def test_a_name_that_does_not_exist_fails_at_once(kit: StaticFiles) -> None:
    with pytest.raises(KeyError):
        kit.url("js/missing.js")


def test_a_missing_folder_and_an_unknown_type_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StaticFiles(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"page\.exe"):
        StaticFiles(_folder(tmp_path / "odd", page_exe="x"))


def test_the_stylesheet_and_the_scripts_keep_their_budgets(kit: StaticFiles) -> None:
    sizes = {name: found for name in kit.names() if (found := kit.find(kit.url(name)))}
    scripts = {name: found for name, found in sizes.items() if name.endswith(".js")}
    assert len(sizes["xenia.css"].gzipped) <= 12 * KIB
    tools = {name for name in scripts if name.removeprefix("js/").startswith(TOOLS)}
    assert sum(len(found.gzipped) for name, found in scripts.items() if name not in tools) <= 10 * KIB
    assert sum(len(scripts[name].gzipped) for name in tools) <= 10 * KIB
    assert {name for name, found in scripts.items() if len(found.body) >= 3 * KIB} == set()


def test_every_module_the_loader_names_exists(kit: StaticFiles) -> None:
    loader = (KIT_FOLDER / "js" / "page.js").read_text("utf-8")
    named = set(re.findall(r"'\./([\w.]+)'", loader))
    assert named
    assert {f"js/{name}" for name in named} <= set(kit.names())


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_evaluated(kit: StaticFiles) -> None:
    for name in kit.names():
        text = (KIT_FOLDER / name).read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(
            r"https?://|url\(|@import|\beval\b|new Function|innerHTML|insertAdjacentHTML", text
        ), name


def test_the_icon_can_be_part_of_a_page(kit: StaticFiles) -> None:
    found = kit.data_url("favicon.svg")
    assert found.startswith("data:image/svg+xml,%3Csvg ")
    assert not set(found) & set("\"<>#&'")
    with pytest.raises(KeyError):
        kit.data_url("none.svg")
