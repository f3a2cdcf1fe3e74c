"""Words of ``photoclust evaluate --protocol verification`` and ``--protocol identification``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.protocols import IdentificationReport, SearchScores, VerificationReport


def say_verification(
    index_dir: Location, labels: str, pairs: str | None, html: str | None, plots: str | None, as_json: bool
) -> None:
    """Test verification, and write what was asked for."""
    from photoclust.workflows.protocols import evaluate_verification

    found = evaluate_verification(index_dir, labels, Path(pairs) if pairs else None)
    if plots is not None:
        from photoclust.report.protocol_plots import write_plots

        write_plots(found.curves, Path(plots))
    if html is not None:
        from photoclust.report.protocol_page import write_protocol_page

        write_protocol_page("verification", verification_lines(found), found.curves, Path(html))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
        return
    for line in (*verification_lines(found), *(f"Note: {note}" for note in found.notes)):
        click.echo(line)


def verification_lines(found: VerificationReport) -> list[str]:
    """What came out, a line each."""
    lines = [
        f"{found.genuine:,} genuine and {found.impostor:,} impostor pairs of {found.people:,} people "
        f"({found.model}, {found.similarity_metric})"
    ]
    for point in found.points:
        if point.similarity is None or point.false_non_match_rate is None:
            lines.append(f"FMR {point.false_match_rate:g}: too few impostor pairs to tell")
            continue
        lines.append(
            f"FMR {point.false_match_rate:g}: FNMR {point.false_non_match_rate:.2%} "
            f"(95 % interval {point.low:.2%} to {point.high:.2%}) at distance {1 - point.similarity:.3f}"
        )
    lines.append(f"Equal error rate {found.equal_error_rate:.2%}")
    if found.accuracy is not None:
        lines.append(
            f"Accuracy {found.accuracy:.4f}, standard deviation over folds {found.accuracy_deviation:.4f}"
        )
    plain = [
        f"{point.false_non_match_rate:.2%} at FMR {point.false_match_rate:g}"
        for point in found.plain_points
        if point.false_non_match_rate is not None
    ]
    if found.plain_accuracy is not None:
        plain.append(f"accuracy {found.plain_accuracy:.4f}")
    if plain:
        lines.append(f"Plain cosine of the embeddings: FNMR {', '.join(plain)}")
    if found.cllr is not None:
        lines.append(
            f"Cllr {found.cllr:.4f}, minimum {found.min_cllr:.4f}; expected calibration error at even odds "
            f"{found.calibration_error:.4f}"
        )
    return lines


def say_identification(index_dir: Location, labels: str, html: str | None, as_json: bool) -> None:
    """Test identification."""
    from photoclust.workflows.protocols import evaluate_identification

    found = evaluate_identification(index_dir, labels)
    if html is not None:
        from photoclust.report.protocol_page import write_protocol_page

        write_protocol_page("identification", identification_lines(found), None, Path(html))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
        return
    for line in (*identification_lines(found), *(f"Note: {note}" for note in found.notes)):
        click.echo(line)


def identification_lines(found: IdentificationReport) -> list[str]:
    """What came out, a line each."""
    lines = [
        f"{found.gallery:,} people enrolled by one photo each, {found.mated:,} mated probes and "
        f"{found.non_mated:,} of strangers ({found.model})"
    ]
    for name, scores in (
        ("photoclust", found.photoclust),
        ("nearest template, fixed threshold", found.naive),
    ):
        lines += [f"{name}: {line}" for line in _search_lines(scores)]
    if found.false_negative_rate is not None:
        wrong = "" if found.false_positive_rate is None else f"FPIR {found.false_positive_rate:.2%}, "
        lines.append(
            f"identify as it is, at a probability of 50 %: {wrong}FNIR {found.false_negative_rate:.2%}"
        )
    return lines


def _search_lines(scores: SearchScores) -> list[str]:
    lines = [
        f"FPIR {point.false_positive_rate:g}: "
        + (
            "too few strangers to tell"
            if point.false_negative_rate is None
            else f"FNIR {point.false_negative_rate:.2%} (95 % interval {point.low:.2%} to {point.high:.2%})"
        )
        for point in scores.points
    ]
    ranks = [
        f"rank-{n} {rate:.2%}" for n, rate in ((1, scores.rank_1), (5, scores.rank_5)) if rate is not None
    ]
    return [*lines, ", ".join(ranks)]
