"""Break each check in turn, in a copy of the package: the test that the patch names must notice.

    python tests/mutants/run.py [name of a mutant ...]

A mutant is a file `<room>/<name>.patch`: a sentence that says what is broken, the line `Test: <node id>`, and
a unified diff of one file. A hunk belongs wherever its old lines stand, and these must stand there
once: line numbers are for tools and may be out of date.

Each test runs in a process of its own, forked from one that has imported everything but the package.
"""

# ruff: noqa: T201  (a program that is run by hand)

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("torii_backend", "adapters", "tests", "pyproject.toml")
WATCHDOG = 120.0
AT_ONCE = 2
# They take longer to import than most of these tests to run.
IMPORTED = (
    "asyncio",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "django.test",
    "flask",
    "httpx",
    "hypothesis.strategies",
    "jwt",
    "msgspec",
    "requests",
    "sqlite3",
    "werkzeug.serving",
)

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
    # Python takes what it compiled before for up to date if size and timestamp are the same.
    os.utime(path, (0, 0))


def wait(child: int) -> int:
    """Return the exit code of a child, or HUNG."""
    deadline = time.monotonic() + WATCHDOG
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HUNG


def run_tests(tree: Path, *tests: str) -> tuple[int, str]:
    """Run tests on a copy, up to the first that fails; return the exit code and the output."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            code = 70
            try:
                os.setsid()
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                os.chdir(tree)
                # In front of a package that is installed, here and in the processes that tests start.
                sys.path.insert(0, str(tree))
                os.environ["PYTHONPATH"] = str(tree)
                plugin = ("-p", "torii_backend.testing.plugin")
                code = pytest.main(["-q", "-x", "--tb=short", "--assert=plain", *plugin, *tests])
                if not str(sys.modules["torii_backend"].__file__).startswith(str(tree)):
                    print("the tests did not see the copy")
                    code = 70
                sys.stdout.flush()
            finally:
                os._exit(code)
        code = wait(child)
        output.seek(0)
        return code, output.read().decode("utf-8", "replace")


def complaint(pristine: Path, mutant: Mutant) -> str:
    """Apply a mutant to this worker's copy and run its test; return what is wrong, if anything."""
    copied = pristine.with_name(f"copy-{os.getpid()}")
    if not copied.exists():
        copy(pristine, copied)
    # Nothing of a mutant is left behind in the copy.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    try:
        apply(mutant, copied)
        code, printed = run_tests(copied, mutant.test)
    except (OSError, SyntaxError, ValueError) as error:
        return str(error)
    finally:
        shutil.copy2(pristine / mutant.file, copied / mutant.file)
    if code == PASSED:
        return f"nothing noticed: {mutant.test} passes"
    if code == HUNG:
        return f"no end within {WATCHDOG:.0f} seconds:\n{printed}"
    # A fixture or a file that breaks is no verdict of the test.
    if code != FAILED or "\nFAILED " not in printed:
        return f"the test gave no verdict:\n{printed}"
    return ""


def copy(source: Path, tree: Path) -> None:
    """Copy what the tests need, links as links."""
    tree.mkdir()
    for name in COPIED:
        if (source / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__") if source == ROOT else None
            shutil.copytree(source / name, tree / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(source / name, tree / name)


def warm_up() -> None:
    """Import what the tests share, before the first fork."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    pytest.main(["--version"])
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()


def main(names: list[str]) -> int:
    mutants = [read(path) for path in sorted(Path(__file__).parent.rglob("*.patch"))]
    unknown = set(names) - {mutant.name for mutant in mutants}
    if unknown or not mutants:
        print("there is no mutant", *sorted(unknown))
        return 2
    chosen = [mutant for mutant in mutants if not names or mutant.name in names]
    warm_up()
    with tempfile.TemporaryDirectory() as name:
        pristine = Path(name).resolve() / "pristine"
        copy(ROOT, pristine)
        code, output = run_tests(pristine, *dict.fromkeys(each.test for each in chosen))
        if code != PASSED:
            print(output, "the tests do not pass before anything is broken", sep="\n")
            return 2
        failed = 0
        with get_context("fork").Pool(AT_ONCE) as workers:
            for mutant, wrong in zip(chosen, workers.imap(partial(complaint, pristine), chosen)):
                print(
                    "FAILED" if wrong else "passed", f"{mutant.name}: {mutant.sentence}", flush=True
                )
                if wrong:
                    print(wrong)
                failed += bool(wrong)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
