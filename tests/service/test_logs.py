"""What the log says of each request, and what it never says."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import Settings, create_app, logs
from service.keys import add_key
from tagger import Tagger

Lines = Callable[[], list[dict[str, Any]]]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, which is afterwards as it was before."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logging.captureWarnings(False)


def test_one_line_for_a_request(client: FlaskClient, logged: Lines) -> None:
    headers = {"X-Request-ID": "req-1", "traceparent": PARENT}
    response = client.post("/v1/tag", json={"text": "xyzzy"}, headers=headers)
    [line] = logged()
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "service.tracing",
        "request_id": "req-1",
        "traceparent": PARENT,
        "method": "POST",
        "route": "/v1/tag",
        "status": 200,
        "request_bytes": len(b'{"text":"xyzzy"}') + 1,
        "response_bytes": len(response.data),
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/xyzzy", {"method": "GET", "status": 404}),
        ("GET", "/v1/tag?xyzzy=xyzzy", {"method": "GET", "status": 405}),
        ("XYZZY", "/v1/tag", {"method": "_OTHER", "status": 405}),
        ("GET", "/docs/docs.js?xyzzy", {"method": "GET", "status": 200}),
    ],
)
def test_nothing_of_what_was_sent(
    app: Any, logged: Lines, method: str, path: str, expected: dict[str, Any]
) -> None:
    headers = {"User-Agent": "xyzzy", "Referer": "xyzzy", "Cookie": "xyzzy"}
    app.test_client().open(path, method=method, headers=headers, buffered=True)
    [line] = logged()
    assert expected.items() <= line.items()
    assert "xyzzy" not in str(line).lower()


@pytest.mark.parametrize(
    "sent",
    ["", "xyzzy", PARENT.upper(), PARENT + "-xyzzy", PARENT[:-1], f"{PARENT},{PARENT}", "é"],
)
def test_a_traceparent_that_is_none_is_not_logged(
    client: FlaskClient, logged: Lines, sent: str
) -> None:
    client.get("/health/live", headers={"traceparent": sent})
    [line] = logged()
    assert "traceparent" not in line


def test_ids_do_not_outlive_their_request(client: FlaskClient, logged: Lines) -> None:
    client.get("/health/live", headers={"traceparent": PARENT, "X-Request-ID": "first"})
    client.get("/health/live")
    first, second = logged()
    assert first["request_id"] == "first" != second["request_id"]
    assert "traceparent" not in second


def test_the_name_of_a_key_but_not_the_key(tagger: Tagger, tmp_path: Any, logged: Lines) -> None:
    secret = add_key(tmp_path / "keys", "cms", ["tag"])
    client = create_app(Settings(keys=tmp_path / "keys"), tagger).test_client()
    for headers in ({"X-API-Key": secret}, {"Authorization": f"Bearer {secret}"}, {}):
        client.get("/v1/labels", headers=headers)
    client.get("/v1/labels", headers={"X-API-Key": secret[:-1]})
    assert [line.get("key") for line in logged()] == ["cms", "cms", None, None]
    assert secret[:-1] not in str(logged())


def test_lines_of_libraries_look_the_same(root: logging.Logger) -> None:
    written = io.StringIO()
    logs.configure("info", written)
    logging.getLogger("some.library").info("read %d rows", 3, extra={"rows": 3})
    logging.getLogger("some.library").debug("not at this level")
    warnings.warn("this is old", DeprecationWarning, stacklevel=1)
    first, second = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (first["event"], first["rows"]) == ("read 3 rows", 3)
    assert (first["logger"], first["level"]) == ("some.library", "info")
    assert "this is old" in second["event"]
    assert second["level"] == "warning"


def test_an_exception_is_shown_without_its_text(root: logging.Logger) -> None:
    written = io.StringIO()
    logs.configure("info", written)
    try:
        json.loads("xyzzy")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    line = json.loads(written.getvalue())
    assert (line["event"], line["exception"]) == ("it failed", "JSONDecodeError")
    assert any("raw_decode" in frame for frame in line["frames"])
    assert "xyzzy" not in written.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_people_at_a_terminal_read_no_json(root: logging.Logger) -> None:
    terminal = Terminal()
    logs.configure("info", terminal)
    logging.getLogger("service").warning("take care", extra={"status": 503})
    assert "take care" in terminal.getvalue()
    assert "503" in terminal.getvalue()
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(terminal.getvalue())


def test_a_server_logs_from_a_level_upwards(serve: Callable[..., Any]) -> None:
    service = serve("--log-level", "warning")
    service.ask("/v1/tag", {"text": "xyzzy"})
    with service.connect() as client:
        client.sendall(b"xyzzy marker\r\n\r\n")
        assert b" 400 " in client.recv(1_000)
    [line] = service.lines()  # nothing below a warning, gunicorn's own lines included
    assert line["event"].startswith("no answer but 400")
    assert line["logger"] == "gunicorn.error"
