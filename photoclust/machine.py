"""What this process may use of the machine: processors and memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NVIDIA_SMI_SECONDS = 30  # for it to answer: it may have to wake a driver first


def usable_processors() -> int:
    """Processors that the operating system lets this process run on, 1 or more.

    Where the system does not say (macOS, Windows), all that the machine has.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def container_processors() -> float | None:
    """Processors that this container may use, from cgroup version 2; None where there is no limit."""
    quota, _, period = _read_cgroup("cpu.max").partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def container_memory() -> int | None:
    """Memory limit of this container in bytes, from cgroup version 2 or 1; None where there is none."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        value = _read_cgroup(name)
        if value.isdigit():
            return int(value)
    return None


def has_bfloat16() -> bool:
    """Whether processors have instructions for bfloat16; False where the system is not Linux on x86."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_instructions())


def has_int8() -> bool:
    """Whether they have instructions for products of 8 bits (VNNI); False as in `has_bfloat16`."""
    return "avx512_vnni" in _instructions()


def _instructions() -> list[str]:
    try:
        with Path("/proc/cpuinfo").open() as lines:
            return next((line.split() for line in lines if line.startswith("flags")), [])
    except OSError:
        return []


def gpu_has_bfloat16() -> bool:
    """Whether a GPU of this machine has tensor cores for bfloat16: of compute capability 8 and more."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    command = [program, "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        said = subprocess.run(  # noqa: S603 (a fixed command)
            command, capture_output=True, text=True, timeout=NVIDIA_SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    majors = [line.partition(".")[0].strip() for line in said.stdout.splitlines()]
    return any(major.isdecimal() and int(major) >= 8 for major in majors)


def _read_cgroup(name: str) -> str:
    try:
        return (Path("/sys/fs/cgroup") / name).read_text().strip()
    except OSError:
        return ""
