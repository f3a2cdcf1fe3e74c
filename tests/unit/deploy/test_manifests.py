"""What deploy/ gives an operator is what Kubernetes, KubeRay and Ray take, and gives nothing away."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kustomize import missed_patches, name_of, render

from photoclust.cli import cli

DEPLOY = Path(__file__).parents[3] / "deploy"
ROOT = DEPLOY.parent
KUBERNETES = "1.31"
FOLDERS = DEPLOY / "kubernetes"
COMPONENTS = sorted(path.name for path in (FOLDERS / "components").iterdir())
WAYS = {"run": "RayJob", "nightly": "RayCronJob", "cluster": "RayCluster"}

# Fields of KubeRay's kinds (ray.io/v1) at the levels that we write, from their CRDs of KubeRay 1.7.
RAY_JOB = {
    "activeDeadlineSeconds",
    "backoffLimit",
    "clusterSelector",
    "deletionStrategy",
    "entrypoint",
    "entrypointNumCpus",
    "entrypointNumGpus",
    "entrypointResources",
    "jobId",
    "managedBy",
    "metadata",
    "rayClusterSpec",
    "runtimeEnvYAML",
    "shutdownAfterJobFinishes",
    "submissionMode",
    "submitterConfig",
    "submitterPodTemplate",
    "suspend",
    "ttlSecondsAfterFinished",
}
RAY_CRON_JOB = {"jobTemplate", "schedule", "suspend", "timeZone"}
RAY_CLUSTER = {
    "authOptions",
    "autoscalerOptions",
    "enableInTreeAutoscaling",
    "gcsFaultToleranceOptions",
    "headGroupSpec",
    "headServiceAnnotations",
    "managedBy",
    "networkPolicy",
    "rayVersion",
    "suspend",
    "workerGroupSpecs",
}
GROUP = {"rayStartParams", "template", "resources", "labels"}
HEAD_GROUP = GROUP | {"enableIngress", "headService", "serviceType"}
WORKER_GROUP = GROUP | {
    "groupName",
    "idleTimeoutSeconds",
    "maxReplicas",
    "minReplicas",
    "numOfHosts",
    "replicas",
    "scaleStrategy",
    "suspend",
}
MONITORING = {
    "PodMonitor": {"podMetricsEndpoints", "selector", "namespaceSelector"},
    "PrometheusRule": {"groups"},
}
NOT_OF_KUBERNETES = {*WAYS.values(), *MONITORING}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return request.param


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [entry for entry in objects if entry["kind"] == kind]
    return found


def cluster_of(objects: list[dict[str, Any]], way: str) -> dict[str, Any]:
    spec = only(objects, WAYS[way])["spec"]
    return {"run": spec, "nightly": spec.get("jobTemplate", {}), "cluster": {"rayClusterSpec": spec}}[way][
        "rayClusterSpec"
    ]


def pods(part: Any) -> Iterator[dict[str, Any]]:
    """Every pod template, wherever it stands."""
    if isinstance(part, dict) and "containers" in part.get("spec", {}):
        yield part
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        yield from pods(value)


def validate(values: dict[str, Any]) -> None:
    """Check something of Kubernetes' own kinds against its schema."""
    package = pytest.importorskip("kubernetes_validate", reason="comes with the extra dev")
    package.validate(values, KUBERNETES, strict=True)


