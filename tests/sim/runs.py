"""Runs of the built-in scenarios, each made once for all tests of a process; and scenarios in a few words."""

from functools import cache
from random import Random
from typing import Any

import msgspec

from posthouse.cli.simulate import built_in, played
from posthouse.routing.rules import Candidate, Rules
from posthouse.sim.log import Log
from posthouse.sim.model import MadeUp, Providers, Spell
from posthouse.sim.report import Report
from posthouse.sim.run import run
from posthouse.sim.scenario import Scenario
from posthouse.sim.units import Seconds, Share


@cache
def report(name: str, rule: str = "posthouse", seed: int = 1) -> Report:
    return played(built_in()[name], seed, rule)[1]


def with_alternative_at(score: float, name: str) -> Scenario:
    """A built-in scenario in which the alternative has that score."""
    scenario = built_in()[name]
    providers = dict(scenario.providers)
    providers["alternative"] = msgspec.structs.replace(providers["alternative"], score=score)
    return msgspec.structs.replace(scenario, providers=providers)


def spell(starts: float = 0, ends: float = 1e9, *, fails: float = 0, hangs: float = 0, loses: float = 0) -> Spell:
    span = Spell(starts=Seconds(starts), ends=Seconds(ends))
    return msgspec.structs.replace(span, fails=Share(fails), hangs=Share(hangs), loses=Share(loses))


def short(made_up: dict[str, MadeUp], messages: int = 200, seed: int = 1, **rules: Any) -> Log:
    """Ten messages a second to providers in this order of priority."""
    candidates = tuple(Candidate(name, order=place) for place, name in enumerate(made_up, start=1))
    arrivals = ((number / 10, f"m-{number}") for number in range(messages))
    pool = Rules("example.com", **{"candidates": candidates, **rules})
    return run(pool, arrivals, Providers(made_up, Random(seed)), messages / 10)
