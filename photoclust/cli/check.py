"""``photoclust check``: whether everything in an index is as it was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_argument_or_option

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@index_argument_or_option
@_options.json_option
@click.pass_context
def check(ctx: click.Context, index_dir: Location, as_json: bool) -> None:
    """Verify everything in an index, and say what to do about what is damaged.

    Reads every file and verifies its checksums, looks whether photos, faces and people fit one another,
    whether corrections can be understood, and whether others can read what is private. Changes nothing. Ends
    with 1 where something is wrong.

    \b
    Examples:
      photoclust check ~/people
      photoclust check --json --index ~/people
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.check import check_index, files_of, without_checksum

    store = IndexStore.open(index_dir)
    findings = list(check_index(store))
    files, unverified = len(files_of(store)), without_checksum(store)
    if as_json:
        found = [{"file": str(finding.path), "problem": finding.problem} for finding in findings]
        counts = {"files": files, "without_checksum": unverified}
        click.echo(json.dumps({"index": store.called, **counts, "findings": found}, indent=2))
    else:
        for finding in findings:
            click.echo(finding.problem)
        click.echo(f"Checked     {files:,} files of {store.called}: {_result(len(findings), unverified)}")
    ctx.exit(1 if findings else 0)


def _result(findings: int, unverified: int) -> str:
    """What was found, in a few words; nothing is said of what nobody can tell."""
    said = [f"{findings} to be looked at"] if findings else []
    if unverified:
        carry = "1 file of an earlier photoclust carries" if unverified == 1 else ""
        carry = carry or f"{unverified:,} files of an earlier photoclust carry"
        said.append(f"{carry} no checksum and cannot be verified")
    return "; ".join(said) or "all is as it was written"
