"""``identify``, ``enroll`` and ``find`` on portraits of three people, of whom two are in the index."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from portraits import make_portraits

import photoclust
from photoclust.cli import cli
from photoclust.errors import IndexLockedError, IndexMissingError, ProbeError, UsageError
from photoclust.index.store import IndexStore

LOCAL = {"run": {"engine": "local"}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Portraits, and an index in which the photographer is not."""
    home = tmp_path_factory.mktemp("identify")
    make_portraits(home / "photos")
    (home / "photos/photographer").rename(home / "stranger")
    both = Image.new("RGB", (480, 240))
    for left, name in ((0, "hopper"), (240, "collins")):
        both.paste(Image.open(home / "photos" / name / "03.jpg"), (left, 0))
    both.save(home / "photos/both.jpg")
    Image.new("RGB", (200, 200), "teal").save(home / "nobody.jpg")
    arguments = ["run", str(home / "photos"), "--index", str(home / "index")]
    assert not cli.main(arguments, standalone_mode=False, default_map=LOCAL)
    index = photoclust.open(home / "index")
    hopper = {face for face, photo in _photos(index).items() if "/hopper/" in photo}
    for name, is_meant in (("Grace Hopper", True), ("Eileen Collins", False)):
        person = next(one for one in index.people if not one.name and bool(hopper & {*one.faces}) == is_meant)
        index.correct.name(person.id, name)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(made, tmp_path / "home", copy_function=shutil.copy2)
    return tmp_path / "home"


def _photos(index: photoclust.Index) -> dict[str, str]:
    table = index.faces.to_arrow()
    return dict(zip(table["face_id"].to_pylist(), table["photo"].to_pylist(), strict=True))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_somebody_known_is_named(made: Path) -> None:
    (photo,) = photoclust.open(made / "index").identify(made / "photos/hopper/02.jpg")
    (face,) = photo.faces
    best = face.candidates[0]
    assert face.known
    assert photo.in_index
    assert best.name == "Grace Hopper"
    assert best.probability_low <= best.probability <= best.probability_high
    assert any(uri.endswith("hopper/01.jpg") for uri in best.photos)
    assert face.nobody + sum(one.probability for one in face.candidates) == pytest.approx(1)


def test_a_stranger_is_nobody_known(made: Path) -> None:
    said = run("identify", made / "stranger/01.jpg", "--index", made / "index")
    assert said.exit_code == 0, said.output
    assert "face 1: nobody known; nearest " in said.output
    (photo,) = photoclust.open(made / "index").identify(made / "stranger/01.jpg")
    assert not photo.in_index
    assert photo.faces[0].nobody > 0.9


def test_a_folder_gives_a_line_for_each_photo(made: Path, home: Path) -> None:
    shutil.copy(home / "nobody.jpg", home / "photos/zero.jpg")
    said = run("identify", home / "photos", "--json", "--index", made / "index")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert said.exit_code == 0
    assert len(lines) == 8
    assert [len(line["faces"]) for line in lines if line["photo"].endswith("both.jpg")] == [2]
    assert [line["problem"][:17] for line in lines if not line["faces"]] == ["No face was found"]


def test_probes_without_any_face_are_a_failure(made: Path) -> None:
    with pytest.raises(ProbeError, match="No face was found"):
        list(photoclust.open(made / "index").identify(made / "nobody.jpg"))
    with pytest.raises(UsageError, match="gone"):
        list(photoclust.open(made / "index").identify(made / "gone.jpg"))


def test_one_photo_is_enough(home: Path) -> None:
    index = photoclust.open(home / "index")
    said = run("enroll", "Ansel", home / "stranger/01.jpg", "--index", home / "index")
    assert said.exit_code == 0, said.output
    assert "Ansel is enrolled: 1 face in 1 photo now." in said.output
    (photo,) = index.identify(home / "stranger/02.jpg")
    assert (photo.faces[0].known, photo.faces[0].candidates[0].name) == (True, "Ansel")
    index.add(home / "stranger", engine="local")  # their photos arrive
    index.group()
    assert index.person("Ansel").size == 3
    assert {person.name for person in index.people} == {"Ansel", "Grace Hopper", "Eileen Collins"}


def test_enrolling_finds_the_photos_that_are_there(home: Path) -> None:
    index = photoclust.open(home / "index")
    index.add(home / "stranger/03.jpg", engine="local")
    index.group()
    found = index.enroll("Ansel", home / "stranger/01.jpg")
    assert (found.name, found.faces, found.photos, found.problems) == ("Ansel", 2, 2, ())
    assert index.enroll("Ansel", [home / "stranger/01.jpg", home / "stranger/02.jpg"]).faces == 3


