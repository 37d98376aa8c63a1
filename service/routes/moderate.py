"""Moderation: tagging, and what a policy decides on it."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from service.access import needs
from service.engine import Engine
from service.keys import Scope
from service.moderation import ModerateAnswer, ModerateRequest
from service.moderation import Policies as PoliciesAnswer
from service.openapi import problem_responses
from service.policies import Policies
from service.problems import Fault, Problem
from service.routes.tag import answer
from service.settings import Settings
from tagger import Policy

__all__ = ["blueprint"]

_EXAMPLE = {"text": "They greeted the troops with wartime ecstasy.", "policy": "default"}


def blueprint(engine: Engine, settings: Settings) -> APIBlueprint:
    """The routes /v1/moderate and /v1/policies."""
    routes = APIBlueprint("moderate", __name__, url_prefix="/v1", tag="Moderation")

    @routes.before_request  # before the body is read
    def check_room() -> None:
        if request.method == "POST":
            engine.queue.check()

    @routes.post("/moderate")
    @needs(Scope.TAG)
    @routes.input(ModerateRequest, arg_name="sent", example=_EXAMPLE)
    @routes.output(ModerateAnswer)
    @routes.doc(operation_id="moderate", responses=problem_responses(400, 413, 415, 422, 429, 503))
    def moderate(sent: ModerateRequest) -> Response:
        """Tag a document, and decide on each paragraph and on the whole

        A policy decides on the spans of the answer: `labels` and `thresholds` leave out spans
        before it decides.
        """
        served = engine.served
        policy = _policy(served.policies, sent.policy)
        return answer(engine, settings, sent, tagger=served.tagger, policy=policy)

    @routes.get("/policies")
    @needs(Scope.TAG)
    @routes.output(PoliciesAnswer)
    @routes.doc(operation_id="policies", responses=problem_responses(503))
    def listed() -> dict[str, Any]:
        """The policies that a request to /v1/moderate may name"""
        served = engine.served
        every = list(served.tagger.labels)
        shown = [asdict(policy) for policy in served.policies.all()]
        for rule in (rule for policy in shown for rule in policy["rules"]):
            rule["labels"] = rule["labels"] or every
        return {"default": served.policies.default.name, "policies": shown}

    return routes


def _policy(policies: Policies, name: str | None) -> Policy:
    policy = policies.default if name is None else policies.get(name)
    if policy is None:
        reason = "there is no such policy: /v1/policies lists those there are"
        raise Problem(422, reason, [Fault("/policy", "unknown_policy", reason)])
    return policy
