"""What is refused: with which status, at which place of the body, under which code."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

MARKER = "xyzzy marker"  # a text: it may stand in no error and in no log
JSON = {"Content-Type": "application/json"}

# Objects that do not fit the schema: body, pointer, code.
UNFIT: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", "text_or_paragraphs"),
    ({"id": MARKER}, "", "text_or_paragraphs"),
    ({"text": MARKER, "paragraphs": [{"text": MARKER}]}, "", "text_or_paragraphs"),
    ({"text": MARKER, "paragraphs": []}, "", "text_or_paragraphs"),
    ({"text": None}, "/text", "null"),
    ({"text": None, "paragraphs": [{"text": MARKER}]}, "/text", "null"),
    ({"text": 3}, "/text", "string_type"),
    ({"text": True}, "/text", "string_type"),
    ({"text": [MARKER]}, "/text", "string_type"),
    ({"paragraphs": MARKER}, "/paragraphs", "list_type"),
    ({"paragraphs": {"text": MARKER}}, "/paragraphs", "list_type"),
    ({"paragraphs": [MARKER]}, "/paragraphs/0", "model_type"),
    ({"paragraphs": [{"text": MARKER}, {"id": "b"}]}, "/paragraphs/1/text", "missing"),
    ({"paragraphs": [{"text": MARKER, "id": 7}]}, "/paragraphs/0/id", "string_type"),
    ({"paragraphs": [{"text": MARKER, "note": 1}]}, "/paragraphs/0/note", "extra_forbidden"),
    ({"text": MARKER, "id": 17}, "/id", "string_type"),
    ({"text": MARKER, "labells": ["doubt"]}, "/labells", "extra_forbidden"),
    ({"text": "", MARKER: 1}, "", "extra_forbidden"),  # the name may be a text: not quoted
    ({"text": MARKER, "content_type": "text/markdown"}, "/content_type", "literal_error"),
    ({"text": MARKER, "content_type": "TEXT/PLAIN"}, "/content_type", "literal_error"),
    ({"text": MARKER, "offset_unit": "byte"}, "/offset_unit", "literal_error"),
    ({"text": MARKER, "labels": "doubt"}, "/labels", "list_type"),
    ({"text": MARKER, "labels": None}, "/labels", "null"),
    ({"text": MARKER, "labels": [1]}, "/labels/0", "string_type"),
    ({"text": MARKER, "labels": ["loaded_language", MARKER]}, "/labels/1", "unknown_label"),
    ({"text": MARKER, "labels": ["default"]}, "/labels/0", "unknown_label"),
    ({"text": MARKER, "thresholds": 0.4}, "/thresholds", "dict_type"),
    ({"text": MARKER, "thresholds": [0.4]}, "/thresholds", "dict_type"),
    ({"text": MARKER, "thresholds": {"doubt": 1.5}}, "/thresholds/doubt", "less_than_equal"),
    (
        {"text": MARKER, "thresholds": {"default": -0.1}},
        "/thresholds/default",
        "greater_than_equal",
    ),
    ({"text": MARKER, "thresholds": {"doubt": "0.4"}}, "/thresholds/doubt", "float_type"),
    ({"text": MARKER, "thresholds": {"doubt": True}}, "/thresholds/doubt", "float_type"),
    ({"text": MARKER, "thresholds": {"doubt": None}}, "/thresholds/doubt", "float_type"),
    ({"text": MARKER, "thresholds": {"dubt": 0.4}}, "/thresholds/dubt", "unknown_label"),
    ({"text": "", "thresholds": {MARKER: 0.4}}, "/thresholds", "unknown_label"),
]

# Bodies that no schema can refuse: body, status, pointer, code.
MALFORMED: list[tuple[bytes, int, str, str]] = [
    (b"", 400, "", "not_json"),
    (b" \n", 400, "", "not_json"),
    (b'{"text": "xyzzy marker"', 400, "", "not_json"),
    (b'{"text": "xyzzy marker', 400, "", "not_json"),
    (b'{"text": "xyzzy marker"} trailing', 400, "", "not_json"),
    (b"{'text': 'xyzzy marker'}", 400, "", "not_json"),
    (b'{"text": "xyzzy\nmarker"}', 400, "", "not_json"),
    (b'{"text": xyzzy marker}', 400, "", "not_json"),
    (b'\xef\xbb\xbf{"text": "xyzzy marker"}', 400, "", "not_json"),
    (b'{"text": "", "thresholds": {"doubt": NaN}}', 400, "", "not_json"),
    (b'{"text": "", "thresholds": {"doubt": -Infinity}}', 400, "", "not_json"),
    (b'{"text": %s}' % (b"9" * 5_000), 400, "", "not_json"),
    ('{"text": "xyzzy märker"}'.encode("latin-1"), 400, "", "not_utf8"),
    ('{"text": "xyzzy marker"}'.encode("utf-16"), 400, "", "not_utf8"),
    (b'{"text": "xyzzy marker", "text": ""}', 400, "", "duplicate_key"),
    (b'{"paragraphs": [{"text": "xyzzy marker", "text": ""}]}', 400, "", "duplicate_key"),
    (b"[" * 50_000 + b"]" * 50_000, 400, "", "too_deep"),
    (b'{"a":' * 15_000 + b"1" + b"}" * 15_000, 400, "", "too_deep"),
    (b"[" * 99_999, 400, "", "too_deep"),
    (b'{"text": ' + b"[" * 32 + b"]" * 32 + b"}", 400, "", "too_deep"),
    (b'{"text": ' + b"[" * 31 + b"]" * 31 + b"}", 422, "/text", "string_type"),
    (b"[]", 422, "", "object_type"),
    (b'["xyzzy marker"]', 422, "", "object_type"),
    (b'"xyzzy marker"', 422, "", "object_type"),
    (b"null", 422, "", "object_type"),
    (b"17", 422, "", "object_type"),
    (rb'{"text": "xyzzy marker \ud83d"}', 422, "/text", "lone_surrogate"),
    (rb'{"text": "xyzzy marker \udca9\ud83d"}', 422, "/text", "lone_surrogate"),
    (rb'{"paragraphs": [{"text": ""}, {"text": "\udca9"}]}', 422, "/paragraphs/1/text",
     "lone_surrogate"),
    (rb'{"text": "", "\ud83d": 1}', 422, "", "lone_surrogate"),
    (b'{"text": "", "thresholds": {"doubt": 1e999}}', 422, "/thresholds/doubt", "less_than_equal"),
    (b'{"text": "%s"}' % (b"x" * 100_000), 413, "", "too_many_bytes"),
    (json.dumps({"paragraphs": [{"text": MARKER}] * 51}).encode(), 413, "/paragraphs",
     "too_many_paragraphs"),
]  # fmt: skip

# Headers that make the body unreadable: headers, code.
UNSUPPORTED: list[tuple[dict[str, str], str]] = [
    ({}, "content_type"),
    ({"Content-Type": "text/plain"}, "content_type"),
    ({"Content-Type": "application/x-www-form-urlencoded"}, "content_type"),
    ({"Content-Type": "application/jsonp"}, "content_type"),
    ({"Content-Type": "application/json; charset=latin-1"}, "content_type"),
    (JSON | {"Content-Encoding": "gzip"}, "content_encoding"),
    (JSON | {"Content-Encoding": "br"}, "content_encoding"),
]


@pytest.fixture
def client(client: FlaskClient, logged: Callable[[], Any]) -> Iterator[FlaskClient]:
    """The checked client, and a check that what it was used for left no text in the log."""
    yield client
    assert logged()
    assert "xyzzy" not in str(logged())


def refused(response: Any, status: int, pointer: str, code: str) -> None:
    assert response.status_code == status, response.text
    assert (pointer, code) in [(e["pointer"], e["code"]) for e in response.json["errors"]]
    assert "xyzzy" not in response.text
    assert "xyzzy" not in str(response.headers)


@pytest.mark.parametrize(("body", "pointer", "code"), UNFIT)
def test_unfit(client: FlaskClient, body: dict[str, Any], pointer: str, code: str) -> None:
    refused(client.post("/v1/tag", json=body), 422, pointer, code)


@pytest.mark.parametrize("body", [body for body, _, _ in UNFIT])
def test_openapi_document_refuses_the_same(
    request_schema: Draft202012Validator, body: dict[str, Any]
) -> None:
    assert not request_schema.is_valid(body)


@pytest.mark.parametrize(
    ("body", "status", "pointer", "code"), MALFORMED, ids=[repr(b[:40]) for b, *_ in MALFORMED]
)
def test_malformed(client: FlaskClient, body: bytes, status: int, pointer: str, code: str) -> None:
    refused(client.post("/v1/tag", data=body, headers=JSON), status, pointer, code)


@pytest.mark.parametrize(("headers", "code"), UNSUPPORTED)
def test_unsupported(client: FlaskClient, headers: dict[str, str], code: str) -> None:
    body = json.dumps({"text": MARKER}).encode()
    refused(client.post("/v1/tag", data=body, headers=headers), 415, "", code)


def test_many_faults_are_counted_not_listed(client: FlaskClient) -> None:
    response = client.post("/v1/tag", json={f"field{n}": 1 for n in range(5_000)})
    problem: Any = response.json
    assert response.status_code == 422
    assert len(problem["errors"]) == 20
    assert "4980 more" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/page", "GET", 404),
        ("/v1", "GET", 404),
        ("/v1/tag/", "POST", 404),
        ("//v1/tag", "POST", 404),
        ("/v1/tag/xyzzy%20marker", "GET", 404),
        ("/v1/tag", "GET", 405),
        ("/v1/labels", "POST", 405),
        ("/docs/xyzzy", "GET", 404),
    ],
)
def test_paths_and_methods(client: FlaskClient, path: str, method: str, status: int) -> None:
    response = client.open(path, method=method, query_string={"text": MARKER})
    assert response.status_code == status
    assert "xyzzy" not in response.text
    assert ("Allow" in response.headers) == (status == 405)
