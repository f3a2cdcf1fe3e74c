from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photoclust.errors import UsageError
from photoclust.evaluate.labels import Labels, csv_labels, folder_labels, main_faces


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/a/Ada/1.jpg", "Ada"),
        ("/1.jpg", ""),
        ("/a/Ad%20a/1.jpg", "Ad%20a"),
        ("file:///a/Ad%E9/1.jpg", "Ad\\xe9"),
        ("s3://b/Bob/2.jpg", "Bob"),
        ("s3://b/Bob/2.jpg?endpoint_override=https://host:9000", "Bob"),
        ("s3://b/2.jpg", ""),
        ("/a/x.tar!/Ada/1.jpg", "Ada"),
        ("/a/x.tar!/1.jpg", ""),
        ("s3://b/x.tar!/A%25da/1.jpg?region=eu", "A%da"),
        ("/a/x.parquet!/image/7", ""),
    ],
)
def test_folders_name_people(uri: str, name: str) -> None:
    assert folder_labels([uri]).people == ({uri: name} if name else {})


@pytest.mark.parametrize(
    "named",
    ["{folder}/Ada/1.jpg", "Ada/1.jpg", "./Ada/1.jpg", "Bob/../Ada/1.jpg", "file://{folder}/Ada/1.jpg"],
)
def test_a_csv_names_photos_by_path_from_its_folder_or_by_uri(tmp_path: Path, named: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"photo,person\n{named.format(folder=tmp_path)},Ada\n", "utf-8")
    uri = str(tmp_path / "Ada" / "1.jpg")
    assert csv_labels(file, [uri]) == Labels({uri: "Ada"})


@pytest.mark.parametrize(
    ("named", "uri"),
    [
        ("s3://b/a!/1.jpg", "s3://b/a%21/1.jpg"),
        ("s3://b/1.jpg?region=eu", "s3://b/1.jpg?region=eu"),
        ("/a/x.tar!/Ada/1.jpg", "/a/x.tar!/Ada/1.jpg"),
    ],
)
def test_a_csv_names_photos_that_are_no_files(tmp_path: Path, named: str, uri: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"photo,person\n{named},Ada\n", "utf-8")
    assert csv_labels(file, [uri]) == Labels({uri: "Ada"})


def test_a_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    text = 'split,label,path\r\ntrain, 007 ,/1.jpg\r\n\r\ntest,"Lovelace, Ada",/2.jpg\r\ntest,  ,/3.jpg\r\n'
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = csv_labels(file, ["/1.jpg", "/2.jpg", "/3.jpg"])
    assert found == Labels({"/1.jpg": "007", "/2.jpg": "Lovelace, Ada"})


def test_what_cannot_be_used_is_left_out_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    lines = ["photo,person", "/1.jpg,Ada", "nobody.jpg,Ada", '"no\nbody.jpg",Ada', ",Ada", "Ada"]
    lines += ["/2.jpg,Ada,Lovelace", "/3.jpg,Ada", "/3.jpg,Bob", "/3.jpg,Cy", "/1.jpg,Ada"]
    file.write_text("\n".join(lines), "utf-8")
    found = csv_labels(file, ["/1.jpg", "/2.jpg", "/3.jpg"])
    assert found.people == {"/1.jpg": "Ada"}
    assert [problem.removeprefix(f"{file}: ") for problem in found.problems] == [
        "3 lines left out with a photo that the index does not know (first line 3, 'nobody.jpg').",
        "1 line left out with more fields than the header; quote what holds a separator "
        "(first line 8, '/2.jpg').",
        "1 photo left out that two lines call two people (first line 10, '/3.jpg').",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"number,weight\n1.jpg,Ada\n", "a column for the photo, path, and one for the person, label"),
        (b"", "a column for the photo"),
        (b"PK\x03\x04", "a workbook and not a CSV"),
        (b'photo,person\n1.jpg,"Ada\n2.jpg,Bob\n', "line 3 is no CSV"),
        (b"photo,person\n1.jpg," + b"x" * 200_000, "larger than field limit"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        csv_labels(file, ["/a/1.jpg"])


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_a_missing_file_of_labels(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="Labels are the word folders, or the path of a CSV"):
        csv_labels(tmp_path / name, [])


def test_the_main_face_is_large_and_central() -> None:
    boxes = np.array(
        [[0, 0, 30, 30], [40, 40, 60, 60], [0, 0, 90, 90], [45, 45, 55, 55], [10, 10, 20, 20]], np.float32
    )
    photos = ["a", "a", "b", "b", "c"]
    sizes = dict.fromkeys("abc", (100, 100))
    assert main_faces(boxes, photos, sizes).tolist() == [1, 2, 4]
    assert main_faces(boxes[:0], [], {}).tolist() == []
