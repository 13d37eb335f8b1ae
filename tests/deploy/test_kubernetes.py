"""The plain manifests: valid for Kubernetes, careful, and fitting each other and Posthouse."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.kinds import (
    KUBERNETES,
    applied,
    assert_asked_and_drained,
    assert_careful,
    assert_it_hangs_together,
    configuration,
    of,
    pods,
    resources,
)
from tests.deploy.tools import tool

WAYS = ["single", "cluster", "migrate"]


@pytest.mark.parametrize("version", ["1.29", "1.36"])
def test_every_manifest_is_valid_for_the_oldest_and_the_newest_kubernetes(version: str) -> None:
    files = sorted({path for way in WAYS for path in resources(KUBERNETES / way)})
    done = subprocess.run(
        [tool("kubernetes-validate"), "-k", version, "--strict", *map(str, files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_manifest_that_says_what_kubernetes_does_not_know_is_found(tmp_path: Path) -> None:
    """The check itself can fail."""
    text = (KUBERNETES / "base" / "service.yaml").read_text()
    wrong = tmp_path / "service.yaml"
    wrong.write_text(text.replace("targetPort", "targetDoor"))
    done = subprocess.run([tool("kubernetes-validate"), "-k", "1.36", "--strict", str(wrong)], check=False)
    assert done.returncode != 0


def test_every_file_is_part_of_a_kustomization() -> None:
    named = {path for way in WAYS for path in resources(KUBERNETES / way)}
    there = {path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert named == there


@pytest.mark.parametrize("way", WAYS)
def test_a_pod_may_do_nothing_that_it_need_not_do(way: str) -> None:
    for pod in pods(applied(way)):
        assert_careful(pod)


@pytest.mark.parametrize("way", ["single", "cluster"])
def test_a_pod_that_serves_is_asked_for_its_health_and_has_the_time_to_drain(way: str) -> None:
    for pod in pods(applied(way)):
        assert_asked_and_drained(pod)


@pytest.mark.parametrize("way", ["single", "cluster"])
def test_what_is_applied_hangs_together(way: str) -> None:
    assert_it_hangs_together(applied(way))


@pytest.mark.parametrize(
    ("way", "dialect"), [("single", "sqlite"), ("cluster", "postgresql"), ("migrate", "postgresql")]
)
def test_the_configuration_is_one_that_posthouse_takes(way: str, dialect: str) -> None:
    config = configuration(applied(way))
    assert config.store.dialect == dialect
    assert str(config.http.listen) == "0.0.0.0:8080"
    assert not config.warnings


def test_the_one_pod_keeps_its_store_on_the_volume_and_has_it_for_itself() -> None:
    documents = applied("single")
    assert configuration(documents).store.path.startswith("/data/")
    [owner] = of("StatefulSet", documents)
    assert owner["spec"]["replicas"] == 1
    assert owner["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_no_secret_stands_in_a_manifest() -> None:
    for path in KUBERNETES.rglob("*.yaml"):
        assert not [document for document in yaml.safe_load_all(path.read_text()) if document["kind"] == "Secret"]
