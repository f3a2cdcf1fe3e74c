"""The Ray Jobs client: hand a verb to a cluster, look after it, stop it.

Ray takes a name once, so that of two who submit the same at the same moment one is told the other's job; see
`photoclust.engine.jobs` for the names.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # photos of people: nothing is ever sent anywhere

import ray
from ray.exceptions import AuthenticationError
from ray.job_submission import JobSubmissionClient
from ray.util.state import list_nodes

from photoclust.engine.addresses import without_password
from photoclust.engine.jobs import COMMAND_KEY, Job, Submission, number_of, runtime_env
from photoclust.errors import EngineError, PhotoclustError, ResourceError, UsageError

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0  # a loaded head node takes half a minute to take a job
AGENT_SECONDS = 60.0  # a head node that has just started takes its time until it takes jobs
POLL_SECONDS = 0.5
MAX_NODES = 10_000  # Ray gives no more
_TOKEN_HINT = "set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to what ~/.ray/auth_token on the head node holds"  # noqa: S105


class _Client(JobSubmissionClient):
    """Ray's client, which of itself waits without end for whoever takes a connection and says nothing."""

    def _do_request(self, *arguments: Any, **options: Any) -> Any:
        return super()._do_request(*arguments, timeout=ANSWER_SECONDS, **options)


