"""The technique of fragments that someone else marked: for annotation tools."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from service.access import needs
from service.engine import Engine
from service.keys import Scope
from service.offsets import in_code_points
from service.openapi import problem_responses
from service.problems import Fault, Problem, pointer
from service.schemas import ClassifyAnswer, ClassifyRequest
from service.settings import Settings
from tagger import InputError

__all__ = ["blueprint"]

_DECIMALS = 4
_EXAMPLE = {
    "text": "They greeted the troops with wartime ecstasy.",
    "fragments": [{"start": 29, "end": 44}],
}


def blueprint(engine: Engine, settings: Settings) -> APIBlueprint:
    """The route /v1/classify."""
    routes = APIBlueprint("classify", __name__, url_prefix="/v1", tag="Tagging")
    routes.before_request(engine.queue.check)  # before the body is read

    @routes.post("/classify")
    @needs(Scope.TAG)
    @routes.input(ClassifyRequest, arg_name="sent", example=_EXAMPLE)
    @routes.output(ClassifyAnswer)
    @routes.doc(operation_id="classify", responses=problem_responses(400, 413, 415, 422, 429, 503))
    def classify(sent: ClassifyRequest) -> dict[str, Any]:
        """Name the technique of fragments of a text"""
        tagger = engine.tagger
        _check_number(len(sent.fragments), settings.max_paragraphs)
        fragments = in_code_points(sent.text, sent.fragments, sent.offset_unit)
        try:
            classified = engine.classify(tagger, sent.text, fragments)
        except InputError as error:
            raise _without_a_word(error) from None
        return {
            "model": asdict(tagger.manifest),
            "offset_unit": sent.offset_unit,
            "results": [
                {
                    "start": fragment.start,
                    "end": fragment.end,
                    "text": sent.text[found.start : found.end],
                    "label": found.label,
                    "score": round(found.score, _DECIMALS),
                    "scores": {
                        label: round(score, _DECIMALS) for label, score in found.scores.items()
                    },
                }
                for fragment, found in zip(sent.fragments, classified, strict=True)
            ],
        }

    return routes


def _check_number(fragments: int, most: int) -> None:
    if fragments > most:
        detail = f"a request may have {most} fragments at most, this one has {fragments}"
        raise Problem(413, detail, [Fault("/fragments", "too_many_fragments", detail)])


def _without_a_word(error: InputError) -> Problem:
    path = ("fragments",) if error.item is None else ("fragments", error.item)
    reason = "the fragment holds no word or sign that could be classified"
    return Problem(422, reason, [Fault(pointer(path), "no_word", reason)])
