"""The default network as an ONNX file: how alike its embeddings are, and faces a second of one processor.

    python benchmarks/onnx_export.py [PHOTO...]

Crops are noise where no photos are given, which cost what faces cost. Needs onnx and onnxscript.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from photoclust.models import MODELS, Embedder, load
from photoclust.models.embedder import CPU_BATCH, network_of
from photoclust.models.torch_network import folded_network
from photoclust.models.weights import weights_path

SIDE, ROUNDS = 160, 5


def exported(path: Path) -> Embedder:
    """The default network, exported and loaded again."""
    faces = {0: torch.export.Dim("faces", min=1, max=64)}
    torch.onnx.export(
        folded_network(weights_path("casia-webface")),
        (torch.zeros(2, 3, SIDE, SIDE),),
        path,
        dynamo=True,
        dynamic_shapes=(faces,),
        external_data=False,
        verbose=False,
    )
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    card = replace(MODELS["casia-webface"], name="export", format="onnx", sha256=sha256, source_sha256=None)
    return Embedder(network_of(card, path), card)


def main(photos: list[str]) -> None:
    torch.set_num_threads(1)
    crops = np.random.default_rng(0).integers(0, 256, (32, SIDE, SIDE, 3), np.uint8)
    if photos:
        crops = np.stack([np.asarray(Image.open(one).convert("RGB").resize((SIDE, SIDE))) for one in photos])
    default = load("casia-webface")
    with tempfile.TemporaryDirectory() as folder:
        other = exported(Path(folder) / "export.onnx")
        cosine = (default.embed(crops) * other.embed(crops)).sum(1)
        print(
            f"{len(crops)} crops: least cosine {cosine.min():.7f}; batches of {CPU_BATCH} with mirror images"
        )
        for _ in range(ROUNDS):  # in turn, since the machine may be busy
            for name, embedder in (("torch", default), ("ONNX Runtime", other)):
                began = time.process_time()
                embedder.embed(crops)
                print(
                    f"{name}: {len(crops) / (time.process_time() - began):.1f} faces/s of a processor",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
