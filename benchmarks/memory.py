"""Peak memory of a command and all processes it starts, as proportional set size.

    python benchmarks/memory.py -- photoclust run PHOTOS --index DIR
    python benchmarks/memory.py --made-of PHOTOS 4000 20000

The second makes collections of so many photos out of those of a folder, indexes each, indexes it again when
all is known, groups it, and compares the peaks. Every eighth photo is as it was, faces and all, the others
are too small for a face, so that the rows are many and the time is short; bytes at the end make each a photo
of its own.

Pages that several processes share count once in the sum (Linux, ``smaps_rollup``). Also shown: the peak of
the process that was started, which plans, hands out and writes, and of the largest other one.
"""

from __future__ import annotations

import argparse
import io
import itertools
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import Image

INTERVAL = 0.5  # seconds between samples
AS_IT_WAS = 8  # every so manieth photo
SMALL = 16  # pixels of the others, less than the smallest face that is looked for


@dataclass
class Peak:
    """Bytes at most: of all processes together, of the one that was started, and of the largest other."""

    everything: int = 0
    driver: int = 0
    largest_other: int = 0
    seconds: float = 0.0

    def see(self, driver: int, others: list[int]) -> None:
        self.everything = max(self.everything, driver + sum(others))
        self.driver = max(self.driver, driver)
        self.largest_other = max(self.largest_other, *others, 0)

    def __str__(self) -> str:
        sizes = (self.everything, self.driver, self.largest_other)
        all_of_them, driver, other = (f"{size / 1e9:.2f} GB" for size in sizes)
        return f"peak {all_of_them}, driver {driver}, largest other process {other}, {self.seconds:.0f} s"


def proportional_set_size(pid: int) -> int:
    """Bytes of one process; 0 where it has gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def peak_of(command: list[str], quiet: bool = False) -> Peak:
    """Run a command to its end."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None) as process:
        peak = watched(process)
    if process.returncode:
        sys.exit(process.returncode)
    return peak


def watched(process: subprocess.Popen) -> Peak:
    """Look at a process and all those it starts until it ends."""
    began, peak = time.monotonic(), Peak()
    family = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            others = [child.pid for child in family.children(recursive=True)]
        except psutil.NoSuchProcess:
            break
        peak.see(proportional_set_size(process.pid), list(map(proportional_set_size, others)))
        time.sleep(INTERVAL)
    peak.seconds = time.monotonic() - began
    return peak


def make_photos(source: Path, folder: Path, number: int) -> None:
    """So many different photos, a thousand in each folder."""
    photos = itertools.cycle(sorted(source.rglob("*.jpg")))
    for made, photo in zip(range(number), photos, strict=False):
        content = photo.read_bytes()
        if made % AS_IT_WAS:
            shrunk = io.BytesIO()
            Image.open(io.BytesIO(content)).resize((SMALL, SMALL)).save(shrunk, "JPEG")
            content = shrunk.getvalue()
        place = folder / f"{made // 1000:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{made:08}.jpg").write_bytes(content + f"{made:08}".encode())


STEPS = {"new": ["index"], "known": ["index"], "grouped": ["cluster"]}


def flat(source: Path, numbers: list[int]) -> None:
    """Compare collections of so many photos with the first."""
    first: dict[str, Peak] = {}
    for number in numbers:
        with tempfile.TemporaryDirectory() as scratch:
            photos, index = Path(scratch) / "photos", Path(scratch) / "index"
            make_photos(source, photos, number)
            for step, verb in STEPS.items():
                what = [*verb, str(photos)] if verb == ["index"] else verb
                peak = peak_of([sys.executable, "-m", "photoclust", *what, "--index", str(index)], quiet=True)
                than = first.setdefault(step, peak)
                ratio = f"{peak.everything / than.everything:.3f} times the first, driver"
                print(
                    f"{number:8} photos {step:7}: {peak}; {ratio} {peak.driver / than.driver:.3f}", flush=True
                )


def main() -> None:
    if "--" in sys.argv:
        print(peak_of(sys.argv[sys.argv.index("--") + 1 :]), file=sys.stderr)
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made-of", type=Path, required=True, metavar="PHOTOS")
    parser.add_argument("numbers", type=int, nargs="+")
    arguments = parser.parse_args()
    flat(arguments.made_of, arguments.numbers)


if __name__ == "__main__":
    main()
