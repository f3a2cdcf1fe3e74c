"""The page as markup; how it behaves in a browser is tested with one."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from photoclust.errors import OutputError
from photoclust.records import LOW_QUALITY, UNSURE
from photoclust.report.pages import Limits, split_pages
from photoclust.report.review import write_review

HOSTILE = [
    '/x/"><script>alert(1)<!--.jpg',
    "/x/'onerror='alert(1)'.jpg",
    "/x/new\nline.jpg",
    "/x/gpj.\u202eexe.jpg",
    "/x/" + "long" * 200 + ".jpg",
    "/x/{{ 700 * 700 }}{% raw %}.jpg",
    "file:///x/%FF%22%3E.jpg",
]


class Markup(HTMLParser):
    """What a browser would find: tags, their attributes, and words."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data + " "

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        attributes = {name.rstrip("_"): value for name, value in wanted.items()}
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


def words(page: Path) -> str:
    return " ".join(Markup(page).text.split())


def test_people_in_order_with_their_figures(make_album, tmp_path: Path) -> None:
    faces = [("/p/1.jpg", "b"), ("/p/2.jpg", "a"), ("/p/3.jpg", "a"), ("/p/4.jpg", "", UNSURE)]
    album = make_album(
        faces, names={"b": "Ada"}, failed={"/p/9.jpg": "cut short"}, copies={"/p/8.jpg": "/p/1.jpg"}
    )
    page = write_review(album, tmp_path / "review", "My photos")
    text = words(page)
    assert text.index("Person 1 2 faces in 2 photos · 1 May 2024") < text.index("Ada 1 face in 1 photo")
    for part in (
        "Photos 6",
        "Faces 4",
        "People 2",
        "Unsure 1",
        "Failed 1",
        "1 copy of a photo",
        "decode: cut short",
    ):
        assert part in text
    assert page == tmp_path / "review" / "index.html"


def test_each_face_links_to_its_photo(make_album, tmp_path: Path) -> None:
    markup = Markup(write_review(make_album([("/p/a b.jpg", "a")]), tmp_path, "x"))
    assert [tile["href"] for tile in markup.all("a", class_="tile")] == ["file:///p/a%20b.jpg"]
    assert "Face of Person 1" in [image["alt"] for image in markup.all("img")]


def test_a_photo_in_a_bucket_is_named_but_not_linked(make_album, tmp_path: Path) -> None:
    markup = Markup(write_review(make_album([("s3://bucket/a.jpg", "a")]), tmp_path, "x"))
    assert not markup.all("a", class_="tile")
    assert "a.jpg" in markup.text


def test_the_chosen_cover_is_shown(make_album, tmp_path: Path) -> None:
    album = make_album([("/1.jpg", "a"), ("/2.jpg", "a")])
    thumbnails = pa.array([b"first", b"second"], pa.binary())
    faces = album.faces.set_column(album.faces.column_names.index("thumbnail"), "thumbnail", thumbnails)
    people = album.people.set_column(4, "cover_face_id", pa.array(["face0001"]))
    markup = Markup(write_review(replace(album, faces=faces, people=people), tmp_path, "x"))
    covers = {image["src"] for image in markup.all("img", alt="")}
    assert covers == {"data:image/jpeg;base64,c2Vjb25k"}


@pytest.mark.parametrize("status", ["member", UNSURE, LOW_QUALITY, "failed"])
def test_hostile_names_stay_text(make_album, tmp_path: Path, status: str) -> None:
    if status == "failed":
        album = make_album(failed=dict.fromkeys(HOSTILE, "<b>bad</b>"))
    else:
        album = make_album(
            [(uri, "a", status) for uri in HOSTILE], names={"a": "<img src=x onerror=alert(1)>"}
        )
    page = write_review(album, tmp_path, "</title><script>alert(1)</script>")
    markup = Markup(page)
    assert not markup.all("script")
    assert not [name for _, attributes in markup.tags for name in attributes if name.startswith("on")]
    assert {image["src"][:23] for image in markup.all("img")} <= {"data:image/jpeg;base64,"}
    assert not set(page.read_text("utf-8")) & set("\u202e\udcff")
    assert "490000" not in markup.text
    assert '"><script>alert(1)<!--.jpg' in markup.text
    assert "long" * 40 not in markup.text


