"""The page for people: an article in, its passages marked, corrections out."""

from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, send_file
from werkzeug.exceptions import NotFound

from service.access import Keyless, needs
from service.headers import PAGE_POLICY
from tagger import BASE_CSS, PALETTE_CSS

__all__ = ["blueprint"]

_FOLDER = Path(__file__).parents[1] / "page"
_TYPES = {".css": "text/css", ".js": "text/javascript"}  # some systems' own tables have others
_FILES = {
    path.name: path for path in (BASE_CSS, PALETTE_CSS, *_FOLDER.iterdir()) if path.suffix in _TYPES
}


def blueprint() -> APIBlueprint:
    """The routes / and /page/FILE."""
    routes = APIBlueprint("page", __name__, enable_openapi=False)

    @routes.get("/")
    @needs(Keyless.PAGE)
    def page() -> Response:
        return _file(_FOLDER / "index.html", "text/html")

    @routes.get("/page/<name>")
    @needs(Keyless.PAGE)
    def file(name: str) -> Response:
        if name not in _FILES:
            raise NotFound
        return _file(_FILES[name], _TYPES[_FILES[name].suffix])

    return routes


def _file(path: Path, kind: str) -> Response:
    response = send_file(path, mimetype=kind)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    # Its files must fit each other: a browser asks each time whether they have changed.
    response.headers["Cache-Control"] = "no-cache"
    return response
