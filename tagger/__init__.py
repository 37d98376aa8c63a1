"""A self-hosted tagger of persuasion techniques: paragraphs in, labelled spans out.

>>> from tagger import Tagger
>>> tagger = Tagger.load()
>>> [document] = tagger.tag(["NATO is falling into wartime ecstasy."])
>>> document.spans
"""

from tagger.candidates import FEATURES, Candidate, candidates
from tagger.config import CURRENT, Config, default_model
from tagger.decode import decode
from tagger.durable import replaced, sync_folder
from tagger.errors import InputError, JobError, ModelError, TaggerError
from tagger.formats import (
    BASE_CSS,
    OFFSET_UNITS,
    PALETTE_CSS,
    convert_offsets,
    page_head,
    to_answer,
    to_code_points,
    to_html,
    to_ptc,
    to_terminal,
)
from tagger.fragment_numbers import NUMBERS, fragment_numbers, times_in
from tagger.fragments import Marked
from tagger.manifest import Label, Manifest, file_sha256
from tagger.model import Encoder, Model, available_cores
from tagger.policy import Decision, Decisions, Policy, Reason
from tagger.rules import Rule
from tagger.sources import CONTENT_TYPES, Source, read_source
from tagger.spans import Classification, Document, Span
from tagger.tagger import Tagger
from tagger.windows import REPEATS, Window, Windower, windows_per_text

__all__ = [
    "BASE_CSS",
    "CONTENT_TYPES",
    "CURRENT",
    "FEATURES",
    "NUMBERS",
    "OFFSET_UNITS",
    "PALETTE_CSS",
    "REPEATS",
    "Candidate",
    "Classification",
    "Config",
    "Decision",
    "Decisions",
    "Document",
    "Encoder",
    "InputError",
    "JobError",
    "Label",
    "Manifest",
    "Marked",
    "Model",
    "ModelError",
    "Policy",
    "Reason",
    "Rule",
    "Source",
    "Span",
    "Tagger",
    "TaggerError",
    "Window",
    "Windower",
    "available_cores",
    "candidates",
    "convert_offsets",
    "decode",
    "default_model",
    "file_sha256",
    "fragment_numbers",
    "page_head",
    "read_source",
    "replaced",
    "sync_folder",
    "times_in",
    "to_answer",
    "to_code_points",
    "to_html",
    "to_ptc",
    "to_terminal",
    "windows_per_text",
]
