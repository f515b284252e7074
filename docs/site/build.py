"""Build the documentation site in .site, or in another folder: `python docs/site/build.py [folder]`.

The pages are copied, zensical makes HTML of them, and llms.txt is written beside it. The copy has the
folders of the repository, so that links which work on GitHub work on the site. Files and folders of code
that a page links to become pages which show them.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
# They list no names. Users get the resources as attributes of a client.
MORE_MODULES = {
    "torii_backend.client.users": ["Users"],
    "torii_backend.client.sessions": ["Sessions"],
    "torii_backend.client.organizations": ["Organizations"],
    "torii_backend.client.invitations": ["Invitations"],
    "torii_backend.client.impersonation": ["Impersonation"],
    "torii_backend.client.allowed_origins": ["AllowedOriginsResource"],
    "torii_backend.events.redis": ["RedisInbox"],
    "torii_backend.events.sqlalchemy": ["SqlAlchemyInbox"],
}
RESOURCE_NOTE = """
`ToriiClient` returns what stands in `ApiRequest[...]`, and `AsyncToriiClient` an awaitable of it. Methods
whose name begins with `iterate` return an iterator.
"""
LANGUAGES = {".py": "python", ".yaml": "yaml", ".js": "js", ".json": "json", ".html": "html"}
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?!https?:)([^)#\s]+)(?=[)#])")
# A row of docs/quickstarts.md: framework, how to install it, file.
_QUICKSTART = re.compile(
    r"^\| (.+) \| `(pip .+)` \| \[.+\]\(\.\./(examples/\w+\.py)\) \|$", re.MULTILINE
)


def stage(root: Path, pages: Path) -> None:
    """Write all pages of the site, as Markdown.

    Args:
        root: the repository.
        pages: the folder for the pages, which is emptied first.

    Raises:
        FileNotFoundError: a page links to what is not there.
    """
    shutil.rmtree(pages, ignore_errors=True)
    shown: set[Path] = set()
    for source in [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("*.md"))]:
        name = "index.md" if source.name == "README.md" else source.relative_to(root)
        _write(pages / name, _with_pages_for_code(source, root, shown))
    rows = _QUICKSTART.findall(_read(root / "docs" / "quickstarts.md"))
    quickstarts = {root / file: (framework, install) for framework, install, file in rows}
    for code in shown:
        made = quickstart_page(code, *quickstarts[code]) if code in quickstarts else code_page(code)
        _write(pages / _page_of(code, root), made)
    for module, names in [*public_modules(root), *MORE_MODULES.items()]:
        _write(pages / "reference" / f"{module}.md", reference_page(module, names))
    for asset in (root / "docs" / "site").glob("*.[cj]s*"):
        shutil.copy(asset, pages)


def _read(path: Path) -> str:
    return path.read_text("utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _page_of(code: Path, root: Path) -> Path:
    """Name the page that shows a file or folder."""
    name = code.relative_to(root)
    return name / "index.md" if code.is_dir() else name.with_suffix(".md")


def _with_pages_for_code(page: Path, root: Path, shown: set[Path]) -> str:
    """Give the text of a page. Its links to code lead to pages, and the code is added to `shown`."""

    def lead(link: re.Match[str]) -> str:
        target = (page.parent / link[1]).resolve(strict=True)
        if target.suffix == ".md":
            return link[1]
        shown.add(target)
        return Path(os.path.relpath(root / _page_of(target, root), page.parent)).as_posix()

    text = _read(page)
    # A call in an example may look like a link.
    parts = zip(_CODE.split(text), [*_CODE.findall(text), ""])
    return "".join(_LINK.sub(lead, prose) + example for prose, example in parts)


def quickstart_page(file: Path, framework: str, install: str) -> str:
    """Give the page of an example that serves one framework: install, file, run, call."""
    command, _, code = _read(file).partition("\n")
    run = command.lstrip("# ").replace("--app-dir examples ", "").replace("examples/", "")
    return f"""# {framework}

Install it, and start a local Torii:

