"""The taxonomy of the model."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from service.access import needs
from service.engine import Engine
from service.keys import Scope
from service.openapi import problem_responses
from service.schemas import Labels

__all__ = ["blueprint"]


def blueprint(engine: Engine) -> APIBlueprint:
    """The route /v1/labels."""
    routes = APIBlueprint("labels", __name__, url_prefix="/v1", tag="Model")

    @routes.get("/labels")
    @needs(Scope.TAG, Scope.FEEDBACK)
    @routes.output(Labels)
    @routes.doc(operation_id="labels", responses=problem_responses(503))
    def labels() -> dict[str, Any]:
        """The techniques that the model knows"""
        manifest = asdict(engine.tagger.manifest)
        return {"model": manifest, "labels": manifest["labels"]}

    return routes
