import json
from typing import Any

import msgspec
import yaml

from posthouse.config.describe import json_schema, rows
from tests.config.providers import SPECS
from tests.config.sample import SAMPLE

ROWS = {row.path: row for row in rows(SPECS)}


def test_every_setting_has_a_row_that_says_what_is_expected() -> None:
    assert ROWS["http.listen"].default == "127.0.0.1:8080"
    assert ROWS["retention.content"].default == "7d"
    assert ROWS["pools.DOMAIN.retry.give_up_after"].default == "24h"
    assert ROWS["pools.DOMAIN.open"].default == "false"
    assert ROWS["pools.DOMAIN.providers.NAME.order"].default is None
    assert ROWS["pools.DOMAIN.keys.NAME.rate"].expected.startswith("a rate such as")
    assert ROWS["pools.DOMAIN.providers.mailgun.region"].expected == "us or eu"
    assert ROWS["pools.DOMAIN.providers.mailgun.domain"].required
    assert all(row.expected and row.description for row in ROWS.values())


def test_what_a_row_gives_as_default_is_not_required() -> None:
    assert not [row for row in ROWS.values() if row.required and row.default is not None]


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(json_schema(SPECS)))["$schema"].endswith("2020-12/schema")


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Enough of JSON Schema for the schema that is made here."""
    if "anyOf" in schema:
        return any(fits(value, each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if schema["type"] == "object":
        if not isinstance(value, dict) or not set(schema.get("required", [])) <= set(value):
            return False
        rest = schema["additionalProperties"]
        return all(
            fits(each, schema["properties"][name])
            if name in schema.get("properties", {})
            else rest and fits(each, rest)
            for name, each in value.items()
        )
    if schema["type"] == "array":
        return isinstance(value, list) and all(fits(each, schema["items"]) for each in value)
    kinds: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "number": int | float}
    if not isinstance(value, kinds[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return False
    if isinstance(value, str):
        return "pattern" not in schema or "${" in value
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def test_the_sample_fits_the_schema_and_a_mistake_does_not() -> None:
    sample = yaml.safe_load(SAMPLE)
    assert fits(sample, json_schema(SPECS))
    providers = sample["pools"]["example.com"]["providers"]
    for name, wrong in (("sendgrid", {}), ("sendgrid", {"api_key": "x", "apikey": "x"}), ("spare", {"host": "h"})):
        broken = msgspec.json.decode(msgspec.json.encode(sample))
        broken["pools"]["example.com"]["providers"] = {**providers, name: wrong}
        assert not fits(broken, json_schema(SPECS))