```console
{install}
torii emulator
```

This is the whole file, `{file.name}`:

```python
{code.strip()}
```

Run it, and call it as a user who is signed in:

```console
{run}
curl -H "$(torii token user_ada --header)" http://127.0.0.1:8000/me
```

Without a token, the response is a 401. [Frameworks](../docs/frameworks.md) has all settings of the
guard, and [Test your app](../docs/testing.md) signs users in for a test.
"""


def code_page(code: Path) -> str:
    """Give the page of a file, or of all files in a folder."""
    files = sorted(code.rglob("*.*")) if code.is_dir() else [code]
    blocks = [
        f"## {file.name}\n\n````{LANGUAGES.get(file.suffix, 'text')}\n{_read(file)}````\n"
        for file in files
        if "__pycache__" not in file.parts
    ]
    # The search finds pages that explain, and not every line of code.
    return "\n".join(["---\nsearch:\n  exclude: true\n---\n", f"# {code.name}\n", *blocks])


def public_modules(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Find the modules that list their public names. None of them is imported."""
    package = root / "torii_backend"
    patterns = ("*.py", "[a-z]*/__init__.py", "django/sessions.py")
    for file in sorted(file for pattern in patterns for file in package.glob(pattern)):
        for node in ast.parse(_read(file)).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                *folders, name = file.relative_to(root).with_suffix("").parts
                module = ".".join(folders if name == "__init__" else [*folders, name])
                yield module, ast.literal_eval(node.value)


def reference_page(module: str, names: list[str]) -> str:
    """Give the page of a module, on which mkdocstrings explains each public name."""
    note = RESOURCE_NOTE if module.startswith("torii_backend.client.") else ""
    return "\n".join([f"# {module}\n{note}", *(f"::: {module}.{name}\n" for name in names)])


def name_every_column(html: Path) -> None:
    """Make plain cells of empty heads of columns: a screen reader would announce them."""
    for page in html.rglob("*.html"):
        _write(page, re.sub(r"<th[^>]*></th>", "<td></td>", _read(page)))


def entries(nav: list[Any], section: str = "") -> Iterator[tuple[str, str, str]]:
    """Give section, title and file of each page, in the order of the navigation."""
    for title, value in (pair for item in nav for pair in item.items()):
        if isinstance(value, str):
            yield section, title, value
        else:
            yield from entries(value, section or title)


def write_llms(config: dict[str, Any], pages: Path, html: Path) -> None:
    """Write llms.txt, which lists the pages, and llms-full.txt, which has all (https://llmstxt.org)."""
    listed, full = [f"# {config['site_name']}\n\n> {config['site_description']}\n"], []
    last = ""
    for section, title, file in entries(config["nav"]):
        if file.startswith("reference/"):  # only names: the text is in the docstrings
            continue
        text = _read(pages / file)
        _write(html / file, text)
        listed += [f"\n## {section}\n\n"] * (section != last)
        listed.append(f"- [{title}]({file})\n")
        full.append(f"<!-- {file} -->\n\n{text}")
        last = section
    _write(html / "llms.txt", "".join(listed))
    _write(html / "llms-full.txt", "\n".join(full))


def main(folder: Path) -> None:
    """Build the site of this repository in a folder. A warning is an error."""
    pages, html = folder / "pages", folder / "html"
    stage(ROOT, pages)
    shutil.rmtree(html, ignore_errors=True)
    settings = yaml.safe_load(_read(ROOT / "mkdocs.yml"))
    # zensical wants all it writes beside its settings.
    settings |= {"docs_dir": pages.name, "site_dir": html.name}
    settings["plugins"]["mkdocstrings"]["handlers"]["python"]["paths"] = [str(ROOT)]
    _write(folder / "mkdocs.yml", yaml.safe_dump(settings, sort_keys=False))
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    built = subprocess.run(command, cwd=folder, check=False)
    if built.returncode:
        sys.exit(built.returncode)
    name_every_column(html)
    write_llms(settings, pages, html)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT / ".site")
