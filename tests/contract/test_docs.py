"""The documentation tells the truth: tests it names exist, links lead somewhere, commands and options are real."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from scripts.write_reference import PAGES
from tests.support.platform import platform
from xenia.cli.commands import xenia
from xenia.seed import apply_seed, read_seed

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LARGEST_IMAGE = 150_000
TEST = re.compile(r"`(tests/[\w./-]+?\.py)(?:::(\w+(?:::\w+)?))?`")
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def _pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _headings(path: Path) -> set[str]:
    """Anchors of a page, as forges make them from headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@cache
def _tests_of(file: str) -> frozenset[str]:
    """As pytest takes them: a test of a class by both names."""
    found: set[str] = set()
    for node in ast.parse((ROOT / file).read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            methods = (each.name for each in node.body if isinstance(each, ast.FunctionDef))
            found |= {node.name, *(f"{node.name}::{name}" for name in methods)}
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return frozenset(found)


@pytest.mark.parametrize("page", _pages(), ids=_name)
def test_every_named_test_exists(page: Path) -> None:
    missing = [
        f"{file}::{test}" if test else file
        for file, test in TEST.findall(page.read_text("utf-8"))
        if not (ROOT / file).is_file() or (test and test not in _tests_of(file))
    ]
    assert missing == []


@pytest.mark.parametrize("page", _pages(), ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _headings(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_contents() -> None:
    contents = DOCS / "README.md"
    linked = {
        (contents.parent / target.partition("#")[0]).resolve()
        for target in LINK.findall(contents.read_text())
    }
    unlisted = {page for page in DOCS.rglob("*.md") if page.parent.name != "adr"} - linked - {contents}
    assert {_name(page) for page in unlisted} == set()


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_fresh(name: str) -> None:
    written = (DOCS / "reference" / name).read_text("utf-8")
    assert written == PAGES[name](), "run scripts/write_reference.py"


def _rows(page: Path) -> Iterator[tuple[str, str]]:
    """(first cell, last cell) of every table row that is not a heading."""
    lines = page.read_text("utf-8").splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("| ") and not following.startswith("|---"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            yield cells[0].strip("| "), cells[-1].strip("| ")


def test_every_threat_names_its_test() -> None:
    page = DOCS / "explanation" / "threat-model.md"
    threats = page.read_text("utf-8").partition("## Threats")[2].partition("## What is not defended")[0]
    rows = [row for row in _rows(page) if row[0] in threats]
    assert len(rows) >= 40
    assert [threat for threat, tests in rows if not TEST.search(tests)] == []


def test_everything_said_to_work_names_its_witness() -> None:
    page = DOCS / "what-works.md"
    rows = list(_rows(page))
    assert len(rows) >= 40
    assert [claim for claim, witness in rows if not TEST.search(witness)] == []


def _command_lines() -> Iterator[tuple[str, str]]:
    """Every call of `xenia` and `make` in the documentation, with its page."""
    for page in _pages():
        text = page.read_text("utf-8")
        spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", text))
        blocks = re.findall(r"^ *```(?:sh|console)?\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
        indented = re.findall(r"^    (.+)$", text, re.MULTILINE)
        joined = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
        for line in (*spans, *joined, *indented):
            found = re.search(r"(?:^|[\s/(\"])((?:xenia|make) [a-z].*)$", line.partition("  #")[0].strip())
            if found is not None:
                yield _name(page), found.group(1).rstrip(')"')


def _unknown_part(line: str) -> str | None:
    """What click or make would not understand in this line, or None."""
    words = re.split(r"\s(?:\||&&|;|>|#)|…", line)[0].split()
    if words[0] == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
        return next((word for word in words[1:2] if word not in targets), None)
    command: click.Command = xenia
    context = click.Context(xenia)
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return rest[0]
        command, rest = found, rest[1:]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    known = options | {"--help", "--version"}
    return next(
        (word for word in rest if word.startswith("--") and word.partition("=")[0] not in known), None
    )


def test_every_command_of_the_documentation_exists() -> None:
    lines = list(_command_lines())
    assert len(lines) >= 30
    assert [(page, line) for page, line in lines if _unknown_part(line) is not None] == []


def test_images_are_small_and_described() -> None:
    assert {
        _name(image) for image in (DOCS / "images").iterdir() if image.stat().st_size >= LARGEST_IMAGE
    } == set()
    for page in _pages():
        for description, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8")):
            assert description, target


def _seeds() -> list[tuple[str, str]]:
    found = []
    for page in _pages():
        for block in re.findall(
            r"^ *```toml\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            found += [(_name(page), textwrap.dedent(block))] if "[[tenant]]" in block else []
    return found


@pytest.mark.parametrize(("page", "seed"), _seeds(), ids=[page for page, _ in _seeds()])
def test_documented_seeds_can_be_applied(page: str, seed: str, tmp_path: Path) -> None:
    del page
    file = tmp_path / "seed.toml"
    # The server of these tests has a Contoso already.
    file.write_text(seed.replace('short_name = "contoso"', 'short_name = "other"'), "utf-8")
    with platform(tmp_path) as server:
        applied = apply_seed(server.ports, read_seed(file))
        assert applied.tenants
        assert [tenant.tenant.id for tenant in apply_seed(server.ports, read_seed(file)).tenants] == [
            tenant.tenant.id for tenant in applied.tenants
        ]
