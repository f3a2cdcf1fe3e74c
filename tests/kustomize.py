"""As much of ``kubectl kustomize`` as deploy/ uses, to render its folders where there is none."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

KNOWN = {
    "apiVersion",
    "kind",
    "resources",
    "components",
    "patches",
    "images",
    "namespace",
    "configMapGenerator",
}
Object = dict[str, Any]


def render(folder: Path, before: list[Object] | None = None) -> list[Object]:
    """All objects of a kustomization; of a component, laid over those that were there before."""
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(plan) <= KNOWN, f"{folder}: {set(plan) - KNOWN} is not understood here"
    objects = list(before or [])
    for name in plan.get("resources", []):
        objects += _resource(folder / name)
    for name in plan.get("components", []):
        objects = render(folder / name, objects)
    objects += [_config_map(folder, entry) for entry in plan.get("configMapGenerator", [])]
    names = [name_of(entry) for entry in objects]
    assert len(set(names)) == len(names), f"{folder}: an object is there twice"
    for patch in plan.get("patches", []):
        objects = [_patched(entry, patch) for entry in objects]
    return [_finished(entry, plan) for entry in objects]


def missed_patches(folder: Path) -> list[Object]:
    """Targets of the folder's own patches that no object of it is."""
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    objects = render(folder)
    targets = [patch["target"] for patch in plan.get("patches", [])]
    return [target for target in targets if not any(_is_target(entry, target) for entry in objects)]


def name_of(entry: Object) -> tuple[str, str]:
    """Kind and name."""
    return entry["kind"], entry["metadata"]["name"]


def _resource(path: Path) -> list[Object]:
    if path.is_dir():
        return render(path)
    objects = list(yaml.safe_load_all(path.read_text()))
    return json.loads(json.dumps(objects))  # what an anchor names is there once for each of its places


def _config_map(folder: Path, entry: Object) -> Object:
    files = dict(name.split("=") for name in entry["files"])
    assert entry["options"]["disableNameSuffixHash"] is True
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": entry["name"], "labels": entry["options"]["labels"]},
        "data": {key: (folder / name).read_text() for key, name in files.items()},
    }


def _is_target(entry: Object, target: Object) -> bool:
    group = entry["apiVersion"].rpartition("/")[0]
    found = {"group": group, "kind": entry["kind"], "name": entry["metadata"]["name"]}
    return all(found[key] == value for key, value in target.items())


def _patched(entry: Object, patch: Object) -> Object:
    if not _is_target(entry, patch["target"]):
        return entry
    change = yaml.safe_load(patch["patch"])
    if isinstance(change, list):
        return jsonpatch.apply_patch(entry, change)
    return _merged(entry, change)


def _merged(old: Object, new: Object) -> Object:
    merged = copy.deepcopy(old)
    for key, value in new.items():
        assert not isinstance(value, list), "how lists are merged depends on the kind"
        merged[key] = _merged(merged.get(key) or {}, value) if isinstance(value, dict) else value
    return merged


def _finished(entry: Object, plan: Object) -> Object:
    entry = copy.deepcopy(entry)
    if space := plan.get("namespace"):
        entry["metadata"]["name" if entry["kind"] == "Namespace" else "namespace"] = space
    for image in plan.get("images", []):
        _set_image(entry, image["name"], f"{image['newName']}@{image['digest']}")
    return entry


def _set_image(part: Any, name: str, image: str) -> None:
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        if isinstance(value, dict) and value.get("image") == name:
            value["image"] = image
        _set_image(value, name, image)
