"""From what a client sent to what is kept: plain text, and spans in its code points."""

from collections.abc import Collection

from service.feedback.records import Feedback
from service.feedback.schemas import FeedbackRequest
from service.offsets import in_code_points
from service.problems import Fault, Problem, pointer
from tagger import Document, Span, read_source

__all__ = ["read_feedback"]

_UNKNOWN = "neither the model nor the setting feedback_labels has this label"
_NO_TEXT = "the span holds no text"


def read_feedback(sent: FeedbackRequest, labels: Collection[str]) -> Feedback:
    """The feedback that a request holds, its spans sorted by start, the longer first, label.

    labels  ids that a span may bear

    Raises Problem with 422 for spans that don't fit the text, or bear another label.
    """
    marked = sent.spans or []
    fragments = in_code_points(sent.text, marked, sent.offset_unit, "spans")
    source = read_source(sent.text, sent.content_type)
    spans: list[Span] = []
    faults: list[Fault] = []
    for number, (one, fragment) in enumerate(zip(marked, fragments, strict=True)):
        start, end = source.to_text(*fragment)
        if start >= end:
            faults.append(Fault(pointer(("spans", number)), "no_text", _NO_TEXT))
        elif one.label not in labels:
            faults.append(Fault(pointer(("spans", number, "label")), "unknown_label", _UNKNOWN))
        else:
            spans.append(Span(start, end, one.label))
    if faults:
        detail = "the request holds spans that can't be kept"
        raise Problem(422, detail, faults)
    spans.sort(key=lambda span: (span.start, -span.end, span.label))
    document = Document(source.text, tuple(spans), sent.id)
    return Feedback(document, sent.verdict, sent.model_version, sent.annotator)
