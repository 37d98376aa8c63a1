"""Labelled data as annotation tools keep it: read, checked, and written again."""

from training.formats.known import FORMATS, Format, format_of
from training.formats.names import label_id
from training.formats.options import add_reading_options, read_as_told
from training.formats.reading import Reading, read
from training.formats.records import BadRecords, Place, Problem, Record
from training.formats.writing import write

__all__ = [
    "FORMATS",
    "BadRecords",
    "Format",
    "Place",
    "Problem",
    "Reading",
    "Record",
    "add_reading_options",
    "format_of",
    "label_id",
    "read",
    "read_as_told",
    "write",
]
