"""A training run on disk.

::

    RUN/                    0700, its files 0600
      run.json              id, configuration, parent, versions, where the faces are from; the last of what a
                            run begins with
      faces.parquet         id, photo, person and side of each face
      embeddings.npy        of the faces by the parent; crops.npy where a network learns
      quality.npy           of the faces, and boxes.npy: what a calibration needs besides
      split.csv             the same of people, for people to read
      curves.csv            a line for each epoch
      checkpoints/last.pt   what the next epoch follows from; read without unpickling code
      checkpoints/best.safetensors   weights of the epoch with the best validation
      maps/epoch-0004.npy   vectors of a few validation people
      judgement.json        how the result compares with its parent on test people
      calibration.json      how it was calibrated on validation people
      model/                the result: its card, file and calibration
      report.html, *.png    what people look at

Every file is whole or not there; ``last.pt`` is the one that decides how far the run is.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from photoclust.errors import TrainingError
from photoclust.learn.config import TrainConfig
from photoclust.learn.run_errors import is_full, read, written
from photoclust.learn.run_faces import RunFaces, as_parquet, read_faces, split_csv
from photoclust.storage.local_files import whole_file
from photoclust.types import Floats

FORMAT = 2


@dataclass(frozen=True)
class RunHead:
    """What is written down when a run begins.

    Attributes
    ----------
    id
        12 hex digits that follow from all else that decides the numbers: two runs of one id are the same.
    config
        What is asked for.
    parent, parent_sha256
        The model whose embeddings the faces have.
    index, labels
        Where the faces are from, and who said whose they are.
    photoclust, torch
        Versions.
    threads
        Of PyTorch; the last bits of the numbers depend on it.
    created
        When, UTC, ISO 8601.
    notes
        What was left out, and labels that disagree with faces, a sentence each.
    """

    id: str
    config: TrainConfig
    parent: str
    parent_sha256: str
    index: str
    labels: str
    photoclust: str
    torch: str
    threads: int
    created: str
    notes: tuple[str, ...] = ()


def run_id(config: TrainConfig, parent_sha256: str, faces: RunFaces, embeddings: Floats) -> str:
    """Id of a run: 12 hex digits."""
    told = json.dumps([asdict(config), parent_sha256, faces.face_ids, faces.people, faces.side.tolist()])
    return hashlib.blake2b(told.encode() + embeddings.tobytes(), digest_size=6).hexdigest()


class RunFolder:
    """The folder of a run; see above. Make one with `create` or `open`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(
        cls, folder: Path, head: RunHead, faces: RunFaces, arrays: Mapping[str, np.ndarray[Any, Any]]
    ) -> RunFolder:
        """Begin a run of some faces, with what is known of each, by the name of its file.

        Raises
        ------
        TrainingError
            There is something else, or the place cannot be written.
        """
        run = cls(folder)
        if (folder / "run.json").exists():
            raise TrainingError(
                f"{folder} holds a run already.",
                cli=f"Go on with `photoclust train resume {folder}`, or name another folder.",
                python="Go on with photoclust.resume_training, or name another folder.",
            )
        with written(folder):
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise TrainingError(f"{folder} holds something else; name a new folder for the run.")
            for place in (folder, folder / "checkpoints", folder / "maps", folder / "model"):
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            run._begin(head, faces, arrays)
        except TrainingError as error:
            shutil.rmtree(folder, ignore_errors=True)
            if is_full(error.__cause__):
                raise TrainingError(
                    f"The disk is full: the run could not be begun in {folder}. Free some space, or name "
                    "another folder."
                ) from error
            raise
        return run

    def _begin(self, head: RunHead, faces: RunFaces, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Write what a run begins with; ``run.json``, without which there is no run, last."""
        self.write("faces.parquet", as_parquet(faces))
        self.write("split.csv", split_csv(faces).encode("utf-8", "surrogateescape"))
        for name, values in arrays.items():
            self.write_array(name, values)
        self.write_json("run.json", {"format": FORMAT, **asdict(head)})

    @classmethod
    def open(cls, folder: Path) -> RunFolder:
        """Open a run that was begun.

        Raises
        ------
        TrainingError
            There is none.
        """
        if not (folder / "run.json").is_file():
            raise TrainingError(f"{folder} holds no training run.")
        return cls(folder)

    @contextmanager
    def lock(self) -> Generator[None]:
        """Be the only process that works on the run.

        Raises
        ------
        TrainingError
            Another one does.
        """
        lock = FileLock(self.folder / ".lock", mode=0o600)
        with written(self.folder):
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                raise TrainingError(f"Another process works on {self.folder}; wait for its end.") from error
        try:
            yield
        finally:
            lock.release()

    # -- what was written when it began ----------------------------------------------------------------

    def head(self) -> RunHead:
        """Read what the run is.

        Raises
        ------
        TrainingError
            Another version of photoclust made it, or the file is damaged.
        """
        values = self.read_json("run.json")
        made, version = values.pop("format", None), values.get("photoclust")
        if made != FORMAT:
            raise TrainingError(f"{self.folder} is a run of photoclust {version}, which this cannot read.")
        try:
            given: dict[str, Any] = {
                "config": TrainConfig(**values["config"]),
                "notes": tuple(values["notes"]),
            }
            return RunHead(**(values | given))
        except (TypeError, KeyError) as error:
            raise TrainingError(
                f"{self.folder} is a run of photoclust {version}, with settings that this one does not know."
            ) from error

    def faces(self) -> RunFaces:
        """Read which faces are learned from, and on which side each is."""
        with read(self.folder / "faces.parquet") as file:
            return read_faces(file)

    # -- files -----------------------------------------------------------------------------------------

    def path(self, name: str) -> Path:
        """Where a file of the run lies."""
        return self.folder / name

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole, 0600.

        Raises
        ------
        TrainingError
            The disk is full, or the place cannot be written.
        """
        path = self.folder / name
        with written(path), whole_file(path) as file:
            file.write(content)

    def write_json(self, name: str, values: Mapping[str, Any]) -> None:
        """Write plain values."""
        self.write(name, (json.dumps(values, indent=2) + "\n").encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """Read plain values."""
        with read(self.folder / name) as file:
            return json.loads(file.read_bytes())

    def read_text(self, name: str) -> str:
        """Read a text."""
        with read(self.folder / name) as file:
            return file.read_text("utf-8")

    def write_array(self, name: str, values: np.ndarray[Any, Any]) -> None:
        """Write an array of NumPy."""
        content = io.BytesIO()
        np.save(content, values, allow_pickle=False)
        self.write(name, content.getvalue())

    def read_array(self, name: str) -> np.ndarray[Any, Any]:
        """Read an array of NumPy; nothing in it is executed."""
        with read(self.folder / name) as file:
            return np.load(file, allow_pickle=False)

    # -- checkpoints -----------------------------------------------------------------------------------

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep what the next epoch follows from."""
        import torch

        content = io.BytesIO()
        torch.save(state, content)
        self.write("checkpoints/last.pt", content.getvalue())

    def load(self) -> dict[str, Any] | None:
        """Read what `save` kept, if anything; no code in it is executed.

        Raises
        ------
        TrainingError
            It is damaged.
        """
        import torch

        path = self.folder / "checkpoints" / "last.pt"
        if not path.exists():
            return None
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch.load raises nearly anything on a file that is not its own
            raise TrainingError(f"{path} is no checkpoint, or is damaged; begin a new run.") from error

    def save_weights(self, name: str, weights: Mapping[str, Any]) -> None:
        """Write tensors as safetensors."""
        from safetensors.torch import save

        self.write(name, save({key: value.contiguous() for key, value in weights.items()}))

    def load_weights(self, name: str) -> dict[str, Any]:
        """Read what `save_weights` wrote."""
        from safetensors.torch import load_file

        path = self.folder / name
        try:
            return load_file(path)
        except Exception as error:  # safetensors raises kinds of its own, none of them documented
            raise TrainingError(f"{path} holds no weights, or is damaged; begin a new run.") from error
