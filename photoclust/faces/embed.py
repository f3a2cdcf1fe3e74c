"""Face crops to unit vectors: facenet-pytorch's ``InceptionResnetV1``, made quicker and repeatable.

A face's vector must not depend on which faces it happened to travel with, or the same photos would not give
the same index. On a CPU the convolution kernels chosen depend on the size of the batch and on the number of
threads, and so do the last bits of a result. So every batch is padded to one fixed size, and the caller fixes
the threads (`torch.set_num_threads`). Then the vector of a crop is the same, bit for bit, alone or among
others, first or last.

Batch norm is folded into the convolutions and memory laid out channels last: 45 faces a second of one
processor against 35 for the model as it comes (``python benchmarks/embed.py``), cosine to it above
0.999999.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.backends import cudnn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photoclust.errors import VectorError, WeightsError
from photoclust.models.networks import BasicConv2d, InceptionResnetV1
from photoclust.records import EMBEDDING_SIZE

CPU_BATCH = 4  # crops embedded at once where there is no GPU, each with its mirror image


class Embedder:
    """Turns face crops into embeddings.

    Parameters
    ----------
    weights
        A safetensors file as `photoclust.models.weights.weights_path` returns.
    flip
        Average the embedding of each crop with that of its mirror image; doubles the cost.
    device
        Where PyTorch runs: ``cpu``, ``cuda``, ``cuda:1`` ...
    batch_size
        Crops embedded at once. Vectors made with different batch sizes differ in their last bits.

    Attributes
    ----------
    note
        What an operator should know, if anything: a GPU without enough memory gets half as many crops at
        once, and again half, and where one is too many the processor does the work.

    Raises
    ------
    WeightsError
        The file cannot be read or holds other weights.
    """

    def __init__(self, weights: Path, flip: bool = False, device: str = "cpu", batch_size: int = 16) -> None:
        self.flip = flip
        self.batch_size = batch_size
        self.note: str | None = None
        self._device = torch.device(device)
        network = _network(weights).to(self._device)
        self._network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def embed(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed crops of any number.

        Parameters
        ----------
        crops
            uint8, shape (n, side, side, 3), RGB. The network was trained on sides of 160 pixels.

        Returns
        -------
        ndarray
            float32, shape (n, 512), one unit vector a row, in the order of the crops.

        Raises
        ------
        ValueError
            The crops have another shape or type.
        VectorError
            A result is no unit vector: the weights are unusable.
        """
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[3] != 3:
            raise ValueError(f"Crops must be uint8 (n, side, side, 3), not {crops.dtype} {crops.shape}.")
        vectors = np.empty((len(crops), EMBEDDING_SIZE), np.float32)
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

    def _take_less(self) -> None:
        torch.cuda.empty_cache()
        if self.batch_size > 1:
            self.batch_size //= 2
            self.note = f"A GPU is out of memory: {self.batch_size} faces at once there from now on."
        else:
            self._device, self.batch_size = torch.device("cpu"), CPU_BATCH
            self._network = self._network.to(self._device)
            self.note = "A GPU is out of memory for even one face: a processor embeds in its place."

    @torch.inference_mode()
    def _embed_batch(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        padded = np.zeros((self.batch_size, *crops.shape[1:]), np.uint8)
        padded[: len(crops)] = crops
        pixels = torch.from_numpy(padded).to(self._device)
        with cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):  # whole float32 on a GPU too
            if self.flip:
                both = self._network(standardised(torch.cat([pixels, pixels.flip(2)])))
                vectors = both[: self.batch_size] + both[self.batch_size :]
            else:
                vectors = self._network(standardised(pixels))
        return vectors[: len(crops)].cpu().numpy()


def standardised(pixels: Tensor) -> Tensor:
    """Pixel values as the network was trained on them: (x − 127.5) / 128.

    That is facenet's and facenet-pytorch's ``fixed_image_standardization``.

    Parameters
    ----------
    pixels
        uint8, shape (n, height, width, 3).

    Returns
    -------
    Tensor
        float32 in [-1, 1), shape (n, 3, height, width), channels last in memory.
    """
    return ((pixels.float() - 127.5) / 128.0).permute(0, 3, 1, 2)


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


def _network(weights: Path) -> nn.Module:
    network = InceptionResnetV1().eval()
    try:
        state = load_file(weights)
        wrong = network.load_state_dict(state, strict=False)
    except Exception as error:  # safetensors and torch raise several kinds, none of them documented
        raise WeightsError(f"{weights} holds no weights of InceptionResnetV1.") from error
    missing = [name for name in wrong.missing_keys if not name.endswith(".num_batches_tracked")]
    if missing or wrong.unexpected_keys:
        raise WeightsError(f"{weights} holds no weights of InceptionResnetV1.")
    return _folded(network)


def _folded(network: nn.Module) -> nn.Module:
    """The same function with each batch norm folded into the convolution before it."""
    for module in network.modules():
        if isinstance(module, BasicConv2d):
            module.conv = fuse_conv_bn_eval(module.conv, module.bn)
            module.bn = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    return network.requires_grad_(False)