def check_ray_cluster(cluster: dict[str, Any]) -> None:
    assert set(cluster) <= RAY_CLUSTER
    head, workers = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    assert set(head) <= HEAD_GROUP
    for group in workers:
        assert set(group) <= WORKER_GROUP
        assert {"groupName", "minReplicas", "maxReplicas", "template"} <= set(group)
        assert isinstance(group["replicas"], int)
    for group in (head, *workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def check_ray_job(spec: dict[str, Any]) -> None:
    assert set(spec) <= RAY_JOB
    check_command(shlex.split(spec["entrypoint"]))


def check_command(words: list[str]) -> None:
    """Whether our own command line takes what a manifest says."""
    assert words[0] == "photoclust"
    with cli.make_context("photoclust", words[1:]) as context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(name, rest, parent=context)


def check_pod(template: dict[str, Any]) -> None:
    """The rules of Kubernetes' profile "restricted", a root that is read only, and no token of its API."""
    metadata = {"name": "x", **template.get("metadata", {})}
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    spec = template["spec"]
    assert metadata["labels"]["app.kubernetes.io/name"] == "photoclust"
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("photoclust", False)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        assert {mount["name"] for mount in mounts.values()} == set(volumes)
        for written in ("/tmp", "/home/photoclust"):
            assert mounts[written]["emptyDir"]["sizeLimit"]


def gigabytes(quantity: str) -> float:
    return float(quantity.removesuffix("Gi")) * 1024**3 / 1e9


def check_ray_pod(group: dict[str, Any]) -> None:
    """Where Ray keeps its objects and its session is as large as was said, and no larger."""
    spec = group["template"]["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    (container,) = spec["containers"]
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    assert mounts["/tmp/ray"]["emptyDir"]["sizeLimit"]
    shared = mounts["/dev/shm"]["emptyDir"]
    assert shared["medium"] == "Memory"
    assert int(group["rayStartParams"]["object-store-memory"]) / 1e9 < gigabytes(shared["sizeLimit"])
    limits = container["resources"]["limits"]
    assert gigabytes(shared["sizeLimit"]) < gigabytes(limits["memory"]) / 3
    assert {"containerPort": 8080, "name": "metrics"} in container["ports"]


def check(objects: list[dict[str, Any]]) -> None:
    """Every object of a rendered folder."""
    for entry in objects:
        if entry["kind"] in MONITORING:
            assert set(entry["spec"]) <= MONITORING[entry["kind"]]
        elif entry["kind"] not in NOT_OF_KUBERNETES:
            validate(entry)
        for template in pods(entry):
            check_pod(template)
    account = only(objects, "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    check_policies([entry["spec"] for entry in objects if entry["kind"] == "NetworkPolicy"])


def check_policies(policies: list[dict[str, Any]]) -> None:
    """Nobody comes in who is not named, and out only those who are let out."""
    for policy in policies:
        assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "photoclust"}}
        for rule in policy.get("ingress", []):
            assert all(peer for peer in rule["from"])
    assert {"Ingress", "Egress"} in [set(policy["policyTypes"]) for policy in policies]


def laid_over(tmp_path: Path, way: str, *components: str) -> Path:
    """A folder that an operator might write."""
    here = os.path.relpath(FOLDERS, tmp_path)
    names = [f"{here}/components/{name}" for name in components]
    plan = {"kind": "Kustomization", "resources": [f"{here}/{way}"], "components": names}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(plan))
    return tmp_path


def test_every_way_is_what_kubernetes_and_kuberay_take(way: str) -> None:
    objects = render(FOLDERS / way)
    check(objects)
    resource = only(objects, WAYS[way])
    assert resource["apiVersion"] == "ray.io/v1"
    assert set(resource) == {"apiVersion", "kind", "metadata", "spec"}
    cluster = cluster_of(objects, way)
    check_ray_cluster(cluster)
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        check_ray_pod(group)


def test_every_cluster_wants_a_token_and_is_the_same() -> None:
    clusters = [cluster_of(render(FOLDERS / way), way) for way in WAYS]
    assert clusters[0]["authOptions"] == {"mode": "token"}
    assert clusters[0] == clusters[1] == clusters[2]


