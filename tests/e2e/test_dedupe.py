"""Faults planted in a real data set are found, from photos to proposals."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from photoclust.report.dedupe.findings import MIXED_LABEL, SAME_PERSON, SAME_PHOTO, WRONG_LABEL

PHOTOS_EACH = 4


def _planting() -> ModuleType:
    """The benchmark, whose planting and scoring serve here on fewer people."""
    file = Path(__file__).parents[2] / "benchmarks" / "dedupe_planted.py"
    spec = importlib.util.spec_from_file_location("dedupe_planted", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dedupe_planted"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.data
def test_planted_faults_are_found(data: Path, tmp_path: Path) -> None:
    planting = _planting()
    folders = {folder.name: sorted(folder.iterdir()) for folder in sorted((data / "lfw-dev").iterdir())}
    chosen = {name: paths[:PHOTOS_EACH] for name, paths in folders.items() if len(paths) >= PHOTOS_EACH}
    chosen = {name: chosen[name] for name in list(chosen)[:11]}
    faults = planting.Faults(split=1, mixed=1, moved=2, copies=2)
    planted = planting.plant(chosen, faults, 0, tmp_path)
    labels = tmp_path / "labels.csv"
    labels.write_text(planted.csv())
    before = {path: path.stat().st_mtime_ns for path in planted.label}

    command = [sys.executable, "-m", "photoclust", "dedupe", labels, "--output", tmp_path / "out"]
    command += ["--apply", tmp_path / "new", "--engine", "local", "--json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["findings"]

    def of(kind: str) -> list[dict[str, object]]:
        return [one for one in findings if one["kind"] == kind]

    assert {frozenset(one["labels"]) for one in of(SAME_PERSON)} == set(planted.split)
    wrong = {
        Path(action["photo"]): action["proposed_label"]
        for one in of(WRONG_LABEL)
        for action in one["actions"]
    }
    assert {path: wrong.get(path) for path in planted.moved} == {p: planted.person[p] for p in planted.moved}
    assert {one["labels"][0] for one in of(MIXED_LABEL)} == planted.mixed
    assert len(of(SAME_PHOTO)) == len(planted.copies)
    assert not set(wrong) - planted.moved - set(planted.copies)

    links = [path for path in (tmp_path / "new").rglob("*") if path.is_symlink()]
    people = {path.parent.name for path in links}
    assert people == {label for label in planted.label.values() if " again" not in label} | {
        f"{host} (2)" for host in planted.mixed
    }
    assert before == {path: path.stat().st_mtime_ns for path in planted.label}
    assert (tmp_path / "out" / "index.html").read_text("utf-8").count("data:image/jpeg") > 20
