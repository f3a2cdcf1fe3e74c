"""What ``photoclust submit`` and ``photoclust jobs`` share: the cluster, and jobs as they are shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from photoclust.errors import EngineError

if TYPE_CHECKING:
    from photoclust.engine.jobs import Job
    from photoclust.engine.submit import JobClient

address_option = click.option(
    "--address",
    required=True,
    envvar="RAY_API_SERVER_ADDRESS",
    metavar="URL",
    help="Dashboard of the cluster, http://HEAD:8265 (or set RAY_API_SERVER_ADDRESS).",
)


def client_of(address: str) -> JobClient:
    """What asks the cluster at an address."""
    try:
        from photoclust.engine.submit import JobClient
    except ImportError as error:
        raise EngineError(
            "Ray's job client is not installed; install it with: pip install 'photoclust[cluster]'"
        ) from error
    return JobClient(address)


def values_of(job: Job) -> dict[str, Any]:
    """A job as JSON shows it."""
    return asdict(job) | {name: _when(getattr(job, name)) for name in ("started", "ended")}


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def line_of(job: Job) -> str:
    """A job in a line."""
    return f"{job.id}  {job.status:9}  {_when(job.started) or '-':25}  {job.command}"
