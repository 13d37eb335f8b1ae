import json

from typer.testing import CliRunner

from posthouse.cli import app
from posthouse.config.describe import json_schema
from posthouse.providers.catalogue import SPECS


def test_the_schema_is_that_of_the_reader() -> None:
    result = CliRunner().invoke(app, ["config", "schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema(SPECS)


def test_without_a_word_it_tells_what_there_is() -> None:
    assert "schema" in CliRunner().invoke(app, ["config"]).output
    assert CliRunner().invoke(app, ["config", "nothing"]).exit_code == 2
