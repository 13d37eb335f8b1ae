"""The chart, rendered by Helm's own engine: valid, careful, and the same in substance as the plain manifests."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy.kinds import (
    Document,
    assert_asked_and_drained,
    assert_careful,
    assert_it_hangs_together,
    configuration,
    of,
    pods,
)
from tests.deploy.tools import ROOT, python_of_tools, tool

CHART: Final = ROOT / "deploy" / "helm" / "posthouse"
SPLIT: Final = {"roles": "split", "config": {"store": "${POSTHOUSE_STORE}"}}
EVERYTHING: Final = {
    **SPLIT,
    "ingress": {"enabled": True},
    "secret": {"create": True, "values": {"POSTHOUSE_WEB_KEY": "a-key-that-sends"}},
    "podAnnotations": {"example.com/team": "mail"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "mail", "operator": "Exists"}],
    "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
}


def ask(values: Document) -> "subprocess.CompletedProcess[str]":
    rendering = Path(__file__).with_name("rendered.py")
    command = [python_of_tools(), str(rendering), str(CHART), json.dumps(values)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(values: Document) -> tuple[dict[str, Any], list[Document]]:
    """What the linter says, and the objects."""
    done = ask(values)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    texts = [text for name, text in answer["files"].items() if name.endswith(".yaml")]
    return answer["lint"], [document for text in texts for document in yaml.safe_load_all(text) if document]


@pytest.mark.parametrize("values", [{}, SPLIT, EVERYTHING], ids=["all", "split", "everything"])
def test_what_helm_renders_is_valid_careful_and_hangs_together(values: Document, tmp_path: Path) -> None:
    complaints, documents = rendered(values)
    assert complaints["errors"] == []
    file = tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    check = [tool("kubernetes-validate"), "-k", "1.36", "--strict", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_it_hangs_together(documents)
    assert configuration(documents).pools
    for pod in pods(documents):
        assert_careful(pod)
    for kind in ("StatefulSet", "Deployment"):
        for pod in pods(of(kind, documents)):
            assert_asked_and_drained(pod)


def test_one_pod_does_everything_unless_the_roles_are_split() -> None:
    _, alone = rendered({})
    assert [pod["spec"]["containers"][0]["args"] for pod in pods(alone)] == [["serve"]]
    _, split = rendered(SPLIT)
    said = sorted(pod["spec"]["containers"][0]["args"] for pod in pods(split))
    assert said == [["migrate"], ["serve", "--role", "delivery"], ["serve", "--role", "web"]]


def test_roles_that_share_a_file_of_sqlite_are_refused() -> None:
    done = ask({"roles": "split"})
    assert done.returncode == 1
    assert "roles: split needs a store that several pods share" in done.stderr


@pytest.mark.parametrize("values", [{"role": "all"}, {"roles": "both"}, {"config": {"http": {"listen": "0.0.0.0:80"}}}])
def test_values_that_mean_nothing_are_refused(values: Document) -> None:
    assert ask(values).returncode == 1


def test_the_chart_has_the_version_of_posthouse() -> None:
    from posthouse import __version__

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
