"""How texts are read: as they are, or from HTML, with the way back to the offsets as sent."""

from tagger.sources.read import CONTENT_TYPES, read_source
from tagger.sources.source import Run, Source

__all__ = ["CONTENT_TYPES", "Run", "Source", "read_source"]
