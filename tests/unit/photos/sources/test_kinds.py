"""Names of files are parted as pathlib does it."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import example, given
from hypothesis import strategies as st

from photoclust.photos.sources.kinds import is_photo, stem


@given(st.lists(st.sampled_from(["a", "B", ".", "jpg", " ", "é", "\udcff"]), min_size=1).map("".join))
@example("a.JPG")
@example(".jpg")
@example("a.jpg.")
@example("..jpg")
def test_the_suffix_begins_at_the_last_dot_that_something_precedes_and_follows(name: str) -> None:
    if name not in (".", ".."):
        path = PurePosixPath("folder.tif") / name
        assert stem(str(path)) == stem(name) == path.stem.casefold()
        assert is_photo(name) == (path.suffix.lower() == ".jpg")
