"""One pool from variables of the environment alone, for platforms that have no files.

The variables become a document whose values are references to them (`api_key: "${SENDGRID_API_KEY}"`), read by the
same reader as a file: one set of rules, and a problem names the variable. Empty variables count as unset.

| variable | becomes |
|---|---|
| `POSTHOUSE_DOMAIN` | the pool, required |
| `POSTHOUSE_API_KEY` | its key `api`, required |
| `POSTHOUSE_ADMIN_KEY` | the admin `admin` |
| `POSTHOUSE_STORE` | `store` |
| `POSTHOUSE_LISTEN` | `http.listen`; else `PORT` on all interfaces, as platforms want it; else 127.0.0.1:8080 |
| `POSTHOUSE_STRATEGY` | `strategy` |
| `POSTHOUSE_PROVIDERS` | names with commas, in their order; else every provider whose variables are complete |
| a provider's own | its settings |
"""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from posthouse.config.problem import Problem
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.config.shape import alternatives, nearest, written
from posthouse.config.values import Scalar, domain
from posthouse.providers.base import Spec

PREFIX: Final = "POSTHOUSE_"
CONFIG_FILE: Final = "POSTHOUSE_CONFIG"
DOMAIN, API_KEY, ADMIN_KEY = "POSTHOUSE_DOMAIN", "POSTHOUSE_API_KEY", "POSTHOUSE_ADMIN_KEY"
STORE, LISTEN, STRATEGY, PROVIDERS = "POSTHOUSE_STORE", "POSTHOUSE_LISTEN", "POSTHOUSE_STRATEGY", "POSTHOUSE_PROVIDERS"
VARIABLES: Final = (DOMAIN, API_KEY, ADMIN_KEY, STORE, LISTEN, STRATEGY, PROVIDERS)

TYPO_LIKENESS: Final = 0.8
"""A variable so like one of ours is a mistyped one. Others are left alone: platforms make their own of this prefix."""


def speaks(env: Mapping[str, str], specs: Mapping[str, Spec]) -> list[str]:
    """The variables that ask for this mode: any `POSTHOUSE_*`, any of a provider. None of them: it is not asked for."""
    known = {variable for spec in specs.values() for variable in spec.env.values()}
    return sorted(name for name, value in env.items() if value and (name.startswith(PREFIX) or name in known))


def from_environment(env: Mapping[str, str], specs: Mapping[str, Spec], now: float) -> Config | list[Problem]:
    """The configuration that the variables describe, or every problem; a problem's path is the variable's name."""
    problems = [*_missing(env, specs), *_mistyped(env)]
    names = _providers(env, specs)
    problems += _not_providers(names, specs) if names else [_no_providers(env, specs)]
    names = [name for name in names if name in specs]
    text, origins = _document(env, specs, names)
    found = read(text, env, specs, now, mode="environment")
    if isinstance(found, Config) and not problems:
        return found
    if not isinstance(found, Config):
        told = {problem.path for problem in problems}
        renamed = [under(_origin(problem.path, origins), problem) for problem in found]
        problems += [problem for problem in renamed if problem.path not in told]
    return sorted(set(problems), key=lambda problem: (problem.path, problem.message))


def under(variable: str, problem: Problem) -> Problem:
    """The problem of a value that came from a variable."""
    return Problem(variable, None, "expected a port from 0 to 65535" if variable == "PORT" else problem.message)


def _document(env: Mapping[str, str], specs: Mapping[str, Spec], names: list[str]) -> tuple[str, dict[str, str]]:
    """The document, and which variable each path of it comes from."""
    # Without a domain any will do: it only serves to find the other problems.
    given = Scalar(env.get(DOMAIN) or "example.com")
    pool = f"pools.{domain(given) or given.text}"
    origins = {"pools": DOMAIN, pool: DOMAIN, f"{pool}.keys": API_KEY, f"{pool}.providers": PROVIDERS}
    inside: dict[str, Any] = {"keys": {}, "providers": {name: {} for name in names}}
    document: dict[str, Any] = {"pools": {f"${{{DOMAIN}:-example.com}}": inside}}

    def put(place: dict[str, Any], path: str, variable: str, text: str | None = None) -> None:
        origins[path] = variable
        if env.get(variable):
            place[path.rpartition(".")[2]] = text or f"${{{variable}}}"

    if env.get(LISTEN) or not env.get("PORT"):
        put(document.setdefault("http", {}), "http.listen", LISTEN)
    else:
        put(document.setdefault("http", {}), "http.listen", "PORT", "0.0.0.0:${PORT}")
    put(document, "store", STORE)
    put(document.setdefault("admins", {}), "admins.admin", ADMIN_KEY)
    put(inside["keys"], f"{pool}.keys.api", API_KEY)
    put(inside, f"{pool}.strategy", STRATEGY)
    for name in names:
        for setting, variable in specs[name].env.items():
            put(inside["providers"][name], f"{pool}.providers.{name}.{setting}", variable)
    return json.dumps(document, indent=1), origins


def _origin(path: str, origins: Mapping[str, str]) -> str:
    """The variable behind a path, or behind what is around it."""
    place = path
    while place:
        if place in origins:
            return origins[place]
        place = place.rpartition(".")[0]
    return path


def _missing(env: Mapping[str, str], specs: Mapping[str, Spec]) -> list[Problem]:
    given = speaks(env, specs)
    because = f"as {', '.join(given[:3])} {'is' if len(given) == 1 else 'are'} set"
    return [
        Problem(name, None, f"not set: expected {what}, {because}")
        for name, what in ((DOMAIN, "the sending domain"), (API_KEY, "the key that may send"))
        if not env.get(name)
    ]


def _mistyped(env: Mapping[str, str]) -> list[Problem]:
    ours = {variable.removeprefix(PREFIX): variable for variable in (*VARIABLES, CONFIG_FILE)}
    found = []
    for name in env:
        rest = name.removeprefix(PREFIX)
        if rest != name and rest not in ours and (close := get_close_matches(rest, ours, 1, TYPO_LIKENESS)):
            found.append(Problem(name, None, f"unknown variable: did you mean {ours[close[0]]}?"))
    return found


def _providers(env: Mapping[str, str], specs: Mapping[str, Spec]) -> list[str]:
    """The providers asked for, in order; unless said, those whose required settings are all there."""
    if asked := env.get(PROVIDERS):
        return [name.strip() for name in asked.split(",") if name.strip()]
    return [name for name, spec in specs.items() if spec.env and _complete(spec, env)]


def _complete(spec: Spec, env: Mapping[str, str]) -> bool:
    required = [info.encode_name for info in written(spec.settings) if info.required]
    given = [setting for setting, variable in spec.env.items() if env.get(variable)]
    return bool(given) and set(required) <= set(given)


def _not_providers(names: list[str], specs: Mapping[str, Spec]) -> list[Problem]:
    found = [Problem(PROVIDERS, None, f"not a provider: {nearest(n, specs)}") for n in names if n not in specs]
    if len(set(names)) < len(names):
        found.append(Problem(PROVIDERS, None, "a provider is named twice"))
    return found


def _no_providers(env: Mapping[str, str], specs: Mapping[str, Spec]) -> Problem:
    return Problem(PROVIDERS, None, f"not set: expected names with commas, of {alternatives(sorted(specs))}")
