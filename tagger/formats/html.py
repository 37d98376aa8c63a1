"""Tagged text as one self-contained web page."""

import heapq
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from tagger.formats.legend import Entry, legend
from tagger.formats.segments import Segment, segments
from tagger.formats.shared import BASE_CSS, PALETTE_CSS, page_head
from tagger.formats.visible import UNSAFE, visible
from tagger.manifest import Label, Manifest
from tagger.spans import Document, Span

__all__ = ["to_html"]

# Seven hues, drawn in four line styles, as palette.css has them: 28 labels look different.
_HUES, _STYLES = 7, 4


def to_html(
    documents: Sequence[Document], labels: Sequence[Label], manifest: Manifest, *, title: str
) -> str:
    """A page that shows the documents with their spans marked, and a key to the techniques.

    Technique, score and definition of a marked passage show on hover and on keyboard focus.
    The page holds its style, needs no script and asks for nothing over the network.
    """
    entries = legend(labels, documents)
    found = sorted(
        (entry for entry in entries.values() if entry.count),
        key=lambda entry: (-entry.count, entry.position),
    )
    absent = [entry.name for entry in entries.values() if not entry.count]
    resources = files("tagger.formats")
    return Template((resources / "page.html").read_text("utf-8")).substitute(
        head=page_head(_text(title)),
        title=_text(title),
        style="".join(
            sheet.read_text("utf-8") for sheet in (BASE_CSS, PALETTE_CSS, resources / "page.css")
        ),
        overview=_overview(documents, found, len(entries)),
        articles="\n".join(
            _article(document, number, len(documents), entries)
            for number, document in enumerate(documents, 1)
        ),
        key="\n".join(_key_item(entry) for entry in found),
        absent=f'<p class="absent">Not found: {_text(", ".join(absent))}.</p>' if absent else "",
        model=_text(f"{manifest.name} {manifest.version}"),
        sha256=_text(manifest.sha256[:12]),
    )


def _overview(documents: Sequence[Document], found: Sequence[Entry], labels: int) -> str:
    spans = _counted(sum(entry.count for entry in found), "passage")
    texts = f" in {_counted(len(documents), 'text')}" if len(documents) != 1 else ""
    return f"{spans} marked{texts} · {len(found)} of {_counted(labels, 'technique')}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _article(document: Document, number: int, total: int, entries: Mapping[str, Entry]) -> str:
    name = document.id or (f"Text {number}" if total > 1 else "")
    heading = f'<h2 id="text-{number}">{_text(name)}</h2>\n' if name else ""
    named_by = f"text-{number}" if name else "title"
    lanes = _lanes(document)
    body = "".join(
        _segment(document.text, piece, f"tip-{number}-{place}", lanes, entries)
        for place, piece in enumerate(segments(document))
    )
    return (
        f'<article aria-labelledby="{named_by}">\n{heading}'
        f'<div class="text" dir="auto">{body}</div>\n</article>'
    )


def _lanes(document: Document) -> dict[Span, int]:
    """The line below the text that each span is drawn on: the highest that is free."""
    lanes: dict[Span, int] = {}
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    for span in sorted(set(document.spans), key=lambda span: (span.start, -span.end, span.label)):
        while busy and busy[0][0] <= span.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        lanes[span] = lane
        heapq.heappush(busy, (span.end, lane))
    return lanes


def _segment(
    text: str, piece: Segment, tip_id: str, lanes: Mapping[Span, int], entries: Mapping[str, Entry]
) -> str:
    inner = _body(text, piece.start, piece.end)
    if not piece.spans:
        return inner
    for span in piece.spans:
        if span.end == piece.end:
            entry = entries[span.label]
            inner += f'<span class="tag" data-tag="{_text(entry.abbreviation)}"></span>'
    for span in piece.spans:
        style = f"{_classes(entries[span.label])} line"
        inner = f'<span class="{style}" style="--lane:{lanes[span]}">{inner}</span>'
    depth = 1 + max(lanes[span] for span in piece.spans)
    shortest = min(piece.spans, key=lambda span: span.end - span.start)
    tips = "".join(_tip(span, entries[span.label]) for span in piece.spans)
    return (
        f'<mark class="{_classes(entries[shortest.label])}" style="--depth:{depth}" tabindex="0"'
        f' aria-describedby="{tip_id}">{inner}'
        f'<span class="tip" role="tooltip" id="{tip_id}">{tips}</span></mark>'
    )


def _tip(span: Span, entry: Entry) -> str:
    return (
        f'<span class="{_classes(entry)} note"><b>{_text(entry.name)}</b> '
        f'<span class="score">{span.score:.2f}</span> '
        f'<span class="definition">{_text(entry.definition)}</span></span>'
    )


def _key_item(entry: Entry) -> str:
    count = _counted(entry.count, "passage")
    return (
        f'<li class="{_classes(entry)}"><span class="sample">{_text(entry.abbreviation)}</span>'
        f"<div><h3>{_text(entry.name)}</h3>"
        f'<p class="count">{count}, highest score {entry.highest or 0.0:.2f}</p>'
        f'<p class="definition">{_text(entry.definition)}</p></div></li>'
    )


def _classes(entry: Entry) -> str:
    return f"hue-{entry.position % _HUES} style-{entry.position // _HUES % _STYLES}"


def _text(text: str) -> str:
    """Text for an element or an attribute of the page's own."""
    return escape(visible(text))


def _body(text: str, start: int, end: int) -> str:
    """A stretch of the tagged text: its white space as it is, its control characters shown."""
    out = []
    for match in UNSAFE.finditer(text, start, end):
        out.append(escape(text[start : match.start()]))
        start = match.end()
        if match[0] != "\r":
            out.append(f'<span class="control">{visible(match[0])}</span>')
            continue
        # A parser reads a bare carriage return as a line feed, and browsers show none.
        out.append("&#13;" if text.startswith("\n", start) else "&#13;<br>")
    out.append(escape(text[start:end]))
    return "".join(out)
