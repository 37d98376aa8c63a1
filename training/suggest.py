"""The paragraphs of unlabelled text that a model doubts most: what to label next."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tagger import Document, InputError, Label, Span, Tagger, read_source
from training.formats.files import read_text
from training.split import near_duplicates

__all__ = ["Suggestion", "read_paragraphs", "suggest"]

_FEWEST_WORDS = 4


@dataclass(frozen=True)
class Suggestion:
    """A paragraph to label.

    document  its text, with what the model marks in it
    doubtful  the candidate nearest to its threshold, marked or not
    doubt     0 to 1: 1 at the threshold
    """

    document: Document
    doubtful: Span
    doubt: float


def suggest(tagger: Tagger, paragraphs: Sequence[Document], count: int) -> list[Suggestion]:
    """The paragraphs whose marks could most easily have gone the other way, at most `count`.

    Labelling them teaches more than labelling those of which the model is sure (Lewis and Gale, A
    sequential algorithm for training text classifiers, 1994). Techniques take turns, or the most
    frequent would fill the list; of paragraphs that are nearly the same one is kept.
    """
    found = tagger.tag([paragraph.text for paragraph in paragraphs], thresholds=0)
    labels = {label.id: label for label in tagger.manifest.labels}
    by_label: dict[str, list[tuple[float, int, Span]]] = {label: [] for label in labels}
    for number, document in enumerate(found):
        for span in document.spans:
            doubt = _doubt(span, labels[span.label])
            by_label[span.label].append((doubt, number, span))
    alike = _alike(paragraphs)
    queues = [iter(sorted(own, key=lambda x: (-x[0], x[1]))) for own in by_label.values()]
    taken: set[int] = set()
    suggested: list[Suggestion] = []
    while queues and len(suggested) < count:
        for queue in list(queues):
            for doubt, number, span in queue:
                if alike[number] not in taken:
                    taken.add(alike[number])
                    shown = [s for s in found[number].spans if s.score >= labels[s.label].threshold]
                    document = Document(found[number].text, tuple(shown), paragraphs[number].id)
                    suggested.append(Suggestion(document, span, round(doubt, 4)))
                    break
            else:
                queues.remove(queue)
    return sorted(suggested[:count], key=lambda one: -one.doubt)


def read_paragraphs(path: Path) -> list[Document]:
    """The paragraphs of a file, which blank lines part: text, HTML by its name (.html, .htm), or
    JSON lines with a `text` each (.jsonl). Those of fewer than four words are left out.

    Raises InputError for a file that can't be read, or holds none.
    """
    text = read_text(path)
    if path.suffix.lower() == ".jsonl":
        parts = list(_texts(path, text))
    else:
        html = path.suffix.lower() in (".html", ".htm")
        parts = read_source(text, "text/html" if html else "text/plain").text.split("\n\n")
    kept = [part.strip() for part in parts if len(part.split()) >= _FEWEST_WORDS]
    if not kept:
        raise InputError(f"{path} holds no paragraph of {_FEWEST_WORDS} words or more")
    return [Document(part, (), f"{path.stem}-{number}") for number, part in enumerate(kept, 1)]


def _texts(path: Path, lines: str) -> Iterator[str]:
    for number, line in enumerate(lines.split("\n"), 1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (ValueError, TypeError, KeyError):
            text = None
        if not isinstance(text, str):
            raise InputError(f'{path}:{number}: expected an object with a text, {{"text": "..."}}')
        yield text


def _doubt(span: Span, label: Label) -> float:
    """How near a score is to its threshold, in log-odds."""
    scores = np.clip([span.score, label.threshold], 1e-6, 1 - 1e-6)
    score, threshold = np.log(scores / (1 - scores)).tolist()
    return float(np.exp(-abs(score - threshold)))


def _alike(paragraphs: Sequence[Document]) -> list[int]:
    """For each paragraph the first one that is nearly the same."""
    first = list(range(len(paragraphs)))
    for one, other in near_duplicates(paragraphs):
        first[other] = min(first[other], first[one])
    texts: dict[str, int] = {}
    for number, paragraph in enumerate(paragraphs):
        first[number] = min(first[number], texts.setdefault(paragraph.text, number))
    return first
