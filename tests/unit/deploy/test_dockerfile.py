"""The images of deploy/: pinned packages, no root, one without what only a GPU needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[3] / "deploy"
ROOT = DEPLOY.parent
TEXT = (DEPLOY / "Dockerfile").read_text()
TARGETS = ("cpu", "cuda")


def stage(name: str) -> str:
    """The lines of a target."""
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def pinned(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_pinned_whole_and_not_root(target: str) -> None:
    text = stage(target)
    assert "--require-hashes -r" in text
    assert "models fetch casia-webface" in text
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["1000"]
    assert "mkdir -p cache/indexes" in text, "a volume is mounted there on a root that is read only"
    copied = [word for line in re.findall(r"^COPY (.+)", text, re.MULTILINE) for word in line.split()[:-1]]
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert "photoclust" in copied
    for name in [*copied, "constraints.txt"]:
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed


def test_both_targets_hold_the_same_program() -> None:
    def ours(name: str) -> str:
        return re.sub(r"(?m)^#.*\n", "", stage(name)[stage(name).index("COPY pyproject.toml") :]).strip()

    assert ours("cpu") == ours("cuda")


def test_the_image_without_a_gpu_lacks_only_what_a_gpu_needs(tmp_path: Path) -> None:
    program = re.search(r"awk '(.*?)'", stage("cpu"))
    assert program
    if shutil.which("awk") is None:
        pytest.skip("there is no awk here")
    source = ROOT / "constraints.txt"
    done = subprocess.run(["awk", program[1], source], capture_output=True, text=True, check=True)
    all_of_them, kept = pinned(source.read_text()), pinned(done.stdout)
    assert kept.items() <= all_of_them.items()
    gone = set(all_of_them) - set(kept)
    assert {"torch", "torchvision", "triton"} <= gone
    assert {name for name in gone if not name.startswith(("nvidia-", "cuda-"))} == {
        "torch",
        "torchvision",
        "triton",
    }
    assert "ray" in kept
    assert "aiohttp" in kept, "the job server's packages are not pinned"
    assert done.stdout.count("--hash=") >= len(kept)


def test_the_dockerfile_pleases_the_linter() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint comes with the extra dev")
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
