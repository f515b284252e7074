"""The plugin in a pytest of its own: what it loads, how it is switched off, what overrides it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import torii_backend
from torii_backend.testing import plugin

HOME = Path(torii_backend.__file__).parents[1]
# Off but for ours: what else is installed here has its own tests.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": plugin.__name__}


def run(folder: Path, source: str, *options: str, ini: str = "", **environment: str) -> str:
    """Run a suite of one file, and return what pytest prints."""
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = --strict-markers\n{ini}", "utf-8")
    (folder / "test_app.py").write_text(dedent(source), "utf-8")
    clean = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *options],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(HOME), **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def outcome(printed: str) -> str:
    found = re.search(r"=+ (.*) in [\d.]+s.* =+\s*$", printed)
    assert found is not None, printed
    return found[1]


def test_pytest_starts_without_the_rest_of_the_package(tmp_path: Path) -> None:
    program = "import sys, pytest; pytest.main(['-q']); print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **ALONE, "PYTHONPATH": str(HOME)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    loaded = {name for name in printed.split() if name.startswith("torii_backend")}
    assert loaded == {"torii_backend", "torii_backend.testing", plugin.__name__}


def test_pytest_starts_without_a_warning_after_the_package(tmp_path: Path) -> None:
    program = "import torii_backend, pytest; sys.exit(pytest.main(['-q', '-W', 'error::pytest.PytestWarning']))"
    (tmp_path / "test_app.py").write_text("def test_it():\n    pass\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {program.removeprefix('import ')}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


SUITE = """
    import sys
    import pytest
    from torii_backend import Verifier, authenticate_request
    from torii_backend._keys import load

    PRODUCTION = "https://acme.torii.so"
    EARLY = Verifier(PRODUCTION)

    def test_before():
        assert "torii_backend.emulator" not in sys.modules

    @pytest.fixture
    def signed_in(torii_headers):
        return torii_headers

    def test_through_another_fixture(signed_in):
        assert EARLY.verify(signed_in["Authorization"][7:]).issuer == PRODUCTION

    def test_others_are_untouched():
        assert load.fetch_in_test is None
        assert EARLY.stats().keys_age is None

    @pytest.mark.parametrize("turn", range(2))
    def test_that_asks_for_it_late(request, turn):
        torii = request.getfixturevalue("torii")
        assert EARLY.verify(torii.token()).issuer == PRODUCTION
        torii.rotate_keys(withdraw=True)
        assert EARLY.verify(torii.token()).issuer == PRODUCTION

    @pytest.mark.auth_as("ada")
    def test_marker():
        assert authenticate_request({}, issuer=PRODUCTION).user_id == "ada"

    def test_our_modules_keep_their_loader():
        assert type(sys.modules["torii_backend.emulator"].__loader__).__module__ != "_pytest.assertion.rewrite"
