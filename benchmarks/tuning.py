"""The whole default network tuned on a few people by two workers; then killed with SIGKILL, and resumed.

    python benchmarks/tuning.py INDEX FOLDER

INDEX holds labelled folders whose photos are still there. Of its people 20 with up to six photos each are
labelled, and InceptionResnetV1 is tuned on them end to end, twice: as FOLDER/whole without a break, and as
FOLDER/killed, which loses the program and all workers after the first epoch and is resumed. Printed are
images a second and the memory of all processes while it trains, and whether both curves are equal, digit for
digit.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from worse_photos import some

from photoclust.index.store import IndexStore
from photoclust.workflows.train.labelled import labelled_faces

PEOPLE, PHOTOS = 20, 6
SETTINGS = ("--what", "network", "--loss", "contrastive", "--epochs", "2")
SETTINGS += ("--people-per-batch", "4", "--photos-per-person", "2")


class Watched:
    """``photoclust train`` at work, watched until it ends or has done some epochs."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "photoclust", "train", *map(str, arguments)]
        self.process = psutil.Popen(command, stdout=subprocess.DEVNULL)
        self.memory = 0
        self.moments: list[float] = []

    def until(self, run: Path, epochs: int) -> None:
        """Note when each epoch is done, and the most memory, until so many epochs are."""
        while self.process.poll() is None and len(self.moments) < epochs + 1:
            done = len(curves(run)) - 1
            self.moments += [time.monotonic()] * (done - len(self.moments))
            self.memory = max(self.memory, sum(_own_memory(one) for one in self._tree()))
            time.sleep(0.2)

    def finish(self) -> None:
        """Wait for its end."""
        assert self.process.wait() == 0, "photoclust train failed"

    def kill(self) -> None:
        """End it and everything it started, at once."""
        for one in self._tree()[::-1]:
            os.kill(one.pid, signal.SIGKILL)
        self.process.wait()

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _own_memory(process: psutil.Process) -> int:
    """Bytes that no other process shares; 0 of one that is gone."""
    try:
        return process.memory_full_info().uss
    except psutil.Error:
        return 0


def curves(run: Path) -> list[str]:
    """Lines of the curves of a run, the heading among them."""
    file = run / "curves.csv"
    return file.read_text().splitlines() if file.exists() else [""]


def label(index: str, file: Path) -> None:
    """Write a table with the people that are learned from."""
    faces, _ = labelled_faces(IndexStore.open(index), "folders", 1.0)
    with file.open("w", newline="") as text:
        table = csv.writer(text)
        table.writerow(("photo", "person"))
        for row in some(faces.person, PEOPLE, PHOTOS, least=4):
            table.writerow((faces.photos[row], faces.names[faces.person[row]]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    asked.folder.mkdir(mode=0o700, parents=True)
    labels, whole, killed = (asked.folder / name for name in ("labels.csv", "whole", "killed"))
    label(asked.index, labels)
    settings = (asked.index, "--labels", labels, *SETTINGS, "--workers", asked.workers)

    undisturbed = Watched(*settings, "--output", whole)
    undisturbed.until(whole, epochs=2)
    undisturbed.finish()
    seconds = np.diff(undisturbed.moments).mean()
    split = (whole / "split.csv").read_text().splitlines()
    photos = sum(int(one.split(",")[-1]) for one in split if one.startswith("training"))
    print(f"{photos} training photos, {seconds:.1f} s an epoch, {photos / seconds:.1f} images a second")
    print(f"{undisturbed.memory / 2**30:.2f} GiB in all processes")

    disturbed = Watched(*settings, "--output", killed)
    disturbed.until(killed, epochs=1)
    disturbed.kill()
    print(f"Killed after epoch {len(curves(killed)) - 2}.")
    Watched("resume", killed).finish()
    equal = curves(killed) == curves(whole)
    print("Equal curves." if equal else "The curves differ.", *curves(whole), sep="\n")


if __name__ == "__main__":
    main()
