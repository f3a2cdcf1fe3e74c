"""The environment variables of photoclust: the one place where they are read, for the command line alone.

What they say is handed on as arguments. An option that stands for a variable sets it (`keep`), so that it
holds wherever the command line asks for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from photoclust.errors import UsageError
from photoclust.limits import RetryPolicy, TimeLimits

INDEX, PROGRESS, LOG_FORMAT = "PHOTOCLUST_INDEX", "PHOTOCLUST_PROGRESS", "PHOTOCLUST_LOG_FORMAT"
DEBUG, JOB = "PHOTOCLUST_DEBUG", "PHOTOCLUST_JOB_ID"
_LIMITS = {
    "read": "PHOTOCLUST_READ_SECONDS",
    "lease": "PHOTOCLUST_LEASE_SECONDS",
    "part": "PHOTOCLUST_SECONDS_A_PART",
}
_STORE_LIMITS = {"read": "PHOTOCLUST_STORE_READ_SECONDS", "total": "PHOTOCLUST_STORE_TOTAL_SECONDS"}


def keep(variable: str, value: str) -> None:
    """Let an option hold as if the variable had been set."""
    os.environ[variable] = value


def index() -> str | None:
    """The index that is meant where none is named."""
    return os.environ.get(INDEX)


def progress() -> str:
    """How progress is to be shown, as it was said: one of four words, or any other."""
    return os.environ.get(PROGRESS, "auto")


def logs_json() -> bool:
    """Tell whether lines on stderr are to be JSON."""
    return os.environ.get(LOG_FORMAT) == "json"


def debug() -> bool:
    """Tell whether tracebacks are wanted."""
    return os.environ.get(DEBUG) == "1"


def job_id() -> str | None:
    """Id of the Ray job that this process is, whoever submitted it."""
    try:
        config = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}"))
        theirs = config.get("metadata", {}).get("job_submission_id")
    except (ValueError, AttributeError):
        theirs = None
    return os.environ.get(JOB) or theirs


def on_cluster() -> bool:
    """Tell whether this process is a Ray job or runs in a Kubernetes pod."""
    return bool(job_id()) or "KUBERNETES_SERVICE_HOST" in os.environ


def submitted_by() -> str | None:
    """Version of the photoclust that submitted this job."""
    return os.environ.get("PHOTOCLUST_SUBMITTED_BY")


def limits() -> TimeLimits:
    """How long to wait.

    Raises
    ------
    UsageError
        A variable is no number of seconds.
    """
    store = RetryPolicy(**_seconds(_STORE_LIMITS, os.environ))
    return TimeLimits(**_seconds(_LIMITS, os.environ), store=store)


def _seconds(names: dict[str, str], environment: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, variable in names.items():
        if said := environment.get(variable):
            try:
                found[name] = float(said)
            except ValueError as error:
                raise UsageError(f"{variable} must be a number of seconds, not {said[:100]!r}.") from error
    return found
