"""Feedback as JSON: what comes in, and what the stream gives."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from service.feedback.records import Verdict
from service.schemas import Fragment, OffsetUnit, RequestModel, only_id_may_be_null

__all__ = ["RECORDS", "After", "FeedbackAnswer", "FeedbackRequest", "RetryHeader"]


class MarkedSpan(Fragment):
    """A fragment that someone marked, or judged."""

    label: str


def _spans_unless_rejected(schema: dict[str, Any]) -> None:
    only_id_may_be_null(schema)
    schema["anyOf"] = [
        {"required": ["spans"]},
        {"properties": {"verdict": {"const": "reject"}}},
    ]


class FeedbackRequest(RequestModel):
    """A verdict on the spans of one text."""

    model_config = ConfigDict(json_schema_extra=_spans_unless_rejected)

    text: str
    model_version: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._+-]{1,64}$",
            description="version of the model whose spans were judged, as its answer named it",
        ),
    ]
    verdict: Annotated[
        Verdict,
        Field(
            description="accept: the spans sent are right and complete; correct: they replace the "
            "model's; reject: the text holds none of them"
        ),
    ]
    spans: Annotated[
        list[MarkedSpan] | None,
        Field(description="may be empty; may be left out with `reject` alone"),
    ] = None
    content_type: Annotated[
        Literal["text/plain", "text/html"],
        Field(description="of HTML the plain text is kept, and the spans by their place in it"),
    ] = "text/plain"
    offset_unit: OffsetUnit = "code_point"
    annotator: Annotated[str | None, Field(description="who judged")] = None
    id: Annotated[str | None, Field(description="the client's own id of the text")] = None

    @model_validator(mode="after")
    def _spans_are_said(self) -> Self:
        if self.spans is None and self.verdict != "reject":
            raise PydanticCustomError(
                "spans_missing", "send spans; an empty list says that the text holds none"
            )
        return self


class FeedbackAnswer(BaseModel):
    """The record is on disk."""

    id: Annotated[int, Field(ge=1, description="grows in order of arrival")]


class RetryHeader(BaseModel):
    """The header that makes a retry safe."""

    model_config = ConfigDict(json_schema_extra=only_id_may_be_null)

    idempotency_key: Annotated[
        str | None,
        Field(
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="a new random key, such as a UUID, for each record. The same payload under "
            "it gets the first answer again, another payload 422. Kept as long as the record",
        ),
    ] = None


def _digits(value: Any) -> int:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20):
        raise PydanticCustomError("record_id", "must be the id of a record, or 0")
    return int(value)


class After(BaseModel):
    """Where the stream begins."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[
        int,
        Field(ge=0, le=2**63 - 1, description="id of the last record that the reader has"),
        BeforeValidator(_digits),
    ] = 0


RECORDS: dict[str, Any] = {
    "description": "one JSON object a line, in order of arrival",
    "type": "array",
    "items": {
        "title": "FeedbackRecord",
        "type": "object",
        "properties": {
            "id": {"type": "integer", "minimum": 1},
            "received": {"type": "string", "format": "date-time"},
            "text": {"type": "string", "description": "plain text, whatever was sent"},
            "spans": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "start": {"type": "integer", "minimum": 0},
                        "end": {"type": "integer", "minimum": 1},
                        "label": {"type": "string"},
                    },
                    "required": ["start", "end", "label"],
                    "additionalProperties": False,
                    "description": "half-open, in code points of `text`, whatever was sent; with "
                    "`reject` a span that was judged wrong",
                },
            },
            "verdict": {"enum": list(get_args(Verdict))},
            "model_version": {"type": "string"},
            "annotator": {"type": ["string", "null"]},
        },
        "required": [
            "id", "received", "text", "spans", "verdict", "model_version", "annotator",
        ],
        "additionalProperties": False,
    },
}  # fmt: skip
"""JSON schema of the stream: of JSON lines, a schema describes the array that they make up."""
