"""What Prometheus reads."""

from apiflask import APIBlueprint
from flask import Response

from service.access import needs
from service.engine import Engine
from service.keys import Scope
from service.metrics import MEDIA_TYPE
from service.openapi import problem_responses

__all__ = ["blueprint"]

_ANSWER = {
    "description": "Prometheus' text format",
    "content": {MEDIA_TYPE.partition(";")[0]: {"schema": {"type": "string"}}},
}


def blueprint(engine: Engine) -> APIBlueprint:
    """The route /metrics."""
    routes = APIBlueprint("metrics", __name__, tag="Metrics")

    @routes.get("/metrics")
    @needs(Scope.ADMIN)
    @routes.doc(operation_id="metrics", responses={200: _ANSWER, **problem_responses()})
    def metrics() -> Response:
        """Counts and durations, for Prometheus"""
        loading = engine.loading
        if loading.done() and loading.exception() is None:
            engine.metrics.use(engine.tagger.manifest)
        return Response(engine.metrics.page(), content_type=MEDIA_TYPE)

    return routes
