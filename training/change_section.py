"""Examples of what one model finds and another does not, as a part of a page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape

from training.comparison import Change, changes
from training.judged import Judged

__all__ = ["examples_section"]

_KINDS = {
    "found": "found by the new model alone",
    "lost": "lost: found by the old model alone",
    "dropped": "wrong marks left out",
    "added": "wrong marks added",
}
_SHORT = {
    "found": "found",
    "lost": "lost",
    "dropped": "wrong marks left out",
    "added": "wrong marks added",
}
_SHOWN = 3
_AROUND = 70


def examples_section(judged: Judged, titles: Mapping[str, str], *, unfold: bool = False) -> str:
    """The spans by which two models differ, by technique, those with most changes first.

    titles  names of the techniques, by id
    unfold  show the examples of the first technique
    """
    by_label: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in changes(judged.old.predicted, judged.new.predicted, judged.new.gold):
        by_label[change.span.label][change.kind].append(change)
    texts = {document.id: document.text for document in judged.gold}
    parts: list[str] = []
    for label in sorted(by_label, key=lambda x: -sum(map(len, by_label[x].values()))):
        own = by_label[label]
        counts = " · ".join(f"{_SHORT[kind]}: {len(own[kind]):,}" for kind in _SHORT if own[kind])
        lists = "".join(_list(kind, own[kind], texts) for kind in _KINDS if own[kind])
        shown = " open" if unfold and not parts else ""
        parts.append(
            f"<details{shown}><summary>{escape(titles.get(label, label))} <small>{counts}</small>"
            f"</summary>{lists}</details>"
        )
    return "\n".join(parts) or "<p>They mark the same.</p>"


def _list(kind: str, own: Sequence[Change], texts: Mapping[str | None, str]) -> str:
    quotes = "".join(_quote(one, texts) for one in own[:_SHOWN])
    return f'<h3>{_KINDS[kind]} ({len(own):,})</h3><ul class="examples {kind}">{quotes}</ul>'


def _quote(change: Change, texts: Mapping[str | None, str]) -> str:
    text, start, end = texts[change.document.id], change.span.start, change.span.end
    before = text[max(0, start - _AROUND) : start]
    after = text[end : end + _AROUND]
    opens = "…" if start > _AROUND else ""
    closes = "…" if end + _AROUND < len(text) else ""
    return (
        f"<li>{opens}{escape(before)}<mark>{escape(text[start:end])}</mark>{escape(after)}{closes}"
        "</li>"
    )