def test_the_policy_allows_this_style_and_nothing_else(make_album, tmp_path: Path) -> None:
    markup = Markup(write_review(make_album([("/1.jpg", "a")]), tmp_path, "x"))
    (policy,) = (m["content"] for m in markup.all("meta") if "http-equiv" in m)
    assert policy is not None
    assert re.sub(r"'sha256-[\w+/=]+'", "STYLE", policy) == (
        "default-src 'none'; img-src data:; style-src STYLE; base-uri 'none'; form-action 'none'"
    )
    assert not [tag for tag, attributes in markup.tags if "style" in attributes or tag == "link"]


def test_only_the_owner_may_look(make_album, tmp_path: Path) -> None:
    page = write_review(make_album([("/1.jpg", "a")]), tmp_path / "review", "x")
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.parent.stat().st_mode & 0o777 == 0o700


def test_a_person_of_many_faces_is_cut_short_and_says_so(make_album, tmp_path: Path) -> None:
    album = make_album([(f"/{number}.jpg", "a") for number in range(30)])
    page = write_review(album, tmp_path, "x", Limits(faces=20))
    assert len(Markup(page).all("a", class_="tile")) == 20
    assert "6 more faces" in words(page)
    assert "and 10 more" in words(page)


def test_many_people_become_pages_and_old_pages_go(make_album, tmp_path: Path) -> None:
    faces = [(f"/{number}.jpg", f"p{number}") for number in range(5)] + [("/u.jpg", "", UNSURE)]
    (tmp_path / "notes.txt").write_text("mine")
    index = write_review(make_album(faces), tmp_path, "x", Limits(people=2))
    pages = [index, tmp_path / "people-2.html", tmp_path / "people-3.html"]
    assert [len(Markup(page).all("section", class_="card person")) for page in pages] == [2, 2, 1]
    links = {link["href"] for link in Markup(index).all("a")}
    assert {"people-2.html", "people-3.html", "people-3.html#unsure"} <= links
    assert [len(Markup(page).all("section", id="unsure")) for page in pages] == [0, 0, 1]
    write_review(make_album(faces[:1]), tmp_path, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "notes.txt"]


def test_the_first_page_alone_has_the_figures(make_album, tmp_path: Path) -> None:
    index = write_review(
        make_album([(f"/{n}.jpg", f"p{n}") for n in range(5)]), tmp_path, "x", Limits(people=2)
    )
    second = words(tmp_path / "people-2.html")
    assert "Photos 5 Faces 5 People 5" in words(index)
    assert "Photos 5" not in second
    assert "Page 2. The first page counts photos, faces and people." in second


def test_the_first_page_has_charts(make_album, tmp_path: Path) -> None:
    faces = [(f"/{n}.jpg", "a" if n < 5 else "b") for n in range(7)] + [("/x.jpg", "", UNSURE)]
    index = write_review(make_album(faces), tmp_path / "some", "x", Limits(people=1))
    said = words(index)
    assert "In numbers Faces by year" in said
    assert "Faces by year 2024 8 Faces" in said
    assert "80 to 90 % 0 90 to 100 % 7 People" in said
    assert "1 0 2 to 3 1 4 to 7 1" in said
    widths = [float(one["width"]) for one in Markup(index).all("rect")]
    assert len(widths) == 4
    assert set(widths) == {100.0}
    assert "In numbers" not in words(tmp_path / "some" / "people-2.html")
    assert "In numbers" not in words(write_review(make_album([]), tmp_path / "none", "x"))


