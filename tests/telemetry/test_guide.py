"""The guide tells all that may leave, and what it shows is true."""

import re
from pathlib import Path

import yaml

from posthouse.config.schema import Log
from posthouse.telemetry import FIELDS
from posthouse.telemetry.line import FIRST, ONE_IN
from posthouse.telemetry.trace import ATTRIBUTES

GUIDE = (Path(__file__).parents[2] / "docs" / "observability.md").read_text()


def test_every_field_of_a_line_and_every_attribute_of_a_span_is_told() -> None:
    told = set(re.findall(r"`([\w.]+)`", GUIDE))
    assert {*FIELDS, *ATTRIBUTES.values()} <= told


def test_the_settings_it_shows_are_the_defaults() -> None:
    (shown,) = re.findall(r"```yaml\n(log: .*)\n```", GUIDE)
    given = yaml.safe_load(shown)["log"]
    assert given == {"format": Log().format, "successes": Log().successes, "then_one_in": Log().then_one_in}
    assert (Log().successes, Log().then_one_in) == (FIRST, ONE_IN)
