"""Peak memory of a command and all processes it starts, as proportional set size.

python tests/benchmarks/memory.py -- photoclust run PHOTOS --index DIR

Pages that several processes share count once in the sum (Linux, ``smaps_rollup``). Also shown: the peak of
the largest single process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

INTERVAL = 0.5  # seconds between samples


def proportional_set_size(pid: int) -> int:
    """Bytes of one process; 0 where it has gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> None:
    process = subprocess.Popen(sys.argv[sys.argv.index("--") + 1 :])
    family = psutil.Process(process.pid)
    peak, largest, began = 0, 0, time.monotonic()
    while process.poll() is None:
        try:
            pids = [process.pid, *(child.pid for child in family.children(recursive=True))]
        except psutil.NoSuchProcess:
            break
        sizes = [proportional_set_size(pid) for pid in pids]
        peak, largest = max(peak, sum(sizes)), max(largest, *sizes)
        time.sleep(INTERVAL)
    seconds = time.monotonic() - began
    print(
        f"peak {peak / 1e9:.2f} GB, largest process {largest / 1e9:.2f} GB, {seconds:.0f} s", file=sys.stderr
    )
    sys.exit(process.wait())


if __name__ == "__main__":
    main()
