"""Face crops to unit vectors, by whichever model a card describes.

A face's vector must not depend on which faces it happened to travel with, or the same photos would not give
the same index. On a CPU the convolution kernels chosen depend on the size of the batch and on the number of
threads, and so do the last bits of a result. So every batch is padded to one fixed size, and the caller fixes
the threads (`torch.set_num_threads`). Then the vector of a crop is the same, bit for bit, alone or among
others, first or last.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from photoclust.config import BFLOAT16, FLOAT32, INT8, CropConfig
from photoclust.errors import VectorError, WeightsError
from photoclust.machine import has_bfloat16, has_int8
from photoclust.models.cards import FACENET, HEAD, ONNX, Card
from photoclust.models.gpu_clock import GpuClock
from photoclust.models.head import Head, read_head
from photoclust.models.network import MakesMirrorImages, Network
from photoclust.models.weights import card_of, weights_path, weights_sha256

FLOAT32_HERE = "This index was begun in {}; here faces are embedded in float32, and the two may be mixed."
CPU_BATCH = 4  # crops embedded at once where there is no GPU, each with its mirror image


class Embedder:
    """Turns face crops into embeddings.

    Parameters
    ----------
    network
        What embeds; see `load`.
    card
        Of the model.
    flip
        Average the embedding of each crop with that of its mirror image, which doubles the cost; what the
        card says by default.
    batch_size
        Crops embedded at once. Vectors made with different batch sizes differ in their last bits.

    Attributes
    ----------
    note
        What an operator should know, if anything: another precision than float32 was asked for
        and cannot be had; or a GPU without
        enough memory gets half as many crops at once, and again half, and where one is too many the
        processor does the work.
    """

    def __init__(
        self, network: Network, card: Card, flip: bool | None = None, batch_size: int = CPU_BATCH
    ) -> None:
        self.card = card
        self.flip = card.flip if flip is None else flip
        self.batch_size = network.batch_size or batch_size
        self.note: str | None = None
        self._network = network

    @property
    def dimension(self) -> int:
        """Numbers of an embedding."""
        return self.card.dimension

    @property
    def crop(self) -> CropConfig:
        """How faces are cut from photos for it; see `photoclust.faces.align.crop_faces`."""
        return self.card.crop

    def embed(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed crops of any number.

        Parameters
        ----------
        crops
            uint8, shape (n, side, side, 3), RGB.

        Returns
        -------
        ndarray
            float32, shape (n, dimension), one unit vector a row, in the order of the crops.

        Raises
        ------
        ValueError
            The crops have another shape or type.
        VectorError
            A result is no unit vector: the weights are unusable.
        """
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[3] != 3:
            raise ValueError(f"Crops must be uint8 (n, side, side, 3), not {crops.dtype} {crops.shape}.")
        vectors = np.empty((len(crops), self.dimension), np.float32)
        start = 0
        while start < len(crops):
            batch = crops[start : start + self.batch_size]
            try:
                vectors[start : start + len(batch)] = self._embed_batch(batch)
            except torch.cuda.OutOfMemoryError:
                self._take_less()
                continue
            start += len(batch)
        return normalised_rows(vectors)

    def gpu_seconds(self) -> float:
        """For how long a GPU has worked since this was asked before."""
        clock: GpuClock | None = getattr(self._network, "clock", None)
        return clock.taken() if clock else 0.0

    def _take_less(self) -> None:
        torch.cuda.empty_cache()
        if self.batch_size > 1:
            self.batch_size //= 2
            self.note = f"A GPU is out of memory: {self.batch_size} faces at once there from now on."
        else:
            self.batch_size = CPU_BATCH
            self._network.to_processor()
            self.note = "A GPU is out of memory for even one face: a processor embeds in its place."

    def _embed_batch(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        padded = np.zeros((self.batch_size, *crops.shape[1:]), np.uint8)
        padded[: len(crops)] = crops
        if not self.flip:
            return self._network(padded)[: len(crops)]
        if isinstance(self._network, MakesMirrorImages):
            return self._network.mirrored(padded)[: len(crops)]
        sides = padded, np.ascontiguousarray(padded[:, :, ::-1])
        if self._network.batch_size is None:
            both = self._network(np.concatenate(sides))
            vectors = both[: self.batch_size] + both[self.batch_size :]
        else:
            vectors = self._network(sides[0]) + self._network(sides[1])
        return vectors[: len(crops)]


class HeadEmbedder(Embedder):
    """Applies a head to what its parent gives.

    Parameters
    ----------
    parent
        Embeds the crops.
    head
        Layers.
    card
        Of the head.
    """

    def __init__(self, parent: Embedder, head: Head, card: Card) -> None:
        super().__init__(parent._network, card, parent.flip, parent.batch_size)
        self.parent, self.head = parent, head

    @property
    def crop(self) -> CropConfig:
        """The parent's."""
        return self.parent.crop

    def embed(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed crops of any number; see `Embedder.embed`."""
        vectors = self.parent.embed(crops)
        self.note, self.parent.note = self.parent.note, None
        return self.embed_stored(vectors)

    def embed_stored(self, embeddings: npt.NDArray[np.float32 | np.float16]) -> npt.NDArray[np.float32]:
        """The same from embeddings of the parent, as an index holds them: (n, parent's d) to (n, d)."""
        return normalised_rows(self.head(embeddings))


def load(
    name: str,
    *,
    device: str = "cpu",
    batch_size: int = CPU_BATCH,
    flip: bool | None = None,
    precision: str = FLOAT32,
) -> Embedder:
    """Load a model that is on this machine.

    Parameters
    ----------
    name
        A name that ``photoclust models list`` shows.
    device
        Where PyTorch runs: ``cpu``, ``cuda``, ``cuda:1`` ... A model in ONNX runs on the processor.
    batch_size
        Crops embedded at once.
    flip
        Average with mirror images; what the card says by default.
    precision
        ``float32``, or ``bfloat16`` or ``int8`` where PyTorch runs on processors that have instructions for
        it; in 8 bits only a model that is shipped with what that takes. On a GPU both mean bfloat16.

    Raises
    ------
    WeightsError
        The model is unknown or not here, its file was altered, or does not fit its card.
    """
    card, path = card_of(name), weights_path(name)
    if card.format == HEAD:
        return _load_head(card, device, batch_size, flip)
    if device == "cpu":
        usable = precision if _possible(card, precision) else FLOAT32
    else:
        usable = _precision_of_gpu(card, precision, device)
    embedder = Embedder(network_of(card, path, device, usable), card, flip, batch_size)
    embedder.note = FLOAT32_HERE.format(precision) if usable == FLOAT32 != precision else None
    return embedder


def network_of(card: Card, path: Path, device: str = "cpu", precision: str = FLOAT32) -> Network:
    """The network in a file that a card describes.

    Raises
    ------
    WeightsError
        The file is none, or does not fit the card.
    """
    if card.format == ONNX:
        from photoclust.models.onnx_network import OnnxNetwork

        return OnnxNetwork(path, card)
    assert card.format == FACENET
    if device != "cpu":
        from photoclust.models.gpu_network import GpuNetwork

        return GpuNetwork(path, card, device, precision)
    from photoclust.models.convolutions import AVAILABLE

    if AVAILABLE:
        from photoclust.models.processor_network import ProcessorNetwork, in_precision

        return ProcessorNetwork(path, card, in_precision(card, precision))
    from photoclust.models.torch_network import TorchNetwork

    return TorchNetwork(path, card, device, precision)


def _possible(card: Card, precision: str) -> bool:
    """Whether a processor of this machine embeds in a precision quickly."""
    if precision == INT8:
        from photoclust.models.convolutions import exact_in_bytes

        return card.int8_sha256 is not None and has_int8() and exact_in_bytes()
    return precision != BFLOAT16 or has_bfloat16()


def _precision_of_gpu(card: Card, precision: str, device: str) -> str:
    """bfloat16 for an index that is not of float32, where the model may and the GPU has the tensor cores."""
    quick = precision != FLOAT32 and card.bfloat16
    with torch.cuda.device(device):
        return BFLOAT16 if quick and torch.cuda.is_bf16_supported(including_emulation=False) else FLOAT32


def normalised_rows(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows scaled to Euclidean length 1.

    Parameters
    ----------
    vectors
        float32, shape (n, d).

    Returns
    -------
    ndarray
        float32, shape (n, d).

    Raises
    ------
    VectorError
        A row is zero or not finite.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = ~(np.isfinite(lengths) & (lengths > 0)).ravel()
    if bad.any():
        row = int(bad.argmax())
        raise VectorError(f"The embedding of crop {row} is zero or not finite; the weights are unusable.")
    return vectors / lengths


def _load_head(card: Card, device: str, batch_size: int, flip: bool | None) -> HeadEmbedder:
    parent, head = str(card.parent), read_head(weights_path(card.name))
    there = weights_sha256(parent)
    if there != card.parent_sha256:
        raise WeightsError(
            f"{card.name} is a head for the weights {str(card.parent_sha256)[:12]} of {parent}; "
            f"those here are {there[:12]}."
        )
    loaded = load(parent, device=device, batch_size=batch_size, flip=flip)
    if (head.takes, head.gives) != (loaded.dimension, card.dimension):
        raise WeightsError(
            f"The head {card.name} takes {head.takes} numbers and gives {head.gives}; {parent} gives "
            f"{loaded.dimension}, and its card says {card.dimension}."
        )
    return HeadEmbedder(loaded, head, card)