def test_the_nightly_job_is_the_job() -> None:
    nightly = only(render(FOLDERS / "nightly"), "RayCronJob")["spec"]
    assert set(nightly) <= RAY_CRON_JOB
    assert nightly["jobTemplate"] == only(render(FOLDERS / "run"), "RayJob")["spec"]
    check_ray_job(nightly["jobTemplate"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_lies_over_every_way(tmp_path: Path, way: str, component: str) -> None:
    if component == "nightly-submit" and way != "cluster":
        pytest.skip("it is for a cluster that stands")
    plain, objects = render(FOLDERS / way), render(laid_over(tmp_path, way, component))
    check(objects)
    check_ray_cluster(cluster_of(objects, way))
    assert objects != plain
    if component in ("volumes", "gpu", "azure-identity"):
        assert only(objects, WAYS[way]) != only(plain, WAYS[way]), "no patch of it is for this kind"


def test_the_nightly_submission_knows_the_token(tmp_path: Path) -> None:
    objects = render(laid_over(tmp_path, "cluster", "nightly-submit"))
    spec = only(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    check_command(container["args"])
    secret = container["env"][1]["valueFrom"]["secretKeyRef"]
    assert secret == {"name": only(objects, "RayCluster")["metadata"]["name"], "key": "auth_token"}


def test_only_the_head_node_writes_the_index(tmp_path: Path, way: str) -> None:
    cluster = cluster_of(render(laid_over(tmp_path, way, "volumes")), way)
    head, worker = (
        {mount["mountPath"]: mount for mount in group["template"]["spec"]["containers"][0]["volumeMounts"]}
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])
    )
    assert head["/photos"]["readOnly"] is worker["/photos"]["readOnly"] is True
    assert "/index" in head
    assert "/index" not in worker


def test_the_example_names_every_image_by_digest() -> None:
    objects = render(FOLDERS / "example")
    check(objects)
    assert missed_patches(FOLDERS / "example") == []
    images = {container["image"] for pod in pods(objects) for container in pod["spec"]["containers"]}
    assert all(re.fullmatch(r"[\w./-]+@sha256:[0-9a-f]{64}", image) for image in images)


@pytest.mark.parametrize("folder", [*WAYS, "example", "base"])
def test_kubectl_makes_the_same_of_it(folder: str) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl here")
    done = subprocess.run(
        ["kubectl", "kustomize", FOLDERS / folder], capture_output=True, text=True, check=True
    )
    theirs = sorted(yaml.safe_load_all(done.stdout), key=name_of)
    assert theirs == sorted(render(FOLDERS / folder), key=name_of)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("spec", "containers", 0, "imagee"), "x", "imagee"),
        (("spec", "containers", 0, "securityContext", "readOnlyRootFilesystem"), False, "readOnly"),
        (("spec", "automountServiceAccountToken"), True, "photoclust"),
    ],
)
def test_the_check_of_pods_can_fail(path: tuple[Any, ...], value: object, said: str) -> None:
    template = cluster_of(render(FOLDERS / "run"), "run")["headGroupSpec"]["template"]
    check_pod(template)
    part: Any = template
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(Exception, match=said):
        check_pod(template)


def test_the_cluster_file_is_one_that_ray_up_takes() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    written = yaml.safe_load((DEPLOY / "cluster.yaml").read_text())
    prepared = prepare_config(written)
    validate_config(prepared)
    assert prepared["max_workers"] == 2
    assert "--env=RAY_AUTH_MODE=token" in written["docker"]["run_options"]
    assert "@sha256:" in written["docker"]["image"]
    prepared["no_such_field"] = 1
    with pytest.raises(Exception, match="no_such_field"):
        validate_config(prepared)


def test_ray_is_the_pinned_one() -> None:
    pinned = re.search(r"^ray(?:\[\w+\])?==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned
    assert {cluster_of(render(FOLDERS / way), way)["rayVersion"] for way in WAYS} == {pinned[1]}


def test_the_readme_names_what_is_there() -> None:
    text = (DEPLOY / "README.md").read_text()
    named = set(re.findall(r"`((?:kubernetes|components)/[\w./-]+)`", text))
    assert len(named) > 8
    for name in named:
        assert (DEPLOY / name).exists() or (FOLDERS / name).exists(), name
