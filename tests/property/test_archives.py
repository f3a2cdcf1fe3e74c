"""The same photos come out of an archive, a table and a folder, whatever they are called and hold."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from photoclust.config import DecodeConfig
from photoclust.photos.sources.references import content_id, find_photos, read_photo
from photoclust.records import container_of

LIMITS = DecodeConfig()
letters = st.characters(exclude_categories=["Cs"], exclude_characters="/\0\r\n")
names = st.text(letters, min_size=1, max_size=20).filter(lambda name: not name.startswith((".", "@")))
photos = st.dictionaries(names, st.binary(min_size=1, max_size=2000), min_size=1, max_size=8)


def folder_of(place: Path, files: dict[str, bytes]) -> Path:
    folder = place / "folder"
    folder.mkdir()
    for number, content in enumerate(files.values()):
        (folder / f"{number}.jpg").write_bytes(content)
    return folder


def tar_of(place: Path, files: dict[str, bytes], mode: str) -> Path:
    path = place / f"{mode.replace(':', '-')}.tar"
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{name}.jpg")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def table_of(place: Path, files: dict[str, bytes]) -> Path:
    path = place / "x.parquet"
    pq.write_table(pa.table({"image": list(files.values())}), path, row_group_size=3)
    return path


def identities(source: Path) -> Counter[str]:
    refs = list(find_photos([str(source)]))
    assert len({ref.uri for ref in refs}) == len(refs)
    assert all(ref.uri.startswith(str(source)) for ref in refs)
    assert {container_of(ref.uri) for ref in refs} <= {None, str(source)}
    return Counter(content_id(read_photo(ref, LIMITS)) for ref in refs)


@given(photos)
def test_archives_and_tables_hold_what_the_folder_holds(files):
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        expected = identities(folder_of(place, files))
        assert identities(tar_of(place, files, "w")) == expected
        assert identities(tar_of(place, files, "w:gz")) == expected
        assert identities(table_of(place, files)) == expected
