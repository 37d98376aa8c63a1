"""Gold documents into any known format."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from training.formats.known import format_of
from training.formats.records import ARTICLE, Record

__all__ = ["write"]

_WORDS = {
    ARTICLE: "the article",
    "annotator": "who labelled",
    "model_version": "the version of the model that was judged",
    "time": "when it was labelled",
    "verdict": "the verdict",
}


def write(records: Sequence[Record], path: str | Path, format: str) -> list[str]:
    """Write records in one of `FORMATS`; returns what is lost, in words, nothing if all is kept.

    Raises InputError if the file or folder can't be written, or the folder is not empty.
    """
    to = format_of(Path(path), format)
    lost: Counter[str] = Counter()
    for record in records:
        for fact, value in record.facts.items():
            # An article that is one text needs no name beside the text's own.
            if fact not in to.keeps and not (fact == ARTICLE and value == record.document.id):
                lost[fact] += 1
    losses = to.write(records, Path(path))
    return losses + [f"{_WORDS[fact]} (texts: {count})" for fact, count in sorted(lost.items())]
