"""What a process asked of the kernel, in the order in which it happened: strace's log, read back byte by byte."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

CALLS: Final = "pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate,unlink"

_LINE: Final = re.compile(r"(\d+) +(\w+)\((.*?)(?:\) += (-?\d+).*| <unfinished \.\.\.>)\s*", re.DOTALL)
_RESUMED: Final = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*?)\) += (-?\d+).*", re.DOTALL)
_FD: Final = re.compile(r"\d+<(.*?)>(?=, |$)")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Call(msgspec.Struct, frozen=True):
    """One system call. on: the path, or `TCP:[…->…]`. data: what it wrote. last: its last argument, where a number.

    Each call is there twice: when it begins (result None) and when it has ended.
    """

    thread: int
    name: str
    on: str
    data: bytes
    last: int | None
    result: int | None


def tracing(log: Path) -> Sequence[str]:
    """The command that runs another one and writes its calls to the file, with every byte."""
    return ("strace", "--seccomp-bpf", *_watching(log))


def attaching(log: Path, pid: int) -> Sequence[str]:
    """The same for a process that runs already."""
    return ("strace", *_watching(log), "-p", str(pid))


def _watching(log: Path) -> Sequence[str]:
    return ("-f", "-yy", "-xx", "-s", "1000000", "-o", str(log), "-e", f"trace={CALLS}")


@cache
def missing() -> str | None:
    """Why processes cannot be traced here; None where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return f"strace may not trace: {tried.stderr.strip()[:200]}" if tried.returncode else None


@cache
def unattachable() -> str | None:
    """Why a process that runs already cannot be traced here; None where it can."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    if os.geteuid() and scope.exists() and scope.read_text().strip() != "0":
        return "strace may trace only what it has started here (kernel.yama.ptrace_scope)"
    return missing()


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """The calls of a log. A call that another thread's interrupts begins on one line and ends on a later one."""
    begun: dict[str, str] = {}
    for line in lines:
        if (whole := _LINE.fullmatch(line)) is not None:
            thread, name, arguments, result = whole.groups()
            yield _call(thread, name, arguments, None)
            if result is None:
                begun[thread] = arguments
            else:
                yield _call(thread, name, arguments, int(result))
        elif (resumed := _RESUMED.fullmatch(line)) is not None:
            thread, name, arguments, result = resumed.groups()
            yield _call(thread, name, begun.pop(thread) + arguments, int(result))


def _call(thread: str, name: str, arguments: str, result: int | None) -> Call:
    fd = _FD.match(arguments)
    on = _plain(fd[1]) if fd is not None else ""
    texts = [_bytes(text) for text in _TEXT.findall(arguments)]
    if name == "unlink":
        on, texts = texts[0].decode(), []
    last = arguments.rpartition(", ")[2]
    return Call(int(thread), name, on, b"".join(texts), int(last) if last.isdigit() else None, result)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _plain(path: str) -> str:
    return _bytes(path).decode() if path.startswith("\\x") else path