"""


@pytest.mark.parametrize("options", [(), ("-p", plugin.__name__)], ids=["installed", "named"])
def test_a_suite(tmp_path: Path, options: tuple[str, ...]) -> None:
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if options else {}
    printed = run(
        tmp_path, SUITE, *options, ini="torii_issuer = https://acme.torii.so", **environment
    )
    assert outcome(printed) == "7 passed"


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    source = """
        def test_it(torii):
            pass
    """
    printed = run(tmp_path, source, "-p", "no:torii")
    assert "fixture 'torii' not found" in printed
    assert outcome(printed) == "1 error"


def test_a_fixture_of_the_same_name_wins(tmp_path: Path) -> None:
    source = """
        import pytest
        from torii_backend._keys import load

        class TestOverride:
            @pytest.fixture
            def torii(self, torii):
                return torii.token("ada")

            @pytest.mark.parametrize("turn", range(2))
            def test_it(self, torii, turn):
                assert isinstance(torii, str)
                assert load.fetch_in_test is not None

        class TestReplacement:
            @pytest.fixture
            def torii(self):
                return "mine"

            def test_it(self, torii):
                assert torii == "mine"
                assert load.fetch_in_test is None
    """
    assert outcome(run(tmp_path, source, **ALONE)) == "3 passed"


def test_wrong_arguments_of_the_marker_fail_before_the_test_and_its_fixtures(
    tmp_path: Path,
) -> None:
    source = """
        import pytest

        @pytest.fixture
        def sends_requests():
            open("ran", "w").close()

        @pytest.mark.auth_as(role=3)
        def test_it(sends_requests):
            open("ran", "w").close()
    """
    printed = run(tmp_path, source, **ALONE)
    assert "TypeError: role must be a string, such as 'admin'." in printed
    assert not (tmp_path / "ran").exists()
    assert outcome(printed) == "1 error"


def test_blocks_that_are_left_open_end_with_what_began_them(tmp_path: Path) -> None:
    source = """
        import unittest
        import pytest
        from torii_backend import MissingCredentials, authenticate_request
        from torii_backend.testing import auth_as

        def user():
            try:
                return authenticate_request({}, issuer="https://acme.torii.so").user_id
            except MissingCredentials:
                return None

        def left():
            with auth_as("generator"):
                yield

        LEFT = left()

        def test_that_leaves_two():
            next(LEFT)
            auth_as("ada").__enter__()

        def test_next():
            assert user() is None

        class TestUnittest(unittest.TestCase):
            def setUp(self):
                auth_as("ada").__enter__()

            def test_it(self):
                assert user() == "ada"

        def test_after_unittest():
            assert user() is None

        @pytest.fixture(scope="module")
        def bob():
            auth_as("bob").__enter__()

        class TestModule:
            @pytest.mark.parametrize("turn", range(2))
            def test_late(self, request, turn):
                request.getfixturevalue("bob")
                assert user() == "bob"

            @pytest.fixture
            def eve(self, bob):
                auth_as("eve").__enter__()

            def test_eve(self, eve):
                assert user() == "eve"

            def test_after_eve(self):
                assert user() == "bob"
    """
    other = "def test_another_module():\n    from test_app import user\n    assert user() is None\n"
    (tmp_path / "test_other.py").write_text(other, "utf-8")
    assert outcome(run(tmp_path, source, **ALONE)) == "9 passed"


def test_the_marker_counts_for_items_that_are_not_functions(tmp_path: Path) -> None:
    source = """
        def example():
            \"\"\"
            >>> from torii_backend import authenticate_request
            >>> authenticate_request({}, issuer="https://acme.torii.so").user_id
            'ada'
            \"\"\"
    """
    conftest = "def pytest_collection_modifyitems(items):\n    import pytest\n"
    conftest += "    items[0].add_marker(pytest.mark.auth_as('ada'))\n"
    (tmp_path / "conftest.py").write_text(conftest, "utf-8")
    assert outcome(run(tmp_path, source, "--doctest-modules", "test_app.py", **ALONE)) == "1 passed"


def test_a_wrong_issuer_fails_each_test_with_the_same_sentence(tmp_path: Path) -> None:
    source = """
        def test_it(torii):
            pass

        def test_again(torii):
            pass

        def test_others():
            from torii_backend._keys import load
            assert load.fetch_in_test is None
    """
    printed = run(tmp_path, source, ini="torii_issuer = acme", **ALONE)
    assert printed.count("ConfigurationError: torii_issuer must be") == 2
    assert outcome(printed) == "1 passed, 2 errors"


def test_a_fixture_that_fails_at_its_end_leaves_nothing_on(tmp_path: Path) -> None:
    source = """
        import pytest
        from torii_backend import MissingCredentials, authenticate_request
        from torii_backend._keys import load
        from torii_backend.testing import auth_as

        @pytest.fixture
        def failing():
            auth_as("ada").__enter__()
            yield
            raise ZeroDivisionError

        def test_it(torii, failing):
            torii.outage("error")

        def test_next():
            assert load.fetch_in_test is None
            with pytest.raises(MissingCredentials):
                authenticate_request({}, issuer="https://acme.torii.so")
    """
    assert outcome(run(tmp_path, source, **ALONE)) == "2 passed, 1 error"


def test_a_live_key_fails_the_first_use(tmp_path: Path) -> None:
    source = """
        def test_it(torii):
            pass
    """
    printed = run(tmp_path, source, TORII_SECRET_KEY="sk_live_1", **ALONE)
    assert "TORII_SECRET_KEY must be a test key" in printed
    assert outcome(printed) == "1 error"
