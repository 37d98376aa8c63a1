"""What /v1/tag answers."""

from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from service import create_app
from tagger import Document, Span, Tagger

ALL = {"default": 0}
ARTICLE = [
    "The crowd cheered with wartime ecstasy as the traitors were led away.",
    "",
    " \t\n",
    "Who would trust such a disgraceful, corrupt liar? 💩 Nobody!",
]
HEATED = (
    "The mayor and his gang of greedy hypocrites have betrayed this town. "
    "Who would trust such a disgraceful, corrupt liar?"
)


class Marking:
    """A tagger that finds one span in every text, whatever the model says."""

    def __init__(self, tagger: Tagger, word: str) -> None:
        self._tagger, self._word = tagger, word

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tagger, name)

    def decode(self, texts: list[str], *args: Any, **kwargs: Any) -> list[Document]:
        starts = [text.index(self._word) for text in texts]
        return [
            Document(text, (Span(start, start + len(self._word), "doubt", 0.5),))
            for text, start in zip(texts, starts, strict=True)
        ]


def tag(client: FlaskClient, **body: Any) -> Any:
    response = client.post("/v1/tag", json=body)
    assert response.status_code == 200, response.text
    return response.json


def test_paragraphs_are_answered_in_order_as_one_document(
    client: FlaskClient, tagger: Tagger
) -> None:
    paragraphs = [{"id": f"p{n}", "text": text} for n, text in enumerate(ARTICLE)]
    del paragraphs[1]["id"]
    answer = tag(client, id="post-17", paragraphs=paragraphs, thresholds=ALL)
    expected = tagger.tag_document(ARTICLE, thresholds=0)
    assert any(document.spans for document in expected)
    assert list(answer) == ["id", "model", "offset_unit", "results"]
    assert answer["id"] == "post-17"
    assert answer["model"] == {
        name: getattr(tagger.manifest, name) for name in ("name", "version", "sha256")
    }
    assert [result["id"] for result in answer["results"]] == ["p0", None, "p2", "p3"]
    for result, document in zip(answer["results"], expected, strict=True):
        found = [(s["start"], s["end"], s["label"], s["text"]) for s in result["spans"]]
        assert found == [
            (s.start, s.end, s.label, document.text[s.start : s.end]) for s in document.spans
        ]
        for span in result["spans"]:
            assert list(span) == ["start", "end", "text", "label", "score"]
        scores = [span["score"] for span in result["spans"]]
        assert scores == pytest.approx([s.score for s in document.spans], abs=1e-4)
        for label, score in result["labels"].items():
            assert score == max(s["score"] for s in result["spans"] if s["label"] == label)
        assert set(result["labels"]) == {span.label for span in document.spans}


def test_text_alone_gives_one_result(client: FlaskClient, tagger: Tagger) -> None:
    answer = tag(client, text=ARTICLE[0], thresholds=ALL)
    (result,) = answer["results"]
    assert (answer["id"], result["id"], result["windows"]) == (None, None, 1)
    same = tag(client, paragraphs=[{"text": ARTICLE[0]}], thresholds=ALL)
    assert same == answer


def test_windows_tell_that_nothing_was_cut_off(client: FlaskClient) -> None:
    long = "They lied to us, again and again and again. " * 200
    results = tag(client, paragraphs=[{"text": long}, {"text": "Short."}])["results"]
    assert results[0]["windows"] > 3
    assert results[1]["windows"] == 1


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "\0", "💩", "e\u0301", "\u202eabc", "x" * 50_000]
)
def test_odd_texts_are_tagged_like_any(client: FlaskClient, text: str) -> None:
    (result,) = tag(client, text=text, thresholds=ALL)["results"]
    for span in result["spans"]:
        assert text[span["start"] : span["end"]] == span["text"]


def test_no_paragraphs_no_results(client: FlaskClient) -> None:
    assert tag(client, paragraphs=[])["results"] == []


def test_labels_filter(client: FlaskClient) -> None:
    every = tag(client, text=HEATED, thresholds=ALL)["results"][0]["spans"]
    some = tag(client, text=HEATED, thresholds=ALL, labels=["loaded_language"])
    kept = [span for span in every if span["label"] == "loaded_language"]
    assert some["results"][0]["spans"] == kept
    assert 0 < len(kept) < len(every)
    assert tag(client, text=HEATED, thresholds=ALL, labels=[])["results"][0]["spans"] == []


def test_thresholds_only_filter(client: FlaskClient) -> None:
    every = tag(client, text=HEATED, thresholds=ALL)["results"][0]["spans"]
    floors = {"default": 0.05, "loaded_language": 1}
    some = tag(client, text=HEATED, thresholds=floors)["results"][0]["spans"]
    kept = [s for s in every if s["score"] >= floors.get(s["label"], floors["default"])]
    assert some == kept
    assert 0 < len(kept) < len(every)


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [(None, 12, 22), ("code_point", 12, 22), ("utf16", 13, 23), ("utf8", 15, 25)],
)
def test_offset_units(
    tagger: Tagger, document: dict[str, Any], unit: str | None, start: int, end: int
) -> None:
    app = create_app(tagger=Marking(tagger, "annotation"))  # type: ignore[arg-type]
    chosen = {"offset_unit": unit} if unit else {}
    answer = tag(app.test_client(), text="💩This is an annotation.", **chosen)
    (span,) = answer["results"][0]["spans"]
    assert (span["start"], span["end"], span["text"]) == (start, end, "annotation")
    assert answer["offset_unit"] == (unit or "code_point")


def test_text_is_never_logged(client: FlaskClient, logged: Callable[[], Any]) -> None:
    tag(client, id="xyzzy", text="xyzzy marker", thresholds=ALL)
    assert [(line["route"], line["status"]) for line in logged()] == [("/v1/tag", 200)]
    assert "xyzzy" not in str(logged())


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"paragraphs": []},
        {"text": "<p>a", "content_type": "text/html"},
        {"paragraphs": [{"id": None, "text": "a"}], "id": None},
        {
            "id": "post-17",
            "paragraphs": [{"id": "p1", "text": "a"}, {"id": "p2", "text": "b"}],
            "content_type": "text/plain",
            "labels": ["loaded_language", "doubt"],
            "thresholds": {"default": 0.4, "doubt": 0.6},
            "offset_unit": "code_point",
        },
    ],
)
def test_service_and_openapi_document_take_the_same(
    client: FlaskClient, request_schema: Draft202012Validator, body: dict[str, Any]
) -> None:
    request_schema.validate(body)
    tag(client, **body)


def test_labels_route(client: FlaskClient, tagger: Tagger) -> None:
    answer: Any = client.get("/v1/labels").json
    assert tuple(label["id"] for label in answer["labels"]) == tagger.labels
    for shown, label in zip(answer["labels"], tagger.manifest.labels, strict=True):
        assert set(shown) == {"id", "name", "corpus_name", "definition", "example", "threshold"}
        assert all(value == getattr(label, name) for name, value in shown.items())
    assert answer["model"]["sha256"] == tagger.manifest.sha256


def test_labels_of_the_openapi_document_are_the_models(
    document: dict[str, Any], tagger: Tagger, app: APIFlask
) -> None:
    fields = document["components"]["schemas"]["TagRequest"]["properties"]
    assert fields["labels"]["items"]["enum"] == list(tagger.labels)
    assert fields["thresholds"]["propertyNames"]["enum"] == [*tagger.labels, "default"]
