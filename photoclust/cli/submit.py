"""``photoclust submit``: any verb on a cluster somewhere else."""

from __future__ import annotations

import json
import os
import posixpath
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._jobs import address_option, client_of, values_of
from photoclust.errors import EngineError, UsageError

if TYPE_CHECKING:
    from photoclust.engine.jobs import Job, Submission
    from photoclust.engine.submit import JobClient

START_SECONDS = 60.0  # a driver on a loaded head node takes half of that to say its first word


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
@_options.json_option
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
    client = client_of(address)
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
        click.echo(json.dumps(values_of(job), indent=2))
    if job.status == "FAILED":
        from photoclust.engine.jobs import last_words

        said = last_words(client.logs(job.id) or job.message)
        raise EngineError(f"The job {job.id} failed: {said}")
    if job.status == "STOPPED":
        raise EngineError(f"The job {job.id} was stopped; submit it again to continue.")
    if job.status == "PENDING":
        click.echo("It waits for its environment; `photoclust jobs status` says how it goes.", err=True)


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
