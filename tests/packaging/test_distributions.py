"""Wheel, sdist and editable install hold the same package, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path
from typing import Any, NamedTuple, Optional
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.build

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".*", "build", "dist", "*.egg-info", "__pycache__", "benchmarks"
)
PROBE = """
import importlib, sys
import django.conf
django.conf.settings.configure()  # django-ninja reads them when it is imported
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    print(name, *sorted(name for name in vars(module) if not name.startswith("__")))
import torii_backend
print(torii_backend.__version__)
"""


class Distributions(NamedTuple):
    """What was built, and from what."""

    tree: Path
    sdist: Path
    wheel: Path
    wheel_from_sdist: Path


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Build everything from a clean copy of the checkout."""
    tree = tmp_path_factory.mktemp("copy") / "tree"
    shutil.copytree(root, tree, symlinks=True, ignore=NOT_COPIED)
    out = tmp_path_factory.mktemp("out")
    sdist = _build("--sdist", tree, out)
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        if sys.version_info >= (3, 12):
            archive.extractall(unpacked, filter="data")
        else:
            archive.extractall(unpacked)  # noqa: S202 - we have just made it
    return Distributions(
        tree,
        sdist,
        _build("--wheel", tree, out),
        _build("--wheel", unpacked / sdist.name[: -len(".tar.gz")], out / "from_sdist"),
    )


def _build(kind: str, tree: Path, out: Path) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", out, tree]
    before = set(out.glob("*"))
    _run(command)
    (made,) = set(out.glob("*")) - before
    return made


def _run(command: list[Any], cwd: Optional[Path] = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _wheel_files(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def _sources(pyproject: dict[str, Any], tree: Path) -> dict[str, Path]:
    """Map what should be installed to its source."""
    setuptools = pyproject["tool"]["setuptools"]
    folders, data = setuptools["package-dir"], setuptools["package-data"]
    sources = {
        f"{package.replace('.', '/')}/{file.name}": file
        for package, folder in folders.items()
        for pattern in ("*.py", *data.get(package, []))
        for file in (tree / folder).glob(pattern)
    }
    assert "torii_backend/emulator/console/index.html" in sources
    return sources


def test_the_wheel_holds_the_package_and_nothing_else(
    built: Distributions, pyproject: dict[str, Any]
) -> None:
    sources = _sources(pyproject, built.tree)
    assert _wheel_files(built.wheel) == sources.keys()
    with ZipFile(built.wheel) as archive:
        for name, source in sources.items():
            assert archive.read(name) == source.read_bytes()


def test_the_wheel_fits_every_python_3(built: Distributions) -> None:
    assert built.wheel.name.endswith("-py3-none-any.whl")


def test_the_sdist_makes_the_same_wheel(built: Distributions) -> None:
    assert _wheel_files(built.wheel_from_sdist) == _wheel_files(built.wheel)


def test_the_sdist_holds_what_a_packager_needs(built: Distributions) -> None:
    with tarfile.open(built.sdist) as archive:
        members = archive.getmembers()
    files = {member.name.partition("/")[2] for member in members if member.isfile()}
    needed = [
        *("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "tox.ini"),
        *("adapters/__init__.py", "torii_backend/py.typed"),
        *_files(built.tree, "tests", "*"),
        *_files(built.tree, "examples", "*.py"),
    ]
    assert set(needed) <= files
    assert all(member.isfile() or member.isdir() for member in members)


def _files(tree: Path, folder: str, pattern: str) -> list[str]:
    paths = (tree / folder).rglob(pattern)
    return [path.relative_to(tree).as_posix() for path in paths if path.is_file()]


def test_all_ways_to_install_import_alike(
    built: Distributions, pyproject: dict[str, Any], tmp_path: Path
) -> None:
    packages = pyproject["tool"]["setuptools"]["packages"]
    # What these adapt is installed for `tox run -e mcp` only.
    names = [name for name in packages if name.rpartition(".")[2] not in {"mcp", "fastmcp"}]
    dependencies = _dependencies(tmp_path / "dependencies")
    targets: dict[str, list[Any]] = {
        "wheel": [built.wheel],
        "sdist": [built.sdist],
        "editable": ["--editable", built.tree],
    }
    seen = {}
    for way, target in targets.items():
        python = _environment(tmp_path / way, dependencies)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
        _run([*pip, "--no-index", "--no-deps", "--no-build-isolation", *target])
        seen[way] = _run([python, "-c", PROBE, *names], cwd=tmp_path)
    assert seen["sdist"] == seen["wheel"]
    assert seen["editable"] == seen["wheel"]
    assert seen["wheel"].splitlines()[-1] == pyproject["project"]["version"]


def _environment(folder: Path, dependencies: Path) -> Path:
    """Make an environment that sees the dependencies, but not this package."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    found = _run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    (Path(found.strip()) / "dependencies.pth").write_text(str(dependencies), "utf-8")
    return python


def _dependencies(folder: Path) -> Path:
    """Make a folder of links to everything that is installed here, except this package."""
    folder.mkdir()
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if "torii_backend" not in installed.name:
            (folder / installed.name).symlink_to(installed)
    return folder
