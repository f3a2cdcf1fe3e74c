"""What deploy/ gives an operator is what Kubernetes, KubeRay, Ray and Docker take."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from photoclust.cli import cli

DEPLOY = Path(__file__).parents[3] / "deploy"
ROOT = DEPLOY.parent
KUBERNETES = "1.31"

# Fields of KubeRay's RayJob and RayCronJob (ray.io/v1) at the levels that we write, from their CRDs.
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


def settings() -> dict[str, str]:
    """What settings.env says, as a shell reads it."""
    lines = (DEPLOY / "settings.env").read_text().splitlines()
    words = [word for line in lines for word in shlex.split(line, comments=True)]
    return dict(word.split("=", 1) for word in words)


def rendered(name: str) -> dict[str, Any]:
    """Fill in a file as envsubst does; a name that settings.env lacks is an error."""
    text = re.sub(r"\$(?!\{)", "$$$$", (DEPLOY / name).read_text())
    return yaml.safe_load(Template(text).substitute(settings()))


def validate(values: dict[str, Any]) -> None:
    """Check something of Kubernetes' own kinds against its schema."""
    package = pytest.importorskip("kubernetes_validate", reason="comes with the extra dev")
    package.validate(values, KUBERNETES, strict=True)


def check_ray_job(spec: dict[str, Any]) -> None:
    assert set(spec) <= RAY_JOB
    cluster = spec["rayClusterSpec"]
    assert set(cluster) <= RAY_CLUSTER
    head, workers = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    assert set(head) <= HEAD_GROUP
    for group in workers:
        assert set(group) <= WORKER_GROUP
        assert {"groupName", "minReplicas", "maxReplicas", "template"} <= set(group)
        assert isinstance(group["replicas"], int)
    for group in (head, *workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        assert set(group["template"]) <= {"metadata", "spec"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x"},
            "spec": group["template"]["spec"],
        }
        validate(pod)
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    check_command(shlex.split(spec["entrypoint"]))


def check_command(words: list[str]) -> None:
    """Whether our own command line takes what a manifest says."""
    assert words[0] == "photoclust"
    with cli.make_context("photoclust", words[1:]) as context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(name, rest, parent=context)


def test_the_ray_job() -> None:
    job = rendered("rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert set(job) == {"apiVersion", "kind", "metadata", "spec"}
    check_ray_job(job["spec"])


def test_the_nightly_ray_job_is_the_ray_job() -> None:
    nightly = rendered("nightly.yaml")
    assert (nightly["apiVersion"], nightly["kind"]) == ("ray.io/v1", "RayCronJob")
    assert set(nightly["spec"]) <= RAY_CRON_JOB
    assert nightly["spec"]["jobTemplate"] == rendered("rayjob.yaml")["spec"]


def test_the_nightly_submission() -> None:
    values = rendered("nightly-submit.yaml")
    validate(values)
    (container,) = values["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    check_command(container["args"])


def test_the_check_of_manifests_can_fail() -> None:
    job = rendered("rayjob.yaml")["spec"]
    job["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(Exception, match="imagee"):
        check_ray_job(job)


def test_the_cluster_file_is_one_that_ray_up_takes() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(rendered("cluster.yaml"))
    validate_config(prepared)
    assert prepared["max_workers"] == 2
    prepared["no_such_field"] = 1
    with pytest.raises(Exception, match="no_such_field"):
        validate_config(prepared)


def test_all_settings_are_used_and_ray_is_the_pinned_one() -> None:
    text = "".join(path.read_text() for path in DEPLOY.glob("*.yaml"))
    assert set(settings()) == set(re.findall(r"\$\{(\w+)\}", text))
    pinned = re.search(r"^ray(?:\[\w+\])?==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned
    assert settings()["RAY_VERSION"] == pinned[1]


def test_the_dockerfile() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    instructions = [line.split()[0] for line in text.splitlines() if line and line[0].isupper()]
    assert instructions[0] == "FROM"
    assert "--require-hashes -r constraints.txt" in text
    pinned = (ROOT / "constraints.txt").read_text()
    assert re.search(r"^aiohttp==", pinned, re.MULTILINE), "the job server's packages are not pinned"
    assert "models fetch casia-webface" in text
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert users == ["1000"]
    copied = [word for line in re.findall(r"^COPY (.+)", text, re.MULTILINE) for word in line.split()[:-1]]
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed


def test_the_dockerfile_pleases_the_linter() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint comes with the extra dev")
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
