"""Tagging."""

from apiflask import APIBlueprint
from flask import Response, jsonify

from service.access import needs
from service.engine import Engine
from service.keys import Scope
from service.openapi import problem_responses
from service.problems import Fault, Problem, pointer
from service.schemas import TagAnswer, TagRequest
from service.settings import Settings
from tagger import Policy, Tagger, read_source, to_answer

__all__ = ["answer", "blueprint"]

_EXAMPLE = {
    "text": "They greeted the troops with wartime ecstasy.",
    "thresholds": {"default": 0.4},
}


def blueprint(engine: Engine, settings: Settings) -> APIBlueprint:
    """The route /v1/tag."""
    routes = APIBlueprint("tag", __name__, url_prefix="/v1", tag="Tagging")
    routes.before_request(engine.queue.check)  # before the body is read

    @routes.post("/tag")
    @needs(Scope.TAG)
    @routes.input(TagRequest, arg_name="sent", example=_EXAMPLE)
    @routes.output(TagAnswer)
    @routes.doc(operation_id="tag", responses=problem_responses(400, 413, 415, 422, 429, 503))
    def tag(sent: TagRequest) -> Response:
        """Tag a text, or the paragraphs of a document"""
        return answer(engine, settings, sent, tagger=engine.tagger)

    return routes


def answer(
    engine: Engine,
    settings: Settings,
    sent: TagRequest,
    *,
    tagger: Tagger,
    policy: Policy | None = None,
) -> Response:
    """What `tagger` finds in a request's paragraphs, and what the policy decides on it, as JSON:
    `to_answer` is not read and written once more by the models of the document.

    Raises Problem for too many paragraphs or windows or an unknown label, QueueFull.
    """
    paragraphs = sent.sources()
    _check_count(len(paragraphs), settings.max_paragraphs)
    _check_labels(sent, tagger.labels)
    sources = [read_source(paragraph.text, sent.content_type) for paragraph in paragraphs]
    tagged = engine.tag(
        tagger,
        [source.text for source in sources],
        labels=sent.labels,
        thresholds=sent.thresholds,
    )
    return jsonify(
        to_answer(
            tagger.manifest,
            tagged.documents,
            windows=tagged.windows,
            ids=[paragraph.id for paragraph in paragraphs],
            id=sent.id,
            offset_unit=sent.offset_unit,
            sources=sources,
            decisions=policy.decide(tagged.documents) if policy else None,
        )
    )


def _check_count(paragraphs: int, most: int) -> None:
    if paragraphs > most:
        detail = f"a request may have {most} paragraphs at most, this one has {paragraphs}"
        raise Problem(413, detail, [Fault("/paragraphs", "too_many_paragraphs", detail)])


def _check_labels(sent: TagRequest, known: tuple[str, ...]) -> None:
    """Refuse labels that the model does not know; only it can tell, so no schema does."""
    paths: list[tuple[str | int, ...]] = [
        ("labels", index) for index, label in enumerate(sent.labels or ()) if label not in known
    ]
    paths += [
        ("thresholds", name) for name in sent.thresholds or () if name not in (*known, "default")
    ]
    if paths:
        reason = "the model has no such label: /v1/labels lists those it has"
        faults = [Fault(pointer(path), "unknown_label", reason) for path in paths]
        raise Problem(422, "the request names a label that the model does not know", faults)