def test_who_has_the_name_gets_the_photos(home: Path) -> None:
    index = photoclust.open(home / "index")
    before = index.person("Grace Hopper")
    (home / "more").mkdir()
    Image.open(home / "photos/hopper/01.jpg").rotate(3).save(home / "more/hopper.jpg")
    assert index.enroll("Grace Hopper", home / "more/hopper.jpg").person_id == before.id
    assert index.person("Grace Hopper").size == before.size + 1


def test_another_name_is_not_taken_unasked(home: Path) -> None:
    said = run("enroll", "Somebody", home / "photos/hopper/01.jpg", "--index", home / "index")
    assert isinstance(said.exception, UsageError)
    assert "shows Grace Hopper already" in str(said.exception)
    assert photoclust.open(home / "index").person("Grace Hopper")


def test_several_faces_want_a_number(home: Path) -> None:
    index = photoclust.open(home / "index")
    with pytest.raises(UsageError, match="shows 2 faces, and one is wanted"):
        index.enroll("Ada", home / "photos/both.jpg")
    with pytest.raises(UsageError, match="there is no face 3"):
        index.enroll("Ada", home / "photos/both.jpg", face=3)


@pytest.mark.parametrize("name", ["", "  ", "Person 3", "a\nb", "x" * 300])
def test_what_is_no_name_is_refused(made: Path, name: str) -> None:
    with pytest.raises(UsageError):
        photoclust.open(made / "index").enroll(name, made / "stranger/01.jpg")


def test_an_index_that_is_written_to_is_not_enrolled_into(home: Path) -> None:
    with IndexStore.open(home / "index").lock(), pytest.raises(IndexLockedError):
        photoclust.open(home / "index").enroll("Ansel", home / "stranger/01.jpg")


def test_there_must_be_an_index_and_people(made: Path, tmp_path: Path) -> None:
    said = run("identify", made / "stranger/01.jpg", "--index", tmp_path / "none")
    assert isinstance(said.exception, IndexMissingError)
    empty = photoclust.create(tmp_path / "empty")
    with pytest.raises(IndexMissingError):
        list(empty.identify(made / "stranger/01.jpg"))
    assert empty.enroll("Ansel", made / "stranger/01.jpg").faces == 1  # a gallery may begin with it


def test_photos_of_several_people_are_found(made: Path) -> None:
    index = photoclust.open(made / "index")
    both = index.find(["Grace Hopper", "Eileen Collins"])
    assert [Path(one.photo).name for one in both] == ["both.jpg"]
    assert both[0].people == ("Grace Hopper", "Eileen Collins")
    alone = index.find("Grace Hopper", without="Eileen Collins")
    assert [Path(one.photo).name for one in alone] == ["01.jpg", "02.jpg", "03.jpg"]
    said = run("find", "--with", "Grace Hopper", "--index", made / "index", "--print0")
    assert said.output.count("\0") == 4
    assert len(json.loads(run("find", "--with", "Person 1", "--json", "--index", made / "index").output)) == 4
    with pytest.raises(UsageError, match="no person 'Cy'"):
        index.find("Cy")
    assert run("find", "--index", made / "index").exit_code == 2


def test_probabilities_of_a_gallery_add_up() -> None:
    from photoclust.people.calibration.evidence import calibration_of
    from photoclust.people.calibration.pairs import pair_calibration_of, templates
    from photoclust.people.identity.gallery import gallery_of

    calibration, known = calibration_of("casia-webface"), pair_calibration_of("casia-webface")
    assert known is not None
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 128))
    rows = np.repeat(centres, 3, axis=0) + 0.4 * rng.normal(size=(120, 128))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    people = np.repeat(np.arange(40), 3)
    gallery = gallery_of([(rows[:50], people[:50]), (rows[50:], people[50:])], 40, calibration, known)
    for place in (0, 50):
        found = gallery.identify(templates(calibration, rows[place : place + 1]), 0.5, 40)
        assert len(found.candidates) == 40
        assert found.candidates[0].row == place // 3
        assert found.nobody + sum(one.probability for one in found.candidates) == pytest.approx(1)
        few = gallery.identify(templates(calibration, rows[place : place + 1]), 0.5, 2)
        assert [one.row for one in few.candidates] == [one.row for one in found.candidates[:2]]
        assert few.nobody == pytest.approx(found.nobody, rel=1e-3)
