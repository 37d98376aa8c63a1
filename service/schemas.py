"""The JSON that goes in and out, as pydantic models; the OpenAPI document is made from them."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

__all__ = [
    "ClassifyAnswer",
    "ClassifyRequest",
    "Fragment",
    "Health",
    "Labels",
    "Model",
    "ModelCard",
    "OffsetUnit",
    "Paragraph",
    "RequestModel",
    "Result",
    "TagAnswer",
    "TagRequest",
    "Threshold",
    "only_id_may_be_null",
]

Threshold = Annotated[float, Field(ge=0, le=1)]
OffsetUnit = Annotated[
    Literal["code_point", "utf16", "utf8"],
    Field(description="what start and end count: code points, UTF-16 code units or UTF-8 bytes"),
]

ContentType = Annotated[
    Literal["text/plain", "text/html"],
    Field(
        description="how texts are read. Of HTML the text of block elements is tagged; offsets "
        "index the HTML as sent, and no span crosses a block element"
    ),
]


def only_id_may_be_null(schema: dict[str, Any]) -> None:
    """Show optional fields as what they are: left out, or of one type. Only an id may be null."""
    for name, field in schema["properties"].items():
        if name != "id" and "anyOf" in field:
            (shape,) = (option for option in field.pop("anyOf") if option != {"type": "null"})
            field.update(shape)
        if field.get("default", ...) is None:
            del field["default"]


class RequestModel(BaseModel):
    """A part of a request: nothing unknown, nothing converted, no null but for an id."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, json_schema_extra=only_id_may_be_null
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: Any, info: Any) -> Any:
        if value is None and info.field_name != "id":
            raise PydanticCustomError("null", "this field can't be null: leave it out instead")
        return value


class Paragraph(RequestModel):
    """One paragraph of a document."""

    id: Annotated[str | None, Field(description="comes back with the paragraph's result")] = None
    text: str


def _text_or_paragraphs(schema: dict[str, Any]) -> None:
    only_id_may_be_null(schema)
    schema["oneOf"] = [{"required": ["text"]}, {"required": ["paragraphs"]}]


class TagRequest(RequestModel):
    """A document to tag: one text, or its paragraphs in order."""

    model_config = ConfigDict(json_schema_extra=_text_or_paragraphs)

    id: Annotated[str | None, Field(description="comes back with the answer")] = None
    text: Annotated[str | None, Field(description="the whole document as one text")] = None
    paragraphs: Annotated[
        list[Paragraph] | None,
        Field(description="the document's paragraphs in order; neighbours serve as context"),
    ] = None
    content_type: ContentType = "text/plain"
    labels: Annotated[
        list[str] | None, Field(description="ids of the labels to return; all if left out")
    ] = None
    thresholds: Annotated[
        dict[str, Threshold] | None,
        Field(
            description="lowest score of the spans to return, by label id; `default` stands for "
            "the labels not named. Thresholds only filter: 0 returns every candidate"
        ),
    ] = None
    offset_unit: OffsetUnit = "code_point"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.text is None) == (self.paragraphs is None):
            raise PydanticCustomError(
                "text_or_paragraphs", "send either text or paragraphs, exactly one of them"
            )
        return self

    def sources(self) -> list[Paragraph]:
        """The paragraphs; a text alone is one paragraph without an id."""
        return [Paragraph(text=self.text or "")] if self.paragraphs is None else self.paragraphs


class Model(BaseModel):
    """The model that answered."""

    name: str
    version: str
    sha256: str


class Span(BaseModel):
    """A labelled fragment; offsets are half-open and index the text as it was sent."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(description="what stands there: of HTML its text nodes, decoded")]
    label: str
    score: Threshold


class Result(BaseModel):
    """What was found in one paragraph."""

    id: str | None
    windows: Annotated[int, Field(ge=0, description="windows the text was cut into")]
    spans: Annotated[list[Span], Field(description="sorted by start, the longer first, label")]
    labels: Annotated[dict[str, Threshold], Field(description="highest score by label found")]


class TagAnswer(BaseModel):
    """One result per paragraph, in the order sent."""

    id: str | None
    model: Model
    offset_unit: OffsetUnit
    results: list[Result]


class Fragment(RequestModel):
    """A part of a text; offsets are half-open."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class ClassifyRequest(RequestModel):
    """Fragments that someone marked in a text, to be given their technique."""

    text: str
    fragments: Annotated[
        list[Fragment],
        Field(description="one that is given k times gets its k most likely techniques"),
    ]
    offset_unit: OffsetUnit = "code_point"


class Classified(Span):
    """A fragment and its most likely technique."""

    scores: Annotated[
        dict[str, Threshold], Field(description="probability of every technique; their sum is 1")
    ]


class ClassifyAnswer(BaseModel):
    """One result per fragment, in the order sent."""

    model: Model
    offset_unit: OffsetUnit
    results: list[Classified]


class Label(BaseModel):
    """One technique of the taxonomy."""

    id: str
    name: str
    corpus_name: str
    definition: str
    example: str
    threshold: Annotated[Threshold, Field(description="used where a request gives none")]


class Labels(BaseModel):
    """The taxonomy that the model brings."""

    model: Model
    labels: list[Label]


class ModelCard(BaseModel):
    """What the model is, how good it is, and how much the service takes at once."""

    model: Model
    format: Annotated[int, Field(description="number of the model folder's format")]
    labels: Annotated[list[str], Field(description="ids: /v1/labels says more")]
    window_tokens: Annotated[int, Field(ge=1, description="most tokens the model sees at once")]
    trained_on: dict[str, Any]
    figures: Annotated[dict[str, Any], Field(description="as they were measured at training")]
    libraries: Annotated[dict[str, str], Field(description="versions the model was made with")]
    limits: Annotated[
        dict[str, int],
        Field(description="settings of the service beyond which it answers 413 (`max_...`) or 429"),
    ]


class Health(BaseModel):
    """The service is well."""

    status: Literal["ok"] = "ok"
