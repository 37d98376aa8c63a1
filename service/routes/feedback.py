"""Feedback: what moderators say of the spans, taken in and given out."""

import errno
import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from service.access import needs
from service.engine import Engine
from service.feedback import (
    RECORDS,
    After,
    FeedbackAnswer,
    FeedbackRequest,
    FeedbackStore,
    KeyReused,
    Record,
    Retry,
    RetryHeader,
    read_feedback,
)
from service.keys import Scope
from service.openapi import problem_responses
from service.problems import Fault, NotReady, Problem
from service.settings import Settings

__all__ = ["JSON_LINES", "blueprint"]

JSON_LINES = "application/jsonl"

_EXAMPLE = {
    "text": "They greeted the troops with wartime ecstasy.",
    "model_version": "2026.11.1",
    "verdict": "accept",
    "spans": [{"start": 29, "end": 44, "label": "loaded_language"}],
}
_STREAM: dict[int | str, Any] = {
    200: {"description": "The records", "content": {JSON_LINES: {"schema": RECORDS}}}
}


def blueprint(engine: Engine, store: FeedbackStore, settings: Settings) -> APIBlueprint:
    """The routes under /v1/feedback."""
    routes = APIBlueprint("feedback", __name__, url_prefix="/v1", tag="Feedback")

    @routes.post("/feedback")
    @needs(Scope.FEEDBACK)
    @routes.input(RetryHeader, location="headers", arg_name="header")
    @routes.input(FeedbackRequest, arg_name="sent", example=_EXAMPLE)
    @routes.output(FeedbackAnswer, 201, description="The record is on disk")
    @routes.doc(operation_id="add_feedback", responses=problem_responses(400, 413, 415, 422, 503))
    def add(sent: FeedbackRequest, header: RetryHeader) -> dict[str, int]:
        """Say what is right in a text: a verdict on the spans that the model found"""
        retry = None
        if header.idempotency_key is not None:
            retry = Retry(header.idempotency_key, _fingerprint(sent))
        labels = {*engine.tagger.labels, *settings.feedback_labels}
        try:
            return {"id": _stored(store, sent, labels, retry)}
        except KeyReused:
            detail = "this Idempotency-Key came before with another payload: use a new one"
            fault = Fault("/idempotency_key", "idempotency_key_reused", detail)
            raise Problem(422, detail, [fault]) from None

    @routes.get("/feedback")
    @needs(Scope.FEEDBACK)
    @routes.input(After, location="query", arg_name="query")
    @routes.doc(operation_id="read_feedback", responses=_STREAM | problem_responses(422, 503))
    def read(query: After) -> Response:
        """Stream the records in order of arrival, as JSON lines"""
        if len(request.args.getlist("after")) > 1:
            detail = "give one place to go on after"
            raise Problem(422, detail, [Fault("/after", "repeated", detail)])
        pages = store.pages(query.after)
        first = next(pages)  # before the status is sent
        return Response(_lines(chain([first], pages)), mimetype=JSON_LINES)

    return routes


def _stored(
    store: FeedbackStore, sent: FeedbackRequest, labels: set[str], retry: Retry | None
) -> int:
    try:
        feedback = read_feedback(sent, labels)
    except Problem:
        # A retry gets its first answer even if the model, and so the labels, have changed since.
        if retry is not None and (first := store.first_id(retry)) is not None:
            return first
        raise
    return store.add(feedback, retry)


def _fingerprint(sent: FeedbackRequest) -> str:
    """The same for the same members, in whatever order they came."""
    payload = json.dumps(sent.model_dump(exclude_unset=True), sort_keys=True)
    return sha256(payload.encode()).hexdigest()


def _lines(pages: Iterator[list[Record]]) -> Iterator[str]:
    try:
        for page in pages:
            # In ASCII, as some readers take U+2028 and its like for the end of a line.
            yield "".join(json.dumps(record.to_json()) + "\n" for record in page)
    except NotReady:
        # An answer that has begun can only break off, before its last chunk; the server takes
        # this error for a lost connection.
        raise ConnectionResetError(errno.ECONNRESET, "the store failed in mid-stream") from None
