"""Every failure a user can meet, drawn as one tree.

::

    PhotoclustError                 exit code 1
    ├── UsageError                  exit code 2: the command cannot mean anything as written
    │   ├── NoPhotosError           the sources hold no photo
    │   ├── NamesJoinedError        people who both have a name would become one
    │   ├── StaleViewError          said of people who have changed since they were looked at
    │   └── ResourceError           asks for processors, GPUs or memory that are not there
    ├── PhotoError                  one photo cannot be used; becomes a row, never ends a job
    ├── ProbeError                  a photo that was asked about cannot be used, or shows no face
    ├── ObjectStoreError            an object store said no, or nothing for too long
    │   └── CredentialsExpiredError no other request to it can succeed either
    ├── IndexStoreError             something about the index on disk
    │   ├── IndexMissingError       no index there, or no clustering in it yet
    │   ├── IndexLockedError        another run is writing to it
    │   ├── IndexFormatError        written by a newer photoclust, or not an index
    │   ├── IndexCorruptError       a part cannot be read
    │   ├── IndexMismatchError      made with another model or other settings
    │   └── IndexWriteError         unwritable, or the disk is full
    ├── WeightsError                weights missing, altered or unusable
    │   └── ModelCardError          the card of a model cannot be read, or says what cannot be
    ├── VectorError                 an embedding that is no unit vector
    ├── DecisionsError              a line of the user's decisions cannot be understood
    │   └── DecisionsLostError      most of what the grouping in force rests on is no longer there
    ├── ChurnError                  a new grouping takes too many faces from people with a name
    ├── MissingPhotosError          so many known photos are not there that a drive may be unplugged
    ├── SourceLostError             the place that photos are read from went out of reach during the run
    ├── TrainingError               a training run cannot begin or go on
    ├── OutputError                 an export cannot be written where it was asked for
    └── EngineError                 Ray cannot be joined or finish the work
        └── RayStartError           Ray cannot be started on this machine

The message of each is one sentence or two: what, where, what to do. Where the last differs, a program is told
what to call, and the command line says which command or option helps (`PhotoclustError.on_command_line`).
"""

from __future__ import annotations


class PhotoclustError(Exception):
    """Base of everything photoclust raises on purpose.

    Parameters
    ----------
    said
        What is wrong and where, and what to do about it where that is the same everywhere.
    python, cli
        What else to do about it, a sentence each: in a program, and on the command line.
    """

    exit_code = 1

    def __init__(self, *said: object, python: str = "", cli: str = "") -> None:
        super().__init__(*said)
        self.python = python
        self.cli = cli

    def __str__(self) -> str:
        return f"{super().__str__()} {self.python}".rstrip()

    @property
    def on_command_line(self) -> str:
        """The message for whoever has typed a command."""
        return f"{super().__str__()} {self.cli}".rstrip() if self.cli else str(self)


class UsageError(PhotoclustError):
    """The command cannot mean anything as written."""

    exit_code = 2


class ResourceError(UsageError):
    """More processors, GPUs or memory were asked for than there are."""


class NamesJoinedError(UsageError):
    """Two people who both have a name would become one, and nobody said that it is meant."""


class StaleViewError(UsageError):
    """What is said is about people who have changed since they were looked at."""


class NoPhotosError(UsageError):
    """There is no photo in the sources that were named."""


class PhotoError(PhotoclustError):
    """One photo cannot be used.

    Parameters
    ----------
    stage
        Where it failed: ``read``, ``decode``, ``detect`` or ``embed``.
    reason
        What a person needs to know, in one short clause.
    """

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(stage, reason)
        self.stage = stage
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.stage}: {self.reason}"


class ProbeError(PhotoclustError):
    """A photo that was asked about cannot be used, or shows no face."""


class ObjectStoreError(PhotoclustError):
    """An object store refuses a request, or has not answered in time; a reason that fits after a colon."""


class CredentialsExpiredError(ObjectStoreError):
    """The credentials for an object store are no longer valid: no other request to it can succeed either."""

    def __init__(self, said: str = "") -> None:
        super().__init__(f"the credentials have expired{said}; get new ones and try again")


class IndexStoreError(PhotoclustError):
    """Something about the index on disk."""


class IndexMissingError(IndexStoreError):
    """There is no index, or what is asked of it has not been made yet."""


class IndexLockedError(IndexStoreError):
    """Another run is writing to the index."""


class IndexFormatError(IndexStoreError):
    """The folder holds no index, or one of a newer format."""


class IndexCorruptError(IndexStoreError):
    """A part of the index cannot be read."""


class IndexMismatchError(IndexStoreError):
    """The index was made with another model or other settings."""


class IndexWriteError(IndexStoreError):
    """The index cannot be written: permissions, or a full disk."""


class WeightsError(PhotoclustError):
    """Model weights are missing, altered or unusable."""


class ModelCardError(WeightsError):
    """A card of a model cannot be read, or says what cannot be."""


class VectorError(PhotoclustError, ValueError):
    """An embedding is not a finite unit vector.

    Parameters
    ----------
    message
        What is wrong with it.
    row
        Which row of the array it was, where that is known.
    """

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


class DecisionsError(PhotoclustError):
    """Something in the user's decisions cannot be understood; nothing is grouped without it."""


class DecisionsLostError(DecisionsError):
    """All or most of the decisions that the grouping in force rests on are no longer there."""


class ChurnError(PhotoclustError):
    """A new grouping would take more faces from people with a name than is allowed; it is not in force."""


class MissingPhotosError(PhotoclustError):
    """So many known photos are not there that somebody must say whether that is meant."""


class SourceLostError(PhotoclustError):
    """The folder, drive or bucket that photos are read from has gone out of reach; no photo is to blame."""


class TrainingError(PhotoclustError):
    """A training run cannot begin or go on; what it finished is kept."""


class OutputError(PhotoclustError):
    """An export cannot be written where it was asked for."""


class EngineError(PhotoclustError):
    """Ray cannot be started or joined, or it gave the work up."""


class RayStartError(EngineError):
    """Ray cannot be started on this machine.

    Parameters
    ----------
    reason
        Why, in a clause.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"No Ray on this machine: {reason}; see `photoclust doctor`.",
            python='Or let this process do the work, with engine="local".',
            cli="Or use --engine local.",
        )
        self.reason = reason
