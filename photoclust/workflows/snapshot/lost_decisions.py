"""Decisions that are gone from ``decisions.csv`` all at once: a file emptied, deleted or cut short.

Single lines that a user deletes are meant. That all or most of what the grouping in force rests on is gone is
taken for an accident, until somebody accepts it.
"""

from __future__ import annotations

from photoclust.errors import DecisionsLostError
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.line import NAME
from photoclust.records import printable

FEW = 2  # so many lines anybody may delete
_NAMES_SHOWN = 5


def count_of(decisions: Decisions) -> int:
    """How many decisions a file holds, those that were taken back among them."""
    return len(decisions.lines) + len(decisions.taken_back)


def require_decisions(
    store: IndexStore, current: Clustering, decisions: Decisions, new_run: str | None = None
) -> None:
    """Make sure that the decisions are still there that the grouping in force rests on.

    Parameters
    ----------
    store
        The index.
    current
        Its clustering in force.
    decisions
        What its file says now.
    new_run
        Id of the clustering that follows from that, where there is one that could be accepted.

    Raises
    ------
    DecisionsLostError
        All or most of them are not.
    """
    names = sorted(filter(None, set(current.people["name"].to_pylist())))
    before = int(current.run.get("decisions", len(names)))  # earlier versions did not count
    now = count_of(decisions)
    blank = now == 0 and not store.decisions_text().strip()
    said = {line.value for line in (*decisions.lines, *decisions.taken_back) if line.kind == NAME}
    lost = [name for name in names if name not in said]
    most = now == 0 or (before - now > now and len(lost) > 1)
    if not before or not (blank or (before - now > FEW and most)):
        return
    index = store.called
    accept = (
        f"accept that with `photoclust cluster --use {new_run} --index {index}`"
        if new_run
        else f"`photoclust cluster --index {index}` tells how to go on"
    )
    use = f"accept that with Index.use('{new_run}')" if new_run else "Index.group tells how to go on"
    raise DecisionsLostError(
        f"{_state(store, before, now)}{_whose(lost)}. The grouping in force stays. Put the file back and try "
        "again.",
        python=f"Or, if they are meant to be gone, {use}.",
        cli=f"Or, if they are meant to be gone, {accept}.",
    )


def _state(store: IndexStore, before: int, now: int) -> str:
    file = store.decisions_file
    if not file.is_file():
        return f"{file} is no longer there; it held what you said about people"
    if not now:
        return f"{file} holds no decision any more; it held what you said about people"
    return f"{file} holds {now} decisions where the grouping in force rests on {before}"


def _whose(lost: list[str]) -> str:
    few = ", ".join(map(printable, lost[:_NAMES_SHOWN]))
    more = f" and {len(lost) - _NAMES_SHOWN} more" if len(lost) > _NAMES_SHOWN else ""
    return f" (the names {few}{more} would go)" if lost else ""
