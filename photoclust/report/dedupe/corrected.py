"""A corrected data set as folders of links; the photos stay where they are.

::

    OUTPUT/LABEL/photo              or OUTPUT/SPLIT/LABEL/photo where the data set has splits
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from photoclust.errors import OutputError
from photoclust.report.links import Links, folder_part, free_name
from photoclust.report.names import visible
from photoclust.report.output import reported

Placed = tuple[str, str, str]
"""Uri, split and label of a photo; an empty label leaves it out."""


def write_corrected(photos: Sequence[Placed], output: Path, links: Links | None = None) -> int:
    """Write a folder of links for each label, whole or not at all.

    Parameters
    ----------
    photos
        Where each photo belongs. A label becomes one folder name, whatever it holds: slashes and what else a
        file system may not like become ``_``, and labels that would meet in one folder are numbered.
    output
        A folder that is missing or empty.
    links
        Makes the links; knows afterwards which photos could have none.

    Returns
    -------
    int
        Number of links.

    Raises
    ------
    OutputError
        When there is something at `output`, or it cannot be written or hold links, or no photo can be linked.
    """
    check_new(output)
    kept, links = [one for one in photos if one[2]], links or Links()
    with reported(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".tmp-", dir=output.parent))
        try:
            _fill(new, kept, links)
            links.require_any()
            if output.exists():
                output.rmdir()
            new.rename(output)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return links.made


def check_new(output: Path) -> None:
    """Refuse anything but a folder that is missing or empty.

    Raises
    ------
    OutputError
        Saying what is there.
    """
    with reported(output):
        if output.is_symlink() or (output.exists() and not output.is_dir()):
            raise OutputError(f"{visible(str(output), 200)} is no folder; choose another name.")
        if output.exists() and any(output.iterdir()):
            raise OutputError(f"{visible(str(output), 200)} is not empty; choose a new folder.")


def _fill(folder: Path, photos: Sequence[Placed], links: Links) -> None:
    splits = (
        {split or "no split" for _, split, _ in photos} if any(split for _, split, _ in photos) else set()
    )
    split_names, label_names = _names(splits), _names({label for _, _, label in photos})
    for uri, split, label in sorted(photos, key=lambda one: (one[1], one[2], one[0])):
        place = (folder / split_names[split or "no split"] if splits else folder) / label_names[label]
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        links.add(uri, place)


def _names(labels: set[str]) -> dict[str, str]:
    """A folder name for each label, no two alike."""
    taken: set[str] = set()
    return {label: free_name(folder_part(label), taken) for label in sorted(labels)}
