"""Faces of an index less those that people said are none, and less drawings that were taken back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index import decisions
from photoclust.index.successors import reached, read_successors
from photoclust.people.decisions.file import read_decisions
from photoclust.people.decisions.which_faces import WhichFaces, which_faces
from photoclust.records import DRAWN_SCORE


def said_of(folder: Path, file: Path) -> WhichFaces:
    """What decisions say about which faces the index at `folder` has, in the faces that photos have now.

    Raises
    ------
    DecisionsError
        The file is no text. Lines that cannot be understood are passed over: a grouping refuses them.
    """
    said = which_faces(read_decisions(decisions.read_text(file)))
    if not (said.not_faces or said.drawn):
        return said
    successors = read_successors(folder)
    every = {one for face in said.not_faces for one in reached(face, successors)}
    return WhichFaces(frozenset(every), said.drawn)


def in_force(faces: pa.Table, said: WhichFaces) -> pa.Table:
    """Those of some faces that count.

    Parameters
    ----------
    faces
        ``face_id`` and ``detection_score``, among others.
    said
        From `said_of`.
    """
    counts = (pc.field("detection_score") != DRAWN_SCORE) | among(said.drawn)
    if said.not_faces:
        counts &= ~among(said.not_faces)
    return faces.filter(counts)


def among(faces: Iterable[str]) -> pc.Expression:
    """Whether a face is one of some."""
    return pc.field("face_id").isin(pa.array(sorted(faces), pa.string()))
