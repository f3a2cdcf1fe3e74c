"""The whole walk on real photos: create, add, group, correct, ask, export."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

import photoclust
from photoclust.workflows.demo import make_album


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    album, few = make_album(tmp_path_factory.mktemp("demo")).folder, tmp_path_factory.mktemp("few")
    chosen = ["Grace Hopper/01.jpg", "Grace Hopper/02.jpg", "Grace Hopper/06.jpg", "together/01.jpg"]
    chosen += ["Eileen Collins/01.jpg", "Eileen Collins/02.jpg", "Eileen Collins/06.jpg"]
    for name in chosen:
        (few / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(album / name, few / name)
    return few


def test_from_photos_to_people_and_out(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, int, int]] = []
    index = photoclust.create(tmp_path / "people")
    report = index.add(photos, engine="local", progress=lambda *said: told.append(said))
    assert (report.found, report.faces) == (7, 8)
    assert told[0] == ("index", 0, 7)
    assert told[-1] == ("index", 7, 7)
    assert index.add([photos / "together"], engine="local").unchanged == 1

    grouped = index.group()
    assert (grouped.people, grouped.in_people) == (2, 8)
    hopper = max(
        index.people, key=lambda person: sum("Hopper" in uri for uri in _photos_of(index, person.id))
    )
    assert index.correct.name(hopper.id, "Grace Hopper").people == 2
    assert index.person("Grace Hopper").faces == hopper.faces
    other = next(person.id for person in index.people if person.id != hopper.id)
    assert not index.explain("Grace Hopper", other).same_person
    assert index.suggest() == ()

    out = index.export(tmp_path / "faces.csv").output
    with out.open(newline="") as file:
        names = [row["person_name"] for row in csv.DictReader(file)]
    assert (len(names), names.count("Grace Hopper")) == (8, 4)
    assert capfd.readouterr() == ("", "")


def _photos_of(index: photoclust.Index, person: str) -> list[str]:
    return [row["photo"] for row in index.faces.to_arrow().to_pylist() if row["person_id"] == person]
