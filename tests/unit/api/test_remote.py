"""An index in an object store is used as one in a folder."""

from __future__ import annotations

import pytest

import photoclust


def test_an_index_is_made_and_opened_in_a_bucket(bucket, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    place = f"{bucket.uri}/people"
    with pytest.raises(photoclust.errors.IndexMissingError, match="people"):
        photoclust.open(place)
    assert photoclust.create(place).people == ()
    assert photoclust.open(place).location == place
    keys = [row["Key"] for row in bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]]
    assert "people/index.json" in keys
    with pytest.raises(photoclust.errors.IndexFormatError, match="is an index already"):
        photoclust.create(place)
