"""What is exported can be read back, by whatever reads its format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from photoclust.errors import OutputError, UsageError
from photoclust.records import LOW_QUALITY, UNSURE, face_embeddings
from photoclust.report.export import write_export

COLUMNS = "photo photo_id face_id x0 y0 x1 y1 detection_score quality person_id person_name confidence status"
AWKWARD = ['/a/"quoted", b.jpg', "/a/new\nline\r.jpg", "/a/ü\u202e😀.jpg", "file:///a/%FF.jpg", "/a/'.jpg"]


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def read(path: Path) -> list[dict]:
    match path.suffix:
        case ".csv":
            return read_csv(path)
        case ".json":
            return json.loads(path.read_bytes())
        case _:
            return pq.read_table(path).to_pylist()


@pytest.fixture(params=["csv", "json", "parquet"])
def fmt(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_row_for_each_face(make_album, tmp_path: Path, fmt: str) -> None:
    album = make_album(
        [("/b.jpg", "p", UNSURE), ("/a.jpg", "p"), ("/a.jpg", "", LOW_QUALITY)], names={"p": "Ada"}
    )
    rows = read(write_export(album, fmt, tmp_path / f"faces.{fmt}"))
    assert " ".join(rows[0]) == COLUMNS
    assert [(r["photo"], r["face_id"], r["person_id"], r["person_name"], r["status"]) for r in rows] == [
        ("/a.jpg", "face0001", "p", "Ada", "member"),
        ("/a.jpg", "face0002", "", "", "low_quality"),
        ("/b.jpg", "face0000", "p", "Ada", "unsure"),
    ]
    first = [float(rows[0][name]) for name in ("x0", "y0", "x1", "y1", "detection_score", "confidence")]
    np.testing.assert_array_equal(np.float32(first), np.float32([-1.5, 2.25, 30.1, 41, 0.1, 0.999]))


def test_names_survive(make_album, tmp_path: Path, fmt: str) -> None:
    rows = read(write_export(make_album([(uri, "p") for uri in AWKWARD]), fmt, tmp_path / f"faces.{fmt}"))
    assert [row["photo"] for row in rows] == sorted(AWKWARD)


def test_numbers_are_short(make_album, tmp_path: Path) -> None:
    album = make_album([("/a.jpg", "p")])
    assert read_csv(write_export(album, "csv", tmp_path / "f.csv"))[0]["detection_score"] == "0.1"
    assert b'"x1": 30.1, ' in write_export(album, "json", tmp_path / "f.json").read_bytes()


def test_vectors_survive(make_album, tmp_path: Path, fmt: str) -> None:
    album = make_album([("/b.jpg", "p"), ("/a.jpg", "p")])
    rows = read(write_export(album, fmt, tmp_path / f"faces.{fmt}", embeddings=True))
    vectors = [r["embedding"].split() if fmt == "csv" else r["embedding"] for r in rows]
    np.testing.assert_array_equal(np.array(vectors, np.float32), face_embeddings(album.faces)[::-1])


def test_parquet_holds_vectors_of_fixed_size(make_album, tmp_path: Path) -> None:
    path = write_export(make_album([("/a.jpg", "p")]), "parquet", tmp_path / "f.parquet", embeddings=True)
    assert str(pq.read_schema(path).field("embedding").type).startswith(
        "fixed_size_list<element: float>[512]"
    )


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", "\tx"])
def test_csv_holds_no_formulas(make_album, tmp_path: Path, name: str) -> None:
    album = make_album([("/a.jpg", "p")], names={"p": name})
    assert read_csv(write_export(album, "csv", tmp_path / "f.csv"))[0]["person_name"] == f"'{name}"
    assert read(write_export(album, "json", tmp_path / "f.json"))[0]["person_name"] == name


def test_no_faces_are_a_table_too(make_album, tmp_path: Path, fmt: str) -> None:
    assert read(write_export(make_album(), fmt, tmp_path / f"faces.{fmt}", embeddings=True)) == []


def test_the_same_album_gives_the_same_bytes(make_album, tmp_path: Path, fmt: str) -> None:
    album = make_album([("/b.jpg", "p"), ("/a.jpg", "p")])
    one, two = (write_export(album, fmt, tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two


def test_an_existing_file_stays_unless_forced(make_album, tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "faces"
    path.write_text("precious")
    with pytest.raises(OutputError, match="force=True"):
        write_export(make_album(), fmt, path)
    assert path.read_text() == "precious"
    write_export(make_album(), fmt, path, force=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["faces"]


def test_a_failed_write_leaves_nothing(make_album, tmp_path: Path) -> None:
    album = make_album([("/a.jpg", "p")])
    with pytest.raises(KeyError):
        write_export(
            type(album)(album.photos, album.faces.drop_columns(["box"]), album.assignments, album.people),
            "csv",
            tmp_path / "f.csv",
        )
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_one_sentence(make_album, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_export(make_album(), "csv", tmp_path / "none" / "f.csv")


def test_unknown_formats_are_refused(make_album, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not xml"):
        write_export(make_album(), "xml", tmp_path / "f.xml")
