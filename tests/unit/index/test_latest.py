"""The rows in force, also where a column has more bytes than 32 bits can count."""

from __future__ import annotations

import pyarrow as pa
import pytest

from photoclust.index import latest
from photoclust.index.latest import last_of_each


def table(uris: list[str], version: str) -> pa.Table:
    return pa.table({"uri": uris, "version": [version] * len(uris), "image": [uri.encode() for uri in uris]})


def test_the_last_row_of_each_is_kept_in_order_and_in_chunks_of_the_same_types(monkeypatch):
    monkeypatch.setattr(latest, "_ROWS_A_CHUNK", 2)
    both = pa.concat_tables([table(["c", "a", "b"], "1"), table(["d", "b"], "2")])
    found = last_of_each(both, "uri")
    assert found["uri"].to_pylist() == ["a", "b", "c", "d"]
    assert found["version"].to_pylist() == ["1", "2", "1", "2"]
    assert found.schema == both.schema
    assert max(map(len, found["uri"].chunks)) == 2


def test_rows_are_put_in_order_in_arrays_that_count_in_64_bits():
    """What one array would have to hold is wide: the types decide, not how much there is in a test."""
    schema = pa.schema([latest._widened(field) for field in table(["a"], "1").schema])
    assert [field.type for field in schema] == [pa.large_string(), pa.large_string(), pa.large_binary()]


def test_no_row_is_no_row():
    assert len(last_of_each(table([], "1").cast(table(["a"], "1").schema), "uri")) == 0


@pytest.mark.acceptance  # 7 GB of memory
def test_a_column_of_more_than_2_gib_is_put_in_order(monkeypatch):
    monkeypatch.setattr(latest, "_ROWS_A_CHUNK", 1000)  # of paths as long as no system has them
    long, a_part = "x" * 250_000, 500
    parts = [
        table(
            [f"{(number * 7919) % 9000:06d}{long}" for number in range(start, start + a_part)], "1"
        ).drop_columns(["image"])
        for start in range(0, 9000, a_part)
    ]
    whole = pa.concat_tables(parts)
    assert whole["uri"].nbytes > 2**31
    found = last_of_each(whole, "uri").combine_chunks()
    assert found["uri"].num_chunks > 1
    assert [uri.as_py()[:6] for uri in found["uri"]] == [f"{number:06d}" for number in range(9000)]