class JobClient:
    """The job server at the dashboard address of a cluster.

    Parameters
    ----------
    address
        ``http://HEAD:8265``.

    Raises
    ------
    EngineError
        When nobody answers there, or a token is missing.
    """

    def __init__(self, address: str) -> None:
        host, port = _host_and_port(address)
        for name in ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"):  # Ray would prefer them to what was said
            os.environ.pop(name, None)
        self.address = address
        with self._asking():
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            self._ray = _Client(address)

    @property
    def _place(self) -> str:
        """The address as it may be shown."""
        return without_password(self.address, self.address)

    @contextmanager
    def _asking(self, job_id: str = "") -> Generator[None]:
        """Turn what Ray's client raises into one sentence."""
        try:
            yield
        except PhotoclustError:
            raise
        except AuthenticationError as error:
            raise EngineError(f"The cluster at {self._place} wants a token: {_TOKEN_HINT}.") from error
        except Exception as error:  # Ray's client raises whatever requests, aiohttp and pydantic do
            text = " ".join(without_password(str(error), self.address).split())
            if "status code 404" in text and job_id:
                message = f"{self._place} knows no job {job_id}; see `photoclust jobs list`."
            elif isinstance(error, OSError):  # a connection that was refused, or timed out
                message = f"No Ray dashboard answers at {self._place} ({text[:200]}); check host and port."
            else:
                message = f"The cluster at {self._place} said: {text[-300:]}"
            raise EngineError(message) from error

    # -- looking --------------------------------------------------------------------------------------

    @property
    def ray_version(self) -> str:
        """Ray's version on the cluster."""
        return self._ray._server_ray_version or ""  # pyright: ignore[reportPrivateUsage]

    def resources(self) -> dict[str, float]:
        """Processors (``CPU``) and GPUs (``GPU``) of all living nodes together."""
        with self._asking():  # Ray's own filter takes a dead node, half an hour long, for a cut answer
            nodes = [node for node in list_nodes(self.address, limit=MAX_NODES, detail=True) if _lives(node)]
        totals: list[dict[str, float]] = [getattr(node, "resources_total", None) or {} for node in nodes]
        return {name: sum(total.get(name, 0.0) for total in totals) for name in ("CPU", "GPU")}

    def list(self) -> list[Job]:
        """All jobs that were ever submitted to this cluster, the oldest first."""
        with self._asking():
            jobs = [Job.of(details) for details in self._ray.list_jobs() if details.submission_id]
        return sorted(jobs, key=lambda job: (job.started or 0.0, job.id))

    def job(self, job_id: str) -> Job:
        """One job."""
        with self._asking(job_id):
            return Job.of(self._ray.get_job_info(job_id))

    def logs(self, job_id: str) -> str:
        """Everything that the job has written so far."""
        with self._asking(job_id):
            return self._ray.get_job_logs(job_id)

    def follow(self, job_id: str, show: Callable[[str], None]) -> None:
        """Give `show` what the job has written and what it writes, until it ends."""
        self.job(job_id)
        with asyncio.Runner() as runner:
            texts = aiter(self._ray.tail_job_logs(job_id))
            while True:
                with self._asking(job_id):  # what `show` raises is not the cluster's
                    text = runner.run(_next(texts))
                if text is None:
                    return
                show(text)

    def wait(self, job_id: str) -> Job:
        """Wait until a job has ended."""
        while (job := self.job(job_id)).live:
            time.sleep(POLL_SECONDS)
        return job

    # -- doing ----------------------------------------------------------------------------------------

    def check(self, submission: Submission) -> str | None:
        """See at once whether the cluster can do it; tell what could not be found out.

        Raises
        ------
        EngineError
            When its Ray is another version than ours.
        ResourceError
            When the verb asks for more than the cluster has.
        """
        if self.ray_version != ray.__version__:
            raise EngineError(
                f"The cluster at {self._place} runs Ray {self.ray_version}, this machine {ray.__version__}; "
                f"install the same here (pip install 'ray[default]=={self.ray_version}') "
                "or say --any-version."
            )
        try:
            there = self.resources()
        except EngineError as error:  # that the cluster did not tell is no proof that it cannot do it
            return f"What the cluster has was not checked. {error}"
        self._check_resources(submission, there)
        return None

    def _check_resources(self, submission: Submission, there: dict[str, float]) -> None:
        for option, name in (("num_cpus", "CPU"), ("num_gpus", "GPU")):
            wanted = getattr(submission, option)
            if wanted and wanted > there[name]:
                raise ResourceError(
                    f"--{option.replace('_', '-')} {wanted} was asked for, but the cluster at {self._place} "
                    f"has {there[name]:g}; ask for less or leave it out."
                )

    def submit(self, submission: Submission) -> tuple[Job, bool]:
        """Start the job, unless it runs already; tell the job and whether it is new.

        Raises
        ------
        EngineError
            When another job with the same verb works on the same index.
        """
        family = [job for job in self.list() if job.id.startswith(submission.family)]
        for job in family:
            if job.live and job.command == submission.command:
                return job, False
            if job.live:
                raise EngineError(
                    f"The job {job.id} is at work on it with other options ({job.command}); "
                    f"wait for it, or stop it: photoclust jobs stop {job.id} --address {self._place}"
                )
        number = 1 + max((number_of(job.id) for job in family), default=0)
        return self._start(submission, f"{submission.family}{number}")

    def _start(self, submission: Submission, job_id: str) -> tuple[Job, bool]:
        environment = runtime_env(submission, job_id)
        end = time.monotonic() + AGENT_SECONDS
        with self._asking():
            while True:
                try:
                    self._ray.submit_job(
                        entrypoint=submission.entrypoint,
                        submission_id=job_id,
                        runtime_env=environment,
                        metadata={COMMAND_KEY: submission.command},
                    )
                    return self.job(job_id), True
                except RuntimeError as error:
                    taken = next((job for job in self.list() if job.id == job_id), None)
                    if taken is not None:
                        return taken, False  # somebody was faster by a moment
                    if "No available agent" not in str(error) or time.monotonic() > end:
                        raise
                time.sleep(POLL_SECONDS)

    def wait_for_start(self, job_id: str, seconds: float) -> Job:
        """Wait until photoclust has begun in it, or it has ended; at most so many seconds."""
        greeting, end = f", job {job_id}", time.monotonic() + seconds
        while (job := self.job(job_id)).live and time.monotonic() < end:
            if job.status == "RUNNING" and greeting in self.logs(job_id):
                break
            time.sleep(POLL_SECONDS)
        return job

    def stop(self, job_id: str) -> bool:
        """Ask a job to stop and wait until it has; False where it had ended already."""
        with self._asking(job_id):
            was_live = self._ray.stop_job(job_id)
        self.wait(job_id)
        return was_live


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        url = urlsplit(address)
        if url.scheme in ("http", "https") and url.hostname:
            return url.hostname, url.port or (443 if url.scheme == "https" else 80)
    except ValueError:  # brackets that do not close, a port beyond 65535
        pass
    raise UsageError(
        f"--address {without_password(address, address)} is not the address of a Ray dashboard; give "
        "http://HEAD:8265 (the head node and its dashboard port)."
    )


def _lives(node: object) -> bool:
    return getattr(node, "state", None) == "ALIVE"


async def _next(texts: AsyncIterator[str]) -> str | None:
    return await anext(texts, None)
