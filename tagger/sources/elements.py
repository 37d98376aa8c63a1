"""The elements that are open while HTML is read, and whether readers see what they hold.

A reduced form of the tree construction of the HTML standard (WHATWG HTML, section 13.2.6): it
knows which tags close which elements, so that an element that is not shown ends where a browser
ends it. Every tag costs the same however many elements are open.
"""

from bisect import bisect_right
from collections import defaultdict

from tagger.sources.syntax import Tag

__all__ = ["BLOCKS", "OBJECTS", "OpenElements"]


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CLOSE_A_PARAGRAPH = _names(
    "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li listing main menu nav ol p plaintext "
    "pre search section summary table ul xmp"
)

BLOCKS = _CLOSE_A_PARAGRAPH | _names(
    "body button caption col colgroup head html legend marquee optgroup option select tbody td "
    "textarea tfoot th thead tr"
)
"""Elements whose tags end a run of text: browsers lay them out as blocks or boxes."""

OBJECTS = _names("audio canvas embed iframe img input math object svg video")
"""Elements that stand like a word between the words around them."""

_VOID = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source "
    "track wbr"
)
_UNSEEN = _names("audio canvas datalist math svg template video")
"""Elements whose text is not shown, or is not prose."""

_FOREIGN = ("math", "svg")
_NOT_FOREIGN = _names(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    "li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    "var"
)
"""HTML elements that end an SVG or MathML element that was left open."""

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TABLE_PARTS = _names("caption colgroup table tbody td tfoot th thead tr")
_SCOPE = ("applet", "caption", "marquee", "object", "table", "td", "template", "th")
_IN_TABLE = ("table", "template")
_IN_SECTION = (*_IN_TABLE, "tbody", "tfoot", "thead")
_IN_ROW = (*_IN_SECTION, "tr")

# What a start tag closes, and what keeps it from closing elements further out.
_CLOSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a": (("a",), _SCOPE),
    "button": (("button",), _SCOPE),
    "li": (("li",), (*_SCOPE, "menu", "ol", "ul")),
    "dd": (("dd", "dt"), (*_SCOPE, "dl")),
    "dt": (("dd", "dt"), (*_SCOPE, "dl")),
    "option": (("option",), (*_SCOPE, "select")),
    "optgroup": (("option", "optgroup"), (*_SCOPE, "select")),
}

# A part of a table closes all down to the part that it belongs in.
_BELONGS_IN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("td", "th"), _IN_ROW),
    "tr": _IN_SECTION,
    **dict.fromkeys(("caption", "colgroup", "tbody", "tfoot", "thead"), _IN_TABLE),
}


class OpenElements:
    """A stack of elements, of which every one knows whether what it holds is seen."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, bool]] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        self._unseen = 0

    @property
    def seen(self) -> bool:
        """Whether text that comes now is shown to readers as text."""
        return not self._unseen

    @property
    def foreign(self) -> bool:
        """Whether SVG or MathML is open, where other rules hold."""
        return any(self._places[name] for name in _FOREIGN)

    def start(self, tag: Tag) -> None:
        """Take in a start tag."""
        name = tag.name
        if self.foreign:
            if name in _NOT_FOREIGN:
                self._close(_FOREIGN, ())
            elif tag.self_closing:
                return
        if name in _CLOSE_A_PARAGRAPH:
            self._close(("p",), (*_SCOPE, "button"))
        if name in _CLOSES:
            self._close(*_CLOSES[name])
        if name in _BELONGS_IN:
            if not self._places["table"]:
                return
            self._drop(self._last(_BELONGS_IN[name]) + 1)
        if name in _VOID or (tag.self_closing and name in _FOREIGN):
            return
        unseen = tag.hidden or name in _UNSEEN
        self._places[name].append(len(self._stack))
        self._stack.append((name, unseen))
        self._unseen += unseen

    def end(self, name: str) -> None:
        """Take in an end tag; one that closes nothing is ignored."""
        if name in ("br", "p"):
            self._close(_FOREIGN, ())
        if name in _HEADINGS:
            self._close(_HEADINGS, _SCOPE)
        elif self._places[name]:
            last = self._places[name][-1]
            scope = _IN_TABLE if name in _TABLE_PARTS else _SCOPE
            if name == "template" or last >= self._last(scope):
                self._drop(last)

    def _close(self, names: tuple[str, ...], scope: tuple[str, ...]) -> None:
        """Close the outermost element of these names that none in `scope` keeps open."""
        open_ones = [self._places[name] for name in names if self._places[name]]
        if open_ones:
            barrier = self._last(scope)
            above = [own[bisect_right(own, barrier)] for own in open_ones if own[-1] > barrier]
            if above:
                self._drop(min(above))

    def _last(self, names: tuple[str, ...]) -> int:
        return max((self._places[name][-1] for name in names if self._places[name]), default=-1)

    def _drop(self, place: int) -> None:
        for name, unseen in self._stack[place:]:
            self._places[name].pop()
            self._unseen -= unseen
        del self._stack[place:]
