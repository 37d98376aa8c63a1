"""Fits the tagger's classifiers from labelled text, measures them and exports them to ONNX.

The command line, `python -m training --help`, covers what most need.
"""

from training.background import read_furniture
from training.base import Base
from training.fit import Fitted, fit
from training.folder import About, write_model
from training.measure import Accuracy, Overlap, accuracy, flc, flc_by_label, si
from training.ptc import (
    from_dataset,
    label_id,
    read_folds,
    read_labels,
    read_ptc,
    to_dataset,
)

__all__ = [
    "About",
    "Accuracy",
    "Base",
    "Fitted",
    "Overlap",
    "accuracy",
    "fit",
    "flc",
    "flc_by_label",
    "from_dataset",
    "label_id",
    "read_folds",
    "read_furniture",
    "read_labels",
    "read_ptc",
    "si",
    "to_dataset",
    "write_model",
]
