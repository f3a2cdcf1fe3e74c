"""The network of the embedder, ``InceptionResnetV1`` as facenet-pytorch defines it."""

from __future__ import annotations

from photoclust.importing import without_init

with without_init("facenet_pytorch"):
    from facenet_pytorch.models.inception_resnet_v1 import BasicConv2d, InceptionResnetV1

__all__ = ["BasicConv2d", "InceptionResnetV1"]