def test_pages_end_where_they_ended_though_somebody_is_gone() -> None:
    places = [number * 0.618 % 1 for number in range(1000)]
    limits = Limits(people=40, size=10**9)
    before = {stop for _, stop in split_pages([1] * 1000, limits, places)}
    for gone in range(0, 100, 7):
        ends = {stop + 1 for _, stop in split_pages([1] * 999, limits, places[:gone] + places[gone + 1 :])}
        assert len(ends - before) < len(ends) / 3
        assert all(b - a <= 40 for a, b in split_pages([1] * 1000, limits, places))


def test_links_within_a_page_lead_somewhere(make_album, tmp_path: Path) -> None:
    faces = [("/1.jpg", "a"), ("/2.jpg", "", UNSURE), ("/3.jpg", "", LOW_QUALITY)]
    markup = Markup(write_review(make_album(faces, failed={"/4.jpg": "bad"}), tmp_path, "x"))
    ids = {attributes["id"] for _, attributes in markup.tags if "id" in attributes}
    targets = {link["href"][1:] for link in markup.all("a") if link["href"].startswith("#")}
    assert targets == {"people", "person-a", "unsure", "low-quality", "failed"}
    assert targets <= ids
    labels = {
        attributes["aria-labelledby"] for _, attributes in markup.tags if "aria-labelledby" in attributes
    }
    assert labels <= ids


def test_an_album_of_nobody_is_a_page_too(make_album, tmp_path: Path) -> None:
    assert "No face was found" in words(write_review(make_album(), tmp_path, "x"))


