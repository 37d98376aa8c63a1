"""What the routes under /v1/feedback take and give."""

import json
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from service import Settings, create_app
from service.feedback import FeedbackStore
from service.problems import NotReady
from tagger import OFFSET_UNITS, Tagger

TEXT = "💩This is an annotation."
SPAN = {"start": 12, "end": 22, "label": "doubt"}
WHISTLE = SPAN | {"label": "dog_whistle"}
SENT: dict[str, Any] = {
    "text": TEXT, "model_version": "2026.11.1", "verdict": "correct", "spans": [SPAN],
}  # fmt: skip
KEPT = {
    "text": TEXT, "spans": [SPAN], "verdict": "correct", "model_version": "2026.11.1",
    "annotator": None,
}  # fmt: skip


@pytest.fixture
def schema(document: dict[str, Any]) -> Validator:
    """What the OpenAPI document says of a record to be stored."""
    operation = document["paths"]["/v1/feedback"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator(body | {"components": document["components"]})


def post(client: FlaskClient, key: str | None = None, **changes: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {name: value for name, value in (SENT | changes).items() if value is not ...}
    return client.post("/v1/feedback", json=body, headers=headers)


def stored(client: FlaskClient, **changes: Any) -> int:
    response = post(client, **changes)
    assert response.status_code == 201, response.text
    assert list(response.json) == ["id"]
    return int(response.json["id"])


def read(client: FlaskClient, after: int = 0) -> list[Any]:
    response = client.get("/v1/feedback", query_string={"after": after})
    assert (response.status_code, response.mimetype) == (200, "application/jsonl")
    return [json.loads(line) for line in response.text.split("\n")[:-1]]


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, {}),
        ({"annotator": "desk-3", "id": "post-17/p1"}, {"annotator": "desk-3"}),
        ({"id": None, "content_type": "text/plain"}, {}),
        ({"verdict": "accept"}, {"verdict": "accept"}),
        ({"verdict": "accept", "spans": []}, {"verdict": "accept", "spans": []}),
        ({"verdict": "reject"}, {"verdict": "reject"}),
        ({"verdict": "reject", "spans": []}, {"verdict": "reject", "spans": []}),
        ({"verdict": "reject", "spans": ...}, {"verdict": "reject", "spans": []}),
        ({"spans": [WHISTLE]}, {"spans": [WHISTLE]}),
        ({"text": "", "spans": []}, {"text": "", "spans": []}),
        ({"text": "a\0\u2028\\0 b", "spans": []}, {"text": "a\0\u2028\\0 b", "spans": []}),
        (
            {"spans": [{"start": 4, "end": 9, "label": "doubt"},
                       {"start": 0, "end": 1, "label": "slogans"},
                       {"start": 0, "end": 23, "label": "slogans"},
                       {"start": 0, "end": 1, "label": "doubt"}]},
            {"spans": [{"start": 0, "end": 23, "label": "slogans"},
                       {"start": 0, "end": 1, "label": "doubt"},
                       {"start": 0, "end": 1, "label": "slogans"},
                       {"start": 4, "end": 9, "label": "doubt"}]},
        ),
    ],
)  # fmt: skip
def test_what_is_sent_is_kept(
    client: FlaskClient, schema: Validator, changes: dict[str, Any], kept: dict[str, Any]
) -> None:
    schema.validate({k: v for k, v in (SENT | changes).items() if v is not ...})
    added = stored(client, **changes)
    [record] = read(client, added - 1)
    assert list(record) == [
        "id", "received", "text", "spans", "verdict", "model_version", "annotator",
    ]  # fmt: skip
    received = record.pop("received")
    assert received.endswith("Z")
    assert record == KEPT | kept | {"id": added}


@pytest.mark.parametrize(
    ("unit", "start", "end"), [("code_point", 12, 22), ("utf16", 13, 23), ("utf8", 15, 25)]
)
def test_offsets_are_kept_in_code_points(
    client: FlaskClient, unit: str, start: int, end: int
) -> None:
    span = {"start": start, "end": end, "label": "doubt"}
    added = stored(client, spans=[span], offset_unit=unit)
    assert read(client, added - 1)[0]["spans"] == [SPAN]


