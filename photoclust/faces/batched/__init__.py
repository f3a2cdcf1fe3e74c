"""Finds the faces of several photos at once, on tensors: the detector of a GPU.

`photoclust.faces.batched.detector.BatchDetector` has the same networks, weights, thresholds, scales and areas
as `photoclust.faces.detect.Detector`, which finds the faces of one photo on a processor. Photos of any sizes
go together: their smaller copies lie on common sheets (`sheets`), and copies and crops are both read from
sums over areas that are made once (`sums`).
"""
