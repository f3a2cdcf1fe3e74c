"""A job of a Ray cluster: what is asked for, how it is doing, and what it said last.

It is named after its verb and the index it works on, ``photoclust-run-1f0c9a3e-2`` for the second time.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from photoclust import __version__

if TYPE_CHECKING:
    from ray.dashboard.modules.job.pydantic_models import JobDetails

STOP_SECONDS = 20  # for a stopped job to write what it has; Ray's default is 3
COMMAND_KEY = "photoclust_command"
_LIVE = ("PENDING", "RUNNING")
_RAY_SAYS = "Running entrypoint for job "  # in the log of every job

# A job is a line for the shell of the head node, whose PATH may have another Python first, or none, where Ray
# was started from an environment that is not activated. Ray's raylet, an ancestor of that shell, was told the
# Python of its workers. Without /proc, or such an ancestor, it is the Python of PATH. The line finds this in
# a variable, since Ray writes the line into the job's log; Ray replaces variables of the environment in it,
# hence the odd names.
_START = r"""
_pid=$PPID _python=
while [ "${_pid:-0}" -gt 1 ] && [ -z "$_python" ]; do
    _python=$(tr "\000" "\n" <"/proc/$_pid/cmdline" | sed -n \
        -e "s/^--python_worker_command=\"\([^\"]*\)\" .*/\1/p" \
        -e "s/^--python_worker_command=\([^\" ]*\) .*/\1/p")
    _pid=$(sed -n "s/^PPid:[[:space:]]*//p" "/proc/$_pid/status")
done 2>/dev/null
exec "${_python:-python}" -m photoclust "$@"
"""


@dataclass(frozen=True)
class Submission:
    """What to run where.

    Attributes
    ----------
    arguments
        The verb and what follows it, as on the command line.
    subject
        What two jobs of one verb must not work on at the same time: the index, or all the arguments.
    num_cpus, num_gpus
        What the verb asks for, so that it can be refused at once; None where it takes what there is.
    runtime_env
        Further entries of Ray's runtime environment: ``working_dir``, ``pip``, ``env_vars``.
    """

    arguments: tuple[str, ...]
    subject: str
    num_cpus: int | None = None
    num_gpus: int | None = None
    runtime_env: dict[str, Any] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """What is to be done, as a person writes it."""
        return shlex.join(["photoclust", *self.arguments])

    @property
    def entrypoint(self) -> str:
        """What the cluster's shell runs: the command with its Ray's Python, or with that of `pip`."""
        if {"pip", "conda", "uv"} & set(self.runtime_env):  # which Ray activates for the job
            return f"python -m {self.command}"
        return f'sh -c "$PHOTOCLUST_START" {self.command}'

    @property
    def family(self) -> str:
        """Start of the name of every job that does this."""
        mark = blake2b(self.subject.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        return f"photoclust-{self.arguments[0]}-{mark}-"


@dataclass(frozen=True)
class Job:
    """A submitted job; times are seconds since 1970, None where there is none yet."""

    id: str
    status: str
    command: str
    started: float | None
    ended: float | None
    message: str

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.status in _LIVE

    @classmethod
    def of(cls, details: JobDetails) -> Job:
        """What we show of what Ray knows."""
        return cls(
            details.submission_id or "",
            details.status.value,
            (details.metadata or {}).get(COMMAND_KEY, details.entrypoint),
            details.start_time / 1000 if details.start_time else None,
            details.end_time / 1000 if details.end_time else None,
            details.message or "",
        )


def runtime_env(submission: Submission, job_id: str) -> dict[str, Any]:
    """Ray's runtime environment of a submission: what it asks for, and what the job should know of itself."""
    ours = {
        "PHOTOCLUST_ADDRESS": "auto",
        "PHOTOCLUST_JOB_ID": job_id,
        "PHOTOCLUST_START": _START,
        "PHOTOCLUST_SUBMITTED_BY": __version__,
        "PYTHONUNBUFFERED": "1",
        "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    theirs = submission.runtime_env
    return theirs | {"env_vars": ours | theirs.get("env_vars", {})}


def number_of(job_id: str) -> int:
    """How often its family was submitted, this time included; 0 for an id of another kind."""
    found = re.search(r"-(\d+)$", job_id)
    return int(found[1]) if found else 0


def last_words(logs: str) -> str:
    """Why a job failed, from what it wrote: its own error, or its last line."""
    lines = [line.strip() for line in logs.splitlines() if line.strip() and not line.startswith(_RAY_SAYS)]
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return (errors or lines or ["it wrote nothing"])[-1]
