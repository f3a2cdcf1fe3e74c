from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photoclust.errors import UsageError
from photoclust.evaluate.labels import csv_labels, folder_labels, main_faces


def test_folders_name_people() -> None:
    assert folder_labels(["/a/Ada/1.jpg", "s3://b/Bob/2.jpg"]) == {
        "/a/Ada/1.jpg": "Ada",
        "s3://b/Bob/2.jpg": "Bob",
    }


def test_csv_names_photos_by_path_or_relative_to_itself(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("photo,person\n1.jpg,Ada\n/elsewhere/2.jpg,Bob\n3.jpg,\n", "utf-8")
    uris = [str(tmp_path / "1.jpg"), "/elsewhere/2.jpg", str(tmp_path / "3.jpg")]
    assert csv_labels(file, uris) == {uris[0]: "Ada", uris[1]: "Bob"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("photo,person\nnobody.jpg,Ada\n", "line 2: the index knows no photo 'nobody.jpg'"),
        ("file,name\n1.jpg,Ada\n", "columns photo and person"),
        ("", "columns photo and person"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message):
        csv_labels(file, ["/a/1.jpg"])


def test_a_missing_file_of_labels(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        csv_labels(tmp_path / "none.csv", [])


def test_the_main_face_is_large_and_central() -> None:
    boxes = np.array(
        [[0, 0, 30, 30], [40, 40, 60, 60], [0, 0, 90, 90], [45, 45, 55, 55], [10, 10, 20, 20]], np.float32
    )
    photos = ["a", "a", "b", "b", "c"]
    sizes = dict.fromkeys("abc", (100, 100))
    assert main_faces(boxes, photos, sizes).tolist() == [1, 2, 4]
    assert main_faces(boxes[:0], [], {}).tolist() == []
