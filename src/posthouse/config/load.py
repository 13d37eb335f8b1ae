"""Where the configuration comes from, in this order: the first that is there counts, they are never mixed.

1. the file named on the command line;
2. the file named by `POSTHOUSE_CONFIG`;
3. `posthouse.yaml` in the working directory;
4. variables of the environment (`twelve_factor`), when any `POSTHOUSE_*` or provider's variable is set;
5. development mode: loopback only, one pool, the sandbox provider, the key `dev`.

In a file, variables still come in by `${NAME}`. `PORT` alone asks for nothing: in development mode it changes the port,
on loopback.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from posthouse.config.document import MAX_BYTES
from posthouse.config.problem import Problem
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.config.twelve_factor import CONFIG_FILE, from_environment, speaks, under
from posthouse.providers.base import Spec
from posthouse.secret import Secret

FILE_NAME: Final = "posthouse.yaml"

DEVELOPMENT: Final = """\
http: {listen: "127.0.0.1:${PORT:-8080}"}
store: sqlite:///posthouse.db
admins: {dev: dev}
pools:
  example.com:
    keys: {dev: dev}
    sender: any
    default_from: Posthouse <posthouse@example.com>
    providers: {sandbox: {}}
"""


def load(
    path: Path | None, env: Mapping[str, str], specs: Mapping[str, Spec], now: float, cwd: Path | None = None
) -> Config | list[Problem]:
    """The configuration, or all its problems.

    path: the file named on the command line. now: seconds since the epoch. cwd: where `posthouse.yaml` is looked for;
    the working directory unless said. The same call again is the reload: it answers, and changes nothing.
    """
    if file := find(path, env, cwd or Path()):
        return from_file(file, env, specs, now)
    if speaks(env, specs):
        return from_environment(env, specs, now)
    found = read(DEVELOPMENT, env, specs, now, mode="development")
    return found if isinstance(found, Config) else [under("PORT", problem) for problem in found]


def find(path: Path | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    """The file that counts, whether or not it is there; None where no file is named and there is none to find."""
    if path is not None:
        return path
    if named := env.get(CONFIG_FILE):
        return Path(named)
    return cwd / FILE_NAME if (cwd / FILE_NAME).exists() else None


def from_file(file: Path, env: Mapping[str, str], specs: Mapping[str, Spec], now: float) -> Config | list[Problem]:
    """The configuration in one file. A problem that has no place of its own is told under the file's name."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a file name"
        return [Problem(str(file), None, f"cannot be read: {why}")]
    found = from_bytes(data, env, specs, now)
    if isinstance(found, Config):
        return replace(found, source=file)
    return [replace(problem, path=problem.path or str(file)) for problem in found]


def from_bytes(data: bytes, env: Mapping[str, str], specs: Mapping[str, Spec], now: float) -> Config | list[Problem]:
    """The configuration in the bytes of a file, or of a request that replaces it."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return [Problem("", data.count(b"\n", 0, error.start) + 1, "expected UTF-8")]
    found = read(text, env, specs, now)
    return replace(found, text=Secret(text)) if isinstance(found, Config) else found
