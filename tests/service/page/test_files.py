"""The page and its files as the service sends them."""

import re
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tagger import BASE_CSS, PALETTE_CSS, Tagger, to_html

OWN = Path(__file__).parents[3] / "service" / "page"
FILES = {path.name for path in (BASE_CSS, PALETTE_CSS, *OWN.iterdir())}


@pytest.fixture
def page(app: APIFlask) -> FlaskClient:
    """A client without the OpenAPI document, in which the page is not."""
    return FlaskClient(app, app.response_class)


def test_every_file_is_served_and_allows_nothing_inline(page: FlaskClient) -> None:
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
    for name in FILES:
        path = "/" if name == "index.html" else f"/page/{name}"
        with page.get(path) as response:
            assert response.status_code == 200
            assert response.mimetype == types[name.rpartition(".")[2]]
            policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        sources = set(re.findall(r"[a-z-]+-src ([^;]*)", policy))
        assert sources == {"'none'", "'self'", "'self' data:"}


@pytest.mark.parametrize("name", ["index.html", "", "..%2Fapp.py", "../app.py", "nothing.js"])
def test_nothing_else_is(page: FlaskClient, name: str) -> None:
    assert page.get(f"/page/{name}").status_code == 404


def test_no_file_names_another_host(page: FlaskClient) -> None:
    for name in FILES:
        with page.get("/" if name == "index.html" else f"/page/{name}") as response:
            assert not re.search(r"//\w", response.text)


def test_techniques_look_as_in_the_report(page: FlaskClient, tagger: Tagger) -> None:
    """One palette: whoever changes the one page changes the other."""
    report = to_html([], tagger.manifest.labels, tagger.manifest, title="")
    with page.get("/page/palette.css") as response:
        own = response.text
    assert "--hue-6" in own
    assert own in report
