"""Break each check in turn, in a copy of the package: the test that the patch names must notice.

    python tests/mutants/run.py [name of a mutant ...]

A mutant is a file `<room>/<name>.patch`: a sentence that says what is broken, the line `Test: <node id>`, and
a unified diff of one file. A hunk belongs wherever its old lines stand, and these must stand there
once: line numbers are for tools and may be out of date.
"""

# ruff: noqa: T201  (a program that is run by hand)

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
COPIED = ("torii_backend", "adapters", "tests", "pyproject.toml")
WATCHDOG = 120.0
AT_ONCE = 2

PASSED, FAILED = 0, 1
HUNG = -1


class Hunk(NamedTuple):
    """Lines, and what to put in their place."""

    old: list[str]
    new: list[str]


class Mutant(NamedTuple):
    """One patch."""

    name: str
    sentence: str
    test: str
    file: str
    hunks: list[Hunk]


def read(path: Path) -> Mutant:
    """Read a patch; ValueError where it is not what this module's docstring says."""
    preamble, _, diff = path.read_text("utf-8").partition("\n--- a/")
    sentence, _, rest = preamble.partition("\n")
    tests = [line[6:] for line in rest.splitlines() if line.startswith("Test: ")]
    file, renamed, *lines = diff.splitlines() or ["", ""]
    if len(tests) != 1 or renamed != f"+++ b/{file}" or "\n--- a/" in diff:
        raise ValueError(f"{path.name} needs a sentence, one test and the diff of one file")
    hunks: list[Hunk] = []
    for line in lines:
        kind, text = line[:1] or " ", line[1:]
        if kind == "@":
            hunks.append(Hunk([], []))
        elif kind not in " -+" or not hunks:
            raise ValueError(f"{path.name} has an odd line: {line}")
        if kind in " -":
            hunks[-1].old.append(text)
        if kind in " +":
            hunks[-1].new.append(text)
    return Mutant(path.stem, sentence, tests[0], file, hunks)


def apply(mutant: Mutant, tree: Path) -> None:
    """Change the file of a mutant; ValueError where a hunk does not belong in one place."""
    path = tree / mutant.file
    lines = path.read_text("utf-8").splitlines()
    for old, new in mutant.hunks:
        size = len(old)
        places = [i for i in range(len(lines)) if lines[i : i + size] == old] if old else []
        if len(places) != 1:
            raise ValueError(f"the patch does not apply: its lines are there {len(places)} times")
        lines[places[0] : places[0] + size] = new
    source = "\n".join(lines) + "\n"
    compile(source, mutant.file, "exec")
    path.write_text(source, "utf-8")
    # It is taken for up to date if the size is the same and the change is of the same second.
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def python(tree: Path, *arguments: str) -> tuple[int, str]:
    """Run Python on a copy; return its exit code, or HUNG, and what it printed."""
    try:
        finished = subprocess.run(
            [sys.executable, *arguments],
            cwd=tree,
            env={
                **os.environ,
                # In front of a package that is installed.
                "PYTHONPATH": str(tree),
                # Plugins take longer to import than most of these tests to run.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=WATCHDOG,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return HUNG, f"no end within {WATCHDOG:.0f} seconds"
    return finished.returncode, finished.stdout


def run_tests(tree: Path, *tests: str) -> tuple[int, str]:
    """Run tests on a copy, up to the first that fails."""
    return python(tree, "-m", "pytest", "-q", "-x", "--tb=short", *tests)


def complaint(pristine: Path, mutant: Mutant) -> str:
    """Apply a mutant to a copy of its own and run its test; return what is wrong, if anything."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(pristine, tree, symlinks=True)
        try:
            apply(mutant, tree)
        except (OSError, SyntaxError, ValueError) as error:
            return str(error)
        code, output = run_tests(tree, mutant.test)
    if code == PASSED:
        return f"nothing noticed: {mutant.test} passes"
    # A fixture or a file that breaks is no verdict of the test.
    if code != FAILED or "\nFAILED " not in output:
        return f"the test gave no verdict:\n{output}"
    return ""


def copy(tree: Path) -> None:
    """Copy what the tests of the core need, links as links."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(source, tree / name)


def main(names: list[str]) -> int:
    mutants = [read(path) for path in sorted(Path(__file__).parent.rglob("*.patch"))]
    unknown = set(names) - {mutant.name for mutant in mutants}
    if unknown or not mutants:
        print("there is no mutant", *sorted(unknown))
        return 2
    chosen = [mutant for mutant in mutants if not names or mutant.name in names]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        pristine = Path(folder).resolve() / "pristine"
        pristine.mkdir()
        copy(pristine)
        _, imported = python(pristine, "-c", "import torii_backend as t; print(t.__file__)")
        if not imported.startswith(str(pristine)):
            print("the tests would not see the copy, but", imported)
            return 2
        code, output = run_tests(pristine, *dict.fromkeys(mutant.test for mutant in chosen))
        if code != PASSED:
            print(output, "the tests do not pass before anything is broken", sep="\n")
            return 2
        failed = 0
        for mutant, wrong in zip(chosen, pool.map(partial(complaint, pristine), chosen)):
            print("FAILED" if wrong else "passed", f"{mutant.name}: {mutant.sentence}", flush=True)
            if wrong:
                print(wrong)
            failed += bool(wrong)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
