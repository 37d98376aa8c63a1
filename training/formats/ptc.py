"""The Propaganda Techniques Corpus's format: article files and a tab-separated file of labels.

Da San Martino et al., Fine-Grained Analysis of Propaganda in News Articles, EMNLP 2019.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tagger import Document, InputError, Span, to_ptc
from training.formats.files import read_text, write_text
from training.formats.names import corpus_names, label_id
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record

__all__ = ["EXPECTED", "PTC", "label_rows"]

_ARTICLES = "train-articles"
_LABELS = "train-task2-TC.labels"
EXPECTED = "expected article id, technique, start and end, tab-separated"


class PtcFormat:
    """A folder with `train-articles/article<ID>.txt` and `train-task2-TC.labels`."""

    name = "ptc"
    title = "a folder of the Propaganda Techniques Corpus"
    keeps = frozenset({ARTICLE, "id"})

    def recognises(self, path: Path) -> bool:
        """Whether this is a folder with a folder of articles."""
        return (path / _ARTICLES).is_dir()

    def read(self, path: Path) -> Found:
        """An entry for each article, by id; problems name the file and line of a bad row.

        An article with a bad row is left out. Raises InputError if a file can't be read.
        """
        paths = sorted((path / _ARTICLES).glob("article*.txt"))
        if not paths:
            raise InputError(f"{path / _ARTICLES} holds no article<ID>.txt: is it a PTC folder?")
        texts = {one.stem.removeprefix("article"): read_text(one) for one in paths}
        marks: dict[str, list[Mark]] = {name: [] for name in texts}
        for place, article, span in label_rows(path / _LABELS, columns=(4,)):
            length = len(texts.get(article, ""))
            if span is None:
                reason = EXPECTED
            elif article not in texts:
                reason = f"article {article} has no file"
            elif span.end > length:
                reason = (
                    f"{span.start}-{span.end} ends after article {article}, "
                    f"which has {length} characters"
                )
            else:
                if article in marks:
                    marks[article].append(Mark(span.start, span.end, span.label))
                continue
            marks.pop(article, None)
            yield Problem(place, reason)
        for article, own in marks.items():
            place = Place(str(path), f"article {article}")
            facts = {ARTICLE: article}
            yield Entry(place, texts[article], tuple(own), article, ("code_point",), facts)

    def write(self, records: Sequence[Record], path: Path) -> list[str]:
        """Write a folder; returns what is lost: ids that can't name a file are changed."""
        names = corpus_names()
        documents: dict[str, Document] = {}
        changed = 0
        for number, record in enumerate(records, 1):
            name = record.document.id or str(number)
            safe = re.sub(r"[^\w.-]", "_", name) or str(number)
            while safe in documents:
                safe += "_"
            changed += safe != name
            documents[safe] = Document(record.document.text, record.document.spans, safe)
        labels = {span.label for document in documents.values() for span in document.spans}
        rows = to_ptc(documents.values(), {label: names.get(label, label) for label in labels})
        for safe, document in documents.items():
            write_text(path / _ARTICLES / f"article{safe}.txt", document.text)
        write_text(path / _LABELS, rows)
        return [f"{changed} ids that can't name a file were changed"] if changed else []


def label_rows(path: Path, *, columns: Sequence[int]) -> Iterator[tuple[Place, str, Span | None]]:
    """Place, article id and span of each row, None if the row is not as EXPECTED; without a
    technique, the label is `any`."""
    for number, line in enumerate(read_text(path).splitlines(), 1):
        place = Place(str(path), number)
        fields = line.split("\t")
        try:
            if len(fields) not in columns:
                raise ValueError
            name = fields[1] if len(fields) == 4 else "any"
            span = Span(int(fields[-2]), int(fields[-1]), label_id(name))
        except (ValueError, InputError):
            yield place, fields[0], None
        else:
            yield place, fields[0], span


PTC = PtcFormat()
