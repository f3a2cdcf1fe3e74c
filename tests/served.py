"""Pages of review served by a process of its own, as `photoclust serve` does it."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS_TO_START = 90


class Served:
    """An index that is served; `address` lets one browser in."""

    def __init__(self, index: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        command = [
            sys.executable,
            "-m",
            "photoclust",
            "serve",
            "--index",
            str(index),
            "--port",
            "0",
            *options,
        ]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.address = self._printed()

    def _printed(self) -> str:
        assert self.process.stdout is not None
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                line = self.process.stdout.readline().strip()
                if line:
                    return line
                break
        self.process.kill()
        raise AssertionError(f"the server did not start: {self.process.stderr.read()}")

    @property
    def base(self) -> str:
        return self.address.partition("/enter")[0]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            for stream in (self.process.stdout, self.process.stderr):
                stream.close()
