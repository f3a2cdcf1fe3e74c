"""The networks of facenet-pytorch, with the parameters named as there.

Importing facenet-pytorch would import torchvision whole, and with it PyTorch's compiler: 1.6 s of processor
time and 170 MB for every process of a job. Tests hold these networks against facenet-pytorch's, to the bit.
"""

from photoclust.models.networks.inception_resnet_v1 import (
    BasicConv2d,
    Branches,
    InceptionResnetV1,
    Residual,
)
from photoclust.models.networks.mtcnn import ONet, PNet, RNet

__all__ = ["BasicConv2d", "Branches", "InceptionResnetV1", "ONet", "PNet", "RNet", "Residual"]
