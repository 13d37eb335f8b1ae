"""compose.yaml: valid by the published schema, and what it names is there. No engine runs it here."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from posthouse.config import Config
from posthouse.config.load import from_bytes
from posthouse.gateway import DRAIN_S
from posthouse.providers.catalogue import SPECS
from posthouse.web.server import GOODBYE_S
from tests.deploy.tools import ROOT, tool

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def made_secrets(folder: Path) -> Path:
    subprocess.run(["sh", str(ROOT / "deploy" / "compose" / "secrets.sh")], cwd=folder, check=True, capture_output=True)
    return folder / "secrets"


def test_it_is_valid_by_the_published_schema() -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], volume


def test_every_secret_is_a_file_that_the_script_makes(tmp_path: Path) -> None:
    secrets = made_secrets(tmp_path)
    used = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    for secret in COMPOSE["secrets"].values():
        assert (tmp_path / secret["file"]).read_text().strip()
    assert secrets.stat().st_mode & 0o077 == 0


def test_secrets_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    before = {file.name: file.read_text() for file in made_secrets(tmp_path).iterdir()}
    after = {file.name: file.read_text() for file in made_secrets(tmp_path).iterdir()}
    assert before == after
    assert len(set(before.values())) == len(before)


def test_the_configuration_is_one_that_posthouse_takes(tmp_path: Path) -> None:
    secrets = made_secrets(tmp_path)
    text = (ROOT / "deploy" / "compose" / "posthouse.yaml").read_text().replace("/run/secrets", str(secrets))
    config = from_bytes(text.encode(), {}, SPECS, 0.0)
    assert isinstance(config, Config), [str(problem) for problem in config]
    assert config.store.place == "postgresql://postgres/posthouse"


def test_posthouse_has_the_time_to_drain_and_may_do_nothing_it_need_not_do() -> None:
    posthouse = SERVICES["posthouse"]
    assert float(posthouse["stop_grace_period"].removesuffix("s")) > DRAIN_S + GOODBYE_S
    assert posthouse["read_only"] is True
    assert posthouse["cap_drop"] == ["ALL"]


def test_nothing_is_open_beyond_this_machine() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_prometheus_takes_what_it_is_given(tmp_path: Path) -> None:
    secrets = made_secrets(tmp_path)
    given = (ROOT / "deploy" / "compose" / "prometheus.yml").read_text().replace("/run/secrets", str(secrets))
    (tmp_path / "prometheus.yml").write_text(given)
    shutil.copy(ROOT / "deploy" / "prometheus" / "alerts.yml", tmp_path)
    command = [tool("promtool", "Debian's prometheus"), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
