"""The collector's configurations hang together: every part that is used is there, and every part that is there is used.

No collector is at hand to start them with; `docs/observability.md` says so.
"""

from typing import Any

import pytest
import yaml

from tests.deploy.tools import ROOT

FILES = sorted((ROOT / "deploy" / "otel").glob("*.yaml"))
PARTS = ("receivers", "processors", "exporters")


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "otel" / name).read_text())
    return found


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_each_pipeline_is_made_of_parts_that_are_there_and_no_part_is_left_over(name: str) -> None:
    given = read(name)
    pipelines = given["service"]["pipelines"].values()
    for part in PARTS:
        assert {each for pipeline in pipelines for each in pipeline[part]} == set(given[part]), part
    assert all(pipeline["processors"][0] == "memory_limiter" for pipeline in pipelines)


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    given = read(name)
    places = [given["receivers"]["otlp"]["protocols"]["http"]["endpoint"]]
    places += [
        part["endpoint"] for part in (given["receivers"].get("statsd"), given["exporters"].get("prometheus")) if part
    ]
    assert all(place.startswith("127.0.0.1:") for place in places)


def test_they_are_the_two_that_the_guide_names() -> None:
    guide = (ROOT / "docs" / "observability.md").read_text()
    assert [file.name for file in FILES] == ["collector.yaml", "statsd.yaml"]
    assert all(f"deploy/otel/{file.name}" in guide for file in FILES)
