"""Kubernetes objects as these tests look at them: plain documents, from files or from a chart."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from posthouse.config import Config
from posthouse.config.load import from_bytes
from posthouse.gateway import DRAIN_S
from posthouse.providers.catalogue import SPECS
from posthouse.web.server import GOODBYE_S
from tests.deploy.tools import ROOT

Document = dict[str, Any]

KUBERNETES: Final = ROOT / "deploy" / "kubernetes"
VARIABLES: Final = {
    "POSTHOUSE_ADMIN_KEY": "an-admin-key",
    "POSTHOUSE_WEB_KEY": "a-key-that-sends",
    "POSTHOUSE_STORE": "postgresql://posthouse:secret@postgres/posthouse",
}


def resources(folder: Path) -> Iterator[Path]:
    """The files that a kustomization names, and those of the kustomizations it names."""
    document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for name in document["resources"]:
        place = (folder / name).resolve()
        if place.is_dir():
            yield from resources(place)
        else:
            yield place


def applied(name: str) -> list[Document]:
    """What `kubectl apply -k` of that folder sends; nothing in it is patched, so the files are what is sent."""
    return [document for path in resources(KUBERNETES / name) for document in yaml.safe_load_all(path.read_text())]


def of(kind: str, documents: Sequence[Document]) -> list[Document]:
    return [document for document in documents if document["kind"] == kind]


def pods(documents: Sequence[Document]) -> list[Document]:
    """The template of every pod: its metadata and spec."""
    return [document["spec"]["template"] for document in documents if "template" in document.get("spec", {})]


def labels(pod: Document) -> set[tuple[str, str]]:
    return set(pod["metadata"]["labels"].items())


def configuration(documents: Sequence[Document]) -> Config:
    """posthouse.yaml as the pods read it, with a Secret that holds what the guide says."""
    [found] = of("ConfigMap", documents)
    config = from_bytes(found["data"]["posthouse.yaml"].encode(), VARIABLES, SPECS, 0.0)
    assert isinstance(config, Config), [str(problem) for problem in config]
    return config


def assert_careful(pod: Document) -> None:
    """What holds for every pod of ours: it may do nothing that it need not do."""
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    volumes = {volume["name"] for volume in spec["volumes"]} | {"data"}
    for container in spec["containers"]:
        inside = container["securityContext"]
        assert inside["allowPrivilegeEscalation"] is False
        assert inside["readOnlyRootFilesystem"] is True
        assert inside["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def assert_asked_and_drained(pod: Document) -> None:
    """What holds for a pod that serves: it is asked whether it lives and is ready, and has the time to drain."""
    [container] = pod["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    pause_s = float(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["spec"]["terminationGracePeriodSeconds"] > pause_s + DRAIN_S + GOODBYE_S
    assert container["ports"][0]["containerPort"] == 8080


def assert_it_hangs_together(documents: Sequence[Document]) -> None:
    """Services, budgets, scalers and ingresses mean something that is there, and pods mount what is there."""
    worn = [labels(pod) for pod in pods(documents)]
    for service in of("Service", documents):
        assert [mark for mark in worn if set(service["spec"]["selector"].items()) <= mark]
    for picked in [*of("PodDisruptionBudget", documents), *of("NetworkPolicy", documents)]:
        selector = picked["spec"].get("selector") or picked["spec"]["podSelector"]
        assert [mark for mark in worn if set(selector["matchLabels"].items()) <= mark]
    names = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for scaler in of("HorizontalPodAutoscaler", documents):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) in names
    for ingress in of("Ingress", documents):
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        assert ("Service", backend["name"]) in names
    for pod in pods(documents):
        account = pod["spec"].get("serviceAccountName")
        assert account is None or ("ServiceAccount", account) in names
        for volume in pod["spec"]["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in names
    for owner in [*of("Deployment", documents), *of("StatefulSet", documents)]:
        assert set(owner["spec"]["selector"]["matchLabels"].items()) <= labels(owner["spec"]["template"])
