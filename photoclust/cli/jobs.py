"""``photoclust jobs``: the jobs of a cluster, seen, followed and stopped."""

from __future__ import annotations

import json

import click

from photoclust.cli import _options
from photoclust.cli._jobs import address_option, client_of, line_of, values_of

job_argument = click.argument("job_id", metavar="JOB")

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
@_options.json_option
def list_(address: str, as_json: bool) -> None:
    """List the jobs that were submitted to a cluster, the oldest first.

    \b
    Examples:
      photoclust jobs list --address http://HEAD:8265
    """
    found = client_of(address).list()
    if as_json:
        click.echo(json.dumps([values_of(job) for job in found], indent=2))
        return
    for job in found:
        click.echo(line_of(job))
    if not found:
        click.echo("No job was ever submitted.", err=True)


@jobs.command()
@job_argument
@address_option
@_options.json_option
def status(job_id: str, address: str, as_json: bool) -> None:
    """Say how JOB is doing.

    \b
    Examples:
      photoclust jobs status JOB --address http://HEAD:8265
    """
    job = client_of(address).job(job_id)
    if as_json:
        click.echo(json.dumps(values_of(job), indent=2))
        return
    click.echo(line_of(job))
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
    client = client_of(address)
    if follow:
        client.follow(job_id, lambda text: click.echo(text, nl=False))
    else:
        click.echo(client.logs(job_id), nl=False)


@jobs.command()
@job_argument
@address_option
@_options.json_option
def stop(job_id: str, address: str, as_json: bool) -> None:
    """Stop JOB and wait until it has stopped; submitting it again continues.

    \b
    Examples:
      photoclust jobs stop JOB --address http://HEAD:8265
    """
    client = client_of(address)
    was_live = client.stop(job_id)
    job = client.job(job_id)
    if as_json:
        click.echo(json.dumps(values_of(job), indent=2))
    else:
        click.echo(line_of(job) if was_live else f"{line_of(job)}  (it had ended already)")
