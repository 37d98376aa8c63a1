"""What the model is, how good it is, and the limits of the service."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from service.access import needs
from service.engine import Engine
from service.keys import Scope
from service.openapi import problem_responses
from service.schemas import ModelCard
from service.settings import Settings

__all__ = ["blueprint"]


def blueprint(engine: Engine, settings: Settings) -> APIBlueprint:
    """The route /v1/model."""
    routes = APIBlueprint("model", __name__, url_prefix="/v1", tag="Model")

    @routes.get("/model")
    @needs(Scope.TAG, Scope.FEEDBACK)
    @routes.output(ModelCard)
    @routes.doc(operation_id="model", responses=problem_responses(503))
    def model() -> dict[str, Any]:
        """The model's measured figures, and the limits of a request"""
        tagger = engine.tagger
        manifest = asdict(tagger.manifest)
        return manifest | {
            "model": manifest,
            "labels": list(tagger.labels),
            "window_tokens": manifest["window"]["tokens"],
            "limits": settings.limits,
        }

    return routes
