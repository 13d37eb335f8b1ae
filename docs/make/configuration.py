"""docs/reference/configuration.md: every setting of posthouse.yaml, and of the environment."""

from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec
from forms import TOP, code, joined, table

from posthouse.config.describe import Row, rows
from posthouse.config.schema import Config, Smtp
from posthouse.config.shape import is_dict, is_part, shape, written
from posthouse.config.unenforced import unenforced
from posthouse.config.values import Domain

HEAD: Final = """
# The configuration

One YAML file (so JSON too): `posthouse.yaml` in the working directory, or the file that `--config` or
`POSTHOUSE_CONFIG` names. `posthouse init` writes one to start from, `posthouse check` names every problem in a file,
each with its path and line, and `posthouse config schema` prints a JSON Schema for editors.

- **Unknown keys are errors**, with the name that was probably meant.
- **`${NAME}`** and `${NAME:-default}` in a value come from the environment.
- **A secret** may be `{file: PATH}` in place of text, and an API key `sha256:HEX` in place of itself. Secrets are shown
  nowhere.
- **Durations** are written `90s`, `5m`, `2h` or `7d`; instants as RFC 3339 or as a date.
- **A change of the file is taken over while Posthouse runs**: whole, or, where anything in it is wrong, not at all. So
  is `SIGHUP`, `POST /admin/reload` and `PUT /admin/config`.

`DOMAIN` and `NAME` stand for names that you give. The settings of each type of provider are in
[Providers](providers.md).
"""

ENVIRONMENT: Final = """
## Without a file

Where there is no file, variables of the environment make one pool. Empty variables count as unset.

| variable | becomes |
| --- | --- |
| `POSTHOUSE_DOMAIN` | the pool; required |
| `POSTHOUSE_API_KEY` | its key, named `api`; required |
| `POSTHOUSE_ADMIN_KEY` | the administrator, named `admin` |
| `POSTHOUSE_STORE` | `store` |
| `POSTHOUSE_LISTEN` | `http.listen`; unless it is set, `PORT` on all interfaces; unless that is, 127.0.0.1:8080 |
| `POSTHOUSE_STRATEGY` | `strategy` |
| `POSTHOUSE_PROVIDERS` | names with commas, in their order; unless set, every provider whose variables are complete |
| a provider's own | its settings: [Providers](providers.md) names them |

With none of these, and no file, `posthouse serve` starts in **development mode**: on loopback only, store
`./posthouse.db`, the pool `example.com` with `sender: any` and the provider `sandbox`, and `dev` as the key for
everything.
"""

IDLE: Final = dict(said.split(": ", 1) for said in unenforced(Config(pools={}, smtp=Smtp())))
"""Mapping → what is said to whoever writes it, where it has no effect yet."""


def page() -> str:
    found = rows({})
    sections = [_section(path, part, found) for path, part in _parts(Config, "")]
    return joined([TOP + HEAD, *sections, ENVIRONMENT])


def _parts(part: type[msgspec.Struct], path: str) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Every mapping of the file with its path, those inside of it after it."""
    yield path, part
    for info in written(part):
        form, inner = shape(info.type), f"{path}{info.encode_name}."
        if found := form.first(is_part):
            yield from _parts(found, inner)
        if option := form.first(is_dict):
            name, kind = get_args(option)
            if is_part(kind):
                yield from _parts(kind, f"{inner}{'DOMAIN' if name == Domain else 'NAME'}.")


def _section(path: str, part: Any, found: list[Row]) -> str:
    own = [row for row in found if row.path.startswith(path) and "." not in row.path.removeprefix(path)]
    title = f"## `{path.rstrip('.')}`" if path else "## The top of the file"
    words = "\n\n".join(" ".join(each.split()) for each in (part.__doc__ or "").split("\n\n")) if path else ""
    warning = f"**Not in force: {IDLE[path.rstrip('.')]}.**" if path.rstrip(".") in IDLE else ""
    return joined([title, words, warning, table(("setting", "expected", "default", "what"), map(_row, own))])


def _row(row: Row) -> tuple[str, str, str, str]:
    name = row.path.rpartition(".")[2]
    return code(name), row.expected, "required" if row.required else code(row.default), row.description
