"""Tests of faces whose person is known, by the protocols of biometrics: verification and identification."""

from photoclust.workflows.protocols.identification import (
    IdentificationReport,
    SearchScores,
    evaluate_identification,
)
from photoclust.workflows.protocols.verification import VerificationReport, evaluate_verification

__all__ = [
    "IdentificationReport",
    "SearchScores",
    "VerificationReport",
    "evaluate_identification",
    "evaluate_verification",
]
