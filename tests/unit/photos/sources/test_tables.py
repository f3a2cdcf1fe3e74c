"""Photos in Parquet tables: the column is found, rows are read where they lie, odd tables are refused."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError, UsageError
from photoclust.photos.sources.references import find_photos, read_photo

LIMITS = DecodeConfig()
PHOTOS = [random.Random(n).randbytes(400 + n) for n in range(23)]


def table(file: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), file, row_group_size=8, compression="zstd", use_dictionary=False)
    return file


def as_structs(photos: list[bytes | None]) -> pa.Array:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([{"bytes": photo, "path": "a.jpg"} for photo in photos], kind)


def contents(*paths: object, column: str | None = None) -> list[bytes]:
    refs = find_photos([str(path) for path in paths], column)
    return [read_photo(ref, LIMITS) for ref in refs]


def test_rows_are_photos_in_their_order(tmp_path):
    path = table(tmp_path / "x.parquet", label=list(range(23)), image=PHOTOS)
    assert [ref.uri for ref in find_photos([str(path)])][:2] == [f"{path}!/image/0", f"{path}!/image/1"]
    assert contents(path) == contents(tmp_path) == PHOTOS


def test_structs_with_bytes_as_published_data_sets_have_them(tmp_path):
    path = table(tmp_path / "x.parquet", label=list(range(23)), anything=as_structs([*PHOTOS[:22], None]))
    refs = list(find_photos([str(path)]))
    assert refs[0].uri == f"{path}!/anything.bytes/0"
    assert [read_photo(ref, LIMITS) for ref in refs[:22]] == PHOTOS[:22]
    with pytest.raises(PhotoError, match="the row holds no bytes"):
        read_photo(refs[22], LIMITS)


def test_rows_may_be_read_in_any_order(tmp_path):
    path = table(tmp_path / "x.parquet", image=PHOTOS)
    refs = list(find_photos([str(path)]))
    for row in (3, 22, 4, 4, 0, 21, 20):
        assert read_photo(refs[row], LIMITS) == PHOTOS[row]


def test_the_column_may_be_named(tmp_path):
    path = table(tmp_path / "x.parquet", image=PHOTOS, mask=PHOTOS[::-1])
    assert contents(path) == PHOTOS
    assert contents(path, column="mask") == PHOTOS[::-1]


@pytest.mark.parametrize("column", [None, "image", "label"])
def test_a_table_without_photos_is_refused_when_it_was_named(tmp_path, column):
    path = table(tmp_path / "x.parquet", label=[1], thumbnail=[b"x"], path=["a.jpg"])
    with pytest.raises(UsageError, match=r"it has label, thumbnail, path\. .*image_column"):
        list(find_photos([str(path)], column))


def test_another_kind_of_table_in_a_folder_is_passed_over(tmp_path):
    table(tmp_path / "x.parquet", label=[1], thumbnail=[b"x"])
    (tmp_path / "y.jpg").write_bytes(b"photo")
    assert contents(tmp_path) == [b"photo"]


def test_sizes_are_about_right_and_versions_tell_rows_apart(tmp_path):
    refs = list(find_photos([str(table(tmp_path / "x.parquet", image=PHOTOS))]))
    assert all(300 < ref.size < 600 for ref in refs)
    assert len({ref.version for ref in refs}) == len(refs)


def test_a_damaged_table_is_a_photo_that_cannot_be_read(tmp_path):
    path = table(tmp_path / "x.parquet", image=PHOTOS)
    path.write_bytes(path.read_bytes()[:-100])
    (ref,) = find_photos([str(tmp_path)])
    assert ref.uri == str(path)
    with pytest.raises(PhotoError, match="Parquet"):
        read_photo(ref, LIMITS)


def test_damaged_rows_fail_and_others_do_not(tmp_path):
    path = table(tmp_path / "x.parquet", image=PHOTOS)
    refs = list(find_photos([str(path)]))
    content = bytearray(path.read_bytes())
    at = content.index(PHOTOS[1])
    content[at - 4 : at] = b"\xff" * 4
    path.write_bytes(content)
    with pytest.raises(PhotoError):
        read_photo(refs[1], LIMITS)
    assert read_photo(refs[17], LIMITS) == PHOTOS[17]


def test_a_bomb_is_refused(tmp_path):
    path = table(tmp_path / "x.parquet", image=[bytes(1024 * 1024) for _ in range(8)])
    (ref,) = find_photos([str(path)])
    with pytest.raises(PhotoError, match="row group 0 expands more than 100-fold"):
        read_photo(ref, LIMITS)


def test_a_table_in_a_bucket_equals_the_file(tmp_path, bucket):
    path = table(tmp_path / "x.parquet", image=as_structs(PHOTOS))
    bucket.put("data/train-00000-of-00001.parquet", path.read_bytes())
    assert contents(f"{bucket.uri}/data") == contents(path)