def test_a_folder_that_cannot_be_made_is_one_sentence(make_album, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_review(make_album(), tmp_path / "file" / "review", "x")


def test_the_most_doubtful_faces_come_first_and_the_surest_is_the_cover(make_album, tmp_path: Path) -> None:
    images = pa.array([b"surest", b"second", b"doubtful", b"other"], pa.binary())
    album = make_album([("/1.jpg", "a"), ("/2.jpg", "a"), ("/3.jpg", "a"), ("/0.jpg", "b")])
    place = album.faces.column_names.index("thumbnail")
    album = replace(album, faces=album.faces.set_column(place, "thumbnail", images))
    page = write_review(album, tmp_path, "x")
    shown = [tile["title"] for tile in Markup(page).all("a", class_="tile")]
    assert shown == ["/3.jpg", "/2.jpg", "/1.jpg", "/0.jpg"]
    first = Markup(page).all("img")[0]["src"]
    assert base64.b64decode(first.partition(",")[2]) == b"surest"
    assert "The most doubtful faces of each person come first" in words(page)


def test_unsure_faces_name_whom_they_may_be_and_how_likely(make_album, tmp_path: Path) -> None:
    faces = [("/1.jpg", "a"), ("/2.jpg", "b"), *((f"/u{n}.jpg", "", UNSURE) for n in range(6))]
    faces.append(("/low.jpg", "", LOW_QUALITY))
    album = make_album(faces, names={"b": "<b>Bea</b>"})
    said = [("b", 0.426), ("a", 0.995), ("a", 0.004), ("", 0.0), (None, None), ("gone", 0.5)]
    assignments = album.assignments.to_pylist()
    for row, (person, chance) in zip(assignments[2:8], said, strict=True):
        row |= {"likeliest_person_id": person, "likeliest_chance": chance}
    album = replace(album, assignments=pa.Table.from_pylist(assignments, album.assignments.schema))
    page = write_review(album, tmp_path, "x")
    shown = words(page)[words(page).index("Too little to say") :]
    assert "u1.jpg 1 May 2024 Person 1 99% likely u5.jpg 1 May 2024 u0.jpg" in shown
    assert "u0.jpg 1 May 2024 <b>Bea</b> 42% likely u2.jpg" in shown
    assert "u2.jpg 1 May 2024 like nobody here u3.jpg 1 May 2024 like nobody here u4.jpg 1 May 2024" in shown
    assert shown.count("%") == 2  # none for a face of low quality, which was not compared


def test_a_file_name_breaks_after_underscores_and_stays_as_it_is(make_album, tmp_path: Path) -> None:
    page = write_review(make_album([("/a_<i>.jpg", "a")]), tmp_path, "x")
    assert "<bdi>a_<wbr>&lt;i&gt;.jpg</bdi>" in page.read_text()


def test_a_burst_is_one_tile_with_a_count_and_every_face_inside(make_album, tmp_path: Path) -> None:
    uris = [f"/{number}.jpg" for number in range(6)]
    album = make_album([(uri, "a") for uri in uris], bursts=[None, 7, None, 7, 7, None])
    page = write_review(album, tmp_path, "x")
    markup = Markup(page)
    shown = [tile["href"] for tile in markup.all("a", class_="tile")]
    assert shown == [f"file://{uris[n]}" for n in (5, 4, 3, 1, 2, 0)]  # the clearest stands for its burst
    assert len(markup.all("li", class_="burst")) == 1
    assert [one.get("class") for one in markup.all("details")] == ["numbers", None]
    assert "3 4.jpg 1 May 2024 99% confident 2 more like it 3.jpg" in words(page)
    assert "6 faces in 6 photos" in words(page)


def test_a_burst_counts_as_one_face_of_those_there_is_room_for(make_album, tmp_path: Path) -> None:
    faces = [(f"/{number}.jpg", "a") for number in range(8)]
    album = make_album(faces, bursts=[None, None, None, 3, 3, 3, 3, 3])
    page = write_review(album, tmp_path, "x", Limits(faces=2, alike=3))
    assert len(Markup(page).all("a", class_="tile")) == 4
    for part in ("4 more like it", "and 2 more; an export", "and 2 more; an export lists them all"):
        assert part in words(page)


@pytest.mark.parametrize("status", [UNSURE, LOW_QUALITY])
def test_a_burst_of_nobody_is_one_tile_too(make_album, tmp_path: Path, status: str) -> None:
    faces = [(f"/{number}.jpg", "", status) for number in range(3)]
    markup = Markup(write_review(make_album(faces, bursts=[0, 0, 0]), tmp_path, "x"))
    assert len(markup.all("li", class_="burst")) == 1
    assert len(markup.all("a", class_="tile")) == 3
    assert "2 more like it" in markup.text


def test_a_burst_that_was_split_is_shown_with_each_person(make_album, tmp_path: Path) -> None:
    faces = [("/1.jpg", "a"), ("/2.jpg", "a"), ("/3.jpg", "b"), ("/4.jpg", "b")]
    page = write_review(make_album(faces, bursts=[0, 0, 0, 0]), tmp_path, "x")
    assert words(page).count("1 more like it") == 2


@pytest.mark.parametrize(
    ("costs", "pages"),
    [
        ([], [(0, 0)]),
        ([99], [(0, 1)]),
        ([5, 5, 5], [(0, 2), (2, 3)]),
        ([99, 1, 1, 1, 1, 1], [(0, 1), (1, 4), (4, 6)]),
        ([1, 99, 1], [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_pages_hold_no_more_than_they_may(costs: list[int], pages: list[tuple[int, int]]) -> None:
    assert list(split_pages(costs, Limits(people=3, size=10))) == pages


def test_thumbnails_said_apart_need_not_be_in_order_nor_said_once(make_album, tmp_path: Path) -> None:
    album = make_album([("/1.jpg", "a"), ("/2.jpg", "a"), ("/3.jpg", "")])
    images = pa.array([b"one", b"two", b"three"], pa.binary())
    place = album.faces.column_names.index("thumbnail")
    whole = replace(album, faces=album.faces.set_column(place, "thumbnail", images))
    pieces = [
        (np.array([2, 0]), pa.array([b"three", b"outdated"], pa.binary())),
        (np.array([1, 0]), pa.array([b"two", b"one"], pa.binary())),
    ]
    bare = replace(album, faces=album.faces.drop_columns(["thumbnail"]))
    apart = write_review(bare, tmp_path / "apart", "x", thumbnails=lambda rows: pieces)
    together = write_review(whole, tmp_path / "together", "x")
    assert apart.read_bytes() == together.read_bytes()
    assert [path.name for path in (tmp_path / "apart").iterdir()] == ["index.html"]