HTML = "<p>💩This is <b>an &amp; annotation</b>.</p><script>x</script><p>More<br>text"
PLAIN = "💩This is an & annotation.\n\nMore\ntext"
IN_HTML = {
    "code_point": [(13, 29), (16, 17), (62, 76)],
    "utf16": [(14, 30), (17, 18), (63, 77)],
    "utf8": [(16, 32), (19, 20), (65, 79)],
}


@pytest.mark.parametrize("unit", OFFSET_UNITS)
def test_html_is_kept_as_plain_text(client: FlaskClient, unit: str) -> None:
    spans = [{"start": start, "end": end, "label": "doubt"} for start, end in IN_HTML[unit]]
    added = stored(client, text=HTML, content_type="text/html", offset_unit=unit, spans=spans)
    [record] = read(client, added - 1)
    assert record["text"] == PLAIN
    kept = [PLAIN[span["start"] : span["end"]] for span in record["spans"]]
    assert kept == ["an & annot", "n", "More\ntext"]


@pytest.mark.parametrize("unit", OFFSET_UNITS)
def test_what_was_tagged_in_html_comes_back(
    client: FlaskClient, tagger: Tagger, root: Path, unit: str
) -> None:
    """The spans of an answer, accepted, are those that the plain text has."""
    for page in sorted((root / "tests" / "pages").glob("*.html")):
        html = page.read_bytes().decode()
        sent = {"text": html, "content_type": "text/html", "offset_unit": unit}
        answer: Any = client.post("/v1/tag", json=sent | {"thresholds": {"default": 0}}).json
        spans = [
            {name: span[name] for name in ("start", "end", "label")}
            for span in answer["results"][0]["spans"]
        ]
        added = stored(client, **sent, verdict="accept", spans=spans)
        [record] = read(client, added - 1)
        [document] = tagger.tag([record["text"]], thresholds=0)
        assert record["spans"] == [
            {"start": span.start, "end": span.end, "label": span.label} for span in document.spans
        ]
        assert record["spans"]


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 3), (12, 15), (18, 20), (19, 23), (39, 61), (51, 52), (61, 64), (68, 72)],
)
def test_html_without_text_is_no_span(client: FlaskClient, start: int, end: int) -> None:
    """A tag, a part of a character reference, a script."""
    span = {"start": start, "end": end, "label": "doubt"}
    refused(post(client, text=HTML, content_type="text/html", spans=[span]), "/spans/0", "no_text")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"text": ...}, "/text", "missing"),
        ({"text": None}, "/text", "null"),
        ({"model_version": ...}, "/model_version", "missing"),
        ({"model_version": "xyzzy marker"}, "/model_version", "string_pattern_mismatch"),
        ({"verdict": ...}, "/verdict", "missing"),
        ({"verdict": "xyzzy"}, "/verdict", "literal_error"),
        ({"spans": ...}, "", "spans_missing"),
        ({"spans": ..., "verdict": "accept"}, "", "spans_missing"),
        ({"spans": None, "verdict": "reject"}, "/spans", "null"),
        ({"spans": [SPAN | {"text": "annotation"}]}, "/spans/0/text", "extra_forbidden"),
        ({"spans": [{"start": 0, "end": 1}]}, "/spans/0/label", "missing"),
        ({"spans": [SPAN | {"start": -1}]}, "/spans/0/start", "greater_than_equal"),
        ({"spans": [SPAN | {"start": 0.5}]}, "/spans/0/start", "int_type"),
        ({"spans": [SPAN | {"start": "12"}]}, "/spans/0/start", "int_type"),
        ({"spans": [SPAN | {"end": 0, "start": 0}]}, "/spans/0/end", "greater_than_equal"),
        ({"content_type": "text/markdown"}, "/content_type", "literal_error"),
        ({"offset_unit": "byte"}, "/offset_unit", "literal_error"),
        ({"annotator": None}, "/annotator", "null"),
        ({"annotator": 3}, "/annotator", "string_type"),
        ({"id": 17}, "/id", "string_type"),
        ({"labels": []}, "/labels", "extra_forbidden"),
        ({"spans": [SPAN, SPAN | {"label": "xyzzy"}]}, "/spans/1/label", "unknown_label"),
        ({"spans": [SPAN | {"label": "Doubt"}]}, "/spans/0/label", "unknown_label"),
        ({"spans": [SPAN | {"label": "default"}]}, "/spans/0/label", "unknown_label"),
    ],
)
def test_unfit(
    client: FlaskClient,
    schema: Validator,
    logged: Any,
    changes: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    refused(post(client, **changes), pointer, code)
    assert not schema.is_valid({k: v for k, v in (SENT | changes).items() if v is not ...})
    assert "xyzzy" not in str(logged())


@pytest.mark.parametrize(
    ("unit", "start", "end", "pointer", "code"),
    [
        ("code_point", 12, 24, "/spans/0/end", "outside_text"),
        ("code_point", 24, 25, "/spans/0/start", "outside_text"),
        ("code_point", 12, 10**30, "/spans/0/end", "outside_text"),
        ("code_point", 12, 12, "/spans/0", "empty_fragment"),
        ("code_point", 12, 11, "/spans/0", "empty_fragment"),
        ("utf16", 13, 25, "/spans/0/end", "outside_text"),
        ("utf16", 1, 3, "/spans/0/start", "inside_character"),
        ("utf8", 0, 27, "/spans/0/end", "outside_text"),
        ("utf8", 0, 2, "/spans/0/end", "inside_character"),
    ],
)
def test_spans_must_fit_the_text(
    client: FlaskClient, unit: str, start: int, end: int, pointer: str, code: str
) -> None:
    span = {"start": start, "end": end, "label": "doubt"}
    refused(post(client, spans=[span], offset_unit=unit), pointer, code)


def refused(response: Any, pointer: str, code: str) -> None:
    assert response.status_code == 422, response.text
    assert (pointer, code) in [(e["pointer"], e["code"]) for e in response.json["errors"]]
    assert "xyzzy" not in response.text
    assert "annotation." not in response.text


@pytest.mark.parametrize("unit", OFFSET_UNITS)
def test_many_bad_spans_are_not_all_listed(client: FlaskClient, unit: str) -> None:
    spans = [{"start": 1000 + n, "end": 2000, "label": "doubt"} for n in range(1000)]
    response = post(client, spans=spans, offset_unit=unit)
    assert response.status_code == 422
    assert len(response.json["errors"]) == 20


def test_a_key_gives_its_first_answer_again(client: FlaskClient) -> None:
    first = post(client, "key-1", annotator="a")
    last = post(client, "key-2", annotator="a")
    again = post(client, "key-1", annotator="a")
    assert (again.status_code, again.json) == (first.status_code, first.json) == (201, first.json)
    assert last.json != first.json
    for other in ({"annotator": "b"}, {}, {"annotator": "a", "offset_unit": "code_point"}):
        refused(post(client, "key-1", **other), "/idempotency_key", "idempotency_key_reused")
    backwards = dict(reversed(list((SENT | {"annotator": "a"}).items())))
    response = client.post(
        "/v1/feedback", data=json.dumps(backwards, indent=1), content_type="application/json",
        headers={"Idempotency-Key": "key-1"},
    )  # fmt: skip
    assert (response.status_code, response.json) == (201, first.json)
    assert [record["id"] for record in read(client, first.json["id"] - 1)] == [
        first.json["id"],
        last.json["id"],
    ]


def test_a_key_of_a_refused_request_is_free(client: FlaskClient) -> None:
    assert post(client, "key-3", verdict="maybe").status_code == 422
    assert post(client, "key-3", spans=[SPAN | {"label": "dubt"}]).status_code == 422
    assert post(client, "key-3").status_code == 201


def test_a_retry_is_answered_though_the_labels_changed(
    client: FlaskClient, app: APIFlask, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whistle = {"spans": [WHISTLE]}
    first = post(client, "key-4", **whistle)
    store: FeedbackStore = app.extensions["feedback"]
    database = store._url.render_as_string()
    changed = create_app(Settings(database=database), tagger)
    assert post(changed.test_client(), "key-4", **whistle).json == first.json
    refused(post(changed.test_client(), "key-5", **whistle), "/spans/0/label", "unknown_label")
    changed.extensions["feedback"].close()


@pytest.mark.parametrize("key", ["", "ä", "a b", "x" * 256, "xyzzy\tmarker"])
def test_keys_that_are_none(client: FlaskClient, key: str) -> None:
    refused(post(client, key), "/idempotency_key", "string_pattern_mismatch")


@pytest.mark.parametrize("key", ["x" * 255, '"8e03978e-40d5-43e8-bc93-6894a57f9324"', "!~"])
def test_keys(client: FlaskClient, key: str) -> None:
    assert post(client, key).json == post(client, key).json


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("after=", "/after", "record_id"),
        ("after=-1", "/after", "record_id"),
        ("after=1.0", "/after", "record_id"),
        ("after=1_0", "/after", "record_id"),
        ("after=%D9%A1", "/after", "record_id"),
        ("after=xyzzy", "/after", "record_id"),
        ("after=9223372036854775808", "/after", "less_than_equal"),
        ("after=99999999999999999999999", "/after", "record_id"),
        ("before=7", "/before", "extra_forbidden"),
        ("after=1&after=1", "/after", "repeated"),
    ],
)
def test_queries_that_are_none(client: FlaskClient, query: str, pointer: str, code: str) -> None:
    refused(client.get(f"/v1/feedback?{query}"), pointer, code)


