"""How tagged documents are written out: JSON, corpus labels, a terminal, a web page."""

from tagger.formats.answer import to_answer
from tagger.formats.decision import decision_line
from tagger.formats.html import to_html
from tagger.formats.offsets import OFFSET_UNITS, convert_offsets, to_code_points
from tagger.formats.ptc import to_ptc
from tagger.formats.segments import Segment, segments
from tagger.formats.shared import BASE_CSS, PALETTE_CSS, page_head
from tagger.formats.terminal import to_terminal
from tagger.formats.visible import visible

__all__ = [
    "BASE_CSS",
    "OFFSET_UNITS",
    "PALETTE_CSS",
    "Segment",
    "convert_offsets",
    "decision_line",
    "page_head",
    "segments",
    "to_answer",
    "to_code_points",
    "to_html",
    "to_ptc",
    "to_terminal",
    "visible",
]
