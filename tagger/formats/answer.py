"""The answer of the tagging interface, ready for JSON."""

from collections.abc import Sequence
from typing import Any

from tagger.formats.offsets import convert_offsets
from tagger.manifest import Manifest
from tagger.policy import Decisions
from tagger.sources import Source, read_source
from tagger.spans import Document, Span

__all__ = ["to_answer"]

_DECIMALS = 4


def to_answer(
    manifest: Manifest,
    documents: Sequence[Document],
    *,
    windows: Sequence[int],
    ids: Sequence[str | None] | None = None,
    id: str | None = None,
    offset_unit: str = "code_point",
    decisions: Decisions | None = None,
    sources: Sequence[Source] | None = None,
) -> dict[str, Any]:
    """The body of a 200 answer to `POST /v1/tag`: one result per document, in order.

    windows      how many windows each document was cut into
    ids          the id of each result; by default the documents' own
    id           the id of the whole request
    offset_unit  what `start` and `end` count: code_point, utf16 or utf8
    decisions    of a policy, which make it the answer to `POST /v1/moderate`
    sources      what each document's text was read from; by default it is the text. Offsets are
                 those of what was sent

    Every "id" is there, null where none was given. Spans come sorted by start, the longer
    first, then by label; scores are rounded to four decimals.

    Raises InputError for another offset unit, and ValueError unless `windows`, `ids` and
    `sources` and decisions are as many as the documents.
    """
    convert_offsets("", (), offset_unit)
    if ids is None:
        ids = [document.id for document in documents]
    if sources is None:
        sources = [read_source(document.text) for document in documents]
    answer: dict[str, Any] = {
        "id": id,
        "model": {
            "name": manifest.name,
            "version": manifest.version,
            "sha256": manifest.sha256,
        },
        "offset_unit": offset_unit,
        "results": [
            _result(source, source.document(document), result_id, count, offset_unit)
            for source, document, result_id, count in zip(
                sources, documents, ids, windows, strict=True
            )
        ],
    }
    if decisions is not None:
        for result, decision in zip(answer["results"], decisions.results, strict=True):
            result["decision"] = decision.as_dict()
        answer["decision"] = decisions.whole.as_dict()
    return answer


def _result(
    source: Source, document: Document, id: str | None, windows: int, offset_unit: str
) -> dict[str, Any]:
    spans = sorted(document.spans, key=lambda span: (span.start, -span.end, span.label))
    starts = convert_offsets(document.text, (span.start for span in spans), offset_unit)
    ends = convert_offsets(document.text, (span.end for span in spans), offset_unit)
    highest: dict[str, float] = {}
    for span in spans:
        highest[span.label] = max(highest.get(span.label, 0.0), _rounded(span))
    return {
        "id": id,
        "windows": windows,
        "spans": [
            {
                "start": start,
                "end": end,
                "text": source.quote(span.start, span.end),
                "label": span.label,
                "score": _rounded(span),
            }
            for span, start, end in zip(spans, starts, ends, strict=True)
        ],
        "labels": {label: highest[label] for label in sorted(highest)},
    }


def _rounded(span: Span) -> float:
    # A score may come as a numpy scalar, which json can't write.
    return round(float(span.score), _DECIMALS)
