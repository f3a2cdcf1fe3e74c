"""A page that is renewed is the page that would be written from nothing, and no more of it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photoclust.records import LOW_QUALITY, UNSURE
from photoclust.report.pages import Limits
from photoclust.report.review import write_review

FACES = [(f"/{number}.jpg", f"p{number % 7}") for number in range(40)]
REST = [("/u.jpg", "", UNSURE), ("/v.jpg", "p1", UNSURE), ("/l.jpg", "", LOW_QUALITY)]
LIMITS = Limits(people=3, faces=4)


def pages(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.html")}


def renewed(make_album, folder: Path, mark: str = "m", **said) -> list[str]:
    """Write the review anew and make sure that it is right; the pages that were touched."""
    before = {path.name: path.stat().st_ino for path in folder.glob("*.html")}
    album = make_album(said.pop("faces", [*FACES, *REST]), **said)
    write_review(album, folder, "Us", LIMITS, mark=mark)
    write_review(album, folder.with_name("fresh"), "Us", LIMITS, mark=mark)
    fresh = folder.with_name("fresh")
    assert pages(folder) == pages(fresh)
    for path in fresh.iterdir():
        path.unlink()
    return sorted(path.name for path in folder.glob("*.html") if before.get(path.name) != path.stat().st_ino)


def test_only_pages_that_changed_are_written(make_album, tmp_path: Path) -> None:
    folder = tmp_path / "review"
    every = ["index.html", "people-2.html", "people-3.html"]
    assert renewed(make_album, folder) == every
    assert renewed(make_album, folder) == []
    assert renewed(make_album, folder, names={"p4": "Ada"}) == ["people-2.html"]
    assert renewed(make_album, folder, names={"p4": "<!--/part-->--><b>"}) == ["people-2.html"]
    assert renewed(make_album, folder, names={"p4": "Ada"}, failed={"/9.jpg": "cut short"}) == every


def test_who_goes_from_the_first_page_changes_few_others(make_album, tmp_path: Path) -> None:
    people = [(f"/{number:03}.jpg", f"p{number // 2:03}") for number in range(400)]
    limits, folder = Limits(people=20, faces=4), tmp_path / "review"

    def written(faces: list[tuple[str, str]]) -> int:
        before = {path.name: path.stat().st_ino for path in folder.glob("*.html")}
        names = {person: f"Ada {person}" for _, person in faces}
        write_review(make_album(faces, names=names), folder, "Us", limits, mark="m")
        return sum(before.get(path.name) != path.stat().st_ino for path in folder.glob("*.html"))

    assert written(people) > 10
    assert written([(uri, "p008" if person == "p000" else person) for uri, person in people]) <= 4
    assert written(people[:-40]) <= 5  # a page less: the first, and those before the last


@pytest.mark.parametrize("seed", range(10))
def test_a_renewed_page_is_the_page_from_nothing(make_album, tmp_path: Path, seed: int) -> None:
    """Whoever comes, goes, is joined or renamed."""
    rng = np.random.default_rng(seed)
    for _ in range(5):
        people = [f"p{number}" for number in rng.integers(0, 7, 40)]
        faces = [(f"/{number}.jpg", person) for number, person in enumerate(people)]
        bursts = [int(one) if one < 5 else None for one in rng.integers(0, 12, 43)]
        names = {f"p{number}": "Ada" for number in rng.integers(0, 7, 2)}
        renewed(make_album, tmp_path / "review", faces=[*faces, *REST], bursts=bursts, names=names)


def test_other_thumbnails_are_shown_at_once(make_album, tmp_path: Path) -> None:
    folder = tmp_path / "review"
    renewed(make_album, folder)
    assert renewed(make_album, folder, mark="other") == ["index.html", "people-2.html", "people-3.html"]


@pytest.mark.parametrize("damage", ["", "{", '{"mark": 1}', '{"mark": 1, "pages": []}', "[]"])
def test_without_what_was_remembered_all_is_rendered(make_album, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "review"
    renewed(make_album, folder)
    (folder / "parts.json").write_text(damage)
    assert len(renewed(make_album, folder)) == 3


def test_a_page_that_was_removed_or_cut_is_whole_again(make_album, tmp_path: Path) -> None:
    folder = tmp_path / "review"
    renewed(make_album, folder)
    (folder / "people-2.html").unlink()
    assert renewed(make_album, folder) == ["people-2.html"]
    page = folder / "people-2.html"
    page.write_bytes(page.read_bytes()[:3000])
    assert renewed(make_album, folder, names={"p4": "Ada"}) == ["people-2.html"]