def test_parameters_of_the_openapi_document(document: dict[str, Any]) -> None:
    operations = document["paths"]["/v1/feedback"]
    [after] = operations["get"]["parameters"]
    assert (after["name"], after["in"], after["required"]) == ("after", "query", False)
    assert (after["schema"]["type"], after["schema"]["minimum"]) == ("integer", 0)
    [key] = operations["post"]["parameters"]
    assert (key["name"].title(), key["in"], key["required"]) == ("Idempotency-Key", "header", False)
    assert key["schema"]["type"] == "string"


def test_the_stream_goes_on_after_an_id(client: FlaskClient) -> None:
    ids = [stored(client, text=str(number), spans=[]) for number in range(3)]
    assert ids == sorted(ids)
    assert [record["text"] for record in read(client, ids[0])] == ["1", "2"]
    assert read(client, ids[-1]) == []
    assert [record["id"] for record in read(client)][-3:] == ids
    response = client.get("/v1/feedback")
    assert response.text.isascii()
    assert response.text.endswith("\n")


def test_texts_are_never_logged(client: FlaskClient, logged: Any) -> None:
    added = stored(client, text="xyzzy marker", spans=[], annotator="xyzzy", id="xyzzy")
    post(client, "xyzzy-key")
    assert read(client, added - 1)
    assert [line.get("route") for line in logged()] == ["/v1/feedback"] * 3
    assert "xyzzy" not in str(logged())


def test_an_empty_database_has_an_empty_stream(tagger: Tagger, tmp_path: Any) -> None:
    app = create_app(Settings(database=f"sqlite:///{tmp_path}/feedback.db"), tagger)
    response = app.test_client().get("/v1/feedback")
    assert (response.status_code, response.data) == (200, b"")
    app.extensions["feedback"].close()


def test_without_its_database_the_service_tags(
    client: FlaskClient, app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = FeedbackStore("sqlite:////nowhere/feedback.db")
    store: FeedbackStore = app.extensions["feedback"]
    with monkeypatch.context() as patch:
        patch.setattr(store, "_turn", broken._turn)
        for response in (post(client), post(client, "key-6"), client.get("/v1/feedback")):
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "1"
            assert "nowhere" not in response.text
        assert client.post("/v1/tag", json={"text": TEXT}).status_code == 200
        assert client.get("/health/ready").status_code == 200
    assert post(client, "key-6").status_code == 201


def test_a_stream_that_fails_breaks_off(
    client: FlaskClient, app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(after: int) -> Any:
        yield []
        raise NotReady("")

    monkeypatch.setattr(app.extensions["feedback"], "pages", pages)
    with pytest.raises(ConnectionResetError):
        client.get("/v1/feedback")
