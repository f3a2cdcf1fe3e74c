"""``photoclust cluster``: people out."""

from __future__ import annotations

from typing import Any

import click

from photoclust.cli import options


@click.command()
@options.index_option
@options.cluster_options
@options.progress_options
@options.json_option
def cluster(index_dir: str, as_json: bool, **values: Any) -> None:
    """Group the faces of an index into people; the second half of `run`.

    Looks at no photo: it takes seconds, and can be repeated with other settings.

    \b
    Examples:
      photoclust cluster --index ~/people
      photoclust cluster --index ~/people --min-cluster-size 3
    """
    from photoclust.cli import job, summary

    grouped = job.cluster(index_dir, options.take_cluster(values))
    summary.write(index_dir, None, grouped, as_json)
