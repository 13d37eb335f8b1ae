"""The alerts and the dashboard speak of what a real house says, and every alert has been seen to fire."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from posthouse.metrics.described import METRICS
from tests.deploy.scrape import samples, scrape

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "posthouse.json"
UNIT_TESTS: Final = ("alerts_test.yml", "alerts_long_test.yml")

OURS: Final = re.compile(r"\bposthouse_\w+")
SELECTED: Final = re.compile(r"\b(posthouse_\w+)\{([^}]*)\}")
EVERYWHERE: Final = {"job", "instance", "le"}
"""Labels that Prometheus adds, and that of buckets."""

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing: Debian's package prometheus has it"
)


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """(whose, expression) of all alerts and panels."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def promtool(*words: str | Path) -> None:
    found = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


async def test_every_name_and_label_of_alerts_and_dashboard_is_in_a_real_scrape(tmp_path: Path) -> None:
    known = samples(await scrape(tmp_path))
    for whose, expression in expressions():
        assert set(OURS.findall(expression)) <= known.keys(), whose
        for name, selectors in SELECTED.findall(expression):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors))
            assert labels <= known[name] | EVERYWHERE, f"{whose}: {name}"
        grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
        there = {label for name in OURS.findall(expression) for label in known[name]}
        assert grouped <= there | EVERYWHERE | {"mountpoint"}, whose


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    for metric in METRICS:
        # When a quota begins anew is a part of until when it lasts; nothing else is left out.
        assert metric.name in shown, metric.name


def test_panels_have_places_and_names_of_their_own() -> None:
    titles = [panel["title"] for panel in panels()]
    assert len(set(titles)) == len(titles)
    assert len({panel["id"] for panel in panels()}) == len(titles)
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_dashboard_asks_whichever_prometheus_is_chosen() -> None:
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}
    assert {target["datasource"]["uid"] for panel in panels() for target in panel["targets"]} == {"${datasource}"}


def test_every_alert_says_what_it_is_and_what_to_do() -> None:
    for rule in alerts():
        assert rule["alert"].startswith("Posthouse")
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "runbook"}
        assert len(rule["annotations"]["runbook"]) > 80, rule["alert"]


def test_every_alert_fires_in_a_unit_test() -> None:
    fired: set[str] = set()
    for name in UNIT_TESTS:
        for test in yaml.safe_load((HERE / name).read_text())["tests"]:
            fired |= {one["alertname"] for one in test.get("alert_rule_test", ()) if one["exp_alerts"]}
            for one in test.get("promql_expr_test", ()):
                fired |= set(re.findall(r'alertname="(\w+)"', " ".join(s["labels"] for s in one["exp_samples"])))
    assert fired == {rule["alert"] for rule in alerts()}


@needs_promtool
def test_prometheus_takes_the_files() -> None:
    promtool("check", "rules", PROMETHEUS / "alerts.yml")
    promtool("check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml")


@needs_promtool
@pytest.mark.parametrize("name", UNIT_TESTS)
def test_the_alerts_fire_when_they_should_and_only_then(name: str) -> None:
    promtool("test", "rules", HERE / name)


@needs_promtool
def test_prometheus_can_read_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    """As rules, which promtool reads; what Grafana fills in is filled in."""
    filled = {"$__rate_interval": "1m", "$instance": ".*", "$pool": ".*", "$provider": ".*"}
    rules = []
    for place, (_, expression) in enumerate(expressions()):
        for variable, value in filled.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression
        rules.append({"record": f"dashboard:{place}", "expr": expression})
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", file)
