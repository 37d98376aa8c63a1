"""The page that shows the OpenAPI document, and the headers that keep it to itself."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

PAGES = ["/docs", "/docs/docs.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"]


@pytest.fixture
def address(app: APIFlask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_is_drawn_by_this_host_alone(address: str, open_page: Any) -> None:
    opened = open_page(f"{address}/docs")
    page = opened.page
    operation = page.locator("#operations-Tagging-tag")
    operation.wait_for()
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tr.response td.response-col_status").first
    answer.wait_for()
    shown = page.locator("body").inner_text()
    status = answer.inner_text()
    opened.close()
    assert status.startswith("200")
    for path in ("/v1/tag", "/v1/labels", "/health/ready", "/metrics"):
        assert path in shown
    asked = opened.urls()
    assert f"{address}/v1/tag" in asked
    assert [url for url in asked if not url.startswith((f"{address}/", "blob:"))] == []
    assert opened.complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_files(app: APIFlask, path: str) -> None:
    response = app.test_client().get(path, buffered=True)
    assert response.status_code == 200
    kind = {"js": "text/javascript", "css": "text/css"}.get(path.rpartition(".")[2], "text/html")
    assert response.mimetype == kind
    assert b"cdn" not in response.data[:2_000].lower()
    known = {"If-None-Match": response.headers["ETag"]}
    again = app.test_client().get(path, headers=known, buffered=True)
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/docs/", "/docs/index.html", "/docs/../keys.py", "/docs/x"])
def test_no_other_file_is_served(app: APIFlask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "method"),
    [(path, "GET") for path in [*PAGES, "/health/live", "/openapi.json", "/metrics", "/nothing"]]
    + [("/v1/tag", "POST"), ("/v1/tag", "GET"), ("/v1/tag", "OPTIONS")],
)
def test_every_answer_carries_security_headers(app: APIFlask, path: str, method: str) -> None:
    headers: Any = app.test_client().open(path, method=method, buffered=True).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not any(word in policy for word in ("http", "*", "unsafe"))
    assert ("script-src 'self'" in policy) == (path == "/docs")


def test_answers_are_not_kept_by_caches(client: FlaskClient) -> None:
    assert client.get("/v1/labels").headers["Cache-Control"] == "no-store"
