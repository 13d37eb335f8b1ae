"""What the pages tell to type is typed, in the order of the page, and does what the page says."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.page import FENCE, Skip, steps
from tests.docs.site import ROOT
from tests.docs.sitting import Sitting, Trouble, alone

MADE = ("docs/reference/", "docs/decisions/")
"""Made from the code, or history: nobody is told to type what stands there."""

GUIDES = ("README.md", "docs/index.md", "docs/guides/")

PAGES = [
    name
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if not (name := path.relative_to(ROOT).as_posix()).startswith(MADE)
]

NOT_RUN = {
    "it asks the provider": 1,
    "it asks the providers and the DNS": 1,
    "it changes the machine; make packages runs it in a container": 1,
    "it fetches a package": 1,
    "it fetches packages": 2,
    "it needs Docker": 2,
    "it needs a cluster": 2,
    "it needs a store with attempts; the guide that moves to two providers runs it": 1,
    "it needs PostgreSQL": 2,
    "it sends through the provider": 2,
}
"""Why a block is not run, and how many there are of each."""


def steps_of(name: str) -> list[object]:
    return list(steps((ROOT / name).read_text("utf-8")))


def runs(name: str) -> bool:
    return any(not isinstance(step, Skip) for step in steps_of(name))


def isolated() -> None:
    if subprocess.run(alone(["true"]), capture_output=True, check=False).returncode != 0:
        pytest.skip("unshare --net is not allowed here: pages are read in a network of their own")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in PAGES if runs(name)])
def test_the_page_does_what_it_says(name: str) -> None:
    isolated()
    words = [sys.executable, "-m", "tests.docs.sitting", name]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_run_says_why_and_is_counted() -> None:
    reasons = Counter(step.reason for name in PAGES for step in steps_of(name) if isinstance(step, Skip))
    assert dict(reasons) == NOT_RUN


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith(GUIDES)])
def test_no_command_hides_in_an_indented_block(name: str) -> None:
    """What is indented is shown as code, and nobody would run it."""
    lines = FENCE.sub("", (ROOT / name).read_text("utf-8")).splitlines()
    assert not [line for line in lines if re.match(r"    (?:\$ |posthouse |curl |make )", line)]


def read(text: str, folder: Path) -> None:
    """A page without a server, read here."""
    sitting = Sitting(folder)
    try:
        for step in steps(text):
            sitting.take(step)
    finally:
        sitting.leave()


def test_a_page_is_one_sitting(tmp_path: Path) -> None:
    page = '```sh\nNAME=ann\ncd /\n```\n\n```console\n$ echo "$NAME \\\n  $PWD"; false; echo $?\nann   /\n1\n```\n'
    read(page, tmp_path)


def test_a_file_with_a_title_is_written(tmp_path: Path) -> None:
    read('```yaml title="a/b.yaml"\nx: 1\n```\n\n```console\n$ cat a/b.yaml\nx: 1\n```\n', tmp_path)


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```sh\ntrue\nfalse\ntrue\n```\n", "the shell is gone"),
        ("```sh\necho one\nfalse\n```\n", "the shell is gone"),
        ("```console\n$ false\n```\n", "ended with 1"),
        ("```console\n$ echo two\none\n```\n", "it said\ntwo"),
        ("<!-- the server says: hello -->\n", "no server is running"),
    ],
)
def test_what_does_not_go_as_the_page_says_is_trouble(page: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=complaint):
        read(page, tmp_path)


@pytest.mark.parametrize(
    "page", ["```console\nls\n```\n", '```sh title="list.sh"\nls\n```\n', "```sh\nposthouse serve\nls\n```\n"]
)
def test_a_block_of_no_known_form_is_told(page: str) -> None:
    with pytest.raises(ValueError, match=r"line [12]: "):
        list(steps(page))
