"""``photoclust cluster``: people out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._embeddings import embeddings_options, take_embeddings
from photoclust.cli._index_option import index_option
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@index_option
@_options.cluster_options
@_options.churn_option
@_options.search_options
@_options.progress_options
@click.option("--use", metavar="RUN", help="Group nothing: put this earlier or refused grouping in force.")
@embeddings_options
@_options.json_option
def cluster(
    index_dir: Location, max_named_churn: float, use: str | None, as_json: bool, **values: Any
) -> None:
    """Group the faces of an index into people; the second half of `run`.

    Looks at no photo: it takes seconds, and can be repeated with other settings. Half a million faces and
    more are compared block by block, on the nodes of a Ray cluster if --address names one; when that is
    stopped, the same command goes on with the blocks that are not done.

    \b
    Examples:
      photoclust cluster --index ~/people
      photoclust cluster --index ~/people --min-cluster-size 3
      photoclust cluster --index ~/people --max-named-churn 1%
      photoclust cluster --index ~/people --use previous
      photoclust cluster --index /shared/people --address HEAD:6379
      photoclust cluster --embeddings vectors.npy --threshold 0.6 --output people.csv
    """
    if given := take_embeddings(values):
        if index_dir or use:
            raise UsageError("--embeddings stands in the place of an index; leave --index and --use out.")
        from photoclust.cli._embeddings import cluster_embeddings

        cluster_embeddings(given, _options.take_cluster(values), as_json)
        return
    from photoclust.cli import _summary
    from photoclust.cli._context import context
    from photoclust.index.store import IndexStore
    from photoclust.workflows.cluster import group, put_in_force

    config, surroundings = _options.take_cluster(values), context(_options.take_engine(values))
    store = IndexStore.open(index_dir)
    grouped = group(store, config, surroundings, max_named_churn) if use is None else None
    if use is not None:
        put_in_force(store, use)
    _summary.write(index_dir, None, grouped, as_json)
