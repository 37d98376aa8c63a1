"""The OpenAPI document for people, drawn by Swagger UI from this host alone."""

from pathlib import Path

import flask_swagger_ui
from apiflask import APIBlueprint
from flask import Response, send_from_directory
from werkzeug.exceptions import NotFound

from service.access import Keyless, needs
from service.headers import PAGE_POLICY

__all__ = ["blueprint"]

_OURS = Path(__file__).parents[1] / "pages"
_SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
_FILES = {
    "docs.js": _OURS,
    "swagger-ui.css": _SWAGGER_UI,
    "swagger-ui-bundle.js": _SWAGGER_UI,
}


def blueprint() -> APIBlueprint:
    """The routes /docs and /docs/FILE."""
    routes = APIBlueprint("docs", __name__, url_prefix="/docs", enable_openapi=False)

    @routes.get("")
    @needs(Keyless.PAGE)
    def page() -> Response:
        response = send_from_directory(_OURS, "docs.html")
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    @routes.get("/<name>")
    @needs(Keyless.PAGE)
    def file(name: str) -> Response:
        if name not in _FILES:
            raise NotFound
        return send_from_directory(_FILES[name], name)

    return routes
