"""Whether the process lives, and whether it can work."""

from apiflask import APIBlueprint

from service.access import Keyless, needs
from service.engine import Engine
from service.openapi import problem_responses
from service.schemas import Health

__all__ = ["blueprint"]


def blueprint(engine: Engine) -> APIBlueprint:
    """The routes under /health."""
    routes = APIBlueprint("health", __name__, url_prefix="/health", tag="Health")

    @routes.get("/live")
    @needs(Keyless.ANYONE)
    @routes.output(Health)
    @routes.doc(operation_id="live", responses=problem_responses())
    def live() -> Health:
        """Whether the process answers at all"""
        return Health()

    @routes.get("/ready")
    @needs(Keyless.ANYONE)
    @routes.output(Health)
    @routes.doc(operation_id="ready", responses=problem_responses(503))
    def ready() -> Health:
        """Whether the model is loaded and warm, and the service not stopping"""
        engine.check_ready()
        return Health()

    return routes
