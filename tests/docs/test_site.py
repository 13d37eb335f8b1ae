"""The site is whole: it builds without a warning, every link leads somewhere, and no other host is asked."""

import html
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.site import ROOT, ZENSICAL, built, sources

LINKS = [sys.executable, str(ROOT / "docs" / "make" / "links.py")]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("site"))


def navigation() -> list[str]:
    """The pages of the menu, in their order."""

    def walk(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        else:
            for inner in entry.values() if isinstance(entry, dict) else entry:
                yield from walk(inner)

    return list(walk(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))


def test_every_page_is_in_the_menu_once_or_in_the_list_of_decisions() -> None:
    menu = navigation()
    decisions = {name for name in sources() if name.startswith("decisions/0")}
    assert sorted(menu) == sorted(set(sources()) - decisions)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_the_pages_beside_the_site_link_to_what_is_there(name: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text("utf-8"))
    assert not [target for target in targets if "://" not in target and not (ROOT / target).exists()]


def test_every_link_leads_somewhere_and_no_other_host_is_asked(site: Path) -> None:
    done = subprocess.run([*LINKS, str(site)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_braces_dollars_and_tildes_mean_no_more_than_they_say(site: Path) -> None:
    """The builder's own extensions of Markdown took `{file: PATH}` out of a table, in silence."""
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "reference" / "configuration.html").read_text()))
    assert text.count("{file: PATH}") == (ROOT / "docs" / "reference" / "configuration.md").read_text().count(
        "{file: PATH}"
    )


def test_tools_and_requirements_are_not_published(site: Path) -> None:
    assert not [
        path for path in site.rglob("*") if path.suffix in (".py", ".in", ".toml") or path.name == "requirements.txt"
    ]


def test_a_link_to_nowhere_an_anchor_that_is_not_there_and_a_foreign_script_are_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="gone.html">1</a> <a href="#gone">2</a> <a href="https://example.com/">3</a> <p id="here">'
        '<a href="#here">4</a> <script src="//cdn.example.com/x.js"></script>'
    )
    done = subprocess.run([*LINKS, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "//cdn.example.com/x.js",
        "https://example.com/",
        "index.html: fetches //cdn.example.com/x.js",
        "index.html: no anchor #gone",
        "index.html: no page gone.html",
        "1 pages, 5 links, 2 places elsewhere, 3 wrong",
    ]


def test_a_link_to_nowhere_stops_the_build(tmp_path: Path) -> None:
    if not ZENSICAL.exists():
        pytest.skip("zensical is missing (from docs/requirements.txt, installed by make docs-tools)")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Here\n\n[there](there.md)\n")
    shutil.copy(ROOT / "docs" / "site.css", tmp_path / "docs")
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "Here"\n')
    done = subprocess.run([ZENSICAL, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
