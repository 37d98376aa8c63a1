"""One way to read what was sent, whatever it is."""

from tagger.errors import InputError
from tagger.sources.html import read_html
from tagger.sources.source import Run, Source

__all__ = ["CONTENT_TYPES", "read_source"]

CONTENT_TYPES = ("text/plain", "text/html")
"""Media types of the texts that can be read."""


def read_source(raw: str, content_type: str = "text/plain") -> Source:
    """The text to tag in `raw`, with the way back to its offsets.

    Raises InputError for a content type that is not one of CONTENT_TYPES.
    """
    if content_type == "text/html":
        return read_html(raw)
    if content_type != "text/plain":
        raise InputError(f"content_type is not one of {', '.join(CONTENT_TYPES)}")
    return Source(raw, raw, (Run(0, len(raw), 0, len(raw)),))
