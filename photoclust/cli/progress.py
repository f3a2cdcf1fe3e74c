"""Progress on stderr: count, rate and time left; silent where stderr is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def photo_progress(total: int) -> Generator[Callable[[int], None]]:
    """Show a bar over `total` photos; what it gives is called with how many more are done."""
    from tqdm import tqdm

    with tqdm(
        total=total, unit=" photos", desc="Indexing", file=sys.stderr, disable=None, smoothing=0.05
    ) as bar:

        def tell(done: int) -> None:
            bar.update(done)

        yield tell


def say(message: str) -> None:
    """Say in a line what is going on, where somebody is watching."""
    if sys.stderr.isatty():
        print(message, file=sys.stderr, flush=True)
