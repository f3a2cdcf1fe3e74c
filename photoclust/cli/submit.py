"""``photoclust submit`` and ``photoclust jobs``: work on a cluster somewhere else."""

from __future__ import annotations

import json
import os
import posixpath
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from photoclust.errors import EngineError, UsageError

if TYPE_CHECKING:
    from photoclust.engine.jobs import Job, Submission
    from photoclust.engine.submit import JobClient

START_SECONDS = 60.0  # a driver on a loaded head node takes half of that to say its first word

address_option = click.option(
    "--address",
    required=True,
    envvar="RAY_API_SERVER_ADDRESS",
    metavar="URL",
    help="Dashboard of the cluster, http://HEAD:8265 (or set RAY_API_SERVER_ADDRESS).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
job_argument = click.argument("job_id", metavar="JOB")


@click.command(context_settings={"allow_interspersed_args": False})
@address_option
@click.option("--wait", is_flag=True, help="Wait until the job has ended; exit code 1 if it failed.")
@click.option("-f", "--follow", is_flag=True, help="Wait, and show what the job writes meanwhile.")
@click.option("--working-dir", metavar="DIR", help="Folder to send along, photoclust's own source say.")
@click.option("--pip", multiple=True, metavar="PACKAGE", help="Package to install for the job; repeatable.")
@click.option(
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Environment variable for the job, by default with its value here; repeatable. "
    "The cluster's dashboard shows it.",
)
@click.option("--any-version", is_flag=True, help="Submit to a cluster with another Ray than here.")
@json_option
@click.argument("verb", nargs=-1, required=True, type=click.UNPROCESSED, metavar="VERB...")
def submit(address: str, verb: tuple[str, ...], as_json: bool, **values: Any) -> None:
    """Run any VERB of photoclust on a Ray cluster, and print the id of the job.

    Paths are those of the cluster. photoclust must be installed there, or be sent along with --working-dir
    and --pip. Submitting the same again while it runs starts nothing and prints the id of the running
    job; submitting it again after it was stopped continues where it was.

    \b
    Examples:
      photoclust submit --address http://HEAD:8265 run /photos --index /indexes/family
      photoclust submit --address http://HEAD:8265 -f run /photos --index /indexes/family --num-gpus 4
    """
    submission = _submission(verb, values)
    client = _client(address)
    if not values["any_version"] and (unknown := client.check(submission)):
        click.echo(f"Warning: {unknown} Submitting all the same.", err=True)
    job, new = client.submit(submission)
    if not new:
        click.echo("It runs already; nothing was started.", err=True)
    _report(client, job, as_json, values["wait"], values["follow"])


def _report(client: JobClient, job: Job, as_json: bool, wait: bool, follow: bool) -> None:
    if not as_json:
        click.echo(job.id)
    if follow:
        client.follow(job.id, lambda text: click.echo(text, nl=False, err=as_json))
    job = client.wait(job.id) if wait or follow else client.wait_for_start(job.id, START_SECONDS)
    if as_json:
        click.echo(json.dumps(_values(job), indent=2))
    if job.status == "FAILED":
        from photoclust.engine.jobs import last_words

        said = last_words(client.logs(job.id) or job.message)
        raise EngineError(f"The job {job.id} failed: {said}")
    if job.status == "STOPPED":
        raise EngineError(f"The job {job.id} was stopped; submit it again to continue.")
    if job.status == "PENDING":
        click.echo("It waits for its environment; `photoclust jobs status` says how it goes.", err=True)


def _client(address: str) -> JobClient:
    try:
        from photoclust.engine.submit import JobClient
    except ImportError as error:
        raise EngineError(
            "Ray's job client is not installed; install it with: pip install 'photoclust[cluster]'"
        ) from error
    return JobClient(address)


def _submission(verb: tuple[str, ...], values: dict[str, Any]) -> Submission:
    parameters = _parsed(verb)
    _check_paths(parameters, values["working_dir"])
    from photoclust.engine.jobs import Submission

    environment: dict[str, Any] = {"env_vars": dict(_variable(entry) for entry in values["env"])}
    if values["working_dir"]:
        environment["working_dir"] = values["working_dir"]
    if values["pip"]:
        environment["pip"] = list(values["pip"])
    index = parameters.get("index_dir")
    return Submission(
        verb,
        posixpath.normpath(index) if index and "://" not in index else index or "\0".join(verb),
        parameters.get("num_cpus"),
        parameters.get("num_gpus"),
        environment,
    )


def _parsed(verb: tuple[str, ...]) -> dict[str, Any]:
    """Options of the verb, so that a mistake in them is told here and now."""
    from photoclust.cli import cli

    name, *arguments = verb
    command = cli.get_command(click.Context(cli), name)
    if command is None or name in ("submit", "jobs"):
        raise UsageError(f"{name} is no verb that can be submitted; see `photoclust --help`.")
    with command.make_context(f"photoclust {name}", arguments) as context:
        return context.params


def _check_paths(parameters: dict[str, Any], working_dir: str | None) -> None:
    """Refuse paths that would mean another place on every node."""
    places = [parameters.get("index_dir"), *([] if working_dir else parameters.get("photos") or ())]
    for place in places:
        if place and "://" not in place and not posixpath.isabs(place.removeprefix("@")):
            raise UsageError(f"{place} is a relative path; give the full one, as the cluster sees it.")


def _variable(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not equals and name not in os.environ:
        raise UsageError(f"--env {name}: there is no such variable here; say --env {name}=VALUE.")
    return name, value if equals else os.environ[name]


_EXAMPLES = """\b
Examples:
  photoclust jobs list --address http://HEAD:8265
  photoclust jobs logs -f JOB --address http://HEAD:8265
  photoclust jobs stop JOB --address http://HEAD:8265
"""


@click.group(epilog=_EXAMPLES)
def jobs() -> None:
    """See, follow and stop the jobs of a Ray cluster."""


@jobs.command("list")
@address_option
@json_option
def list_(address: str, as_json: bool) -> None:
    """List the jobs that were submitted to a cluster, the oldest first.

    \b
    Examples:
      photoclust jobs list --address http://HEAD:8265
    """
    found = _client(address).list()
    if as_json:
        click.echo(json.dumps([_values(job) for job in found], indent=2))
        return
    for job in found:
        click.echo(_line(job))
    if not found:
        click.echo("No job was ever submitted.", err=True)


@jobs.command()
@job_argument
@address_option
@json_option
def status(job_id: str, address: str, as_json: bool) -> None:
    """Say how JOB is doing.

    \b
    Examples:
      photoclust jobs status JOB --address http://HEAD:8265
    """
    job = _client(address).job(job_id)
    if as_json:
        click.echo(json.dumps(_values(job), indent=2))
        return
    click.echo(_line(job))
    if job.status == "FAILED":
        from photoclust.engine.jobs import last_words

        click.echo(f"  {last_words(job.message)}")


@jobs.command()
@job_argument
@address_option
@click.option("-f", "--follow", is_flag=True, help="Go on showing what it writes until it ends.")
def logs(job_id: str, address: str, follow: bool) -> None:
    """Show what JOB has written.

    \b
    Examples:
      photoclust jobs logs JOB --address http://HEAD:8265
      photoclust jobs logs -f JOB --address http://HEAD:8265
    """
    client = _client(address)
    if follow:
        client.follow(job_id, lambda text: click.echo(text, nl=False))
    else:
        click.echo(client.logs(job_id), nl=False)


@jobs.command()
@job_argument
@address_option
@json_option
def stop(job_id: str, address: str, as_json: bool) -> None:
    """Stop JOB and wait until it has stopped; submitting it again continues.

    \b
    Examples:
      photoclust jobs stop JOB --address http://HEAD:8265
    """
    client = _client(address)
    was_live = client.stop(job_id)
    job = client.job(job_id)
    if as_json:
        click.echo(json.dumps(_values(job), indent=2))
    else:
        click.echo(_line(job) if was_live else f"{_line(job)}  (it had ended already)")


def _values(job: Job) -> dict[str, Any]:
    return asdict(job) | {name: _when(getattr(job, name)) for name in ("started", "ended")}


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _line(job: Job) -> str:
    return f"{job.id}  {job.status:9}  {_when(job.started) or '-':25}  {job.command}"
