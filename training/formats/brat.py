"""brat's standoff format: a text file, and beside it an .ann file of marks.

https://brat.nlplab.org/standoff.html

Offsets count code points. A mark may have several fragments; brat parts one at each line break.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from tagger import InputError, Span
from training.formats.files import read_text, write_text
from training.formats.folders import check_new_folder, file_names
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record, Remark

__all__ = ["BRAT"]

_ROW = re.compile(
    r"T\S*\t(?P<label>\S+) (?P<at>\d{1,15} \d{1,15}(?:;\d{1,15} \d{1,15})*)\t(?P<quote>.*)",
    re.S | re.A,
)
_ROW_EXPECTED = "expected T, a number, label, offsets and words: T1<tab>doubt 0 5<tab>words"
_OTHERS = "only spans (lines that begin with T) are read, no relations, attributes or notes"


class BratFormat:
    """A folder of pairs `NAME.txt` and `NAME.ann`, or one of a pair's files."""

    name = "brat"
    title = "a folder of brat's .txt and .ann files"
    keeps: frozenset[str] = frozenset()

    def recognises(self, path: Path) -> bool:
        """Whether this is an .ann file, has one beside it, or is a folder that holds one."""
        if path.is_dir():
            return next(path.rglob("*.ann"), None) is not None
        return path.suffix in (".ann", ".txt") and path.with_suffix(".ann").is_file()

    def read(self, path: Path) -> Found:
        """An entry for each pair, by name. A document with a bad line is left out.

        Raises InputError if there is none, or a file can't be read.
        """
        folder = path if path.is_dir() else path.parent
        paths = path.rglob("*") if path.is_dir() else [path]
        stems = sorted({one.with_suffix("") for one in paths if one.suffix in (".ann", ".txt")})
        if not stems:
            raise InputError(f"{path} holds no .ann files: is it a brat folder?")
        for stem in stems:
            text, marks = (stem.with_name(stem.name + suffix) for suffix in (".txt", ".ann"))
            if not text.is_file():
                yield Problem(Place(str(marks)), f"there is no {text.name} beside it")
            elif not marks.is_file():
                yield Remark(Place(str(text)), "has no .ann file beside it, so it was left out")
            else:
                yield from _document(text, marks, stem.relative_to(folder).as_posix())

    def write(self, records: Sequence[Record], path: Path) -> list[str]:
        """Write a folder of pairs; returns what brat has no place for."""
        check_new_folder(path)
        names, losses = file_names(records)
        trimmed = 0
        for name, record in zip(names, records, strict=True):
            rows = []
            for number, span in enumerate(record.document.spans, 1):
                pieces = _fragments(record.document.text, span)
                trimmed += [span.start, span.end] != [pieces[0][0], pieces[-1][1]]
                at = ";".join(f"{start} {end}" for start, end in pieces)
                words = " ".join(record.document.text[start:end] for start, end in pieces)
                quote = " ".join(words.split())
                rows.append(f"T{number}\t{span.label} {at}\t{quote}\n")
            write_text(path / f"{name}.txt", record.document.text)
            write_text(path / f"{name}.ann", "".join(rows))
        if trimmed:
            losses.append(f"line breaks at the ends of spans: {trimmed}")
        return losses


def _document(text: Path, marks: Path, name: str) -> Found:
    content = read_text(text)
    found: list[Mark] = []
    bad = False
    for place, line in _lines(marks):
        mark = _mark(content, line) if line.startswith("T") else None
        if isinstance(mark, Mark):
            found.append(mark)
        elif mark is None:
            yield Remark(place, _OTHERS)
        else:
            bad = True
            yield Problem(place, mark)
    if not bad:
        facts = {ARTICLE: name}
        place = Place(str(marks))
        yield Entry(place, content, tuple(found), name, facts=facts, judged=bool(found))


def _lines(path: Path) -> Iterator[tuple[Place, str]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            yield Place(str(path), number), line.removesuffix("\r")


def _mark(text: str, line: str) -> Mark | str:
    """The mark of a line, or why there is none."""
    row = _ROW.fullmatch(line)
    if not row:
        return _ROW_EXPECTED
    pieces = [tuple(map(int, piece.split())) for piece in row["at"].split(";")]
    for (_, end), (start, _) in pairwise(pieces):
        if end > start or text[end:start].strip():
            return (
                f"the span {row['at']} ({row['label']}) is in several parts with words between "
                "them; mark it as one span, or as several"
            )
    return Mark(pieces[0][0], pieces[-1][1], row["label"], row["quote"])


def _fragments(text: str, span: Span) -> list[tuple[int, int]]:
    """The parts of a span between its line breaks, which no part may hold."""
    words = re.finditer(r"[^\r\n]+", text[span.start : span.end])
    pieces = [(span.start + one.start(), span.start + one.end()) for one in words]
    return pieces or [(span.start, span.end)]


BRAT = BratFormat()
