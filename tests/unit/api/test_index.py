"""`photoclust.open` and what an index can do, on small indexes of made-up people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import photoclust
from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.records import face_embeddings


@pytest.fixture
def index(album_index: IndexStore) -> photoclust.Index:
    return photoclust.open(album_index.folder)


@pytest.fixture
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


@contextmanager
def _refused(kind: type[Exception], words: str) -> Iterator[None]:
    with pytest.raises(kind) as raised:
        yield
    assert words in str(raised.value)
    frames = [str(entry.path) for entry in raised.traceback]
    assert not [path for path in frames if "/click/" in path or "/cli/" in path]


@pytest.mark.usefixtures("silent")
def test_people_are_those_of_the_command_line(index: photoclust.Index) -> None:
    said = CliRunner().invoke(cli, ["people", "list", "--json", "--index", index.location])
    rows = json.loads(said.output)
    assert [person.id for person in index.people] == [row["person_id"] for row in rows]
    assert [person.size for person in index.people] == [9, 5, 4, 3]
    assert [person.confidence for person in index.people] == [row["confidence"] for row in rows]
    first = index.people[0]
    assert (first.called, first.name, first.ignored) == (f"Person {first.number}", "", False)
    assert len(first.faces) == len(set(first.faces)) == 9
    assert first.cover in first.faces
    assert index.person("Person 1") == next(person for person in index.people if person.number == 1)


@pytest.mark.usefixtures("silent")
def test_faces_come_as_tables_and_vectors(index: photoclust.Index, album_index: IndexStore) -> None:
    faces = index.faces
    table, frame = faces.to_arrow(), faces.to_pandas()
    assert len(faces) == len(table) == len(frame) == 21
    assert list(frame.columns) == table.column_names
    stored = album_index.faces(["embedding"])
    vectors = dict(zip(stored["face_id"].to_pylist(), face_embeddings(stored), strict=True))
    assert np.array_equal(faces.embeddings, [vectors[face] for face in table["face_id"].to_pylist()])
    own = {row["face_id"] for row in table.to_pylist() if row["person_id"] == index.people[0].id}
    assert own == set(index.people[0].faces)
    (thumbnail,) = faces.thumbnails([index.people[0].cover])
    assert thumbnail.startswith(b"\xff\xd8")
    assert index.photos.column_names[:2] == ["photo_id", "uri"]
    assert len(index.photos) == 18


def test_a_notebook_shows_what_is_there_in_a_line(index: photoclust.Index) -> None:
    assert repr(index) == f"photoclust.open({index.location!r})"
    assert repr(index.faces) == "<21 faces in 18 photos, of 4 people>"
    person = index.people[0]
    assert repr(person).startswith(f"Person(id={person.id!r}, name='', number={person.number}, size=9")
    assert "only written down" in repr(index.correct.later)
    assert all(face not in repr(person) for face in person.faces if face != person.cover)


@pytest.mark.parametrize("what", ["person", "face"])
def test_nobody_can_be_named_as_an_id(index: photoclust.Index, what: str) -> None:
    other = index.people[1]
    name = other.id if what == "person" else other.faces[0]
    with _refused(photoclust.errors.UsageError, "looks like the id of a person or a face"):
        index.correct.name(index.people[0].id, name)
    assert index.correct.name(index.people[0].id, "Beef Cafe").people == 4
    assert index.correct.name(index.people[0].id, "cafe").people == 4


@pytest.mark.usefixtures("silent")
def test_corrections_hold_and_are_taken_back(index: photoclust.Index) -> None:
    ada, bea = index.people[0], index.people[1]
    named = index.correct.name(ada.id, "Ada")
    assert (named.people, named.moved, named.problems) == (4, 0, ())
    assert index.person("Ada").id == ada.id
    merged = index.correct.merge("Ada", bea.id)
    assert (merged.people, merged.moved) == (3, 5)
    assert "Ada" in merged.said[0]
    back = index.correct.undo()
    assert (back.people, back.moved) == (4, 5)
    assert index.person(bea.id) == bea
    assert index.correct.redo().people == 3
    assert index.correct.undo(2).people == 4
    log = index.correct.log
    assert [entry.taken_back for entry in log] == [True, True]
    assert log[0].said == merged.said[0]
    rows = json.loads(CliRunner().invoke(cli, ["people", "log", "--json", "--index", index.location]).output)
    assert [entry.to_dict() for entry in log] == rows
    assert index.person(ada.id).name == ""


@pytest.mark.usefixtures("silent")
def test_what_is_said_for_later_waits_until_it_is_applied(
    index: photoclust.Index, build: object, tmp_path: Path
) -> None:
    ada, bea, cleo = (person.id for person in index.people[:3])
    later = index.correct.later
    said = [later.name(ada, "Ada"), later.merge(ada, bea), later.ignore(cleo)]
    assert [(one.applied, one.moved, one.people) for one in said] == [(False, 0, 4)] * 3
    assert "Ada" in said[0].said[0]
    assert [person.name for person in index.people] == [""] * 4
    done = index.correct.apply()
    assert (done.applied, done.moved, done.people, done.problems) == (True, 5, 3, ())

    other = photoclust.open(build(tmp_path / "other").folder)
    for one in (other.correct.name(ada, "Ada"), other.correct.merge(ada, bea), other.correct.ignore(cleo)):
        assert one.applied
    assert other.people == index.people
    assert not index.correct.later.undo(3).applied
    assert index.person("Ada").size == 14
    assert index.correct.apply().people == 4


def test_what_is_said_for_later_is_what_the_command_writes(
    index: photoclust.Index, album_index: IndexStore, build: object, tmp_path: Path
) -> None:
    other = build(tmp_path / "other")
    a, b = (person.id for person in index.people[:2])
    index.correct.later.different(a, b)
    command = ["people", "different", a, b, "--later", "--index", str(other.folder)]
    assert CliRunner().invoke(cli, command).exit_code == 0
    one, two = (store.decisions_text().splitlines()[-1] for store in (album_index, other))
    assert one.split(",", 1)[1] == two.split(",", 1)[1]


@pytest.mark.parametrize("how_many", [0, -1])
def test_less_than_one_is_never_taken_back_nor_asked_for(index: photoclust.Index, how_many: int) -> None:
    person = index.people[0].id
    for name in ("Ada", "Bea", "Cleo"):
        index.correct.name(person, name)
    index.correct.undo()
    with _refused(photoclust.errors.UsageError, f"how_many must be 1 or more, not {how_many}"):
        index.correct.undo(how_many)
    with _refused(photoclust.errors.UsageError, f"how_many must be 1 or more, not {how_many}"):
        index.correct.redo(how_many)
    with _refused(photoclust.errors.UsageError, f"most must be 1 or more, not {how_many}"):
        index.suggest(most=how_many)
    assert index.person(person).name == "Bea"


def test_each_correction_writes_what_its_command_writes(
    build: object, tmp_path: Path, album_index: IndexStore
) -> None:
    index, other = photoclust.open(album_index.folder), build(tmp_path / "other")
    a, b, c = (person.id for person in index.people[:3])
    face, another, front = index.people[0].faces[1:4]
    correct = index.correct
    for said, command in (
        (lambda: correct.name(a, "Ada"), ["name", a, "Ada"]),
        (lambda: correct.reject(a, face), ["reject", a, face]),
        (lambda: correct.same(face, a), ["same", face, a]),
        (lambda: correct.split(a, another), ["split", a, another]),
        (lambda: correct.different(a, b), ["different", a, b]),
        (lambda: correct.ignore(c), ["ignore", c]),
        (lambda: correct.ignore(c, undo=True), ["ignore", c, "--undo"]),
        (lambda: correct.cover(a, front), ["cover", a, front]),
        (lambda: correct.merge(b, c), ["merge", b, c]),
    ):
        said()
        done = CliRunner().invoke(cli, ["people", *command, "--index", str(other.folder)])
        assert done.exit_code == 0, done.output
    written = [
        [line.split(",", 1)[1] for line in store.decisions_text().splitlines()]
        for store in (album_index, other)
    ]
    assert written[0] == written[1]
    assert [(p.name, p.size, p.faces) for p in index.people] == [
        (p.name, p.size, p.faces) for p in photoclust.open(other.folder).people
    ]


def test_two_names_become_one_only_where_it_is_meant(index: photoclust.Index) -> None:
    one, other = (person.id for person in index.people[:2])
    index.correct.name(one, "Ada")
    index.correct.name(other, "Bea")
    with _refused(photoclust.errors.UsageError, "join_named=True"):
        index.correct.merge("Ada", "Bea")
    assert index.correct.merge("Ada", "Bea", join_named=True).people == 3


@pytest.mark.usefixtures("silent")
def test_questions_and_explanations_are_typed(index: photoclust.Index) -> None:
    found = index.explain(index.people[0].id, index.people[1].id)
    assert found.people == (index.people[0].id, index.people[1].id)
    assert not found.same_person
    assert found.group_evidence < found.required_evidence
    assert found.way is None or len(found.way.faces) == len(found.way.steps) + 1
    index.correct.reject(index.people[0].id, index.people[0].faces[0])
    for question in index.suggest(most=5, min_chance=0.0):
        assert question.kind in ("merge", "join", "pair", "doubt")
        assert 0 <= question.chance <= 1
        assert len(question.people) == len(question.called)


@pytest.mark.usefixtures("silent")
def test_evaluates_against_folders(index: photoclust.Index) -> None:
    found = index.evaluate("folders")
    said = CliRunner().invoke(cli, ["evaluate", index.location, "--json"])
    assert found.scores.pairwise.f == json.loads(said.output)["pairwise"]["f"]
    assert set(found.people) == {"ada", "bea", "cleo", "dora"}
    assert len(found.photos) == len(found.people) == len(found.groups)


@pytest.mark.usefixtures("silent")
def test_exports_what_the_command_exports(index: photoclust.Index, tmp_path: Path) -> None:
    written = index.export(tmp_path / "api.parquet", "parquet", embeddings=True).output
    command = ["export", "--index", index.location, "--format", "parquet", "--embeddings"]
    CliRunner().invoke(cli, [*command, "--output", str(tmp_path / "cli.parquet")])
    assert written.read_bytes() == (tmp_path / "cli.parquet").read_bytes()
    assert pq.read_table(written).drop(["embedding"]).equals(index.faces.to_arrow())
    with _refused(photoclust.errors.OutputError, "exists already"):
        index.export(written, "parquet")
    assert index.export(written, "parquet", force=True).output == written


@pytest.mark.usefixtures("silent")
def test_checks_and_forgets(index: photoclust.Index) -> None:
    gone = index.people[0]
    assert index.check() == ()
    receipt = index.forget(gone.id)
    assert (receipt.faces, receipt.photos) == (9, 0)
    assert (Path(index.location) / receipt.receipt).is_file()
    assert gone.id not in [person.id for person in index.people]
    assert len(index.faces) == 12
    assert index.check() == ()
    next((Path(index.location) / "faces").iterdir()).write_bytes(b"no")
    assert index.check()


def test_grouping_again_says_that_nothing_changed(index: photoclust.Index) -> None:
    assert index.group(photoclust.ClusterConfig(k=10)).unchanged
    assert not index.group(photoclust.ClusterConfig(k=10, min_cluster_size=5)).unchanged
    assert [person.size for person in index.people] == [9, 5]


def test_results_cannot_be_changed(index: photoclust.Index) -> None:
    person = index.people[0]
    with pytest.raises(FrozenInstanceError):
        person.name = "Ada"  # pyright: ignore[reportAttributeAccessIssue]
    for name in photoclust.__all__:
        kind = getattr(photoclust, name)
        if is_dataclass(kind) and isinstance(kind, type):
            assert kind.__dataclass_params__.frozen, name  # pyright: ignore[reportAttributeAccessIssue]
            assert all(field.type for field in fields(kind))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda index: index.person("Nobody"), "UsageError", "There is no person 'Nobody'"),
        (lambda index: index.correct.merge("Person 1"), "UsageError", "two people or more"),
        (lambda index: index.explain("Person 1", "zzz"), "UsageError", "'zzz'"),
        (lambda index: index.forget(), "UsageError", "Say whom to forget"),
        (lambda index: index.evaluate("no.csv"), "UsageError", "no.csv"),
        (lambda index: index.export("x.xls", "xls"), "UsageError", "csv, json, parquet or folders"),
        (lambda index: index.add("/no/such/folder"), "UsageError", "/no/such/folder"),
        (lambda index: index.add([]), "UsageError", "No photos were named"),
        (lambda index: photoclust.open("peo\0ple"), "UsageError", "NUL character"),
        (lambda index: index.person("Person 0"), "UsageError", "nobody's number"),
        (lambda index: index.add("/", engine="cloud"), "UsageError", "engine must be one of"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    index: photoclust.Index,
    call: object,
    kind: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    with _refused(getattr(photoclust.errors, kind), words):
        call(index)


def test_there_must_be_an_index_and_only_one(tmp_path: Path, album_index: IndexStore) -> None:
    with _refused(photoclust.errors.IndexMissingError, str(tmp_path / "none")):
        photoclust.open(tmp_path / "none")
    with _refused(photoclust.errors.IndexFormatError, "is an index already"):
        photoclust.create(album_index.folder)
    with _refused(photoclust.errors.UsageError, "min_face_size"):
        photoclust.create(tmp_path / "new", min_face_size=2)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with _refused(photoclust.errors.IndexFormatError, "letter.txt"):
        photoclust.create(tmp_path / "full")
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "new").exists()


def test_an_index_without_people_says_so(tmp_path: Path) -> None:
    index = photoclust.create(tmp_path / "new")
    assert (index.people, len(index.faces), len(index.photos)) == ((), 0, 0)
    assert index.faces.embeddings.shape == (0, 512)
    for ask in (lambda: index.correct.name("x", "Ada"), lambda: index.export(tmp_path / "x.csv")):
        with _refused(photoclust.errors.IndexMissingError, "no people yet"):
            ask()
