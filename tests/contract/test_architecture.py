"""The rules of the house that a machine can check: size, names, layers, promises left open, lock files."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "xenia"
MIGRATIONS = SOURCE / "storage" / "migrations"

MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 60
# Words that name a drawer instead of a thing; whatever is put there has a noun of its own.
DRAWERS = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
OPEN_PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b")


def _modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_module_outgrows_a_reader() -> None:
    lengths = {
        _name(path): len(path.read_text("utf-8").splitlines())
        for path in _modules()
        if not path.is_relative_to(MIGRATIONS)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_outgrows_a_screen() -> None:
    too_long = {
        f"{_name(path)}:{function.lineno} {function.name}": lines
        for path in _modules()
        if not path.is_relative_to(MIGRATIONS)
        for function in _functions(path)
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1)
        > MOST_LINES_OF_A_FUNCTION
    }
    assert too_long == {}


def test_every_module_says_what_it_owns() -> None:
    silent = [_name(path) for path in _modules() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []


def test_no_module_is_a_drawer() -> None:
    drawers = [
        _name(path)
        for path in _modules()
        for part in path.relative_to(SOURCE).with_suffix("").parts
        if part.strip("_") in DRAWERS
    ]
    assert drawers == []


def test_no_promise_is_left_open() -> None:
    promises = [
        f"{_name(path)}:{number}"
        for path in _modules()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if OPEN_PROMISE.search(line)
    ]
    assert promises == []


def _check_contracts(directory: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of a checkout, against the sources beside them."""
    check = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    command = [sys.executable, "-c", check]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def test_imports_point_the_agreed_way() -> None:
    checked = _check_contracts(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


PLANTED = {
    "oidc/planted.py": "import xenia.storage, xenia.catalog, sqlalchemy, time, jinja2, werkzeug, argon2, click",
    "ui/signin/planted.py": "import xenia.ui.portal",
    "web/planted.py": "import xenia.usecases",
    "storage/planted.py": "import xenia.usecases",
    "core/planted.py": "import os",
    "usecases/planted.py": "import msgspec",
}


def test_each_import_contract_has_teeth(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".importlinter", tmp_path)
    shutil.copytree(SOURCE, tmp_path / "src" / "xenia", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in PLANTED.items():
        (tmp_path / "src" / "xenia" / name).write_text(text, "utf-8")
    checked = _check_contracts(tmp_path)
    assert re.search(r"Contracts: 0 kept, \d+ broken", checked.stdout), checked.stdout + checked.stderr


@pytest.mark.parametrize("name", ["run", "test"])
def test_requirements_are_pinned_hashed_and_name_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    lines = [line for line in text.splitlines() if line.strip()]
    pins = [line for line in lines if not line.startswith(" ")]
    assert [pin for pin in pins if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==[^ ]+( ; .*)? \\$", pin)] == []
    hashes = [line for line in lines if line.startswith(" ")]
    assert [line for line in hashes if not re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line)] == []
    assert re.search(r"\\\n[a-z0-9]", text) is None, "a requirement without any hash"


def test_what_runs_is_what_is_tested() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        return {line.split(" ")[0] for line in text.splitlines() if line and not line.startswith(" ")}

    assert pins("run") - pins("test") == set()


def test_npm_locks_name_no_host() -> None:
    packages = [
        path.parent for place in ("bench", "tests/clients") for path in ROOT.glob(f"{place}/package.json")
    ]
    locks = [directory / "package-lock.json" for directory in packages]
    assert locks
    assert [_name(path) for path in locks if "://" in path.read_text("utf-8")] == []
