"""The Propaganda Techniques Corpus's format: article files and a tab-separated file of labels.

Da San Martino et al., Fine-Grained Analysis of Propaganda in News Articles, EMNLP 2019.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tagger import Document, InputError, Span, to_ptc
from training.formats.files import read_text, write_text
from training.formats.folders import check_new_folder, file_names
from training.formats.names import corpus_names, label_id
from training.formats.placing import MISPLACED
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record, Remark

__all__ = ["PTC", "label_rows"]

_ARTICLES = "train-articles"
_LABELS = "train-task2-TC.labels"
_EXPECTED = "expected article id, technique, start and end, tab-separated"
_NO_ROWS = "the file is empty, so all articles are read as texts without any technique"


class PtcFormat:
    """A folder with `train-articles/article<ID>.txt` and `train-task2-TC.labels`."""

    name = "ptc"
    title = "a folder of the Propaganda Techniques Corpus"
    keeps: frozenset[str] = frozenset()

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
        rows = list(label_rows(path / _LABELS, columns=(4,)))
        if not rows:
            yield Remark(Place(str(path / _LABELS)), _NO_ROWS)
        for place, article, span in rows:
            length = len(texts.get(article, ""))
            if isinstance(span, str):
                reason = span
            elif article not in texts:
                reason = f"article {article} has no file"
            elif span.end > length:
                reason = (
                    f"the span {span.start}-{span.end} ({span.label}) ends after article "
                    f"{article}, which has {length} characters"
                )
            else:
                if article in marks:
                    marks[article].append(Mark(span.start, span.end, span.label))
                continue
            marks.pop(article, None)
            yield Problem(place, reason)
        for article, own in marks.items():
            place = Place(str(path), f"article {article}")
            yield Entry(
                place,
                texts[article],
                tuple(own),
                article,
                units=("code_point",),
                facts={ARTICLE: article},
            )

    def write(self, records: Sequence[Record], path: Path) -> list[str]:
        """Write a folder; returns what the format has no place for."""
        check_new_folder(path)
        names, losses = file_names(records)
        documents = [
            Document(record.document.text, record.document.spans, name)
            for name, record in zip(names, records, strict=True)
        ]
        labels = {span.label for document in documents for span in document.spans}
        rows = to_ptc(documents, {label: label for label in labels} | corpus_names())
        for document in documents:
            write_text(path / _ARTICLES / f"article{document.id}.txt", document.text)
        write_text(path / _LABELS, rows)
        return losses


def label_rows(path: Path, *, columns: Sequence[int]) -> Iterator[tuple[Place, str, Span | str]]:
    """Place, article id and span of each row, its label as the file spells it; or, in words, why
    the row is none. Without a technique, the label is `any`."""
    for number, line in enumerate(read_text(path).splitlines(), 1):
        place = Place(str(path), number)
        fields = line.split("\t")
        try:
            label = fields[1] if len(fields) == 4 else "any"
            if len(fields) not in columns or not label_id(label):
                raise ValueError
            start, end = int(fields[-2]), int(fields[-1])
        except ValueError:
            yield place, fields[0], _EXPECTED
            continue
        fits = 0 <= start < end
        yield place, fields[0], Span(start, end, label) if fits else MISPLACED.format(start, end)


PTC = PtcFormat()
