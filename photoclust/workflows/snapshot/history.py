"""Between stored clusterings and the people room: what came before, what has changed, and if that may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from photoclust.config import ClusterConfig
from photoclust.errors import ChurnError, IndexCorruptError
from photoclust.index.identities import read_identities, write_identities
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.line import NAME
from photoclust.people.identity.changes import Grouping, changes, named_churn
from photoclust.people.identity.continuity import Continuity, Past, Retired, successor
from photoclust.people.identity.ids import Identity, identities_of, next_number
from photoclust.records import IDENTITY_SCHEMA, printable

_NAMES_SHOWN = 5
_JOINT = ""  # the row of the faces that are nobody's own


def past_of(
    store: IndexStore, current: Clustering | None, now: Callable[[str], list[str]] | None = None
) -> Past:
    """What the clustering in force, and those before it, called people; `now` is `IndexStore.followed`."""
    stored = read_identities(store.folder)
    if stored is None:
        identities, least = _identities_of_old(store, current), 1
    else:
        identities, least = _identities(stored[0]), stored[1]
    joint = frozenset(identities.pop(_JOINT, Identity(())).own)
    people, names = (current.person_of, _grouping(current).names) if current else ({}, {})
    if now:
        identities = {person: replace(one, own=_now(one.own, now)) for person, one in identities.items()}
        joint = frozenset(_now(joint, now))
    return Past(people, identities, names, least, joint)


def _now(faces: Iterable[str], now: Callable[[str], list[str]]) -> tuple[str, ...]:
    return tuple(sorted({one for face in faces for one in now(face)}))


def carried(current: Clustering, now: Callable[[str], list[str]] | None) -> Clustering:
    """A clustering in the faces that are there now, where the photos of some have changed since."""
    if now is None:
        return current
    faces = current.assignments["face_id"].to_pylist()
    stay = {face for face in faces if now(face) == [face]}
    place = {one: row for row, face in enumerate(faces) for one in now(face) if one not in stay}
    place |= {face: row for row, face in enumerate(faces) if face in stay}
    order = sorted(place)
    rows = current.assignments.take([place[face] for face in order])
    column = rows.schema.get_field_index("face_id")
    rows = rows.set_column(column, rows.schema.field(column), pa.array(order, pa.string()))
    return replace(current, assignments=rows)


def keep_identities(store: IndexStore, kept: Continuity, least: int) -> None:
    """Write down every id that was ever given; no number below `least` is given to a later one."""
    everybody = kept.identities | {_JOINT: Identity(tuple(sorted(kept.joint)))}
    rows = [
        {"person_id": person, "number": one.number, "parted_from": one.parted_from, "face_ids": one.own}
        for person, one in everybody.items()
    ]
    table = pa.Table.from_pylist(rows, schema=IDENTITY_SCHEMA)
    write_identities(store.folder, table, next_number(kept.identities, least))


def _identities(table: pa.Table) -> dict[str, Identity]:
    columns = (table[name].to_pylist() for name in ("person_id", "face_ids", "parted_from", "number"))
    return {
        person: Identity(tuple(own), origin, number)
        for person, own, origin, number in zip(*columns, strict=True)
    }


def _identities_of_old(store: IndexStore, current: Clustering | None) -> dict[str, Identity]:
    """Identities of an index made before they were kept: those of all clusterings that are there."""
    given: dict[str, Retired] = {}
    for run_id in store.clusterings.runs():
        try:
            clustering = store.clusterings.read(run_id)
        except IndexCorruptError:
            continue  # it stands in nobody's way, and nobody can know its ids
        given |= {person: Retired(()) for person in clustering.people["person_id"].to_pylist()}
        given |= dict.fromkeys(_retired(clustering.retired), Retired(()))
    if current is None:
        return identities_of({}, given)
    order = current.people["person_id"].to_pylist()
    return identities_of(current.person_of, given | _retired(current.retired), order)


def config_of(run: Mapping[str, Any]) -> ClusterConfig:
    """Settings that a clustering was made with, from its ``run.json``; what is not said is as by default."""
    known, said = {field.name for field in fields(ClusterConfig)}, run.get("config", {})
    return ClusterConfig(**{name: value for name, value in said.items() if name in known})


def person_in_force(clustering: Clustering, person_id: str) -> str:
    """Follow any person id that was ever given to the one in force; ``""`` where nobody is that person now.

    An id that was never given comes back as it is.
    """
    return successor(person_id, _retired(clustering.retired))


def computed_before(store: IndexStore, fingerprint: str, current: Clustering | None) -> Clustering | None:
    """The newest clustering, if it is what would be computed now: it was not put in force."""
    runs = store.clusterings.runs()
    if current is None or not runs or runs[-1] == current.run_id:
        return None
    run = store.clusterings.run(runs[-1])
    same = (run["fingerprint"], run.get("previous")) == (fingerprint, current.run_id)
    return store.clusterings.read(runs[-1]) if same else None


def add_clustering(store: IndexStore, clustering: Clustering, current: Clustering | None) -> None:
    """Store a clustering that follows `current`, and what is different in it; it is not in force yet."""
    clustering.run["previous"] = current.run_id if current else None
    store.clusterings.write(clustering, difference(current, clustering) if current else None)


def difference(before: Clustering, after: Clustering) -> dict[str, Any]:
    """What has changed from one clustering to another, as plain values.

    Returns
    -------
    dict
        ``from`` and ``to`` (run ids), ``faces_added`` and ``faces_gone``, ``named`` (``faces`` of people with
        a name, and how many of them ``moved``) and ``changes``, a list of `Change` as dictionaries.
    """
    old, new = _grouping(before), _grouping(after)
    churn = named_churn(old, new)
    return {
        "from": before.run_id,
        "to": after.run_id,
        "faces_added": len(new.people.keys() - old.people.keys()),
        "faces_gone": len(old.people.keys() - new.people.keys()),
        "named": {"faces": churn.faces, "moved": sum(churn.moved.values())},
        "changes": [asdict(change) for change in changes(old, new)],
    }


def require_steady(
    before: Clustering, after: Clustering, decisions: Decisions, most: float, index: Path
) -> None:
    """Make sure that a new clustering leaves people with a name alone.

    Parameters
    ----------
    before, after
        The clustering in force and the new one, which is stored already.
    decisions
        What the user has said, also after `before` was made.
    most
        Share of the faces of people with a name that may leave their person, in [0, 1].
    index
        Folder of the index, for the message.

    Raises
    ------
    ChurnError
        More would.
    """
    said = {face: line.value for line in decisions.lines if line.kind == NAME for face in line.faces}
    old = _grouping(before, said)
    churn = named_churn(old, _grouping(after))
    if churn.share <= most:
        return
    first = sorted(churn.moved.items(), key=lambda item: (-item[1], item[0]))
    whom = [f"{printable(old.names[person])} ({count})" for person, count in first[:_NAMES_SHOWN]]
    whom += [f"{len(first) - _NAMES_SHOWN} more"] if len(first) > _NAMES_SHOWN else []
    raise ChurnError(
        f"{sum(churn.moved.values())} of the {churn.faces} faces of people with a name ({churn.share:.1%}) "
        f"would leave their person, more than {100 * most:g}%: {', '.join(whom)}. The one in force "
        "stays.",
        python=f"Look at the new one with Index.diff('current', '{after.run_id}'); accept it with "
        f"Index.use('{after.run_id}').",
        cli=f"Look at the new one with `photoclust diff current {after.run_id} --index {index}`; accept "
        f"it with `photoclust cluster --use {after.run_id} --index {index}` or --max-named-churn 100%.",
    )


def lost_people(before: Clustering, after: Clustering, decisions: Decisions) -> dict[str, tuple[str, ...]]:
    """People with a name, and decisions, none of whose faces is left, with the faces they had.

    Parameters
    ----------
    before
        The clustering in force, in the faces that are there now as far as they are: see `carried`.
    after
        The new one.
    decisions
        What the user has said.
    """
    there, had = after.person_of.keys(), before.person_of
    names = _grouping(before).names
    faces: dict[str, list[str]] = {}
    for face, person in had.items() if names else ():
        if person in names:
            faces.setdefault(names[person], []).append(face)
    lost = {name: tuple(own) for name, own in faces.items() if there.isdisjoint(own)}
    for line in decisions.lines:
        for side in (line.faces, line.others):
            known = tuple(face for face in side if face in had)
            if known and there.isdisjoint(side) and not any(set(known) <= set(own) for own in lost.values()):
                lost[f"line {line.line} of the decisions ({line.kind})"] = known
    return lost


def require_no_loss(lost: Mapping[str, tuple[str, ...]], after: Clustering, index: Path) -> None:
    """Make sure that nobody with a name and no decision is left without a face.

    Raises
    ------
    ChurnError
        Somebody is.
    """
    if not lost:
        return
    few = ", ".join(printable(whom) for whom in list(lost)[:_NAMES_SHOWN])
    more = f" and {len(lost) - _NAMES_SHOWN} more" if len(lost) > _NAMES_SHOWN else ""
    raise ChurnError(
        f"No face is left of {few}{more}: their photos are other pictures now, or can no longer be used. The "
        "grouping in force stays. Put the photos back, and try again.",
        python=f"Or accept the new one with Index.use('{after.run_id}').",
        cli=f"Or accept the new one with `photoclust cluster --use {after.run_id} --index {index}`.",
    )


def _grouping(clustering: Clustering, said: Mapping[str, str] | None = None) -> Grouping:
    """Who is who, and by what name; `said` are names by face id that were given later."""
    people = clustering.person_of
    columns = (clustering.people[name].to_pylist() for name in ("person_id", "name"))
    names = dict(zip(*columns, strict=True))
    names |= {people[face]: name for face, name in (said or {}).items() if people.get(face)}
    return Grouping(people, {person: name for person, name in names.items() if name})


def _retired(table: pa.Table) -> dict[str, Retired]:
    return {row["person_id"]: Retired(tuple(row["face_ids"]), row["successor"]) for row in table.to_pylist()}
