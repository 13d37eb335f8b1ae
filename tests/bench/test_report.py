"""The report: least, median, greatest, ratios pair by pair, and the goals."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from posthouse.bench.machine import Machine
from posthouse.bench.report import GOALS, Goal, Report, Run, Verdict, ceiling, faults, verdicts

MACHINE = Machine(2, "3.11.7", "3.54.1", "Linux 6", "ext4")
NAMES = ["bare sqlite", "posthouse sqlite", "bare postgresql 2", "posthouse postgresql 2", "postfix"]
WHY = "no postfix: install Postfix"


def run(name: str, round_: int, rate: float, p99_ms: float | None = 20.0, **more: float) -> Run:
    return Run(name, round_, 100, rate, rate, p50_ms=5.0, p99_ms=p99_ms, **more)  # type: ignore[arg-type]


def report(*runs: Run, cold_ms: dict[str, list[float]] | None = None, missing: dict[str, str] | None = None) -> Report:
    known = {one.name for one in runs} | {*(missing or {})}
    names = [name for name in NAMES if name in known]
    return Report(MACHINE, 3, 4.0, 64, list(runs), cold_ms or {}, names, missing or {}, "2026-11-28", "posthouse bench")


BOTH = report(
    run("bare sqlite", 1, 8000, half_p99_ms=4.0),
    run("posthouse sqlite", 1, 4400, half_p99_ms=20.0),
    run("posthouse sqlite", 2, 4500, half_p99_ms=30.0),
    run("bare sqlite", 2, 10000),
    run("bare sqlite", 3, 9000),
    run("posthouse sqlite", 3, 4590, half_p99_ms=26.0),
    cold_ms={"bare sqlite": [180, 200, 190], "posthouse sqlite": [550, 510, 540]},
    missing={"postfix": WHY},
)


def test_a_ratio_compares_the_two_halves_of_the_same_round() -> None:
    assert BOTH.span("posthouse sqlite", "accepted_per_s") == (4400, 4500, 4590)
    ratio = BOTH.ratio("posthouse sqlite", "bare sqlite", "accepted_per_s")
    assert ratio is not None
    assert [round(value, 2) for value in ratio] == [0.45, 0.51, 0.55]


def test_a_round_that_one_half_lacks_is_in_no_ratio() -> None:
    lame = report(run("bare sqlite", 1, 8000), run("bare sqlite", 2, 1), run("posthouse sqlite", 1, 4000))
    assert lame.ratio("posthouse sqlite", "bare sqlite", "delivered_per_s") == (0.5, 0.5, 0.5)
    assert lame.ratio("posthouse sqlite", "postfix", "delivered_per_s") is None


def test_the_ceiling_of_a_server_is_the_bare_loop_on_its_store_with_as_many_processes() -> None:
    assert [ceiling(name) for name in NAMES] == [None, "bare sqlite", None, "bare postgresql 2", None]


def test_goals_are_judged_by_medians_where_there_is_something_to_judge_by() -> None:
    seen = {(verdict.goal.figure, verdict.goal.over): verdict.met for verdict in verdicts(BOTH)}
    assert seen == {
        ("delivered_per_s", "bare sqlite"): True,
        ("half_p99_ms", None): False,
        ("p99_ms", None): True,
        ("cold_ms", None): True,
    }


@given(st.floats(0, 1e6))
def test_at_least_and_at_most_include_the_limit(seen: float) -> None:
    assert Verdict(Goal("a", "cpu_us", most=250), seen).met == (seen <= 250)
    assert Verdict(Goal("a", "delivered_per_s", over="b", least=0.5), seen).met == (seen >= 0.5)


def test_a_goal_reads_as_a_sentence() -> None:
    assert str(GOALS[0]) == "posthouse sqlite, delivered/s: at least 0.5 x bare sqlite"
    assert str(GOALS[-1]) == "posthouse sqlite, cold start ms: at most 600"


def test_what_went_wrong_is_said_and_makes_the_report_unclean() -> None:
    wrong = report(run("bare sqlite", 1, 9000), run("posthouse sqlite", 1, 4400, undelivered=3, refused=1, late=2))
    assert BOTH.clean
    assert list(faults(BOTH)) == []
    assert not wrong.clean
    assert list(faults(wrong)) == ["round 1, posthouse sqlite: 3 undelivered, 1 refused, 2 too late to be sent"]


def test_a_report_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(BOTH), type=Report) == BOTH
