"""What is kept: feedback, and what the store adds to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tagger import Document

__all__ = ["Feedback", "KeyReused", "Record", "Retry", "Verdict"]

Verdict = Literal["accept", "correct", "reject"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict on one text.

    document       the text and the spans of the verdict; its id is the client's own
    verdict        accept: the spans are right and complete; correct: they are, and replace the
                   model's; reject: the text holds none of them
    model_version  of the model whose spans were judged
    annotator      who judged, if they said
    """

    document: Document
    verdict: Verdict
    model_version: str
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Feedback as it was stored; ids grow in order of arrival, `received` is in UTC."""

    id: int
    received: datetime
    feedback: Feedback

    def to_json(self) -> dict[str, Any]:
        """The record as one line of the stream: what training reads."""
        document = self.feedback.document
        return {
            "id": self.id,
            "received": self.received.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "text": document.text,
            "spans": [
                {"start": span.start, "end": span.end, "label": span.label}
                for span in document.spans
            ],
            "verdict": self.feedback.verdict,
            "model_version": self.feedback.model_version,
            "annotator": self.feedback.annotator,
        }


@dataclass(frozen=True, slots=True)
class Retry:
    """What makes a retry safe: the client's key, and the sha256 of what it sent under it."""

    key: str
    fingerprint: str


class KeyReused(Exception):
    """A key came again with another payload."""
