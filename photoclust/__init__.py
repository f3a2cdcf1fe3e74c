"""photoclust: find the faces in a photo collection and group them into people.

What is named here is the public interface, and stays as it is within a major version. It is imported when it
is first used: ``import photoclust`` alone costs nothing. Nothing of it prints, asks or ends the program; what
goes wrong is a `PhotoclustError`, drawn as one tree in `photoclust.errors`.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from photoclust import errors
from photoclust.errors import PhotoclustError

if TYPE_CHECKING:
    from photoclust.api.corrections import Corrections
    from photoclust.api.estimator import FaceGrouping
    from photoclust.api.faces import Faces
    from photoclust.api.index import Index
    from photoclust.api.models import fetch_model, import_model, list_models, remove_model
    from photoclust.api.opening import create, open
    from photoclust.api.results import Correction, LabelScores, Person
    from photoclust.api.training import resume_training, train
    from photoclust.api.verification import verify
    from photoclust.config import ClusterConfig, EngineConfig
    from photoclust.learn.config import TrainConfig
    from photoclust.limits import TimeLimits
    from photoclust.people.embeddings import EmbeddingGroups, group_embeddings
    from photoclust.workflows.calibrate import CalibrationReport
    from photoclust.workflows.check import Finding
    from photoclust.workflows.diff import PeopleDiff, StoredGrouping
    from photoclust.workflows.enroll import Enrolled
    from photoclust.workflows.explain import Explanation
    from photoclust.workflows.export import ExportReport
    from photoclust.workflows.export_xmp import XmpReport
    from photoclust.workflows.find import FoundPhoto
    from photoclust.workflows.forget import Receipt
    from photoclust.workflows.identify import IdentifiedPhoto
    from photoclust.workflows.migrate import MigrationReport
    from photoclust.workflows.models import ModelReport
    from photoclust.workflows.opening import PhotoOptions
    from photoclust.workflows.people.import_names import NamesImport
    from photoclust.workflows.people.log import LogEntry
    from photoclust.workflows.people.suggest import Question
    from photoclust.workflows.run_stats import GroupReport, IndexReport
    from photoclust.workflows.status import IndexStatus
    from photoclust.workflows.sweep import Sweep, SweepPoint
    from photoclust.workflows.train import TrainingOutcome
    from photoclust.workflows.verify import Verification

__version__ = "0.1.0"

__all__ = [
    "CalibrationReport",
    "ClusterConfig",
    "Correction",
    "Corrections",
    "EmbeddingGroups",
    "EngineConfig",
    "Enrolled",
    "Explanation",
    "ExportReport",
    "FaceGrouping",
    "Faces",
    "Finding",
    "FoundPhoto",
    "GroupReport",
    "IdentifiedPhoto",
    "Index",
    "IndexReport",
    "IndexStatus",
    "LabelScores",
    "LogEntry",
    "MigrationReport",
    "ModelReport",
    "NamesImport",
    "PeopleDiff",
    "Person",
    "PhotoOptions",
    "PhotoclustError",
    "Question",
    "Receipt",
    "StoredGrouping",
    "Sweep",
    "SweepPoint",
    "TimeLimits",
    "TrainConfig",
    "TrainingOutcome",
    "Verification",
    "XmpReport",
    "__version__",
    "create",
    "errors",
    "fetch_model",
    "group_embeddings",
    "import_model",
    "list_models",
    "open",
    "remove_model",
    "resume_training",
    "train",
    "verify",
]

_HOMES = {
    "CalibrationReport": "photoclust.workflows.calibrate",
    "ClusterConfig": "photoclust.config",
    "Correction": "photoclust.api.results",
    "Corrections": "photoclust.api.corrections",
    "EmbeddingGroups": "photoclust.people.embeddings",
    "Enrolled": "photoclust.workflows.enroll",
    "EngineConfig": "photoclust.config",
    "Explanation": "photoclust.workflows.explain",
    "ExportReport": "photoclust.workflows.export",
    "FaceGrouping": "photoclust.api.estimator",
    "Faces": "photoclust.api.faces",
    "FoundPhoto": "photoclust.workflows.find",
    "Finding": "photoclust.workflows.check",
    "IdentifiedPhoto": "photoclust.workflows.identify",
    "GroupReport": "photoclust.workflows.run_stats",
    "Index": "photoclust.api.index",
    "IndexReport": "photoclust.workflows.run_stats",
    "IndexStatus": "photoclust.workflows.status",
    "LabelScores": "photoclust.api.results",
    "LogEntry": "photoclust.workflows.people.log",
    "MigrationReport": "photoclust.workflows.migrate",
    "ModelReport": "photoclust.workflows.models",
    "NamesImport": "photoclust.workflows.people.import_names",
    "PeopleDiff": "photoclust.workflows.diff",
    "Person": "photoclust.api.results",
    "PhotoOptions": "photoclust.workflows.opening",
    "Question": "photoclust.workflows.people.suggest",
    "Receipt": "photoclust.workflows.forget",
    "Verification": "photoclust.workflows.verify",
    "XmpReport": "photoclust.workflows.export_xmp",
    "StoredGrouping": "photoclust.workflows.diff",
    "Sweep": "photoclust.workflows.sweep",
    "SweepPoint": "photoclust.workflows.sweep",
    "TimeLimits": "photoclust.limits",
    "TrainConfig": "photoclust.learn.config",
    "TrainingOutcome": "photoclust.workflows.train",
    "create": "photoclust.api.opening",
    "fetch_model": "photoclust.api.models",
    "group_embeddings": "photoclust.people.embeddings",
    "import_model": "photoclust.api.models",
    "list_models": "photoclust.api.models",
    "open": "photoclust.api.opening",
    "remove_model": "photoclust.api.models",
    "resume_training": "photoclust.api.training",
    "train": "photoclust.api.training",
    "verify": "photoclust.api.verification",
}

logging.getLogger("photoclust").addHandler(logging.NullHandler())  # a program may listen; none must


def __getattr__(name: str) -> Any:
    """Import what is asked for; see `module.__getattr__` in PEP 562."""
    if name not in _HOMES:
        raise AttributeError(f"module 'photoclust' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names; what this module imports for itself is no part of them."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
