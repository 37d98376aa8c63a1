"""HTML as a content management system stores it, read for the text that readers see."""

import re

from tagger.sources.elements import BLOCKS, OBJECTS, OpenElements
from tagger.sources.source import Run, Source
from tagger.sources.syntax import (
    CDATA,
    CHARACTERS,
    RAW,
    Tag,
    end_of_declaration,
    end_of_raw_text,
    read_reference,
    read_tag,
)

__all__ = ["read_html"]

_TAG = re.compile("</?[a-zA-Z]", re.ASCII)
_MARKUP = re.compile(r"<(?:[a-zA-Z!?]|/[\s\S])", re.ASCII)
_BETWEEN_BLOCKS = "\n\n"
_SHOWN_RAW = frozenset({"plaintext", "xmp"})


def read_html(html: str) -> Source:
    """The text of the blocks of an HTML document or fragment, however broken.

    Inline markup is left out, character references are decoded, white space stays but for that at
    the start of a block, `<br>` is a line break, an image or the like a space. Not read: scripts,
    styles, comments, templates, titles, SVG and MathML, what `audio`, `video` and `canvas` show
    in old browsers, and elements with `hidden` or an inline `display: none`; style sheets are not
    evaluated. What is not read parts the text around it as a block does, so that every text node
    between two characters of a block belongs to it.
    """
    return _Reader(html).read()


class _Reader:
    def __init__(self, html: str) -> None:
        self._html = html
        self._elements = OpenElements()
        self._parts: list[str] = []
        self._runs: list[Run] = []
        self._at_start = True  # of a block

    def read(self) -> Source:
        html, position = self._html, 0
        while position < len(html):
            found = _MARKUP.search(html, position)
            at = found.start() if found else len(html)
            self._text(position, at)
            position = self._markup(at) if found else at
        return Source(html, "".join(self._parts), tuple(self._runs))

    def _markup(self, at: int) -> int:
        """Take in what starts with the `<` at `at`; returns its end."""
        html = self._html
        if _TAG.match(html, at):
            tag = read_tag(html, at)
            return self._tag(tag, at) if tag else len(html)
        if self._elements.foreign and html.startswith(CDATA, at):
            end = html.find("]]>", at)
            self._at_start = True
            return end + 3 if end >= 0 else len(html)
        return end_of_declaration(html, at)

    def _tag(self, tag: Tag, at: int) -> int:
        """Take in the tag at `at`; returns its end, or that of the raw text it opens."""
        name = tag.name
        if name in BLOCKS:
            self._at_start = True
        elif name == "br":
            self._make("\n", at)
        elif name in OBJECTS and not tag.closing:
            self._make(" ", at)
        if tag.closing:
            self._elements.end(name)
            return tag.end
        self._elements.start(tag)
        if self._elements.foreign or name not in RAW | CHARACTERS:
            return tag.end
        end = end_of_raw_text(self._html, tag.end, name)
        if name == "textarea":
            self._text(tag.end, end)
        elif name in _SHOWN_RAW:
            self._add(self._html[tag.end : end], tag.end, end)
        elif end > tag.end:
            self._at_start = True
        return end

    def _text(self, start: int, end: int) -> None:
        """Take in characters and references."""
        while start < end:
            at = self._html.find("&", start, end)
            if at < 0:
                at = end
            self._add(self._html[start:at], start, at)
            start = at
            if at < end:
                characters, start = read_reference(self._html, at) or ("&", at + 1)
                self._add(characters, at, start)

    def _add(self, characters: str, start: int, end: int) -> None:
        """Add to the block what `start:end` stands for, if it is seen."""
        if characters and not self._elements.seen:
            self._at_start = True
        elif self._at_start:
            stripped = characters.lstrip()
            if stripped:
                start += len(characters) - len(stripped)
                if self._runs:
                    self._append(_BETWEEN_BLOCKS, start, start)
                self._append(stripped, start, end)
                self._at_start = False
        elif characters:
            self._append(characters, start, end)

    def _make(self, characters: str, at: int) -> None:
        """Add to the block what the tag at `at` does to the layout."""
        if not self._at_start and self._elements.seen:
            self._append(characters, at, at)

    def _append(self, characters: str, raw_start: int, raw_end: int) -> None:
        last = self._runs[-1] if self._runs else Run(0, 0, 0, 0)
        run = Run(last.end, last.end + len(characters), raw_start, raw_end)
        if run.made and last.made:
            self._runs[-1:] = [Run(last.start, run.end, last.raw_start, last.raw_end)]
        elif run.same and last.same and raw_start == last.raw_end:
            self._runs[-1:] = [Run(last.start, run.end, last.raw_start, raw_end)]
        else:
            self._runs.append(run)
        self._parts.append(characters)
