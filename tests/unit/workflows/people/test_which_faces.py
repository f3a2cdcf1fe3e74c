"""Faces drawn by hand, and findings that are no faces, in an index whose photos can be opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from made_up import build_index
from PIL import Image

from photoclust.api.context import context_of
from photoclust.config import ClusterConfig, IndexSettings
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.models.weights import weights_sha256
from photoclust.records import DRAWN_SCORE
from photoclust.workflows.cluster import group
from photoclust.workflows.forget import forget
from photoclust.workflows.index import index
from photoclust.workflows.migrate import migrate
from photoclust.workflows.opening import PhotoOptions
from photoclust.workflows.people.apply import apply, note, note_undo
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.people.which_faces import draw, drawn_on, list_left_out, not_a_face
from photoclust.workflows.status import status

BOX = (120.0, 110.0, 190.0, 190.0)
CONFIG = ClusterConfig(k=10)


HERE = context_of("local")


def made_up(folder: Path, photos: Path, seed: int = 0) -> IndexStore:
    sha256 = weights_sha256(IndexSettings().embed.model)
    return build_index(folder, {"ada": 4, "bea": 3}, seed, photos, sha256=sha256)


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return made_up(tmp_path / "index", tmp_path / "photos")


def photo(store: IndexStore, number: int = 1) -> str:
    return next(uri for uri in store.photos()["uri"].to_pylist() if uri.endswith(f"ada/{number}.jpg"))


def drawn(store: IndexStore, name: str = "", number: int = 1) -> str:
    """Draw a face and group; gives its id."""
    noted = note(store, lambda people: draw(people, drawn_on(store, photo(store, number)), BOX, name))
    apply(store, noted.before, HERE)
    return noted.decisions[0].faces[0]


def shown(store: IndexStore) -> dict[str, str]:
    """The name of the person of each face."""
    people = PeopleIndex(store)
    return {face: people.names.get(person, "") for face, person in people.person_of.items()}


def no_face(store: IndexStore, *faces: str, undo: bool = False) -> None:
    noted = note(store, lambda people: not_a_face(people, faces, undo))
    apply(store, noted.before, HERE)


@pytest.mark.parametrize("name", ["no\udcff.jpg", "no\0.jpg", "no\n.jpg", ""])
def test_a_name_that_no_photo_has_is_refused_whatever_it_is_of(store: IndexStore, name: str) -> None:
    with pytest.raises(UsageError, match="is not in"):
        drawn_on(store, name)
    with pytest.raises(UsageError, match="is not in"):
        forget(store, photos=[name])


@pytest.mark.parametrize("side", [float("nan"), float("inf"), 1e308])
def test_a_box_has_sides_of_some_number(store: IndexStore, side: float) -> None:
    where = drawn_on(store, photo(store))
    with pytest.raises(UsageError, match="box"):
        draw(PeopleIndex(store), where, (0.0, 0.0, side, side + side))


# -- drawn by hand ------------------------------------------------------------------------------------------


def test_a_drawn_face_joins_the_grouping_under_its_name(store: IndexStore) -> None:
    face = drawn(store, "Zoe")
    assert shown(store)[face] == "Zoe"
    row = store.faces().filter(pc.field("face_id") == face).to_pylist()[0]
    assert row["detection_score"] == DRAWN_SCORE
    assert row["box"] == list(BOX)  # of coloured squares: the detector sees no face to fit it to
    assert np.linalg.norm(np.array(row["embedding"], np.float32)) == pytest.approx(1, abs=1e-2)
    assert row["thumbnail"].startswith(b"\xff\xd8")


def test_whoever_has_the_name_already_gets_the_face(store: IndexStore) -> None:
    people = PeopleIndex(store)
    number = people.people[next(iter(people.people))]["number"]
    assert len({*shown(store).values()}) == 1
    face = drawn(store, f"Person {number}")
    assert PeopleIndex(store).person_of[face] in people.people


def test_undo_takes_it_out_and_redo_brings_it_back_without_the_photo(store: IndexStore) -> None:
    before = shown(store)
    face = drawn(store, "Zoe")
    apply(store, note_undo(store, 1)[0], HERE)
    assert shown(store) == before
    Path(photo(store)).unlink()
    apply(store, note_undo(store, 1, redo=True)[0], HERE)
    assert shown(store)[face] == "Zoe"


def test_it_is_in_another_index_of_the_same_photos(store: IndexStore, tmp_path: Path) -> None:
    face = drawn(store, "Zoe")
    other = made_up(tmp_path / "other", tmp_path / "photos")
    shutil.copyfile(store.decisions_file, other.decisions_file)
    assert not group(other, CONFIG, HERE).problems
    assert shown(other)[face] == "Zoe"
    assert (
        other.faces()
        .filter(pc.field("face_id") == face)
        .equals(store.faces().filter(pc.field("face_id") == face))
    )


def test_where_another_index_has_found_a_face_the_drawing_is_that_face(
    store: IndexStore, tmp_path: Path
) -> None:
    face = drawn(store, "Zoe")
    other = made_up(tmp_path / "other", tmp_path / "photos")
    rows = other.faces().to_pylist()
    row = next(one for one in rows if one["photo_id"] == drawn_on(other, photo(other)).photo_id)
    found = row | {"face_id": "f" * 32, "box": [122.0, 108.0, 190.0, 188.0]}
    mine = other.photos().filter(pc.field("photo_id") == row["photo_id"])
    other.append(mine, type(mine).from_pylist([row, found], other.face_schema))
    shutil.copyfile(store.decisions_file, other.decisions_file)
    assert not group(other, CONFIG, HERE).problems
    assert shown(other)["f" * 32] == "Zoe"
    assert face not in shown(other)


@pytest.mark.parametrize("change", ["gone", "changed", "damaged"])
def test_a_photo_that_is_not_what_it_was_is_one_sentence_and_the_decision_stays(
    store: IndexStore, change: str
) -> None:
    path = Path(photo(store))
    noted = note(store, lambda people: draw(people, drawn_on(store, str(path)), BOX, "Zoe"))
    if change == "gone":
        path.unlink()
    elif change == "changed":
        Image.new("RGB", (300, 200), "red").save(path)
    else:
        path.write_bytes(b"no photo")
    problems = apply(store, noted.before, HERE).problems
    assert len(problems) == 1
    assert problems[0].startswith(f"Line 2 of the decisions (draw): {path} cannot be read: ")
    assert "Zoe" in store.decisions_text()
    assert "Zoe" not in shown(store).values()


def test_a_photo_that_is_missing_from_the_index_is_one_sentence(store: IndexStore, tmp_path: Path) -> None:
    other = made_up(tmp_path / "other", tmp_path / "others", seed=7)
    drawn(store, "Zoe")
    shutil.copyfile(store.decisions_file, other.decisions_file)
    assert group(other, CONFIG, HERE).problems == (
        "Line 2 of the decisions (draw): its photo is not in this index; it was not applied.",
    )


def test_a_drawn_face_goes_and_comes_back_with_its_photo(store: IndexStore, tmp_path: Path) -> None:
    face, path = drawn(store, "Zoe"), Path(photo(store))
    path.rename(tmp_path / "away.jpg")
    options = PhotoOptions(missing="drop")
    index([str(tmp_path / "photos")], store.folder, options, HERE)
    report = group(store, CONFIG, HERE)
    assert report.problems == (
        f"Line 2 of the decisions (draw): {path} is no longer there; it was not applied.",
    )
    assert face not in shown(store)
    (tmp_path / "away.jpg").rename(path)
    index([str(tmp_path / "photos")], store.folder, options, HERE)
    assert not group(store, CONFIG, HERE).problems
    assert shown(store)[face] == "Zoe"


def test_it_survives_a_migration(store: IndexStore) -> None:
    face = drawn(store, "Zoe")
    assert migrate(store, store.settings.embed.model, HERE, margin=0, max_named_churn=1.0).accepted
    assert shown(IndexStore.open(store.folder))[face] == "Zoe"


@pytest.mark.parametrize("applied", [True, False])
def test_forgetting_its_photo_forgets_it(store: IndexStore, applied: bool) -> None:
    noted = note(store, lambda people: draw(people, drawn_on(store, photo(store)), BOX, "Zoe"))
    if applied:
        apply(store, noted.before, HERE)
    forget(store, photos=[photo(store)])
    assert store.decisions_text().splitlines() == ["at,kind,person,faces,others,value"]
    assert not group(store, CONFIG, HERE).problems


def test_forgetting_somebody_forgets_their_drawn_faces_that_were_not_read_yet(store: IndexStore) -> None:
    drawn(store, "Zoe")
    note(store, lambda people: draw(people, drawn_on(store, photo(store, 2)), BOX, "Zoe"))
    forget(store, people=["Zoe"], keep_out=True)
    group(store, CONFIG, HERE)
    assert "draw" not in store.decisions_text()
    assert "Zoe" not in shown(store).values()
    noted = note(store, lambda people: draw(people, drawn_on(store, photo(store)), BOX))
    assert apply(store, noted.before, HERE).problems == (
        "Line 2 of the decisions (draw): that face was forgotten, and is kept out; it was not applied.",
    )


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ((5, 5, 95, 95), "There is a face in that place already"),
        ((200, 150, 205, 190), "The box shows 5 x 40 pixels of the photo, which is 300 x 200 pixels"),
        ((400, 400, 500, 500), "The box shows 0 x 0 pixels"),
    ],
)
def test_a_box_that_cannot_be_is_refused(store: IndexStore, box: tuple[float, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        draw(PeopleIndex(store), drawn_on(store, photo(store)), box)


def test_what_lies_outside_the_photo_is_cut_off(store: IndexStore) -> None:
    lines = draw(PeopleIndex(store), drawn_on(store, photo(store)), (250.4, 120, 350, 300))
    assert lines[0].value.split()[1:] == ["250", "120", "50", "80"]


def test_a_photo_that_is_not_in_the_index_is_refused(store: IndexStore) -> None:
    with pytest.raises(UsageError, match="give its path as it was indexed"):
        drawn_on(store, "/elsewhere.jpg")


def test_a_model_that_is_not_the_one_of_the_index_is_one_sentence(tmp_path: Path) -> None:
    store = build_index(tmp_path / "index", {"ada": 4, "bea": 3}, photos=tmp_path / "photos")
    noted = note(store, lambda people: draw(people, drawn_on(store, photo(store)), BOX, "Zoe"))
    (problem,) = apply(store, noted.before, HERE).problems
    assert "was made with the model casia-webface (abc123)" in problem


def test_what_was_drawn_in_a_place_is_not_drawn_again(store: IndexStore) -> None:
    face = drawn(store)
    with pytest.raises(UsageError, match="already"):
        draw(PeopleIndex(store), drawn_on(store, photo(store)), BOX)
    no_face(store, face)
    with pytest.raises(UsageError, match="that it is none"):
        draw(PeopleIndex(store), drawn_on(store, photo(store)), BOX)


# -- no face ------------------------------------------------------------------------------------------------


def test_what_is_no_face_leaves_people_and_counts_and_can_be_taken_in_again(store: IndexStore) -> None:
    before, face = shown(store), next(iter(shown(store)))
    no_face(store, face)
    assert shown(store).keys() == before.keys() - {face}
    assert status(store).faces == len(before) - 1
    assert [one.face_id for one in list_left_out(store, PeopleIndex(store))] == [face]
    no_face(store, face[:8], undo=True)
    assert shown(store) == before
    assert not list_left_out(store, PeopleIndex(store))


def test_somebody_named_none_of_whose_findings_is_a_face_goes_without_an_error(store: IndexStore) -> None:
    face = drawn(store, "Zoe")
    no_face(store, face)
    assert "Zoe" not in shown(store).values()
    no_face(store, face, undo=True)
    assert shown(store)[face] == "Zoe"


def test_photos_all_of_whose_findings_are_none_count_as_photos_without_faces(store: IndexStore) -> None:
    counted = status(store).photos
    one = next(row for row in store.faces(["box"]).to_pylist() if row["box"][0] == 0)
    own = [row["face_id"] for row in store.faces([]).to_pylist() if row["photo_id"] == one["photo_id"]]
    no_face(store, *own)
    now = status(store).photos
    assert (now.with_faces, now.without_faces) == (counted.with_faces - 1, counted.without_faces + 1)


def test_nobody_said_that_of_it(store: IndexStore) -> None:
    with pytest.raises(UsageError, match="Nobody has said"):
        not_a_face(PeopleIndex(store), ["ffff"], undo=True)
