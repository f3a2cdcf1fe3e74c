"""One sentence for what goes wrong and nothing has explained: memory, disks, packages that are broken."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

import click

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_MEMORY = ("cannot allocate memory", "failed to map segment", "can't start new thread", "std::bad_alloc")


def sentence(error: Exception) -> str:
    """What to tell a user about an error that nothing else has explained."""
    said = " ".join(str(error).split())[:300].rstrip(".")
    if isinstance(error, MemoryError) or any(words in said.lower() for words in _NO_MEMORY):
        why = f" ({said})" if said else ""
        return f"There is not enough memory{why}; free some, or raise the limit of this process (ulimit -v)."
    if isinstance(error, ImportError):
        return (
            f"A package cannot be loaded: {said}. Install photoclust again; `photoclust doctor` checks all."
        )
    if isinstance(error, OSError):
        return _of_system(error, said)
    return f"unexpected {type(error).__name__}: {said}. --debug shows where."


def _of_system(error: OSError, said: str) -> str:
    if error.filename is None and _while_writing_output(error):
        return f"What this command has to say cannot be written to stdout: {error.strerror}."
    if error.errno in _FULL:
        return f"The disk is full ({said}); free some space and run the same command again."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            f"Too many files are open ({said}); raise the limit (ulimit -n) and run the same command again."
        )
    if error.errno == errno.ENAMETOOLONG:
        name = f" ({str(error.filename)[:60]}...)" if error.filename else ""
        return (
            f"The name of a file or folder is too long for this system{name}; most take 255 bytes, give a "
            "shorter one."
        )
    return f"The system refused: {said}. --debug shows where."


def _while_writing_output(error: OSError) -> bool:
    """Tell whether it was click that wrote to stdout, or the end of the command that emptied its buffer."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(last) in (Path(click.utils.__file__), Path(__file__).with_name("__init__.py"))
