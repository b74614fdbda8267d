"""The wheel is the whole program: built with the locked tools alone, it starts where no checkout is."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support import running

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
KINDS = ("html", "css", "js", "svg", "toml", "sql", "py")
"""Templates, style, scripts, marks, the built-in seed, migrations, code."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout as ``make dist`` builds it, without any index."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(target), str(ROOT)]
    built = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **OFFLINE}
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(target.glob("xenia-*.whl"))


def test_every_file_of_the_package_travels(wheel: Path) -> None:
    here = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "xenia").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert here == inside
    assert {kind for kind in KINDS if not any(name.endswith(f".{kind}") for name in inside)} == set()


def test_the_command_is_declared(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    entry = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert b"xenia = xenia.cli:main" in archive.read(entry)


def test_it_starts_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    python = _installed(wheel, tmp_path / "venv")
    where = subprocess.run(
        [python, "-c", "import xenia; print(xenia.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path / "venv")
    ready_file = tmp_path / "ready.json"
    command = [
        str(python),
        "-m",
        "xenia",
        "up",
        "--ephemeral",
        "--port",
        "0",
        "--ready-file",
        str(ready_file),
    ]
    server = running._start(command, ready_file, None)
    try:
        for part in ("portal", "tester", "mailbox", "labs", "base_url"):
            status, page = server.call("GET", server.ready[part])
            assert (status, "<html" in page) == (200, True)
        assert server.call("GET", "/v1.0/$metadata")[0] == 200
        assert server.stop() == 0
    finally:
        server.process.kill()
        server.process.wait(timeout=30)
        assert server.process.stdout is not None
        server.process.stdout.close()


def _installed(wheel: Path, place: Path) -> Path:
    """A new environment with the wheel, and the locked dependencies of this one (but not its checkout)."""
    venv.create(place, with_pip=False)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    base = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=base))
    # Paths named by a .pth file are searched, but the .pth files inside them, such as the checkout's, are not read.
    (packages / "locked.pth").write_text(sysconfig.get_path("purelib"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(packages),
        str(wheel),
    ]
    subprocess.run(command, check=True, env={**os.environ, **OFFLINE})
    return python
