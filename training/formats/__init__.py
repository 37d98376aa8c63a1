"""Labelled data as annotation tools keep it: read, checked, and written again."""

from training.formats.known import FORMATS, Format, format_of
from training.formats.names import label_id
from training.formats.reading import Reading, read
from training.formats.records import BadRecords, Place, Problem, Record

__all__ = [
    "FORMATS",
    "BadRecords",
    "Format",
    "Place",
    "Problem",
    "Reading",
    "Record",
    "format_of",
    "label_id",
    "read",
]
