"""A page of the documentation as what a reader does with it: commands to type, files to write, answers to expect.

- ```` ```sh ````: a shell reads the whole block. Each command must end with 0.
- ```` ```console ````: `$ ` begins a command, which goes on after a `\\` at the end of a line; what follows is its
  output.
- Either one, holding `posthouse serve` alone, runs in the other terminal, until the next such block or the page's end.
- ```` ```yaml title="posthouse.yaml" ````: any block with a title is a file that the reader writes.
- ```` ```sh title="not run here: REASON" ````: cannot run in a test, and says why to everybody.
- `<!-- the server says: WORDS -->`, seen by nobody: where a reader is slow enough, wait for that line in the log.
- `<!-- the server is stopped -->`: what a reader is told in words. Blocks inside of a comment are done as all others
  are: what must be there before, and would only disturb a reader.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

FENCE: Final = re.compile(
    r'^(?P<in>[ ]*)```(?P<kind>\w*)(?:[ ]+title="(?P<title>[^"]*)")?[ ]*\n(?P<text>.*?)^(?P=in)```[ ]*$', re.M | re.S
)
WAIT: Final = re.compile(r"^<!-- the server says: (.+) -->$", re.M)
STOP: Final = re.compile(r"^<!-- the server is stopped -->$", re.M)
SHELLS: Final = ("sh", "console")
NOT_RUN: Final = "not run here: "


class Run(NamedTuple):
    """For the shell. shown: the output on the page; None where there is none. whole: each line must end with 0."""

    line: int
    text: str
    shown: str | None
    whole: bool


class Serve(NamedTuple):
    """A server for the other terminal. shown: what it says at its start."""

    line: int
    text: str
    shown: str | None


class Write(NamedTuple):
    line: int
    name: str
    text: str


class Skip(NamedTuple):
    line: int
    reason: str


class Wait(NamedTuple):
    """Until the server says this, after what it had said when the step before began."""

    line: int
    words: str


class Stop(NamedTuple):
    """Ctrl-C in the other terminal."""

    line: int


Step = Run | Serve | Write | Skip | Wait | Stop


def steps(page: str) -> Iterator[Step]:
    """What to do, in the order of the page. ValueError where a block is not one of the forms above."""
    blocks = [*FENCE.finditer(page), *WAIT.finditer(page), *STOP.finditer(page)]
    for found in sorted(blocks, key=re.Match.start):
        line = page.count("\n", 0, found.start()) + 1
        if found.re is WAIT:
            yield Wait(line, found[1])
            continue
        if found.re is STOP:
            yield Stop(line)
            continue
        kind, title = found["kind"], found["title"] or ""
        text = "".join(each.removeprefix(found["in"]) for each in found["text"].splitlines(keepends=True))
        if title.startswith(NOT_RUN):
            yield Skip(line, title.removeprefix(NOT_RUN))
        elif kind in SHELLS and title:
            raise ValueError(f"line {line}: a shell's block with the title {title!r}")
        elif kind == "console":
            yield from (_step(line + at, command, shown, whole=False) for at, command, shown in _commands(text, line))
        elif kind == "sh":
            yield _step(line + 1, text, None, whole=True)
        elif title:
            yield Write(line, title, text)


def _step(line: int, text: str, shown: str | None, *, whole: bool) -> Step:
    one = text.strip().replace("\\\n", " ")
    if re.search(r"(?:^|\s)posthouse serve\b", one) is None:
        return Run(line, text, shown, whole)
    if "\n" in one:
        raise ValueError(f"line {line}: `posthouse serve` among other commands")
    return Serve(line, one, shown)


def _commands(text: str, line: int) -> Iterator[tuple[int, str, str | None]]:
    """(line inside the block, command, output) of each."""
    lines = text.splitlines()
    starts = [at for at, each in enumerate(lines) if each.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise ValueError(f"line {line}: a console's block that does not begin with a command")
    for at, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        end = at + 1
        while lines[end - 1].endswith("\\"):
            end += 1
        command = "\n".join([lines[at].removeprefix("$ "), *lines[at + 1 : end]])
        shown = "\n".join(lines[end:after]).strip("\n")
        yield at + 1, command, shown or None
