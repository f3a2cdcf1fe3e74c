"""Looking into indexes in a bucket, and behind the back of who writes them."""

from __future__ import annotations

import json
from pathlib import Path

from photoclust.cli._progress import fetch_progress
from photoclust.index import files
from photoclust.index.photo_rows import from_disk
from photoclust.index.remote.mirror import Mirror
from photoclust.index.store import IndexStore
from photoclust.storage.object_store import open_store
from photoclust.storage.uris import parse_uri


def parts_of(store: IndexStore) -> list[str]:
    return sorted(path.name for path in (store.folder / "photos").iterdir())


def tables(store: IndexStore, name: str):
    photos, faces = (files.read_table(store.folder / kind / name) for kind in ("photos", "faces"))
    return from_disk(photos), faces


def keys(bucket) -> list[str]:
    found = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", ())
    return [entry["Key"].removeprefix("indexes/family/") for entry in found]


def content(bucket, key: str) -> bytes:
    return bucket.client.get_object(Bucket=bucket.name, Key=f"indexes/family/{key}")["Body"].read()


def leases(bucket) -> list[str]:
    return [key for key in keys(bucket) if key.startswith(".lease/")]


def alter_leases(bucket, **values: object) -> None:
    for key in leases(bucket):
        lease = json.loads(content(bucket, key)) | values
        bucket.put(f"indexes/family/{key}", json.dumps(lease).encode())


def give_up_leases(bucket) -> None:
    """What time does: let every lease expire."""
    alter_leases(bucket, expires=0)


def of(people) -> list[tuple[str, str]]:
    table = people.current_clustering().assignments
    return list(zip(table["face_id"].to_pylist(), table["status"].to_pylist(), strict=True))


def mirror_of(uri: str, folder: Path) -> Mirror:
    place, key = parse_uri(uri)
    mirror = Mirror(open_store(place), f"{key}/", uri, folder, fetch_progress)
    mirror.fetch()
    return mirror
