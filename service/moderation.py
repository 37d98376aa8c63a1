"""The JSON of moderation, as pydantic models: requests, decisions with reasons, policies."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from service.schemas import Model, OffsetUnit, Result, TagRequest, Threshold

__all__ = ["ModerateAnswer", "ModerateRequest", "Policies"]

Action = Annotated[
    Literal["allow", "review", "block"], Field(description="from the most lenient to the strictest")
]


class ModerateRequest(TagRequest):
    """A document to tag and to decide on."""

    policy: Annotated[
        str | None, Field(description="the policy that decides; the default one if left out")
    ] = None


class PolicyVersion(BaseModel):
    """The policy that decided."""

    name: str
    version: str


class Reason(BaseModel):
    """A rule that holds, and the spans that make it hold."""

    rule: str
    labels: Annotated[list[str], Field(description="the labels of these spans, sorted")]
    spans: Annotated[
        list[Annotated[int, Field(ge=0)]],
        Field(description="places of the spans in `spans` of the result, from 0"),
    ]


class DocumentReason(Reason):
    """A rule that holds for the document, and the spans of one result that help to make it hold."""

    result: Annotated[int, Field(ge=0, description="place of the result in `results`, from 0")]


class Decision(BaseModel):
    """What the policy decides on one paragraph: the strictest action of the rules that hold."""

    action: Action
    policy: PolicyVersion
    reasons: Annotated[list[Reason], Field(description="the rules that ask for this action")]


class DocumentDecision(BaseModel):
    """What the policy decides on the document: on its paragraphs, each alone and all as one text.

    A rule that several paragraphs make hold has a reason for each of them.
    """

    action: Action
    policy: PolicyVersion
    reasons: Annotated[
        list[DocumentReason], Field(description="the rules that ask for this action")
    ]


class ModeratedResult(Result):
    """What was found in one paragraph, and what the policy decides on it alone."""

    decision: Decision


class ModerateAnswer(BaseModel):
    """One result per paragraph, in the order sent, and the decision on the whole document."""

    id: str | None
    model: Model
    offset_unit: OffsetUnit
    results: list[ModeratedResult]
    decision: DocumentDecision


class Rule(BaseModel):
    """What makes a rule hold: enough spans of its labels that score high enough."""

    name: str
    labels: Annotated[list[str], Field(description="the labels whose spans count")]
    score: Annotated[Threshold, Field(description="lowest score of a span that counts")]
    count: Annotated[int, Field(ge=1, description="lowest number of spans that count")]
    per_1000_words: Annotated[
        float, Field(ge=0, le=1000, description="lowest number of them in 1,000 words")
    ]
    action: Action


class Policy(BaseModel):
    """A moderation policy; where no rule holds it decides `allow`."""

    name: str
    version: str
    description: str
    rules: list[Rule]


class Policies(BaseModel):
    """The policies that a request may name."""

    default: Annotated[str, Field(description="decides where a request names none")]
    policies: list[Policy]
