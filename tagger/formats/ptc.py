"""The label files of the Propaganda Techniques Corpus."""

from collections.abc import Iterable, Mapping

from tagger.errors import InputError
from tagger.spans import Document

__all__ = ["to_ptc"]

_SEPARATORS = "\t\n\r"


def to_ptc(documents: Iterable[Document], corpus_names: Mapping[str, str]) -> str:
    """One line `article_id<TAB>technique<TAB>start<TAB>end` per span, as the corpus has them.

    corpus_names  the corpus's own name of each label, by label id

    Lines follow the documents' order, then start, the longer span first, then label. Scores
    are left out: the format has no place for them.

    Raises InputError if a document has no id or one that would break a line, or if a label
    has no corpus name.
    """
    lines = []
    for number, document in enumerate(documents):
        article = _field(document.id or "", f"the id of document {number}")
        for span in sorted(document.spans, key=lambda span: (span.start, -span.end, span.label)):
            name = corpus_names.get(span.label, "")
            technique = _field(name, f"the corpus's name of label {span.label!r}")
            lines.append(f"{article}\t{technique}\t{span.start}\t{span.end}\n")
    return "".join(lines)


def _field(value: str, what: str) -> str:
    if not value:
        raise InputError(f"{what} is missing: every line of the corpus's format needs it")
    if any(separator in value for separator in _SEPARATORS):
        raise InputError(f"{what} holds a tab or a line break, which separate the format's fields")
    return value
